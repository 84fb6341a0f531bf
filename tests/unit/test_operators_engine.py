"""The engine of the simulated operators: gating, ownership, status, finalizers, faults, one pod after the other."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from sandbox.operators import functions as f
from sandbox.operators.reconcile import SIMULATED
from tests.unit.operators_fake import Cluster, custom, deployment, secret

OF_CLUSTER = {"labels": {"strimzi.io/cluster": "events"}}
LISTENERS = [
    {"name": "plain", "port": 9092, "type": "internal", "tls": False},
    {"name": "tls", "port": 9093, "type": "internal", "tls": True},
]
POOL = {"replicas": 2, "roles": ["controller", "broker"], "storage": {"type": "persistent-claim", "size": "1Gi"}}
ENTITIES: dict[str, Any] = {"topicOperator": {}, "userOperator": {}}


def strimzi(**container: Any) -> Cluster:
    cluster = Cluster()
    cluster.put(deployment("strimzi-cluster-operator", **container))
    cluster.up("Deployment", "system", "strimzi-cluster-operator")
    return cluster


def kafka(cluster: Cluster, pool: dict[str, Any] = POOL) -> None:
    """A Kafka whose pods, then whose entity operator, come up."""
    cluster.put(custom("KafkaNodePool", "dual", pool, **OF_CLUSTER))
    cluster.put(custom("Kafka", "events", {"kafka": {"listeners": LISTENERS}, "entityOperator": ENTITIES}))
    cluster.settle()
    for name in cluster.names("Pod"):
        cluster.up("Pod", "team", name)
    cluster.settle()
    cluster.up("Deployment", "team", "events-entity-operator")
    cluster.settle()


def conditions(cluster: Cluster, kind: str, name: str, namespace: str = "team") -> dict[str, str]:
    return {c["type"]: c["status"] for c in cluster.get(kind, namespace, name).get("status", {}).get("conditions", [])}


def test_nothing_happens_before_the_operators_deployment_is_available() -> None:
    cluster = Cluster()
    cluster.put(custom("Issuer", "self", {"selfSigned": {}}))
    cluster.put(deployment("cert-manager"))
    cluster.settle()
    assert cluster.writes == [] and conditions(cluster, "Issuer", "self") == {}
    cluster.up("Deployment", "system", "cert-manager")
    cluster.settle()
    assert conditions(cluster, "Issuer", "self") == {"Ready": "True"}


def test_an_unavailable_operator_takes_up_no_change_until_it_is_back() -> None:
    cluster = strimzi()
    kafka(cluster)
    operator = cluster.get("Deployment", "system", "strimzi-cluster-operator")
    cluster.put(operator, conditions=[{"type": "Available", "status": "False"}])
    cluster.put(custom("KafkaNodePool", "dual", {**POOL, "replicas": 3}, **OF_CLUSTER))
    cluster.settle()
    assert cluster.names("Pod") == ["events-dual-0", "events-dual-1"]
    assert cluster.get("KafkaNodePool", "team", "dual")["status"]["observedGeneration"] == 1
    cluster.up("Deployment", "system", "strimzi-cluster-operator")
    cluster.settle()
    assert cluster.names("Pod") == ["events-dual-0", "events-dual-1", "events-dual-2"]
    assert cluster.get("KafkaNodePool", "team", "dual")["status"]["observedGeneration"] == 2


@pytest.mark.parametrize(("watched", "served"), [("*", True), ("other,team", True), ("other", False), (None, False)])
def test_an_operator_serves_only_the_namespaces_it_watches(watched: str | None, served: bool) -> None:
    place: dict[str, Any] = {"value": watched} if watched else {"valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}
    cluster = strimzi(env=[{"name": "STRIMZI_NAMESPACE", **place}])
    cluster.put(custom("Kafka", "events", {"kafka": {"listeners": LISTENERS}}))
    cluster.settle()
    assert bool(cluster.get("Kafka", "team", "events").get("status")) is served


def test_kafka_is_ready_once_its_pods_and_entity_operator_are() -> None:
    cluster = strimzi()
    cluster.put(custom("KafkaNodePool", "dual", POOL, **OF_CLUSTER))
    cluster.put(custom("Kafka", "events", {"kafka": {"listeners": LISTENERS}, "entityOperator": ENTITIES}))
    cluster.settle()
    assert conditions(cluster, "Kafka", "events") == {"NotReady": "True"}
    assert "events-entity-operator" not in cluster.names("Deployment"), "it comes after the brokers"
    for name in ("events-dual-0", "events-dual-1"):
        cluster.up("Pod", "team", name)
    cluster.settle()
    assert conditions(cluster, "Kafka", "events") == {"NotReady": "True"}
    cluster.up("Deployment", "team", "events-entity-operator")
    cluster.settle()
    assert conditions(cluster, "Kafka", "events") == {"Ready": "True"}
    status = cluster.get("Kafka", "team", "events")["status"]
    assert [item["bootstrapServers"] for item in status["listeners"]] == [
        "events-kafka-bootstrap.team.svc:9092",
        "events-kafka-bootstrap.team.svc:9093",
    ]
    assert status["listeners"][1]["certificates"] == [f.data(cluster.get("Secret", "team", "events-cluster-ca-cert"), "ca.crt")]


def test_topics_and_users_wait_for_the_entity_operator_of_their_cluster() -> None:
    cluster = strimzi()
    cluster.put(custom("KafkaTopic", "clicks", {"partitions": 1}, **OF_CLUSTER), custom("KafkaUser", "app", {}, **OF_CLUSTER))
    cluster.settle()
    assert conditions(cluster, "KafkaTopic", "clicks") == conditions(cluster, "KafkaUser", "app") == {}
    kafka(cluster)
    assert conditions(cluster, "KafkaTopic", "clicks") == conditions(cluster, "KafkaUser", "app") == {"Ready": "True"}


def test_a_user_gets_the_password_that_its_secret_asks_for_and_follows_its_change() -> None:
    cluster = strimzi()
    kafka(cluster)
    wanted = {"valueFrom": {"secretKeyRef": {"name": "ours", "key": "password"}}}
    cluster.put(custom("KafkaUser", "app", {"authentication": {"type": "scram-sha-512", "password": wanted}}, **OF_CLUSTER))
    cluster.settle()
    [refusal] = cluster.get("KafkaUser", "team", "app")["status"]["conditions"]
    assert (refusal["type"], refusal["message"]) == ("NotReady", "Secret ours with requested user password does not exist.")
    assert "app" not in cluster.names("Secret")
    for password in ("first", "second"):
        cluster.put(secret("ours", password=password))
        cluster.settle()
        made = cluster.get("Secret", "team", "app")
        assert f.data(made, "password") == password
        assert f'username="app" password="{password}";' in str(f.data(made, "sasl.jaas.config"))
    assert conditions(cluster, "KafkaUser", "app") == {"Ready": "True"}


@pytest.mark.parametrize(
    ("pools", "version", "message"),
    [
        ([], "4.3.1", "either don't exist or have 0 replicas"),
        ([["broker"]], "4.3.1", "the controller role"),
        ([["controller"]], "4.3.1", "the broker role"),
        (
            [["controller", "broker"]],
            "2.0.0",
            "Unsupported Kafka.spec.kafka.version: 2.0.0. Supported versions are: [4.3.0,",
        ),
    ],
)
def test_what_strimzi_refuses_is_refused_in_its_words(pools: list[list[str]], version: str, message: str) -> None:
    cluster = strimzi()
    for index, roles in enumerate(pools):
        cluster.put(custom("KafkaNodePool", f"pool{index}", {**POOL, "roles": roles}, **OF_CLUSTER))
    cluster.put(custom("Kafka", "events", {"kafka": {"version": version, "listeners": LISTENERS}}))
    cluster.settle()
    [condition] = cluster.get("Kafka", "team", "events")["status"]["conditions"]
    assert condition["type"] == "NotReady" and message in condition["message"]
    assert "events-kafka-bootstrap" not in cluster.names("Service")


def test_children_are_owned_and_say_that_they_are_simulated() -> None:
    cluster = strimzi()
    kafka(cluster)
    uid = cluster.get("Kafka", "team", "events")["metadata"]["uid"]
    bootstrap = cluster.get("Service", "team", "events-kafka-bootstrap")["metadata"]
    assert [(owner["kind"], owner["uid"]) for owner in bootstrap["ownerReferences"]] == [("Kafka", uid)]
    assert SIMULATED.items() <= bootstrap["labels"].items()
    claim = cluster.get("PersistentVolumeClaim", "team", "data-events-dual-0")["metadata"]
    assert "ownerReferences" not in claim, "claims stay unless deleteClaim says otherwise"


def test_what_is_no_longer_wanted_goes_and_what_was_deleted_comes_back() -> None:
    cluster = strimzi()
    kafka(cluster)
    cluster.put(custom("KafkaNodePool", "dual", {**POOL, "replicas": 1}, **OF_CLUSTER))
    cluster.settle()
    cluster.remove("Service", "team", "events-kafka-bootstrap")
    cluster.settle()
    assert cluster.names("Pod") == ["events-dual-0"]
    assert "data-events-dual-1" in cluster.names("PersistentVolumeClaim")
    assert "events-kafka-bootstrap" in cluster.names("Service")


def test_pods_are_replaced_one_after_the_other() -> None:
    cluster = strimzi()
    kafka(cluster)
    before = {name: cluster.get("Pod", "team", name)["metadata"]["uid"] for name in cluster.names("Pod")}
    cluster.put(custom("KafkaNodePool", "dual", {**POOL, "resources": {"requests": {"cpu": "1"}}}, **OF_CLUSTER))
    cluster.settle()
    fresh = [name for name in before if cluster.get("Pod", "team", name)["metadata"]["uid"] != before[name]]
    assert len(fresh) == 1, "the second waits until the first is up again"
    cluster.up("Pod", "team", fresh[0])
    cluster.settle()
    assert all(cluster.get("Pod", "team", name)["metadata"]["uid"] != uid for name, uid in before.items())


def test_a_settled_cluster_is_written_to_no_more() -> None:
    cluster = strimzi()
    kafka(cluster)
    cluster.writes.clear()
    for kind, name in (("Kafka", "events"), ("KafkaNodePool", "dual"), ("StrimziPodSet", "events-dual")):
        cluster.put(cluster.get(kind, "team", name))
    cluster.settle()
    assert cluster.writes == []


def test_a_finalizer_is_set_and_finished_by_the_operator_alone(caplog: pytest.LogCaptureFixture) -> None:
    cluster = strimzi()
    kafka(cluster)
    cluster.put(custom("KafkaTopic", "clicks", {}, **OF_CLUSTER), custom("KafkaTopic", "views", {}, **OF_CLUSTER))
    cluster.settle()
    assert cluster.get("KafkaTopic", "team", "clicks")["metadata"]["finalizers"] == ["strimzi.io/topic-operator"]
    cluster.remove("KafkaTopic", "team", "clicks")
    cluster.settle()
    assert cluster.names("KafkaTopic") == ["views"]
    cluster.remove("Deployment", "team", "events-entity-operator")
    cluster.remove("Deployment", "system", "strimzi-cluster-operator")
    cluster.remove("KafkaTopic", "team", "views")
    with caplog.at_level(logging.WARNING, "operators"):
        cluster.settle()
    assert cluster.names("KafkaTopic") == ["views"], "as on a real cluster"
    assert "KafkaTopic team/views is deleted but keeps its finalizer strimzi.io/topic-operator" in caplog.text


def test_perconas_finalizers_delete_what_they_name() -> None:
    cluster = Cluster()
    cluster.put(deployment("ps-operator"))
    cluster.up("Deployment", "system", "ps-operator")
    finalizers = ["percona.com/delete-mysql-pods-in-order", "percona.com/delete-ssl", "percona.com/delete-mysql-pvc"]
    spec: dict[str, Any] = {"mysql": {"volumeSpec": {"emptyDir": {}}}}
    cluster.put(custom("PerconaServerMySQL", "db", spec, finalizers=finalizers))
    cluster.settle()
    identity = cluster.get("StatefulSet", "team", "db-mysql")["spec"]["selector"]["matchLabels"]
    claim = {"name": "datadir-db-mysql-0", "namespace": "team", "labels": identity}
    cluster.put({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": claim, "spec": {}})
    cluster.remove("PerconaServerMySQL", "team", "db")
    cluster.settle()
    assert cluster.names("PerconaServerMySQL") == cluster.names("PersistentVolumeClaim") == cluster.names("Secret") == []


def test_a_namespace_that_refuses_does_not_keep_the_others_from_their_bundle() -> None:
    cluster = Cluster()
    cluster.put(deployment("trust-manager"))
    cluster.up("Deployment", "system", "trust-manager")
    for name in ("alpha", "beta"):
        cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    cluster.refusals.append(("ConfigMap", 403, "configmaps is forbidden: alpha is being terminated"))
    cluster.put(custom("Bundle", "trust", {"sources": [{"useDefaultCAs": True}], "target": {"configMap": {"key": "ca.crt"}}}))
    waits = cluster.settle()
    assert waits and [obj["metadata"]["namespace"] for obj in cluster.store.all("ConfigMap")] == ["beta"]
    cluster.put(cluster.get("Bundle", "", "trust"))
    cluster.settle()
    assert conditions(cluster, "Bundle", "trust", "") == {"Synced": "True"}
