"""Ingestion on Google Cloud: a Pub/Sub topic an agent and a subscription that writes files; Kafka by way of Kafka Connect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.contracts import Consumer
from components.spec.processing import Flume
from components.system import Site
from components.vertex import jobs
from components.vertex.identity import member, service_agent
from components.vertex.jobs import VertexGround
from components.vertex.names import CLUSTER, dns

BUCKET = "flume"
BY_TIME = "YYYY/MM/DD/hh_mm_ssZ_"
MINUTES = 5
"""A file is closed after so long (Pub/Sub, "Cloud Storage subscriptions": 1 to 10)."""
GIB = 2**30
CONNECT = "connect-flume"
"""How the consumer groups of our connectors begin: `connect-` and the connector's id (Apache Kafka, "Kafka Connect")."""
BYTES = "org.apache.kafka.connect.converters.ByteArrayConverter"
TEXT = "org.apache.kafka.connect.storage.StringConverter"
FROM_PUBSUB = "com.google.pubsub.kafka.source.CloudPubSubSourceConnector"
TO_STORE = "io.aiven.kafka.connect.gcs.GcsSinkConnector"
"""Managed Service for Apache Kafka, "Create a Pub/Sub Source connector" and "Create a Cloud Storage Sink connector"."""


@dataclass
class PubsubAgentArgs:
    """One agent."""

    source_topic: Optional[str] = None
    """Kafka topic that it reads; messages are published to its Pub/Sub topic where unset."""
    topic: Optional[str] = None
    """Kafka topic that it writes; files of the bucket where unset."""


@dataclass
class PubsubIngestionArgs:
    """The agents of one stack."""

    ground: VertexGround
    """Network, key, bucket, and the account that writes files; its right to the bucket is granted beforehand."""
    agents: dict[str, PubsubAgentArgs] = field(default_factory=dict)
    """Agents by name."""
    cluster_name: Optional[pulumi.Input[str]] = None
    """Full name of the Kafka cluster: projects/…/clusters/…; only where an agent reads or writes Kafka."""


class PubsubIngestion(pulumi.ComponentResource):
    """pubsub.Topic and Subscription an agent: our key, messages kept in the region, a dead end for nothing, files by time.

    An agent with sink store has a Cloud Storage subscription, which writes text files below `<agent>/` as the system's account;
    producers publish by API with IAM. An agent that reads or writes Kafka has a managedkafka.Connector on one ConnectCluster:
    the Cloud Storage sink, or the Pub/Sub source from its subscription; it works as the service's own agent, which gets the
    rights to the subscription, the bucket and (by Kafka's access lists) the topic. Source: Pub/Sub, "Cloud Storage
    subscriptions", "Configure message encryption"; Managed Service for Apache Kafka, "Kafka Connect". Limits: no syslog or
    Avro listener, nothing from Kafka to Kafka; the access lists of Kafka Connect's workers were not tried against a cloud.
    """

    bucket_name: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.Broker,)
    provides = ()
    tiers = ("all", "platform")
    essential_type = "gcp:pubsub/topic:Topic"
    role_service = "pubsub.googleapis.com"

    def __init__(self, name: str, args: PubsubIngestionArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:PubsubIngestion", name, {}, opts)
        self._name, self._args = name, args
        self._opts = pulumi.ResourceOptions(parent=self)
        place = args.ground
        self.bucket_name = pulumi.Output.from_input(place.bucket)
        self._topics: dict[str, gcp.pubsub.Topic] = {}
        self._connect: gcp.managedkafka.ConnectCluster | None = None
        self._agent = service_agent("gcp-sa-managedkafka", place.project, self._opts)
        agent = service_agent("gcp-sa-pubsub", place.project, self._opts)
        lends = gcp.serviceaccount.IAMMember(
            f"{name}-as",
            service_account_id=place.account_name,
            role="roles/iam.serviceAccountTokenCreator",
            member=member(agent),
            opts=self._opts,
        )
        # who writes files looks at the bucket first
        looks = gcp.storage.BucketIAMMember(
            f"{name}-looks",
            bucket=place.bucket,
            role="roles/storage.legacyBucketReader",
            member=member(place.account),
            opts=self._opts,
        )
        self._ready = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[lends, looks]))
        for key, made in sorted(args.agents.items()):
            self._one(key, made)
        self.register_outputs({"bucketName": self.bucket_name})

    def _one(self, key: str, agent: PubsubAgentArgs) -> None:
        if agent.source_topic is not None:
            self._to_store(key, agent.source_topic)
            return
        place = self._args.ground
        topic = gcp.pubsub.Topic(
            f"{self._name}-{key}",
            name=dns(f"{place.stack}-flume-{key}", 255),
            project=place.project,
            kms_key_name=place.kms_key,
            message_retention_duration="86400s",
            message_storage_policy=gcp.pubsub.TopicMessageStoragePolicyArgs(
                allowed_persistence_regions=[place.region], enforce_in_transit=True
            ),
            opts=jobs.kept(place, self._opts),
        )
        self._topics[key] = topic
        to_store = agent.topic is None
        subscription = gcp.pubsub.Subscription(
            f"{self._name}-{key}",
            name=dns(f"{place.stack}-flume-{key}", 255),
            project=place.project,
            topic=topic.id,
            ack_deadline_seconds=300,
            message_retention_duration="604800s",
            # an agent without events for a month is still wanted
            expiration_policy=gcp.pubsub.SubscriptionExpirationPolicyArgs(ttl=""),
            retry_policy=gcp.pubsub.SubscriptionRetryPolicyArgs(minimum_backoff="10s", maximum_backoff="600s"),
            cloud_storage_config=gcp.pubsub.SubscriptionCloudStorageConfigArgs(
                bucket=place.bucket,
                filename_prefix=f"{key}/",
                filename_suffix=".jsonl",
                filename_datetime_format=BY_TIME,
                max_duration=f"{MINUTES * 60}s",
                max_bytes=64 * 2**20,
                service_account_email=place.account,
            )
            if to_store
            else None,
            opts=self._ready,
        )
        if agent.topic is not None:
            self._to_kafka(key, subscription, agent.topic)

    def _workers(self) -> gcp.managedkafka.ConnectCluster:
        """The one ConnectCluster, made with the first connector."""
        place = self._args.ground
        if self._connect is None:
            network = gcp.managedkafka.ConnectClusterGcpConfigAccessConfigNetworkConfigArgs(primary_subnet=place.subnet_id)
            self._connect = gcp.managedkafka.ConnectCluster(
                f"{self._name}-connect",
                connect_cluster_id=dns(f"{place.stack}-flume", CLUSTER),
                kafka_cluster=self._args.cluster_name or "",
                location=place.region,
                project=place.project,
                capacity_config=gcp.managedkafka.ConnectClusterCapacityConfigArgs(vcpu_count="12", memory_bytes=str(12 * GIB)),
                gcp_config=gcp.managedkafka.ConnectClusterGcpConfigArgs(
                    access_config=gcp.managedkafka.ConnectClusterGcpConfigAccessConfigArgs(network_configs=[network])
                ),
                opts=self._opts,
            )
        return self._connect

    def _connector(self, key: str, configs: Mapping[str, pulumi.Input[str]], rights: pulumi.Resource) -> None:
        place = self._args.ground
        gcp.managedkafka.Connector(
            f"{self._name}-{key}",
            connector_id=dns(f"flume-{key}", CLUSTER),
            connect_cluster=self._workers().connect_cluster_id,
            location=place.region,
            project=place.project,
            configs={"tasks.max": "3", **configs},
            task_restart_policy=gcp.managedkafka.ConnectorTaskRestartPolicyArgs(minimum_backoff="60s", maximum_backoff="1800s"),
            opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[rights])),
        )

    def _to_kafka(self, key: str, subscription: gcp.pubsub.Subscription, topic: str) -> None:
        place = self._args.ground
        rights = gcp.pubsub.SubscriptionIAMMember(
            f"{self._name}-{key}-connect",
            subscription=subscription.name,
            project=place.project,
            role="roles/pubsub.subscriber",
            member=member(self._agent),
            opts=self._opts,
        )
        configs = {
            "connector.class": FROM_PUBSUB,
            "cps.project": place.project,
            "cps.subscription": subscription.name,
            "kafka.topic": topic,
            "key.converter": TEXT,
            "value.converter": BYTES,
        }
        self._connector(key, configs, rights)

    def _to_store(self, key: str, topic: str) -> None:
        place = self._args.ground
        rights = gcp.storage.BucketIAMMember(
            f"{self._name}-{key}-connect",
            bucket=place.bucket,
            role="roles/storage.objectUser",
            member=member(self._agent),
            opts=self._opts,
        )
        configs = {
            "connector.class": TO_STORE,
            "topics": topic,
            "gcs.bucket.name": place.bucket,
            "gcs.credentials.default": "true",
            "file.name.prefix": f"{key}/",
            "file.compression.type": "gzip",
            "format.output.type": "jsonl",
            "key.converter": TEXT,
            "value.converter": TEXT,
        }
        self._connector(key, configs, rights)

    @staticmethod
    def wants(config: Flume) -> contracts.Wants:
        """A bucket; the topics are granted to the connectors, see `plan`."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> PubsubIngestionArgs:
        """From `systems.flume` of the spec; pods and volumes mean nothing here."""
        config: Flume = site.config
        place, broker = jobs.ground(site, BUCKET), site.maybe(contracts.Broker)
        for key, agent in config.agents.items():
            path = f"systems.flume.agents.{key}"
            if agent.source == "kafka" and agent.sink == "kafka":
                raise pulumi.RunError(f"{path}.sink: kafka: an agent moves nothing from Kafka to Kafka here; use flink or spark")
            if agent.topics() and (broker is None or broker.arn is None):
                raise pulumi.RunError(f"{path}: kafka: needs a Managed Kafka cluster; add systems.kafka")
        topics = sorted({topic for agent in config.agents.values() for topic in agent.topics()})
        if topics and broker is not None:
            agent_email = service_agent("gcp-sa-managedkafka", place.project, site.opts)
            who = Consumer(name=CONNECT, role=agent_email, opts=site.opts)
            broker.grant(topics, who)
            site.ready += who.ready
        return PubsubIngestionArgs(
            ground=place,
            agents={key: PubsubAgentArgs(agent.source_topic, agent.topic) for key, agent in config.agents.items()},
            cluster_name=broker.arn if broker and topics else None,
        )

    def contracts(self) -> Sequence[contracts.ObjectStore]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The bucket, and where each agent is published to."""
        return {"bucket": self.bucket_name, **{f"topic.{key}": topic.id for key, topic in self._topics.items()}}
