"""The simulated operators beside a real API server: gated by their Deployments, owning what they make, taken up again."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from sandbox import services
from sandbox.controlplane.processes import stop
from sandbox.operators.model import load
from tests.contracts import reference
from tests.sandbox.conftest import Sandbox, eventually
from tests.unit.operators_fake import custom, deployment

pytestmark = pytest.mark.sandbox

OF_CLUSTER = {"labels": {"strimzi.io/cluster": "events"}}
POOL = {"replicas": 1, "roles": ["controller", "broker"], "storage": {"type": "ephemeral"}}
CLAIMS = {"type": "persistent-claim", "size": "1Gi", "deleteClaim": True}
LISTENER = {"name": "tls", "port": 9093, "type": "internal", "tls": True, "authentication": {"type": "scram-sha-512"}}
KAFKA = {"kafka": {"version": "4.3.1", "listeners": [LISTENER]}, "entityOperator": {"topicOperator": {}, "userOperator": {}}}


GROUPS = (
    "cert-manager.io",
    "trust.cert-manager.io",
    "kafka.strimzi.io",
    "core.strimzi.io",
    "ps.percona.com",
    "monitoring.coreos.com",
)
"""What these tests make; the other kinds are proved by the blueprints that have them."""
RUNNING = ("strimzi-cluster-operator", "ps-operator", "prometheus-operator", "cert-manager", "trust-manager")


@pytest.fixture(scope="module")
def served(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox with the operators' CRDs; all that is theirs goes with them at the end."""
    crds = reference.root() / "crds"
    known = [item for item in load().values() if item.resource.group in GROUPS]
    files = [f"--filename={crds / item.resource.group / item.plural}.yaml" for item in known]
    sandbox.kubectl("apply", "--server-side", *files)
    sandbox.kubectl("wait", "--for=condition=Established", "--timeout=60s", *files)
    yield sandbox
    sandbox.kubectl("delete", "--wait=true", "--timeout=90s", *files)


@pytest.fixture
def operators(served: Sandbox, namespace: str) -> Iterator[Sandbox]:
    """The same with each operator's Deployment, in the test's namespace, available."""
    served.apply(*(deployment(name, namespace) for name in RUNNING))
    available(served, namespace, *RUNNING)
    yield served
    served.kubectl("delete", "deployment", "--all", "-n", namespace)


def available(sandbox: Sandbox, namespace: str, *names: str) -> None:
    targets = [f"deployment/{name}" for name in names]
    sandbox.kubectl("wait", "--for=condition=Available", "--timeout=60s", "-n", namespace, *targets)


def find(sandbox: Sandbox, kind: str, name: str, namespace: str) -> Any:
    """One object, or None."""
    done = sandbox.try_kubectl("get", kind, name, "-n", namespace, "-o", "json")
    return json.loads(done.stdout) if done.returncode == 0 else None


def has(sandbox: Sandbox, kind: str, name: str, namespace: str, condition: str, status: str = "True") -> Any:
    """The object once it carries a condition of its present generation."""

    def probe() -> Any:
        found = find(sandbox, kind, name, namespace) or {}
        told = found.get("status", {}).get("conditions", [])
        fresh = found.get("status", {}).get("observedGeneration", found.get("metadata", {}).get("generation"))
        right = [item for item in told if (item["type"], item["status"]) == (condition, status)]
        seen = all(item.get("observedGeneration", fresh) == found["metadata"]["generation"] for item in right)
        return found if right and seen and fresh == found["metadata"]["generation"] else None

    return eventually(probe, f"{kind} {name} {condition}={status}", 60)


def collected(sandbox: Sandbox, namespace: str, kinds: str, label: str) -> None:
    """Waits until no object of these kinds carries the label."""
    eventually(lambda: sandbox.get(kinds, "-n", namespace, "-l", label)["items"] == [], f"{label} is collected", 60)


def text(secret: Any, key: str) -> str:
    return base64.b64decode(secret["data"][key]).decode()


def test_nothing_is_ready_before_its_operator_and_then_soon(served: Sandbox, namespace: str) -> None:
    served.apply(
        custom("KafkaNodePool", "dual", POOL, namespace, **OF_CLUSTER),
        custom("Kafka", "events", KAFKA, namespace),
        custom("Issuer", "self", {"selfSigned": {}}, namespace),
        custom("Prometheus", "it", {}, namespace),
    )
    time.sleep(2)
    for kind, name in (("kafka", "events"), ("issuer", "self"), ("prometheus", "it")):
        found = find(served, f"{kind}", name, namespace)
        assert found and not found.get("status"), kind
    assert served.get("pods", "-n", namespace)["items"] == []
    served.apply(deployment("cert-manager", namespace))
    available(served, namespace, "cert-manager")
    begun = time.monotonic()
    has(served, "issuer", "self", namespace, "Ready")
    # two seconds are meant; a busy machine gets some more
    assert time.monotonic() - begun < 10
    assert not find(served, "kafka", "events", namespace).get("status"), "another operator's"
    served.apply(deployment("strimzi-cluster-operator", namespace))
    has(served, "kafka", "events", namespace, "Ready")
    served.kubectl("delete", "deployment", "--all", "-n", namespace)


def test_kafka_from_nothing_to_users_through_a_change_to_nothing(operators: Sandbox, namespace: str) -> None:
    password = {"valueFrom": {"secretKeyRef": {"name": "ours", "key": "password"}}}
    operators.kubectl("create", "secret", "generic", "ours", "-n", namespace, "--from-literal=password=our-own")
    pool = {**POOL, "storage": {"type": "jbod", "volumes": [{"id": 0, **CLAIMS}]}}
    operators.apply(
        custom("KafkaNodePool", "dual", pool, namespace, **OF_CLUSTER),
        custom("Kafka", "events", KAFKA, namespace),
        custom("KafkaUser", "app", {"authentication": {"type": "scram-sha-512", "password": password}}, namespace, **OF_CLUSTER),
        custom("KafkaTopic", "clicks", {"partitions": 1, "replicas": 1}, namespace, **OF_CLUSTER),
    )
    kafka = has(operators, "kafka", "events", namespace, "Ready")
    [listener] = kafka["status"]["listeners"]
    assert listener["bootstrapServers"] == f"events-kafka-bootstrap.{namespace}.svc:9093"
    has(operators, "kafkauser", "app", namespace, "Ready")
    assert text(find(operators, "secret", "app", namespace), "password") == "our-own"
    topic = has(operators, "kafkatopic", "clicks", namespace, "Ready")
    assert topic["metadata"]["finalizers"] == ["strimzi.io/topic-operator"]
    ca = find(operators, "secret", "events-cluster-ca-cert", namespace)
    assert text(ca, "ca.crt") == listener["certificates"][0]
    for kind, name in (
        ("service", "events-kafka-bootstrap"),
        ("deployment", "events-entity-operator"),
        ("secret", "events-cluster-ca"),
    ):
        owners = find(operators, kind, name, namespace)["metadata"]["ownerReferences"]
        assert [owner["uid"] for owner in owners] == [kafka["metadata"]["uid"]]

    operators.apply(custom("KafkaNodePool", "dual", {**pool, "replicas": 2}, namespace, **OF_CLUSTER))
    eventually(lambda: (find(operators, "pod", "events-dual-1", namespace) or {}).get("status", {}).get("podIP"), "a second node")
    assert find(operators, "pvc", "data-0-events-dual-1", namespace)

    operators.kubectl("delete", "kafkatopic,kafkauser", "--all", "-n", namespace, "--timeout=30s")
    operators.kubectl("delete", "kafka,kafkanodepool", "--all", "-n", namespace, "--timeout=30s", "--cascade=foreground")

    kinds = "strimzipodset,pod,service,pvc,configmap,networkpolicy,pdb"
    collected(operators, namespace, kinds, "strimzi.io/cluster=events")


def test_mysql_fills_in_passwords_and_takes_its_claims_along_when_asked(operators: Sandbox, namespace: str) -> None:
    operators.kubectl("create", "secret", "generic", "users", "-n", namespace, "--from-literal=root=our-own")
    mysql = {
        "crVersion": "1.1.0",
        "secretsName": "users",
        "unsafeFlags": {"mysqlSize": True, "proxySize": True},
        "mysql": {
            "clusterType": "group-replication",
            "size": 1,
            "image": "registry.example/mysql:8.4",
            "volumeSpec": {"persistentVolumeClaim": {"resources": {"requests": {"storage": "1Gi"}}}},
        },
        "proxy": {"haproxy": {"enabled": True, "size": 1, "image": "registry.example/haproxy:2"}, "router": {"enabled": False}},
    }
    finalizers = ["percona.com/delete-mysql-pods-in-order", "percona.com/delete-ssl", "percona.com/delete-mysql-pvc"]
    operators.apply(custom("PerconaServerMySQL", "db", mysql, namespace, finalizers=finalizers))
    made = has(operators, "ps", "db", namespace, "ready")
    assert (made["status"]["state"], made["status"]["host"]) == ("ready", f"db-haproxy.{namespace}")
    users = find(operators, "secret", "users", namespace)
    assert text(users, "root") == "our-own" and len(users["data"]) == 7
    # cert-manager is there, so it signs
    has(operators, "certificate", "db-ssl", namespace, "Ready")
    operators.kubectl("delete", "ps", "db", "-n", namespace, "--timeout=30s")
    collected(operators, namespace, "pvc,statefulset,pod", "app.kubernetes.io/instance=db")
    assert find(operators, "secret", "users", namespace) is None


def test_monitoring_follows_a_changed_number_of_replicas(operators: Sandbox, namespace: str) -> None:
    for kind, workload in (
        ("Prometheus", "prometheus-it"),
        ("Alertmanager", "alertmanager-it"),
        ("ThanosRuler", "thanos-ruler-it"),
    ):
        operators.apply(custom(kind, "it", {"replicas": 1}, namespace))
        assert has(operators, kind.lower(), "it", namespace, "Available")["status"]["availableReplicas"] == 1
        assert find(operators, "statefulset", workload, namespace)["spec"]["replicas"] == 1
    operators.apply(custom("Prometheus", "it", {"replicas": 2}, namespace))

    def grown() -> bool:
        return bool(find(operators, "prometheus", "it", namespace)["status"]["availableReplicas"] == 2)

    eventually(grown, "two replicas", 60)
    assert find(operators, "service", "prometheus-operated", namespace)["spec"]["clusterIP"] == "None"


def test_a_certificate_verifies_against_the_bundle_of_its_root(operators: Sandbox, namespace: str) -> None:
    root = {
        "secretName": "root",
        "isCA": True,
        "commonName": "root",
        "issuerRef": {"name": "self"},
        "privateKey": {"algorithm": "ECDSA"},
    }
    web = {"secretName": "web-tls", "dnsNames": [f"web.{namespace}.svc"], "issuerRef": {"name": "ca"}}
    operators.apply(
        custom("Issuer", "self", {"selfSigned": {}}, namespace),
        custom("Certificate", "root", root, namespace),
        custom("Issuer", "ca", {"ca": {"secretName": "root"}}, namespace),
        custom("Certificate", "web", web, namespace),
        deployment("trust-manager", namespace, args=[f"--trust-namespace={namespace}"]),
    )
    has(operators, "certificate", "web", namespace, "Ready")
    here = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    bundle = {
        "sources": [{"secret": {"name": "root", "key": "tls.crt"}}],
        "target": {
            "configMap": {"key": "ca.crt"},
            "namespaceSelector": here,
        },
    }
    operators.apply(custom("Bundle", "our-trust", bundle))
    trusted = eventually(lambda: find(operators, "configmap", "our-trust", namespace), "the bundle's ConfigMap")["data"]["ca.crt"]
    leaf = x509.load_pem_x509_certificate(text(find(operators, "secret", "web-tls", namespace), "tls.crt").encode())
    roots = Store(x509.load_pem_x509_certificates(trusted.encode()))
    PolicyBuilder().store(roots).build_server_verifier(x509.DNSName(f"web.{namespace}.svc")).verify(leaf, [])
    assert find(operators, "configmap", "our-trust", "default") is None
    operators.kubectl("delete", "bundle", "our-trust")


def test_a_restarted_gate_takes_up_where_it_was(operators: Sandbox, namespace: str) -> None:
    operators.apply(
        custom("KafkaNodePool", "dual", POOL, namespace, **OF_CLUSTER),
        custom("Kafka", "events", KAFKA, namespace),
        custom("KafkaUser", "app", {"authentication": {"type": "scram-sha-512"}}, namespace, **OF_CLUSTER),
    )
    has(operators, "kafkauser", "app", namespace, "Ready")
    password = text(find(operators, "secret", "app", namespace), "password")
    ca = text(find(operators, "secret", "events-cluster-ca-cert", namespace), "ca.crt")
    stop("operators")
    assert services.status("operators") == {}
    operators.kubectl("delete", "service", "events-kafka-brokers", "-n", namespace)
    operators.apply(custom("Issuer", "later", {"selfSigned": {}}, namespace))
    services.start_all()
    assert services.status("operators")["ready"]
    has(operators, "issuer", "later", namespace, "Ready")
    eventually(lambda: find(operators, "service", "events-kafka-brokers", namespace), "the deleted Service comes back")
    assert text(find(operators, "secret", "app", namespace), "password") == password, "nothing is drawn anew"
    assert text(find(operators, "secret", "events-cluster-ca-cert", namespace), "ca.crt") == ca


def test_a_kind_whose_definition_goes_and_comes_again_is_served_again(operators: Sandbox, namespace: str) -> None:
    file = str(reference.root() / "crds" / "cert-manager.io" / "issuers.yaml")
    issuer = custom("Issuer", "self", {"selfSigned": {}}, namespace)

    def accepted() -> bool:
        return operators.try_kubectl("apply", "--server-side", "-f", "-", stdin=issuer).returncode == 0

    for _ in range(2):
        operators.kubectl("delete", "-f", file, "--timeout=30s")
        operators.kubectl("apply", "--server-side", "-f", file)
        eventually(accepted, "the kind is served again")
        has(operators, "issuer", "self", namespace, "Ready")


def test_the_gate_rests_when_nothing_changes(served: Sandbox) -> None:
    gate = psutil.Process(services.status("operators")["pid"])

    def rested() -> bool:
        before = gate.cpu_times()
        time.sleep(4)
        after = gate.cpu_times()
        return after.user + after.system - before.user - before.system < 0.1

    # what earlier tests left is still being collected at first
    eventually(rested, "four seconds with next to no work", 60)
    assert gate.memory_info().rss < 160 * 2**20
