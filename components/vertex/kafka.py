"""Kafka on Google Cloud: Managed Service for Apache Kafka, logged in to by IAM, with topics declared."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.contracts import BrokerAccess, Consumer
from components.spec.base import duration_seconds, quantity_value
from components.spec.data import Kafka
from components.system import Site
from components.vertex.identity import on_project
from components.vertex.names import CLUSTER, dns

MECHANISM = "OAUTHBEARER"
"""A token of the service account (Managed Service for Apache Kafka, "Authenticate to the Kafka API")."""
GIB = 2**30
READ_WRITE = ("DESCRIBE", "READ", "WRITE")


@dataclass
class KafkaTopicArgs:
    """One topic."""

    partitions: int
    replicas: int
    retention_ms: int


@dataclass
class GoogleManagedKafkaArgs:
    """One cluster."""

    cluster_id: str
    """At most 63 characters."""
    vcpus: int
    """Of all brokers together, at least 3; the service picks the number of brokers."""
    memory_gib: int
    """Of all brokers together: 1 to 8 GiB a vCPU."""
    subnet_ids: pulumi.Input[list[str]]
    kms_key: pulumi.Input[str]
    region: str
    project: pulumi.Input[str]
    production: bool
    """Protect and retain the cluster."""
    topics: dict[str, KafkaTopicArgs] = field(default_factory=dict)
    """Topics by name."""


class GoogleManagedKafka(pulumi.ComponentResource):
    """managedkafka.Cluster inside the network, with our key, TLS and IAM alone, and an access list for what was granted.

    Creates: the Cluster, a Topic a declared topic. `grant` gives the consumer's service account roles/managedkafka.client, by
    which it may connect, and an entry in the access lists (Acl) of its topics and of consumer groups that begin with its name.
    An access list has one owner here and names all who were granted a topic, so it is written once everybody is known.
    Volumes are the service's own affair. Source: Managed Service for Apache Kafka, "Access control with IAM and Kafka ACLs".
    """

    cluster_name: pulumi.Output[str]
    bootstrap: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.Broker,)
    tiers = ("all", "platform")
    essential_type = "gcp:managedkafka/cluster:Cluster"

    def __init__(self, name: str, args: GoogleManagedKafkaArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:GoogleManagedKafka", name, {}, opts)
        self._args = args
        self._name = name
        self._opts = pulumi.ResourceOptions(parent=self)
        keep = pulumi.ResourceOptions(protect=args.production or None, retain_on_delete=args.production or None)
        kept = pulumi.ResourceOptions.merge(self._opts, keep)
        self._lists: dict[str, list[gcp.managedkafka.AclAclEntryArgs]] = {}
        self._written = False
        subnets = pulumi.Output.from_input(args.subnet_ids)
        self._cluster = gcp.managedkafka.Cluster(
            f"{name}-cluster",
            cluster_id=args.cluster_id,
            location=args.region,
            project=args.project,
            capacity_config=gcp.managedkafka.ClusterCapacityConfigArgs(
                vcpu_count=str(args.vcpus), memory_bytes=str(args.memory_gib * GIB)
            ),
            gcp_config=gcp.managedkafka.ClusterGcpConfigArgs(
                kms_key=args.kms_key,
                access_config=gcp.managedkafka.ClusterGcpConfigAccessConfigArgs(
                    network_configs=[
                        gcp.managedkafka.ClusterGcpConfigAccessConfigNetworkConfigArgs(subnet=subnets.apply(lambda ids: ids[0]))
                    ]
                ),
            ),
            rebalance_config=gcp.managedkafka.ClusterRebalanceConfigArgs(mode="AUTO_REBALANCE_ON_SCALE_UP"),
            opts=kept,
        )
        self.cluster_name = self._cluster.name
        self.bootstrap = self._cluster.bootstrap_address
        self._topics = {
            topic: gcp.managedkafka.Topic(
                f"{name}-topic-{topic}",
                topic_id=topic,
                cluster=self._cluster.cluster_id,
                location=args.region,
                project=args.project,
                partition_count=options.partitions,
                replication_factor=options.replicas,
                configs={"retention.ms": str(options.retention_ms)},
                opts=kept,
            )
            for topic, options in args.topics.items()
        }
        self.register_outputs({"clusterName": self.cluster_name, "bootstrap": self.bootstrap})

    def grant(self, topics: Sequence[str], consumer: Consumer, prefixes: Sequence[str] = ()) -> BrokerAccess:
        """Read and write on `topics` and on consumer groups that begin with the consumer's name, by its service account.

        Topics that begin with one of `prefixes` it may make and delete too.
        """
        if consumer.role is not None:
            who = pulumi.Output.concat("User:", consumer.role)
            for topic in topics:
                self._allow(f"topic/{topic}", who, READ_WRITE)
            for prefix in prefixes:
                self._allow(f"topicPrefixed/{prefix}", who, (*READ_WRITE, "CREATE", "DELETE"))
            self._allow(f"consumerGroupPrefixed/{consumer.name}", who, ("DESCRIBE", "READ"))
            consumer.ready.append(
                on_project(f"{consumer.name}-kafka", "roles/managedkafka.client", consumer.role, self._args.project, self._opts)
            )
        consumer.ready.extend(self._topics[t] for t in topics if t in self._topics)
        return BrokerAccess(bootstrap=self.bootstrap, mechanism=MECHANISM, topics=list(topics))

    def _allow(self, pattern: str, who: pulumi.Output[str], operations: Sequence[str]) -> None:
        entries = self._lists.setdefault(pattern, [])
        entries += [
            gcp.managedkafka.AclAclEntryArgs(principal=who, operation=operation, permission_type="ALLOW", host="*")
            for operation in operations
        ]

    def _write(self) -> None:
        """The access lists, each once."""
        if self._written:
            return
        self._written = True
        for pattern, entries in sorted(self._lists.items()):
            topic = self._topics.get(pattern.removeprefix("topic/"))
            after = pulumi.ResourceOptions(depends_on=[topic] if topic else [])
            gcp.managedkafka.Acl(
                f"{self._name}-acl-{pattern.replace('/', '-')}",
                acl_id=pattern,
                cluster=self._cluster.cluster_id,
                location=self._args.region,
                project=self._args.project,
                acl_entries=entries,
                opts=pulumi.ResourceOptions.merge(self._opts, after),
            )

    @staticmethod
    def wants(config: Kafka) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> GoogleManagedKafkaArgs:
        """From `systems.kafka` of the spec: the brokers' cores and memory together, within what the service takes."""
        network = site.contract(contracts.Network)
        config: Kafka = site.config
        vcpus = max(3, math.ceil(config.brokers * quantity_value(config.resources.cpu)))
        memory = math.ceil(config.brokers * quantity_value(config.resources.memory) / GIB)
        return GoogleManagedKafkaArgs(
            cluster_id=dns(f"{site.stack.name}-kafka", CLUSTER),
            vcpus=vcpus,
            memory_gib=min(8 * vcpus, max(vcpus, memory)),
            subnet_ids=network.subnet_ids.apply(list),
            kms_key=network.kms_key,
            region=network.region,
            project=network.account_id,
            production=site.spec.environment == "prod",
            topics={
                name: KafkaTopicArgs(t.partitions, t.replicas or 3, duration_seconds(t.retention) * 1000)
                for name, t in config.topics.items()
            },
        )

    def contracts(self) -> Sequence[contracts.Broker]:
        """The broker; its `arn` is the cluster's full name."""
        return [contracts.Broker(self.bootstrap, self.grant, self.cluster_name)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses; every grant has been made by now, so the access lists are complete."""
        self._write()
        return {"cluster": self.cluster_name, "bootstrap": self.bootstrap}
