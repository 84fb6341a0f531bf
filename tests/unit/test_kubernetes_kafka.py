"""Kafka: TLS and SCRAM only, ACLs limited to what was granted, no topic that nobody declared."""

from dataclasses import replace

import pytest

from components.kubernetes.kafka import object_name, topic_args
from components.kubernetes.kafka_cluster import acls
from components.spec.data import Topic
from tests.unit.kubernetes_stack import KAFKA, stack


def test_the_only_listener_has_tls_and_scram_with_our_certificate() -> None:
    made = stack()
    kafka = made.one("Kafka").inputs["spec"]["kafka"]
    (listener,) = kafka["listeners"]
    assert listener["tls"] is True and listener["authentication"] == {"type": "scram-sha-512"}
    certificate = made.one("Certificate", "kafka-certificate").inputs["spec"]
    assert listener["configuration"]["brokerCertChainAndKey"]["secretName"] == certificate["secretName"]
    assert {"kafka-kafka-bootstrap.kafka.svc", "*.kafka-kafka-brokers.kafka.svc"} <= set(certificate["dnsNames"])
    assert kafka["authorization"] == {"type": "simple"} and "superUsers" not in kafka["authorization"]
    assert kafka["config"]["auto.create.topics.enable"] is False


@pytest.mark.parametrize(("brokers", "copies", "in_sync"), [(1, 1, 1), (2, 2, 1), (3, 3, 2), (5, 3, 2)])
def test_copies_follow_the_number_of_brokers(brokers: int, copies: int, in_sync: int) -> None:
    config = stack(kafka=replace(KAFKA, brokers=brokers)).one("Kafka").inputs["spec"]["kafka"]["config"]
    assert config["default.replication.factor"] == copies == config["offsets.topic.replication.factor"]
    assert config["min.insync.replicas"] == in_sync == config["transaction.state.log.min.isr"]
    assert topic_args(Topic(), brokers).replicas == copies


def test_a_grant_makes_a_user_with_our_password_and_rights_to_its_topics_alone() -> None:
    made = stack()
    user = made.one("KafkaUser", "mlflow")
    spec = user.inputs["spec"]
    here = made.one("Secret", "kafka-user-mlflow-here")
    reference = spec["authentication"]["password"]["valueFrom"]["secretKeyRef"]
    assert reference == {"name": here.object_name, "key": "password"}
    assert here.object_name != user.object_name, "Strimzi writes a Secret of the user's own name"
    rights = {(a["resource"]["type"], a["resource"]["name"], a["resource"]["patternType"]) for a in spec["authorization"]["acls"]}
    assert rights == {
        ("topic", "events", "literal"),
        ("topic", "Model_Events", "literal"),
        ("group", "mlflow", "prefix"),
        ("transactionalId", "mlflow", "prefix"),
    }
    operations = {o for a in spec["authorization"]["acls"] for o in a["operations"]}
    assert not operations & {"All", "Alter", "AlterConfigs", "Create", "Delete"}
    assert user.inputs["metadata"]["labels"]["strimzi.io/cluster"] == "kafka"


def test_a_grant_leaves_the_consumer_what_a_client_needs_to_log_in() -> None:
    made = stack()
    given = made.one("Secret", "kafka-user-mlflow-given")
    password = made.passwords["kafka-user-mlflow-password"]
    assert (given.namespace, given.object_name) == ("mlflow", "mlflow-kafka")
    assert given.inputs["stringData"] == {
        "username": "mlflow",
        "password": password,
        "sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required "
        f'username="mlflow" password="{password}";',
    }
    access = made.result.access["broker"]
    assert (access.mechanism, access.username, access.topics) == ("SCRAM-SHA-512", "mlflow", ["events", "Model_Events"])
    assert made.leaks() == []


def test_a_topic_is_made_once_as_declared_or_by_the_first_grant_that_names_it() -> None:
    made = stack()
    topics = {t.inputs["spec"]["topicName"]: t for t in made.all("KafkaTopic")}
    assert set(topics) == {"events", "Model_Events"}
    assert topics["events"].inputs["spec"] == {
        "topicName": "events",
        "partitions": 6,
        "replicas": 3,
        "config": {"retention.ms": 86400000, "min.insync.replicas": 2},
    }
    assert topics["Model_Events"].inputs["spec"]["config"]["retention.ms"] == 7 * 86400 * 1000
    assert "kafka-cluster" in made.waits_for(topics["Model_Events"].name)


def test_a_topics_name_becomes_a_kubernetes_name_of_its_own() -> None:
    assert object_name("events") == "events"
    odd = {object_name(t) for t in ("Model_Events", "model_events", "model-events")}
    assert len(odd) == 3 and all(n == n.lower() and "_" not in n for n in odd)
    assert len(object_name("T" * 200)) <= 63


def test_pools_come_before_the_cluster_and_do_not_wait_for_it() -> None:
    made = stack()
    assert {"kafka-controllers", "kafka-brokers", "kafka-operator", "kafka-certificate"} <= made.waits_for("kafka-cluster")
    for name, role in (("controllers", "controller"), ("brokers", "broker")):
        pool = made.one("KafkaNodePool", name)
        assert pool.inputs["spec"]["roles"] == [role]
        assert pool.inputs["metadata"]["annotations"] == {"pulumi.com/skipAwait": "true"}


def test_in_prod_cluster_pools_and_topics_are_protected_and_claims_are_kept() -> None:
    made = stack(kafka=replace(KAFKA, protect=True))
    for r in [*made.all("Kafka"), *made.all("KafkaNodePool"), *made.all("KafkaTopic")]:
        assert r.protect and r.retain, r.name
    assert {v["deleteClaim"] for p in made.all("KafkaNodePool") for v in p.inputs["spec"]["storage"]["volumes"]} == {False}
    dev = stack()
    assert not dev.one("Kafka").protect
    assert {v["deleteClaim"] for p in dev.all("KafkaNodePool") for v in p.inputs["spec"]["storage"]["volumes"]} == {True}


def test_metrics_only_where_the_stack_has_them() -> None:
    made = stack()
    assert made.one("Kafka").inputs["spec"]["kafka"]["metricsConfig"] == {"type": "strimziMetricsReporter"}
    assert {m.object_name for m in made.all("PodMonitor") if m.namespace == "kafka"} == {"kafka-nodes", "kafka-operator"}
    bare = stack(kafka=replace(KAFKA, monitored=False))
    assert "metricsConfig" not in bare.one("Kafka").inputs["spec"]["kafka"]
    assert [m for m in bare.all("PodMonitor") if m.namespace == "kafka"] == []


def test_a_consumer_that_makes_topics_itself_may_do_so_under_its_prefixes_and_nowhere_else() -> None:
    rights = acls(["events"], "serving", ["serving.", "serving-"])
    own = [a for a in rights if a["resource"]["type"] == "topic" and a["resource"]["patternType"] == "prefix"]
    assert [a["resource"]["name"] for a in own] == ["serving.", "serving-"]
    assert all({"Create", "Delete"} <= set(a["operations"]) for a in own)
    named = [a for a in rights if a["resource"]["patternType"] == "literal"]
    assert [a["resource"]["name"] for a in named] == ["events"] and "Create" not in named[0]["operations"]
    assert not {o for a in rights for o in a["operations"]} & {"All", "Alter", "AlterConfigs", "ClusterAction"}
    with pytest.raises(ValueError, match="every topic"):
        acls([], "serving", [""])
