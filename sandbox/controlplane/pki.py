"""Keys, certificates and tokens of the sandbox's control plane, made once and kept in home()/pki."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.paths import home

VALID_DAYS = 3650
# The first address of the service range is the `kubernetes` Service.
SERVICE_RANGE = "10.96.0.0/16"
API_SERVER_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
API_SERVER_ADDRESSES = ("127.0.0.1", "10.96.0.1")
# (file, common name, organisation): the API server derives user and groups from these; the roles are bootstrapped by it
CLIENTS = (
    ("controller-manager", "system:kube-controller-manager", None),
    ("scheduler", "system:kube-scheduler", None),
    # KWOK plays the kubelets of all nodes and the volume provisioner; no bootstrap role covers both
    ("kwok", "kwok", "system:masters"),
)


def folder() -> Path:
    """Where the keys lie; only the owner may read it."""
    return home() / "pki"


def write_private(path: Path, content: str | bytes) -> Path:
    """Writes a file that only its owner may read, never for a moment otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    data = content.encode() if isinstance(content, str) else content
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
    temporary.replace(path)
    return path


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def _name(common: str, organisation: str | None = None) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common)]
    if organisation:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(attributes)


class Authority:
    """A certificate authority that exists while the files are made; its key is not kept."""

    def __init__(self, name: str, common: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._subject = _name(common)
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        certificate = (
            self._builder(self._subject, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        write_private(folder() / f"{name}.crt", certificate.public_bytes(serialization.Encoding.PEM))

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            # clocks of containers and hosts differ a little
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )

    def issue(
        self,
        name: str,
        common: str,
        organisation: str | None = None,
        names: Sequence[str] = (),
        addresses: Sequence[str] = (),
    ) -> None:
        """Writes <name>.crt and <name>.key: for servers where names or addresses are given, always for clients."""
        key = ec.generate_private_key(ec.SECP256R1())
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = self._builder(_name(common, organisation), key).add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        if names or addresses:
            usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
            alternatives: list[x509.GeneralName] = [x509.DNSName(host) for host in names]
            alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        certificate = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False).sign(self._key, hashes.SHA256())
        write_private(folder() / f"{name}.crt", certificate.public_bytes(serialization.Encoding.PEM))
        write_private(folder() / f"{name}.key", _pem(key))


def complete() -> bool:
    """Whether everything was made; the marker is written last."""
    return (folder() / "complete").is_file()


def ensure() -> None:
    """Makes all of it where it is not there; what was left half-made is made anew."""
    if complete():
        return
    folder().mkdir(parents=True, exist_ok=True)
    folder().chmod(0o700)
    cluster = Authority("ca", "mlops-sandbox")
    cluster.issue("apiserver", "kube-apiserver", names=API_SERVER_NAMES, addresses=API_SERVER_ADDRESSES)
    for name, common, organisation in CLIENTS:
        cluster.issue(name, common, organisation)
    # an authority of its own: a client certificate of the cluster must not open its database
    database = Authority("etcd-ca", "mlops-sandbox-etcd")
    database.issue("etcd", "etcd", names=("localhost",), addresses=("127.0.0.1",))
    database.issue("etcd-client", "kube-apiserver")
    write_private(folder() / "service-accounts.key", _pem(ec.generate_private_key(ec.SECP256R1())))
    write_private(folder() / "admin.token", secrets.token_urlsafe(32))
    write_private(folder() / "tokens.csv", f'{admin_token()},mlops-admin,mlops-admin,"system:masters"\n')
    write_private(folder() / "encryption.yaml", json.dumps(_encryption()))
    write_private(folder() / "complete", "")


def _encryption() -> dict[str, object]:
    """Secrets are encrypted in etcd, so that no file of the sandbox holds one in plain text."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [
            {
                "resources": ["secrets"],
                "providers": [{"secretbox": {"keys": [{"name": "sandbox", "secret": key}]}}, {"identity": {}}],
            }
        ],
    }


def admin_token() -> str:
    """Bearer token of the cluster's administrator."""
    return (folder() / "admin.token").read_text()


def authority() -> bytes:
    """PEM of the cluster's certificate authority."""
    return (folder() / "ca.crt").read_bytes()
