"""Event broker on Kubernetes: Strimzi's operator and one KRaft cluster, a user a consumer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components import contracts
from components.kubernetes import chart, kafka_cluster
from components.kubernetes.given import give
from components.kubernetes.kafka_cluster import CLUSTER_LABEL, NAME, PORT
from components.kubernetes.objects import WAIT_READY, certificate, custom, pod_monitor
from components.kubernetes.operator import operator
from components.kubernetes.place import Compute, Place, content_hash
from components.naming import fit
from components.spec.base import duration_seconds
from components.spec.data import Kafka, Topic
from components.spec.stack import Environment
from components.system import Site

OPERATOR = chart.Pin("strimzi-kafka-operator", "1.2.0", "oci://quay.io/strimzi-helm/strimzi-kafka-operator", checked="2026-11-23")
MECHANISM = "SCRAM-SHA-512"


def operator_values(mirror: str | None) -> dict[str, Any]:
    """Values of Strimzi's chart; it watches its own namespace only."""
    return {
        # one owner of network policies: namespace.py
        "generateNetworkPolicy": False,
        # its pods then meet Pod Security `restricted` (Strimzi docs, "Restricted provider")
        "extraEnvs": [{"name": "STRIMZI_POD_SECURITY_PROVIDER_CLASS", "value": "restricted"}],
        **({"defaultImageRegistry": mirror} if mirror else {}),
    }


@dataclass
class TopicArgs:
    """One declared topic."""

    partitions: int
    replicas: int
    retention_seconds: int


@dataclass
class StrimziKafkaArgs:
    """Arguments of StrimziKafka."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    issuer: str
    """ClusterIssuer of the listener's certificate."""
    bundle: str
    """ConfigMap with the CA bundle in every consumer's namespace."""
    compute: Compute
    """Of one broker."""
    brokers: int
    controllers: int
    storage: str
    """Volume of each broker in bytes."""
    topics: dict[str, TopicArgs]
    storage_class: Optional[str] = None
    monitored: bool = False
    """Reports metrics and makes PodMonitors."""
    operator: str = "managed"
    """managed, or existing: the cluster's own is used and left as it is."""
    keep_crds: bool = True
    protect: bool = False
    """Refuse to delete the cluster, keep its claims, and leave both when the stack goes."""
    values: Optional[dict[str, Any]] = None
    """Merged last into the spec of the Kafka resource."""
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None


class StrimziKafka(pulumi.ComponentResource):
    """Kafka 4.3 in KRaft mode: controllers and brokers apart, one listener with TLS and SCRAM, ACLs per user.

    Creates the operator (chart strimzi-kafka-operator, namespaced), a Certificate for the listener, two KafkaNodePools,
    Kafka `kafka` and a KafkaTopic a declared topic; clients use Service `kafka-kafka-bootstrap`, port 9093. Each grant makes
    the topics that nobody declared, a KafkaUser with a password of ours and rights to those topics and to groups and
    transactions named after it, and a Secret in the consumer's namespace. Limits: fewer than three brokers keep one copy.
    """

    needs = (contracts.Certificates,)
    optional = (contracts.Metrics,)
    provides = (contracts.Broker,)
    tiers = ("all", "platform")
    namespace = "kafka"
    stateful = True
    essential_type = "kafka.strimzi.io/v1:Kafka"

    def __init__(self, name: str, args: StrimziKafkaArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:StrimziKafka", name, None, opts)
        self._name, self._args = name, args
        self._place = Place("kafka", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        self._bootstrap = pulumi.Output.concat("kafka-kafka-bootstrap.", args.namespace, f".svc:{PORT}")
        self._kafka = self._cluster(self._operator())
        self._topics: dict[str, pulumi.Resource] = {}
        for topic in sorted(args.topics):
            self._topic(topic)
        self.register_outputs({})

    def _operator(self) -> pulumi.Resource:
        args = self._args
        return operator(
            self._name,
            self._place,
            args.operator,
            OPERATOR,
            operator_values(args.registry_mirror),
            key="strimzi",
            keep=args.keep_crds,
            mirror=args.chart_mirror,
        )

    def _cluster(self, operator: pulumi.Resource) -> pulumi.Resource:
        args, place, name = self._args, self._place, self._name
        brokers = pulumi.Output.concat("kafka-kafka-brokers.", args.namespace, ".svc")
        bootstrap = pulumi.Output.concat("kafka-kafka-bootstrap.", args.namespace, ".svc")
        tls = certificate(
            f"{name}-certificate",
            place,
            issuer=args.issuer,
            names=[
                bootstrap,
                pulumi.Output.concat(bootstrap, ".cluster.local"),
                pulumi.Output.concat("*.", brokers),
                pulumi.Output.concat("*.", brokers, ".cluster.local"),
            ],
            secret_name="kafka-listener-tls",
            object_name="kafka-listener",
        )
        keep = {"protect": args.protect, "retain_on_delete": args.protect}
        pools = [
            custom(
                f"{name}-{role}s",
                place,
                kafka_cluster.NODE_POOL,
                kafka_cluster.pool_spec(role, replicas, compute, size, args.storage_class, args.protect),
                object_name=f"{role}s",
                labels=CLUSTER_LABEL,
                # a pool is reconciled only through the Kafka that it belongs to
                notes={"pulumi.com/skipAwait": "true"},
                opts=place.after(operator, **keep),
            )
            for role, replicas, compute, size in (
                ("controller", args.controllers, kafka_cluster.CONTROLLER, kafka_cluster.CONTROLLER_STORAGE),
                ("broker", args.brokers, args.compute, args.storage),
            )
        ]
        if args.monitored:
            self._monitor()
        return custom(
            f"{name}-cluster",
            place,
            kafka_cluster.KAFKA,
            chart.merge(kafka_cluster.kafka_spec(args.brokers, "kafka-listener-tls", args.monitored), args.values or {}),
            object_name=NAME,
            notes={**WAIT_READY, "pulumi.com/timeoutSeconds": "1200"},
            opts=place.after(operator, tls, *pools, **keep),
        )

    def _monitor(self) -> None:
        """PodMonitors over the nodes with the exporter, and over the operator where it is ours."""
        targets = {
            "nodes": ({"strimzi.io/kind": "Kafka", **CLUSTER_LABEL}, "tcp-prometheus"),
            "operator": ({"strimzi.io/kind": "cluster-operator"}, "http"),
        }
        for part, (labels, port) in targets.items():
            if part == "operator" and self._args.operator == "existing":
                continue
            pod_monitor(f"{self._name}-monitor-{part}", self._place, labels, port=port, object_name=f"kafka-{part}")

    def _topic(self, topic: str, opts: pulumi.ResourceOptions | None = None) -> pulumi.Resource:
        """The topic, made once: as declared, or with the defaults of a declaration where a grant is the first to name it."""
        if topic not in self._topics:
            args = self._args
            wanted = args.topics.get(topic) or topic_args(Topic(), args.brokers)
            self._topics[topic] = custom(
                f"{self._name}-topic-{topic}",
                self._place,
                kafka_cluster.TOPIC,
                kafka_cluster.topic_spec(topic, wanted.partitions, wanted.replicas, wanted.retention_seconds),
                object_name=object_name(topic),
                labels=CLUSTER_LABEL,
                notes=WAIT_READY,
                opts=pulumi.ResourceOptions.merge(
                    opts or self._place.opts,
                    pulumi.ResourceOptions(depends_on=[self._kafka], protect=args.protect, retain_on_delete=args.protect),
                ),
            )
        return self._topics[topic]

    def _grant(self, topics: Sequence[str], consumer: contracts.Consumer, prefixes: Sequence[str] = ()) -> contracts.BrokerAccess:
        """A user limited to the topics; its password's Secret stands here (for the operator) and in the consumer's namespace."""
        args, username = self._args, fit(consumer.name, 63)
        name = f"{self._name}-user-{consumer.name}"

        def data(word: pulumi.Output[str]) -> dict[str, pulumi.Input[str]]:
            module = "org.apache.kafka.common.security.scram.ScramLoginModule required "
            jaas = pulumi.Output.concat(module, f'username="{username}" password="', word, '";')
            return {"username": username, "password": word, "sasl.jaas.config": jaas}

        # the operator writes a Secret of the user's own name: ours has another
        here = fit(f"password-{consumer.name}", 63)
        theirs = fit(f"{consumer.name}-kafka", 63)
        given = give(
            name, self._place, consumer, self._kafka, data, own=lambda word: {"password": word}, here=here, theirs=theirs
        )
        user = custom(
            name,
            self._place,
            kafka_cluster.USER,
            kafka_cluster.user_spec(here, topics, consumer.name, prefixes),
            object_name=username,
            labels=CLUSTER_LABEL,
            notes=WAIT_READY,
            opts=given.after,
        )
        consumer.ready += [*(self._topic(topic, given.opts) for topic in topics), user]
        return contracts.BrokerAccess(
            bootstrap=self._bootstrap,
            mechanism=MECHANISM,
            topics=list(topics),
            username=username,
            secret=given.secret,
            ca_config_map=args.bundle,
        )

    @staticmethod
    def wants(config: Kafka) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> StrimziKafkaArgs:
        """The spec as constructor arguments."""
        config: Kafka = site.config
        certificates, metrics = site.contract(contracts.Certificates), site.maybe(contracts.Metrics)
        site.ready += [*certificates.ready, *(metrics.ready if metrics else ())]
        return StrimziKafkaArgs(
            namespace=site.namespace or StrimziKafka.namespace,
            labels=site.naming.labels("kafka"),
            issuer=certificates.issuer,
            bundle=certificates.bundle,
            compute=Compute.of(config.resources),
            brokers=config.brokers,
            controllers=config.controllers,
            storage=config.storage,
            topics={name: topic_args(topic, config.brokers) for name, topic in config.topics.items()},
            storage_class=config.storage_class or site.spec.cluster.storage_class,
            monitored=metrics is not None,
            operator=site.spec.operators.strimzi,
            keep_crds=site.spec.operators.keep_crds,
            protect=site.spec.environment is Environment.PROD,
            values=config.values,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
        )

    def contracts(self) -> Sequence[Any]:
        """Broker."""
        return [contracts.Broker(bootstrap=self._bootstrap, grant=self._grant)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where it is reached, and how clients log in."""
        return {"bootstrap": self._bootstrap, "mechanism": MECHANISM}


def topic_args(topic: Topic, brokers: int) -> TopicArgs:
    """A declared topic on a cluster of so many brokers."""
    return TopicArgs(topic.partitions, topic.replicas or min(3, brokers), duration_seconds(topic.retention))


def object_name(topic: str) -> str:
    """A Kubernetes name for a topic, whose own may hold capitals and underscores."""
    plain = topic.lower().replace("_", "-")
    return fit(plain, 63) if plain == topic else fit(f"{plain}-{content_hash(topic)}", 63)
