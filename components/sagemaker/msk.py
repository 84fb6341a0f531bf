"""Kafka on AWS: MSK in KRaft mode, logged in to by IAM, with topics declared."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components import contracts
from components.contracts import BrokerAccess, Consumer
from components.naming import LIMITS, fit
from components.sagemaker.identity import allow, attach
from components.spec.base import duration_seconds, quantity_value
from components.spec.data import Kafka
from components.system import Site

KAFKA_VERSION = "3.7.x.kraft"
"""Read in the MSK developer guide, "KRaft mode", 2026-11-23; newer versions exist, none was read there."""
MECHANISM = "AWS_MSK_IAM"
IAM_PORT = 9098


_PRIVATE_LINK = aws.msk.ClusterBrokerNodeGroupInfoConnectivityInfoArgs(
    vpc_connectivity=aws.msk.ClusterBrokerNodeGroupInfoConnectivityInfoVpcConnectivityArgs(
        client_authentication=aws.msk.ClusterBrokerNodeGroupInfoConnectivityInfoVpcConnectivityClientAuthenticationArgs(
            sasl=aws.msk.ClusterBrokerNodeGroupInfoConnectivityInfoVpcConnectivityClientAuthenticationSaslArgs(iam=True)
        )
    )
)


@dataclass
class MskTopicArgs:
    """One topic."""

    partitions: int
    replicas: int
    retention_ms: int


@dataclass
class MskKafkaArgs:
    """One provisioned MSK cluster."""

    cluster_name: str
    """At most 64 characters."""
    brokers: int
    """A multiple of the number of subnets."""
    instance_type: str
    """For example kafka.m7g.large."""
    storage_gib: int
    """EBS volume of each broker in GiB."""
    subnet_ids: pulumi.Input[list[str]]
    security_group_id: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    """ARN of the key for volumes and logs."""
    production: bool
    """Protect and retain the cluster."""
    private_link: bool = False
    """Let AWS services connect by PrivateLink, as IAM identities (multi-VPC private connectivity)."""
    topics: dict[str, MskTopicArgs] = field(default_factory=dict)
    """Topics by name."""


class MskKafka(pulumi.ComponentResource):
    """MSK cluster: TLS on every path, IAM only, our key at rest, no automatic topics, broker logs, open monitoring.

    Creates: cloudwatch.LogGroup, msk.Configuration, msk.Cluster, an msk.Topic a declared topic. `grant` attaches a
    policy to the consumer's role that is limited to its topics and to consumer groups under its name. Source: Amazon
    MSK developer guide, "IAM access control" (actions and resource ARNs).
    """

    arn: pulumi.Output[str]
    bootstrap: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.Broker,)
    tiers = ("all", "platform")
    essential_type = "aws:msk/cluster:Cluster"

    def __init__(self, name: str, args: MskKafkaArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:MskKafka", name, {}, opts)
        self._args = args
        self._opts = pulumi.ResourceOptions(parent=self)
        keep = pulumi.ResourceOptions(protect=args.production or None, retain_on_delete=args.production or None)
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/mlops/{args.cluster_name}/brokers",
            kms_key_id=args.kms_key,
            retention_in_days=365 if args.production else 30,
            opts=self._opts,
        )
        copies = min(3, args.brokers)
        configuration = aws.msk.Configuration(
            f"{name}-configuration",
            name=args.cluster_name,
            server_properties="\n".join(
                (
                    "auto.create.topics.enable=false",
                    f"default.replication.factor={copies}",
                    f"min.insync.replicas={max(1, copies - 1)}",
                    "unclean.leader.election.enable=false",
                )
            ),
            opts=self._opts,
        )
        self._cluster = aws.msk.Cluster(
            f"{name}-cluster",
            cluster_name=args.cluster_name,
            kafka_version=KAFKA_VERSION,
            number_of_broker_nodes=args.brokers,
            broker_node_group_info=aws.msk.ClusterBrokerNodeGroupInfoArgs(
                client_subnets=args.subnet_ids,
                instance_type=args.instance_type,
                security_groups=[args.security_group_id],
                connectivity_info=_PRIVATE_LINK if args.private_link else None,
                storage_info=aws.msk.ClusterBrokerNodeGroupInfoStorageInfoArgs(
                    ebs_storage_info=aws.msk.ClusterBrokerNodeGroupInfoStorageInfoEbsStorageInfoArgs(volume_size=args.storage_gib)
                ),
            ),
            client_authentication=aws.msk.ClusterClientAuthenticationArgs(
                sasl=aws.msk.ClusterClientAuthenticationSaslArgs(iam=True), unauthenticated=False
            ),
            configuration_info=aws.msk.ClusterConfigurationInfoArgs(
                arn=configuration.arn, revision=configuration.latest_revision
            ),
            encryption_info=aws.msk.ClusterEncryptionInfoArgs(
                encryption_at_rest_kms_key_arn=args.kms_key,
                encryption_in_transit=aws.msk.ClusterEncryptionInfoEncryptionInTransitArgs(client_broker="TLS", in_cluster=True),
            ),
            enhanced_monitoring="PER_TOPIC_PER_BROKER",
            open_monitoring=aws.msk.ClusterOpenMonitoringArgs(
                prometheus=aws.msk.ClusterOpenMonitoringPrometheusArgs(
                    jmx_exporter=aws.msk.ClusterOpenMonitoringPrometheusJmxExporterArgs(enabled_in_broker=True),
                    node_exporter=aws.msk.ClusterOpenMonitoringPrometheusNodeExporterArgs(enabled_in_broker=True),
                )
            ),
            logging_info=aws.msk.ClusterLoggingInfoArgs(
                broker_logs=aws.msk.ClusterLoggingInfoBrokerLogsArgs(
                    cloudwatch_logs=aws.msk.ClusterLoggingInfoBrokerLogsCloudwatchLogsArgs(enabled=True, log_group=logs.name)
                )
            ),
            opts=pulumi.ResourceOptions.merge(self._opts, keep),
        )
        self.arn = self._cluster.arn
        self.bootstrap = self._cluster.bootstrap_brokers_sasl_iam
        kept = pulumi.ResourceOptions.merge(self._opts, keep)
        self._topics = {
            topic: aws.msk.Topic(
                f"{name}-topic-{topic}",
                name=topic,
                cluster_arn=self.arn,
                partition_count=options.partitions,
                replication_factor=options.replicas,
                configs=json.dumps({"retention.ms": str(options.retention_ms)}),
                opts=kept,
            )
            for topic, options in args.topics.items()
        }
        self.register_outputs({"arn": self.arn, "bootstrap": self.bootstrap})

    def grant(self, topics: Sequence[str], consumer: Consumer, prefixes: Sequence[str] = ()) -> BrokerAccess:
        """Read and write on `topics` and on consumer groups that begin with the consumer's name, by its role.

        Topics that begin with one of `prefixes` it may make and delete too.
        """
        if consumer.role is not None:
            parts = self.arn.apply(lambda arn: arn.split(":cluster/"))

            def within(kind: str, name: str) -> pulumi.Output[str]:
                return parts.apply(lambda p: f"{p[0]}:{kind}/{p[1] if len(p) > 1 else ''}/{name}")

            read_write = ["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData", "kafka-cluster:WriteData"]
            statements = [
                allow(["kafka-cluster:Connect"], [self.arn]),
                *([allow(read_write, [within("topic", topic) for topic in topics])] if topics else []),
                allow(["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"], [within("group", f"{consumer.name}*")]),
            ]
            if prefixes:
                own = [*read_write, "kafka-cluster:CreateTopic", "kafka-cluster:DeleteTopic"]
                statements.append(allow(own, [within("topic", f"{prefix}*") for prefix in prefixes]))
            consumer.ready.append(attach(f"{consumer.name}-topics", consumer.role, statements, self._opts))
        consumer.ready.extend(self._topics[t] for t in topics if t in self._topics)
        return BrokerAccess(bootstrap=self.bootstrap, mechanism=MECHANISM, topics=list(topics))

    @staticmethod
    def wants(config: Kafka) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> MskKafkaArgs:
        """From `systems.kafka` of the spec; brokers are rounded up to a multiple of the zones, as MSK asks."""
        network = site.contract(contracts.Network)
        config: Kafka = site.config
        zones = site.spec.cloud.network.zones
        brokers = math.ceil(config.brokers / zones) * zones
        return MskKafkaArgs(
            cluster_name=fit(f"{site.stack.name}-kafka", LIMITS["msk-cluster"]),
            brokers=brokers,
            instance_type=config.instance_type,
            storage_gib=max(1, math.ceil(quantity_value(config.storage) / 2**30)),
            subnet_ids=network.subnet_ids.apply(list),
            security_group_id=network.security_group_id,
            kms_key=network.kms_key,
            production=site.spec.environment == "prod",
            private_link=_private_link(site, config.instance_type),
            topics={
                name: MskTopicArgs(t.partitions, t.replicas or min(3, brokers), duration_seconds(t.retention) * 1000)
                for name, t in config.topics.items()
            },
        )

    def contracts(self) -> Sequence[contracts.Broker]:
        """The broker."""
        return [contracts.Broker(self.bootstrap, self.grant, arn=self.arn)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses."""
        return {"arn": self.arn, "bootstrap": self.bootstrap}


def _private_link(site: Site, instance_type: str) -> bool:
    """Whether Firehose reads a topic: it connects by PrivateLink, which MSK has not for kafka.t3.small."""
    flume = site.spec.systems.flume
    wanted = flume is not None and any(agent.source == "kafka" for agent in flume.agents.values())
    if wanted and instance_type == "kafka.t3.small":
        raise pulumi.RunError(
            "systems.kafka.instanceType: an agent of flume reads a topic, and MSK lets no AWS service connect to "
            "kafka.t3.small; say kafka.m7g.large"
        )
    return wanted
