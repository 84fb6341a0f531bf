"""Strimzi's custom resources: pure data from a few decisions (operator 1.2.0, API kafka.strimzi.io/v1)."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.kubernetes.place import Compute

VERSION = "4.3.1"
METADATA_VERSION = "4.3-IV0"
"""Kafka's own versions: the newest that operator 1.2.0 supports, as its examples pin them."""
KAFKA = ("kafka.strimzi.io/v1", "Kafka")
NODE_POOL = ("kafka.strimzi.io/v1", "KafkaNodePool")
TOPIC = ("kafka.strimzi.io/v1", "KafkaTopic")
USER = ("kafka.strimzi.io/v1", "KafkaUser")
NAME = "kafka"
CLUSTER_LABEL = {"strimzi.io/cluster": NAME}
PORT = 9093
CONTROLLER = Compute("250m", "1Gi", "1")
"""Of one KRaft controller: metadata only."""
CONTROLLER_STORAGE = "10Gi"
_OPERATOR = Compute("50m", "256Mi", "500m").spec()


def pool_spec(
    role: str, replicas: int, compute: Compute, size: str, storage_class: str | None, keep_claims: bool
) -> dict[str, Any]:
    """A KafkaNodePool: one JBOD volume a node (more can be added later), nodes spread over hosts."""
    volume: dict[str, Any] = {
        "id": 0,
        "type": "persistent-claim",
        "size": size,
        "kraftMetadata": "shared",
        "deleteClaim": not keep_claims,
    }
    if storage_class:
        volume["class"] = storage_class
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {**CLUSTER_LABEL, "strimzi.io/pool-name": f"{role}s"}},
    }
    return {
        "replicas": replicas,
        "roles": [role],
        "resources": compute.spec(),
        "storage": {"type": "jbod", "volumes": [volume]},
        "template": {"pod": {"topologySpreadConstraints": [spread], "enableServiceLinks": False}},
    }


def kafka_spec(brokers: int, tls_secret: str, monitored: bool) -> dict[str, Any]:
    """The Kafka resource: KRaft, one TLS listener with SCRAM and our certificate, ACLs, no topic that nobody declared."""
    copies = min(3, brokers)
    in_sync = 2 if brokers >= 3 else 1
    certificate = {"secretName": tls_secret, "certificate": "tls.crt", "key": "tls.key"}
    spec: dict[str, Any] = {
        "kafka": {
            "version": VERSION,
            "metadataVersion": METADATA_VERSION,
            "listeners": [
                {
                    "name": "tls",
                    "port": PORT,
                    "type": "internal",
                    "tls": True,
                    "authentication": {"type": "scram-sha-512"},
                    "configuration": {"brokerCertChainAndKey": certificate},
                }
            ],
            "authorization": {"type": "simple"},
            "config": {
                "auto.create.topics.enable": False,
                "default.replication.factor": copies,
                "min.insync.replicas": in_sync,
                "offsets.topic.replication.factor": copies,
                "transaction.state.log.replication.factor": copies,
                "transaction.state.log.min.isr": in_sync,
            },
        },
        "entityOperator": {"topicOperator": {"resources": _OPERATOR}, "userOperator": {"resources": _OPERATOR}},
    }
    if monitored:
        spec["kafka"]["metricsConfig"] = {"type": "strimziMetricsReporter"}
        spec["kafkaExporter"] = {"topicRegex": ".*", "groupRegex": ".*", "resources": _OPERATOR}
    return spec


def topic_spec(name: str, partitions: int, replicas: int, retention_seconds: int) -> dict[str, Any]:
    """A KafkaTopic; acknowledged writes survive the loss of one copy where there are three."""
    config = {"retention.ms": retention_seconds * 1000, "min.insync.replicas": 2 if replicas >= 3 else 1}
    return {"topicName": name, "partitions": partitions, "replicas": replicas, "config": config}


def acls(topics: Sequence[str], prefix: str, topic_prefixes: Sequence[str] = ()) -> list[Mapping[str, Any]]:
    """Rights of one consumer: its topics, and groups and transactions whose names begin with its own.

    Topics that begin with one of `topic_prefixes` it may also make and delete.
    """
    rules: list[Mapping[str, Any]] = [
        {
            "type": "allow",
            "resource": {"type": "topic", "name": topic, "patternType": "literal"},
            "operations": ["Describe", "DescribeConfigs", "Read", "Write"],
        }
        for topic in topics
    ]
    for own in topic_prefixes:
        if not own:
            raise ValueError("a topic prefix that is empty would be every topic")
        rules.append(
            {
                "type": "allow",
                "resource": {"type": "topic", "name": own, "patternType": "prefix"},
                "operations": ["Create", "Delete", "Describe", "DescribeConfigs", "Read", "Write"],
            }
        )
    for kind, operations in (("group", ["Describe", "Read"]), ("transactionalId", ["Describe", "Write"])):
        resource = {"type": kind, "name": prefix, "patternType": "prefix"}
        rules.append({"type": "allow", "resource": resource, "operations": operations})
    return rules


def user_spec(secret: str, topics: Sequence[str], prefix: str, topic_prefixes: Sequence[str] = ()) -> dict[str, Any]:
    """A KafkaUser with our password (Secret `secret`, key `password`) and the rights of `acls`."""
    return {
        "authentication": {
            "type": "scram-sha-512",
            "password": {"valueFrom": {"secretKeyRef": {"name": secret, "key": "password"}}},
        },
        "authorization": {"type": "simple", "acls": acls(topics, prefix, topic_prefixes)},
    }
