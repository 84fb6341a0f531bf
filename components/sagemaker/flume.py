"""Ingestion on AWS: an Amazon Data Firehose stream an agent, from a Kafka topic or from whoever puts records, to the bucket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi
import pulumi_aws as aws

from components import contracts
from components.naming import fit
from components.sagemaker.identity import allow, attach, own_role, policy
from components.spec.processing import Flume
from components.system import Site

BUCKET = "flume"
BY_TIME = "!{timestamp:yyyy}/!{timestamp:MM}/!{timestamp:dd}/!{timestamp:HH}/"
FAILED = "!{firehose:error-output-type}/"


@dataclass
class FirehoseStreamArgs:
    """One delivery stream."""

    topic: Optional[str] = None
    """Kafka topic that it reads; records are put by API where unset."""


@dataclass
class FirehoseIngestionArgs:
    """The delivery streams of one stack."""

    stem: str
    """Beginning of the streams' names."""
    bucket: contracts.BucketAccess
    role_name: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    """Role of the streams; its right to the bucket and the topics is granted beforehand."""
    kms_key: pulumi.Input[str]
    """ARN of the key for records in the stream, files and logs."""
    region: str
    account_id: pulumi.Input[str]
    production: bool
    """Keep logs for a year."""
    cluster_arn: Optional[pulumi.Input[str]] = None
    """ARN of the MSK cluster with the topics."""
    streams: dict[str, FirehoseStreamArgs] = field(default_factory=dict)
    """Streams by the agent's name."""


class FirehoseIngestion(pulumi.ComponentResource):
    """kinesis.FirehoseDeliveryStream an agent: our key in stream and bucket, gzip files by hour, failures apart, logs.

    An agent with source kafka is a stream with the MSK cluster as its source over PrivateLink, which the cluster's policy
    (msk.ClusterPolicy) allows to Firehose for this account; with any other source producers call PutRecord on the stream,
    with IAM. Files lie below `<agent>/yyyy/MM/dd/HH/` of the bucket. Source: Amazon Data Firehose developer guide,
    "Controlling access", "Writing to Firehose using Amazon MSK". Limits: no sink but the bucket; no syslog or Avro listener.
    """

    bucket_name: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.Broker,)
    provides = ()
    tiers = ("all", "platform")
    essential_type = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
    role_service = "firehose.amazonaws.com"

    def __init__(self, name: str, args: FirehoseIngestionArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:FirehoseIngestion", name, {}, opts)
        self._name, self._args = name, args
        self._opts = pulumi.ResourceOptions(parent=self)
        self.bucket_name = pulumi.Output.from_input(args.bucket.bucket)
        self._group = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/mlops/{args.stem}/delivery",
            kms_key_id=args.kms_key,
            retention_in_days=365 if args.production else 30,
            opts=self._opts,
        )
        ready = [attach(f"{name}-run", args.role_name, self._statements(), self._opts), *self._policy()]
        after = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=ready))
        self._streams = {key: self._stream(key, stream, after) for key, stream in sorted(args.streams.items())}
        self.register_outputs({"bucketName": self.bucket_name})

    def _statements(self) -> list[Any]:
        args = self._args
        statements = [allow(["logs:PutLogEvents"], [pulumi.Output.concat(self._group.arn, ":*")])]
        if args.cluster_arn is None:
            return statements
        # Firehose names its consumer groups itself (Firehose developer guide, "Grant Firehose access to Amazon MSK")
        groups = pulumi.Output.from_input(args.cluster_arn).apply(lambda arn: arn.replace(":cluster/", ":group/") + "/*")
        return [
            *statements,
            allow(["kafka:GetBootstrapBrokers", "kafka:DescribeCluster", "kafka:DescribeClusterV2"], [args.cluster_arn]),
            allow(["kafka-cluster:Connect"], [args.cluster_arn]),
            allow(["kafka-cluster:DescribeGroup"], [groups]),
        ]

    def _policy(self) -> list[pulumi.Resource]:
        """The cluster's own word that Firehose may connect, for streams of this account."""
        args = self._args
        if args.cluster_arn is None:
            return []
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "firehose.amazonaws.com"},
            "Action": ["kafka:CreateVpcConnection"],
            "Resource": args.cluster_arn,
            "Condition": {"StringEquals": {"aws:SourceAccount": args.account_id}},
        }
        document = policy([statement])
        return [aws.msk.ClusterPolicy(f"{self._name}-reach", cluster_arn=args.cluster_arn, policy=document, opts=self._opts)]

    def _stream(self, key: str, stream: FirehoseStreamArgs, opts: pulumi.ResourceOptions) -> aws.kinesis.FirehoseDeliveryStream:
        args = self._args
        log = aws.cloudwatch.LogStream(f"{self._name}-{key}", name=key, log_group_name=self._group.name, opts=self._opts)
        from_kafka = stream.topic is not None
        return aws.kinesis.FirehoseDeliveryStream(
            f"{self._name}-{key}",
            name=fit(f"{args.stem}-{key}", 64),
            destination="extended_s3",
            # what comes from MSK is encrypted there already, and the API takes this for put records alone
            server_side_encryption=None
            if from_kafka
            else {"enabled": True, "key_type": "CUSTOMER_MANAGED_CMK", "key_arn": args.kms_key},
            msk_source_configuration={
                "msk_cluster_arn": args.cluster_arn or "",
                "topic_name": stream.topic or "",
                "authentication_configuration": {"connectivity": "PRIVATE", "role_arn": args.role_arn},
            }
            if from_kafka
            else None,
            extended_s3_configuration={
                "bucket_arn": pulumi.Output.concat("arn:aws:s3:::", args.bucket.bucket),
                "role_arn": args.role_arn,
                "kms_key_arn": args.kms_key,
                "prefix": f"{key}/{BY_TIME}",
                "error_output_prefix": f"failed/{key}/{FAILED}{BY_TIME}",
                "compression_format": "GZIP",
                "buffering_interval": 300,
                "buffering_size": 64,
                "cloudwatch_logging_options": {
                    "enabled": True,
                    "log_group_name": self._group.name,
                    "log_stream_name": log.name,
                },
            },
            opts=opts,
        )

    @staticmethod
    def wants(config: Flume) -> contracts.Wants:
        """A bucket, and the topics that agents read."""
        topics = dict.fromkeys(agent.source_topic for agent in config.agents.values() if agent.source_topic)
        return contracts.Wants(buckets=(BUCKET,), topics=tuple(topics))

    @staticmethod
    def plan(site: Site) -> FirehoseIngestionArgs:
        """From `systems.flume` of the spec; pods and volumes mean nothing here."""
        config: Flume = site.config
        network, broker = site.contract(contracts.Network), site.maybe(contracts.Broker)
        role_name, role_arn = own_role(site)
        for key, agent in config.agents.items():
            if agent.sink != "store":
                raise pulumi.RunError(
                    f"systems.flume.agents.{key}.sink: kafka: on AWS an agent is a Firehose stream, which writes to store alone; "
                    "producers write to MSK themselves"
                )
            if agent.source == "kafka" and (broker is None or broker.arn is None):
                raise pulumi.RunError(f"systems.flume.agents.{key}.source: kafka: needs an MSK cluster; add systems.kafka")
        reads = any(agent.source == "kafka" for agent in config.agents.values())
        return FirehoseIngestionArgs(
            stem=f"{site.stack.name}-flume",
            bucket=site.buckets[BUCKET],
            role_name=role_name,
            role_arn=role_arn,
            kms_key=network.kms_key,
            region=network.region,
            account_id=network.account_id,
            production=site.spec.environment == "prod",
            cluster_arn=broker.arn if broker and reads else None,
            streams={key: FirehoseStreamArgs(agent.source_topic) for key, agent in config.agents.items()},
        )

    def contracts(self) -> Sequence[contracts.Broker]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The bucket and each stream's name."""
        return {"bucket": self.bucket_name, **{f"stream.{key}": stream.name for key, stream in self._streams.items()}}
