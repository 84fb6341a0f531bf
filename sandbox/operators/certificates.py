"""Real X.509 certificates for what cert-manager, Strimzi and Percona would issue; the keys never leave the sandbox."""

from __future__ import annotations

import base64
import datetime
import functools
import ipaddress
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
CURVES: dict[int, ec.EllipticCurve] = {256: ec.SECP256R1(), 384: ec.SECP384R1(), 521: ec.SECP521R1()}
SUBJECT = {
    "organizations": NameOID.ORGANIZATION_NAME,
    "organizationalUnits": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "countries": NameOID.COUNTRY_NAME,
    "localities": NameOID.LOCALITY_NAME,
    "provinces": NameOID.STATE_OR_PROVINCE_NAME,
    "streetAddresses": NameOID.STREET_ADDRESS,
    "postalCodes": NameOID.POSTAL_CODE,
}
# names of cert-manager's KeyUsage type
KEY_USAGES = {
    "digital signature": "digital_signature",
    "signing": "digital_signature",
    "content commitment": "content_commitment",
    "key encipherment": "key_encipherment",
    "data encipherment": "data_encipherment",
    "key agreement": "key_agreement",
    "cert sign": "key_cert_sign",
    "crl sign": "crl_sign",
}
EXTENDED_USAGES = {
    "server auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp signing": ExtendedKeyUsageOID.OCSP_SIGNING,
    "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
}
# a little in the past: clocks of one machine agree, but a certificate must be valid in the second it was made
BACKDATED = datetime.timedelta(minutes=1)


class Pair(NamedTuple):
    """A certificate (with what signed it behind it) and its private key."""

    chain: list[x509.Certificate]
    key: PrivateKey


@functools.lru_cache(maxsize=512)
def load(crt: str | None, key: str | None) -> Pair | None:
    """A pair from PEM texts; None where one is missing, unreadable or they do not belong together.

    Kept by its texts: an authority signs many, and reading its private key proves the key each time (5 ms).
    """
    if not crt or not key:
        return None
    try:
        chain = x509.load_pem_x509_certificates(crt.encode())
        private = serialization.load_pem_private_key(key.encode(), password=None)
    except ValueError:
        return None
    if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        return None
    return Pair(chain, private) if _public(private.public_key()) == _public(chain[0].public_key()) else None


def _public(key: Any) -> bytes:
    return bytes(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))


def is_authority(crt: str | None, key: str | None) -> bool:
    """Whether this pair may sign others."""
    pair = load(crt, key)
    if pair is None:
        return False
    try:
        return pair.chain[0].extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _new_key(algorithm: str, size: int | None) -> PrivateKey:
    if algorithm == "ECDSA":
        return ec.generate_private_key(CURVES[size or 256])
    if algorithm == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=size or 2048)


def _name(request: Mapping[str, Any]) -> x509.Name:
    subject = request.get("subject") or {}
    attributes = [x509.NameAttribute(oid, value) for field, oid in SUBJECT.items() for value in subject.get(field) or ()]
    if request.get("commonName"):
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, request["commonName"]))
    return x509.Name(attributes)


def _alternatives(request: Mapping[str, Any]) -> list[x509.GeneralName]:
    return [
        *(x509.DNSName(value) for value in request.get("dnsNames") or ()),
        *(x509.IPAddress(ipaddress.ip_address(value)) for value in request.get("ipAddresses") or ()),
        *(x509.UniformResourceIdentifier(value) for value in request.get("uris") or ()),
        *(x509.RFC822Name(value) for value in request.get("emailAddresses") or ()),
    ]


def _extensions(request: Mapping[str, Any], public: Any, signer: x509.Certificate | None) -> list[tuple[Any, bool]]:
    authority = bool(request.get("isCA"))
    usages = set(request.get("usages") or ("digital signature", "key encipherment"))
    if authority:
        usages |= {"cert sign", "crl sign"}
    chosen = {KEY_USAGES[usage] for usage in usages if usage in KEY_USAGES}
    flags = {name: name in chosen for name in KEY_USAGES.values()}
    found: list[tuple[Any, bool]] = [
        (x509.BasicConstraints(ca=authority, path_length=None), True),
        (x509.KeyUsage(**flags, encipher_only=False, decipher_only=False), True),
        (x509.SubjectKeyIdentifier.from_public_key(public), False),
    ]
    if signer is not None:
        found.append((x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False))  # type: ignore[arg-type]
    if extended := sorted(usages & EXTENDED_USAGES.keys()):
        found.append((x509.ExtendedKeyUsage([EXTENDED_USAGES[usage] for usage in extended]), False))
    if names := _alternatives(request):
        # RFC 5280 4.2.1.6: critical where the subject is empty
        found.append((x509.SubjectAlternativeName(names), not list(_name(request))))
    return found


def _signs(signer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(signer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _fits(pair: Pair, request: Mapping[str, Any], signer: Pair | None) -> bool:
    """Whether a certificate made before still is what is asked for, signed by who should sign it."""
    certificate = pair.chain[0]
    wanted = {type(value): value for value, _ in _extensions(request, certificate.public_key(), None)}
    for kind in (x509.BasicConstraints, x509.SubjectAlternativeName, x509.KeyUsage, x509.ExtendedKeyUsage):
        try:
            found = certificate.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            found = None
        if found != wanted.get(kind):
            return False
    soon = datetime.datetime.now(datetime.UTC) + BACKDATED
    right_signer = _signs(signer.chain[0] if signer else certificate, certificate)
    return certificate.subject == _name(request) and right_signer and certificate.not_valid_after_utc > soon


def _sign(request: Mapping[str, Any], signer: Pair | None) -> Pair:
    private = request.get("privateKey") or {}
    key = _new_key(private.get("algorithm") or "RSA", private.get("size"))
    start = datetime.datetime.now(datetime.UTC) - BACKDATED
    issuer = signer.chain[0] if signer else None
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(request))
        .issuer_name(issuer.subject if issuer else _name(request))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(seconds=request.get("seconds") or 90 * 86400))
    )
    for extension, critical in _extensions(request, key.public_key(), issuer):
        builder = builder.add_extension(extension, critical)
    by = signer.key if signer else key
    certificate = builder.sign(by, None if isinstance(by, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    return Pair([certificate], key)


def _pem(certificates: list[x509.Certificate]) -> str:
    return "".join(certificate.public_bytes(serialization.Encoding.PEM).decode() for certificate in certificates)


def issue(
    request: Mapping[str, Any], existing: Mapping[str, Any] | None = None, signer: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A certificate as asked for: the existing one while it fits, else a new one signed by `signer`, or by itself.

    `request` has the fields of cert-manager's CertificateSpec, with `seconds` for how long it is valid and `renewBefore` in
    seconds. `existing` and
    `signer` have `crt` and `key`, PEM texts. Returns crt (the chain without its root), key, ca (the root), and notBefore,
    notAfter, renewalTime as RFC 3339.
    """
    authority = load(signer.get("crt"), signer.get("key")) if signer else None
    if signer and authority is None:
        raise ValueError("the signer's certificate and key do not belong together")
    pair = load(existing.get("crt"), existing.get("key")) if existing else None
    if pair is None or not _fits(pair, request, authority):
        pair = _sign(request, authority)
    leaf = pair.chain[0]
    chain = [leaf, *(authority.chain if authority else ())]
    root = chain[-1]
    # a chain is handed out without its root, which the client has to know already
    presented = [item for item in chain if item is leaf or item.subject != item.issuer]
    pkcs8 = (request.get("privateKey") or {}).get("encoding") == "PKCS8" or isinstance(pair.key, ed25519.Ed25519PrivateKey)
    layout = serialization.PrivateFormat.PKCS8 if pkcs8 else serialization.PrivateFormat.TraditionalOpenSSL
    private = pair.key.private_bytes(serialization.Encoding.PEM, layout, serialization.NoEncryption())
    return {
        "crt": _pem(presented),
        "key": private.decode(),
        "ca": _pem([root]),
        "notBefore": _time(leaf.not_valid_before_utc),
        "notAfter": _time(leaf.not_valid_after_utc),
        "renewalTime": _time(leaf.not_valid_after_utc - _renew_before(request, leaf)),
    }


def _renew_before(request: Mapping[str, Any], leaf: x509.Certificate) -> datetime.timedelta:
    """As asked, else a third of the certificate's life, as cert-manager does."""
    if seconds := request.get("renewBefore"):
        return datetime.timedelta(seconds=seconds)
    return (leaf.not_valid_after_utc - leaf.not_valid_before_utc) / 3


def _time(value: datetime.datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


def keystore(crt: str, key: str, alias: str, password: str) -> str:
    """A PKCS #12 store of a certificate and its key, in base64; made anew it differs, so keep the one there is."""
    pair = load(crt, key)
    if pair is None:
        raise ValueError("certificate and key do not belong together")
    encryption = serialization.BestAvailableEncryption(password.encode())
    store = pkcs12.serialize_key_and_certificates(alias.encode(), pair.key, pair.chain[0], pair.chain[1:], encryption)
    return base64.b64encode(store).decode()


def truststore(crt: str, alias: str, password: str) -> str:
    """A PKCS #12 store of trusted certificates for Java clients, in base64; made anew it differs."""
    trusted = [pkcs12.PKCS12Certificate(item, alias.encode()) for item in x509.load_pem_x509_certificates(crt.encode())]
    encryption = serialization.BestAvailableEncryption(password.encode())
    return base64.b64encode(pkcs12.serialize_java_truststore(trusted, encryption)).decode()


def bundle(texts: list[str]) -> str:
    """The distinct certificates of some PEM texts, one after the other; ValueError where a text holds none."""
    seen: dict[bytes, x509.Certificate] = {}
    with warnings.catch_warnings():
        # some public roots are older than the rule about serial numbers that this warning is of
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        for text in texts:
            for certificate in x509.load_pem_x509_certificates(text.encode()):
                seen.setdefault(certificate.fingerprint(hashes.SHA256()), certificate)
    return _pem(list(seen.values()))
