"""Each data file renders for the smallest custom resource, cites its source, and is gated as its chart is labelled."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from sandbox.operators.functions import unb64
from sandbox.operators.kinds import BUILTIN
from sandbox.operators.model import DATA, DataError, load, read
from tests.contracts import reference
from tests.unit.operators_fake import OPERATORS, Cluster, custom, deployment, secret

POOL = {"replicas": 1, "roles": ["controller", "broker"], "storage": {"type": "ephemeral"}}
LISTENER = {"name": "plain", "port": 9092, "type": "internal", "tls": False}
OF_CLUSTER = {"labels": {"strimzi.io/cluster": "events"}}
MINIMAL: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "Certificate": ({"secretName": "tls", "issuerRef": {"name": "self"}}, {}),
    "ClusterIssuer": ({"selfSigned": {}}, {}),
    "Issuer": ({"selfSigned": {}}, {}),
    "StrimziPodSet": ({"selector": {}, "pods": []}, {}),
    "Kafka": ({"kafka": {"listeners": [LISTENER]}}, {}),
    "KafkaNodePool": (POOL, OF_CLUSTER),
    "KafkaTopic": ({}, OF_CLUSTER),
    "KafkaUser": ({}, OF_CLUSTER),
    "KafkaConnect": ({"bootstrapServers": "events-kafka-bootstrap:9092"}, {}),
    "KafkaConnector": ({}, OF_CLUSTER),
    "PerconaServerMySQL": ({"mysql": {"volumeSpec": {"emptyDir": {}}}, "proxy": {"haproxy": {"enabled": True}}}, {}),
    "PerconaServerMySQLBackup": ({"clusterName": "db", "storageName": "s3"}, {}),
    "PerconaServerMySQLRestore": ({"clusterName": "db", "backupName": "first"}, {}),
    "Bundle": ({"sources": [{"useDefaultCAs": True}], "target": {"configMap": {"key": "ca.crt"}}}, {}),
}
SILENT = {"ServiceMonitor", "PodMonitor", "Probe", "PrometheusRule", "ScrapeConfig", "AlertmanagerConfig"}


@pytest.mark.parametrize("kind", sorted(load()))
def test_the_smallest_object_renders_once_its_operator_is_there(kind: str) -> None:
    cluster = Cluster()
    spec, metadata = MINIMAL.get(kind, ({}, {}))
    cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
    cluster.put(custom(kind, "smallest", spec, **metadata))
    assert cluster.settle() == [] and cluster.writes == []
    for name in OPERATORS:
        cluster.put(deployment(name))
        cluster.up("Deployment", "system", name)
    assert cluster.settle() == [], "a template failed"
    found = cluster.get(kind, "team" if load()[kind].namespaced else "", "smallest")
    # topics and users belong to an entity operator, which no Kafka here has made
    assert bool(found.get("status")) is (kind not in SILENT | {"KafkaTopic", "KafkaUser", "KafkaNodePool"})
    known = {item.kind for item in BUILTIN} | set(load())
    assert {key[0] for key in cluster.writes} <= known
    assert all(re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", key[2]) for key in cluster.writes)


def test_nothing_is_left_unrendered_or_null_in_what_is_made() -> None:
    cluster = Cluster()
    for name in OPERATORS:
        cluster.put(deployment(name))
        cluster.up("Deployment", "system", name)
    for kind, (spec, metadata) in MINIMAL.items():
        cluster.put(custom(kind, "events" if kind == "Kafka" else "smallest", spec, **metadata))
    cluster.settle(60)
    made = [obj for key in set(cluster.writes) if (obj := cluster.store.get(key))]
    assert len(made) > 30
    text = json.dumps(made)
    assert "${" not in text and "$eval" not in text and "null" not in text.replace('"null"', "")


@pytest.mark.parametrize("kind", sorted(load()))
def test_each_names_its_upstream_source(kind: str) -> None:
    sources = load()[kind].source
    known = ("cert-manager", "trust-manager", "strimzi", "percona-server-mysql-operator", "prometheus-operator")
    assert all(source.startswith(known) for source in sources)
    assert any(re.search(r" v?\d+\.\d+\.\d+ ", source) for source in sources), "no version of a source"


@pytest.mark.parametrize(
    ("chart", "operator"),
    [
        ("strimzi-kafka-operator", "strimzi-cluster-operator"),
        ("ps-operator", "ps-operator"),
        ("kube-prometheus-stack", "prometheus-operator"),
        ("cert-manager", "cert-manager"),
        ("trust-manager", "trust-manager"),
    ],
)
def test_the_gate_picks_exactly_the_operators_own_deployment_of_its_chart(chart: str, operator: str) -> None:
    deployments = [item for item in reference.inventory(chart)["objects"] if item["kind"] == "Deployment"]
    gated = [item for item in load().values() if item.operator.name == operator]
    assert gated
    for data in gated:
        wanted = data.operator.selector.items()
        picked = [item["name"] for item in deployments if wanted <= item["podLabels"].items()]
        assert len(picked) == 1, f"{data.kind}: {picked}"


def test_a_file_in_the_wrong_folder_or_with_an_unknown_field_is_refused(tmp_path: Path) -> None:
    stray = tmp_path / "Kafka.yaml"
    stray.write_text((DATA / "kafka.strimzi.io" / "Kafka.yaml").read_text())
    with pytest.raises(DataError, match=r"belongs in .*kafka\.strimzi\.io/Kafka\.yaml"):
        read(stray)
    stray.write_text("source: [x]\nkindd: Kafka\n")
    with pytest.raises(DataError, match="kindd"):
        read(stray)


PLACED = {
    "tolerations": [{"key": "dedicated", "operator": "Exists"}],
    "securityContext": {"runAsNonRoot": True, "runAsUser": 1234},
}
RESOURCES = {"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}
HARDENED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def pods_of(cluster: Cluster, kind: str, name: str) -> tuple[dict[str, Any], int]:
    """(pod spec, how many) of a workload."""
    found = cluster.get(kind, "team", name)["spec"]
    if kind == "StrimziPodSet":
        return found["pods"][0]["spec"], len(found["pods"])
    return found["template"]["spec"], found["replicas"]


@pytest.mark.parametrize(
    ("kind", "spec", "workload", "name", "container"),
    [
        ("Prometheus", {"replicas": 2, "resources": RESOURCES, **PLACED}, "StatefulSet", "prometheus-it", "prometheus"),
        ("Alertmanager", {"replicas": 2, "resources": RESOURCES, **PLACED}, "StatefulSet", "alertmanager-it", "alertmanager"),
        ("ThanosRuler", {"replicas": 2, "resources": RESOURCES, **PLACED}, "StatefulSet", "thanos-ruler-it", "thanos-ruler"),
        (
            "KafkaNodePool",
            {
                **POOL,
                "replicas": 2,
                "resources": RESOURCES,
                "template": {"pod": PLACED, "kafkaContainer": {"securityContext": HARDENED}},
            },
            "StrimziPodSet",
            "events-it",
            "kafka",
        ),
        (
            "KafkaConnect",
            {
                "bootstrapServers": "x:9092",
                "replicas": 2,
                "resources": RESOURCES,
                "template": {"pod": PLACED, "connectContainer": {"securityContext": HARDENED}},
            },
            "StrimziPodSet",
            "it-connect",
            "it-connect",
        ),
        (
            "PerconaServerMySQL",
            {
                "mysql": {
                    "size": 2,
                    "volumeSpec": {"emptyDir": {}},
                    "resources": RESOURCES,
                    "tolerations": PLACED["tolerations"],
                    "podSecurityContext": PLACED["securityContext"],
                    "containerSecurityContext": HARDENED,
                }
            },
            "StatefulSet",
            "it-mysql",
            "mysql",
        ),
    ],
)
def test_pods_take_what_the_custom_resource_says(
    kind: str, spec: dict[str, Any], workload: str, name: str, container: str
) -> None:
    cluster = Cluster()
    cluster.put(custom("Kafka", "events", {"kafka": {"listeners": [LISTENER]}}))
    cluster.put(custom(kind, "it", spec, **(OF_CLUSTER if kind == "KafkaNodePool" else {})))
    for operator in OPERATORS:
        cluster.put(deployment(operator))
        cluster.up("Deployment", "system", operator)
    cluster.settle()
    pod, count = pods_of(cluster, workload, name)
    assert count == 2
    assert pod["tolerations"] == PLACED["tolerations"]
    assert pod["securityContext"] == PLACED["securityContext"]
    main = next(item for item in pod["containers"] if item["name"] == container)
    assert main["resources"] == RESOURCES
    assert HARDENED.items() <= main["securityContext"].items()


def test_prometheus_scrapes_what_its_selectors_pick_and_mounts_its_rules() -> None:
    cluster = Cluster()
    cluster.put(deployment("prometheus-operator"))
    cluster.up("Deployment", "system", "prometheus-operator")
    for name, labels in (("team", {"scrape": "yes"}), ("other", {})):
        cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        cluster.put(custom("ServiceMonitor", "app", {}, name, labels={"release": "kps"}))
    cluster.put(custom("ServiceMonitor", "unlabelled", {}))
    cluster.put(custom("PrometheusRule", "alerts", {"groups": [{"name": "g"}]}))
    spec = {
        "serviceMonitorSelector": {"matchLabels": {"release": "kps"}},
        "serviceMonitorNamespaceSelector": {"matchLabels": {"scrape": "yes"}},
        "ruleSelector": {},
    }
    cluster.put(custom("Prometheus", "it", spec))
    cluster.settle()
    data = cluster.get("Secret", "team", "prometheus-it")["data"]["prometheus.yaml.gz"]
    jobs = json.loads(gzip.decompress(base64.b64decode(data)))["scrape_configs"]
    assert [job["job_name"] for job in jobs] == ["serviceMonitor/team/app/0"]
    rules = cluster.get("ConfigMap", "team", "prometheus-it-rulefiles-0")["data"]
    assert [json.loads(text)["groups"][0]["name"] for text in rules.values()] == ["g"]


def test_percona_keeps_a_users_passwords_and_fills_in_the_rest_once() -> None:
    cluster = Cluster()
    cluster.put(deployment("ps-operator"))
    cluster.up("Deployment", "system", "ps-operator")
    cluster.put(secret("users", root="given"))
    spec = {"secretsName": "users", "mysql": {"volumeSpec": {"emptyDir": {}}}}
    cluster.put(custom("PerconaServerMySQL", "db", spec))
    cluster.settle()
    users = cluster.get("Secret", "team", "users")
    assert unb64(users["data"]["root"]) == "given"
    assert sorted(users["data"]) == ["heartbeat", "monitor", "operator", "orchestrator", "replication", "root", "xtrabackup"]
    assert "root" not in users["metadata"]["annotations"]["mlops.dev/generated"].split(",")
    assert cluster.get("Secret", "team", "internal-db")["data"] == users["data"]
    assert "ownerReferences" not in users["metadata"], "it outlives the cluster unless delete-mysql-pvc asks"
    cluster.put(custom("PerconaServerMySQL", "db", {**spec, "crVersion": "1.1.0"}))
    cluster.settle()
    assert cluster.get("Secret", "team", "users")["data"] == users["data"]


def test_percona_leaves_a_certificate_that_a_user_gave() -> None:
    cluster = Cluster()
    cluster.put(deployment("ps-operator"))
    cluster.up("Deployment", "system", "ps-operator")
    cluster.put(secret("db-ssl", **{"tls.crt": "mine"}))
    cluster.put(custom("PerconaServerMySQL", "db", {"mysql": {"volumeSpec": {"emptyDir": {}}}}))
    cluster.settle()
    assert ("Secret", "team", "db-ssl") not in cluster.writes
    assert unb64(cluster.get("Secret", "team", "db-ssl")["data"]["tls.crt"]) == "mine"
