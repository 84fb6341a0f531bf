"""What the simulated operators make of what a custom resource says: pods, scrape jobs, users, certificates."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from sandbox.operators.functions import unb64
from tests.unit.operators_fake import LISTENER, OF_CLUSTER, OPERATORS, POOL, Cluster, custom, deployment, secret

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
