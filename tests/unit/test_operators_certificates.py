"""Certificates of the simulated operators are real ones: they chain, they are kept while they fit, they say what was asked."""

from __future__ import annotations

import base64
import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from sandbox.operators.certificates import bundle, is_authority, issue, keystore, load, truststore
from sandbox.operators.functions import data
from tests.unit.operators_fake import Cluster, custom, deployment, secret

SERVER = {
    "dnsNames": ["db.team.svc"],
    "usages": ["digital signature", "key encipherment", "server auth"],
    "privateKey": {"algorithm": "ECDSA"},
}
ROOT = {"commonName": "root", "isCA": True, "privateKey": {"algorithm": "ECDSA", "size": 384}}


def verify(crt: str, ca: str, name: str) -> None:
    """Raises VerificationError unless a client that trusts `ca` accepts `crt` for this name."""
    leaf, *intermediates = x509.load_pem_x509_certificates(crt.encode())
    verifier = (
        PolicyBuilder().store(Store(x509.load_pem_x509_certificates(ca.encode()))).build_server_verifier(x509.DNSName(name))
    )
    verifier.verify(leaf, intermediates)


def test_a_certificate_verifies_against_its_root_through_an_intermediate() -> None:
    root = issue(ROOT)
    middle = issue({"commonName": "middle", "isCA": True, "privateKey": {"algorithm": "ECDSA"}}, None, root)
    made = issue(SERVER, None, {"crt": middle["crt"] + root["crt"], "key": middle["key"]})
    assert made["ca"] == root["crt"]
    assert made["crt"].count("BEGIN CERTIFICATE") == 2, "leaf and intermediate, not the root"
    verify(made["crt"], made["ca"], "db.team.svc")
    with pytest.raises(VerificationError):
        verify(made["crt"], made["ca"], "other.team.svc")
    with pytest.raises(VerificationError):
        verify(made["crt"], issue(ROOT)["crt"], "db.team.svc")


def test_it_is_kept_while_it_fits_and_made_anew_when_the_request_or_signer_changes() -> None:
    root = issue(ROOT)
    made = issue(SERVER, None, root)
    assert issue(SERVER, made, root)["crt"] == made["crt"]
    changes: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({**SERVER, "dnsNames": ["db.team.svc", "db"]}, root),
        ({**SERVER, "commonName": "db"}, root),
        ({**SERVER, "usages": ["client auth"]}, root),
        (SERVER, issue(ROOT)),
    ]
    assert all(issue(request, made, signer)["crt"] != made["crt"] for request, signer in changes)
    assert issue(SERVER, {"crt": made["crt"], "key": issue(SERVER, None, root)["key"]}, root)["crt"] != made["crt"], "not its key"
    assert issue(SERVER, {"crt": "", "key": "garbage"}, root)["crt"]


@pytest.mark.parametrize(
    ("private", "kind", "header"),
    [
        ({"algorithm": "ECDSA", "size": 521}, ec.EllipticCurvePrivateKey, "EC PRIVATE KEY"),
        ({"algorithm": "ECDSA", "encoding": "PKCS8"}, ec.EllipticCurvePrivateKey, "BEGIN PRIVATE KEY"),
        ({"algorithm": "Ed25519"}, ed25519.Ed25519PrivateKey, "BEGIN PRIVATE KEY"),
    ],
)
def test_the_key_is_of_the_kind_and_encoding_asked_for(private: dict[str, Any], kind: type, header: str) -> None:
    made = issue({"commonName": "x", "privateKey": private})
    assert isinstance(load_pem_private_key(made["key"].encode(), None), kind)
    assert header in made["key"]
    assert issue({"commonName": "x", "privateKey": private}, made)["crt"] == made["crt"]


def test_names_and_times_are_those_asked_for() -> None:
    request = {
        **SERVER,
        "ipAddresses": ["10.0.0.1"],
        "uris": ["spiffe://x/y"],
        "subject": {"organizations": ["Ours"]},
        "seconds": 3600,
        "renewBefore": 600,
    }
    made = issue(request)
    leaf = x509.load_pem_x509_certificate(made["crt"].encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["spiffe://x/y"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.1"]
    assert leaf.subject.rfc4514_string() == "O=Ours"
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == datetime.timedelta(hours=1)
    times = [datetime.datetime.fromisoformat(made[key]) for key in ("renewalTime", "notAfter")]
    assert times[1] - times[0] == datetime.timedelta(minutes=10)


def test_only_a_ca_counts_as_one() -> None:
    root, plain = issue(ROOT), issue(SERVER)
    assert is_authority(root["crt"], root["key"])
    assert not is_authority(plain["crt"], plain["key"]) and not is_authority(root["crt"], plain["key"])
    assert not is_authority(None, None)
    with pytest.raises(ValueError, match="do not belong together"):
        issue(SERVER, None, {"crt": root["crt"], "key": plain["key"]})


def test_stores_for_java_clients_open_with_their_password() -> None:
    made = issue({**ROOT, "commonName": "app"})
    key, leaf, _ = pkcs12.load_key_and_certificates(base64.b64decode(keystore(made["crt"], made["key"], "app", "pw")), b"pw")
    pair = load(made["crt"], made["key"])
    assert pair and leaf == pair.chain[0] and isinstance(key, ec.EllipticCurvePrivateKey)
    trusted = pkcs12.load_pkcs12(base64.b64decode(truststore(made["crt"], "ca.crt", "pw")), b"pw").additional_certs
    assert [item.certificate for item in trusted] == pair.chain


def test_a_bundle_holds_each_certificate_once() -> None:
    first, second = issue(ROOT)["crt"], issue(ROOT)["crt"]
    assert bundle([first, second + first]) == first + second


def test_cert_manager_signs_with_the_ca_of_the_issuer_and_signs_again_when_that_changes() -> None:
    cluster = Cluster()
    cluster.put(deployment("cert-manager"))
    cluster.up("Deployment", "system", "cert-manager")
    key = {"algorithm": "ECDSA"}
    cluster.put(
        custom("ClusterIssuer", "self", {"selfSigned": {}}),
        custom("Certificate", "root", {"secretName": "root", "isCA": True, "commonName": "root", "privateKey": key,
                                       "issuerRef": {"name": "self", "kind": "ClusterIssuer"}}, "system"),
        custom("ClusterIssuer", "ca", {"ca": {"secretName": "root"}}),
        custom("Certificate", "web", {"secretName": "web-tls", "dnsNames": ["web.team.svc"], "privateKey": key,
                                      "issuerRef": {"name": "ca", "kind": "ClusterIssuer"}}),
    )  # fmt: skip
    cluster.settle()
    before = cluster.get("Secret", "team", "web-tls")
    verify(str(data(before, "tls.crt")), str(data(before, "ca.crt")), "web.team.svc")
    assert data(before, "ca.crt") == data(cluster.get("Secret", "system", "root"), "tls.crt")
    status = cluster.get("Certificate", "team", "web")["status"]
    assert status["revision"] == 1 and status["conditions"][0]["type"] == "Ready"
    cluster.remove("Secret", "system", "root")
    cluster.settle()
    after = cluster.get("Secret", "team", "web-tls")
    assert data(after, "ca.crt") == data(cluster.get("Secret", "system", "root"), "tls.crt") != data(before, "ca.crt")
    verify(str(data(after, "tls.crt")), str(data(after, "ca.crt")), "web.team.svc")


def test_a_certificate_without_its_issuer_says_so_and_makes_nothing() -> None:
    cluster = Cluster()
    cluster.put(deployment("cert-manager"))
    cluster.up("Deployment", "system", "cert-manager")
    cluster.put(custom("Certificate", "web", {"secretName": "web", "dnsNames": ["x"], "issuerRef": {"name": "none"}}))
    cluster.put(custom("Issuer", "acme", {"acme": {}}))
    cluster.settle()
    ready, issuing = cluster.get("Certificate", "team", "web")["status"]["conditions"]
    assert ready["status"] == "False" and 'Issuer "none" not found' in issuing["message"]
    assert cluster.names("Secret") == []
    [condition] = cluster.get("Issuer", "team", "acme")["status"]["conditions"]
    assert (condition["status"], condition["reason"]) == ("False", "NotInSandbox")


def test_a_store_is_beside_the_certificate_where_it_asks_for_one_and_is_kept() -> None:
    cluster = Cluster()
    cluster.put(deployment("cert-manager"))
    cluster.up("Deployment", "system", "cert-manager")
    cluster.put(custom("Issuer", "own", {"selfSigned": {}}), secret("store", word="open"))
    store = {"pkcs12": {"create": True, "passwordSecretRef": {"name": "store", "key": "word"}}}
    cluster.put(custom("Certificate", "web", {**SERVER, "secretName": "web", "issuerRef": {"name": "own"}, "keystores": store}))
    cluster.settle()
    made = cluster.get("Secret", "team", "web")["data"]
    assert set(made) == {"tls.crt", "tls.key", "ca.crt", "keystore.p12", "truststore.p12"}
    cluster.put({**cluster.get("Certificate", "team", "web"), "spec": {**cluster.get("Certificate", "team", "web")["spec"]}})
    cluster.wake_all()
    cluster.settle()
    assert cluster.get("Secret", "team", "web")["data"] == made
