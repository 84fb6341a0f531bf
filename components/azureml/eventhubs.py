"""Kafka's protocol on Azure: a Premium Event Hubs namespace, an event hub a topic, a role assignment a consumer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.eventhubs_namespace import HubCaptureArgs, hub, premium
from components.azureml.identity import Role, assign, named, unique, workload_identity
from components.azureml.place import AzurePlaceArgs, place_of
from components.contracts import BrokerAccess, Consumer
from components.spec.base import duration_seconds
from components.spec.data import Kafka
from components.system import Site

PORT = 9093
MECHANISM = "OAUTHBEARER"
PROTOCOL = "Event Hubs (Kafka protocol)"
CAPTURES = "flume"
"""Container that captured events lie in."""
LONGEST_HOURS = 90 * 24
"""How long a Premium namespace keeps events (Event Hubs documentation, "Event Hubs quotas and limits")."""


@dataclass
class EventHubArgs:
    """One event hub, which clients see as a topic."""

    partitions: int = 1
    retention_hours: int = 168


@dataclass
class EventHubsArgs:
    """One Premium namespace."""

    namespace_name: pulumi.Input[str]
    """6 to 50 characters, unique on all of Azure."""
    processing_units: int
    """1, 2, 4, 8 or 16."""
    production: bool
    """Protect and retain namespace and event hubs."""
    place: AzurePlaceArgs
    topics: dict[str, EventHubArgs] = field(default_factory=dict)
    """Event hubs that stand although nobody asked for them, by name."""
    captured: dict[str, HubCaptureArgs] = field(default_factory=dict)
    """Event hubs whose events are kept as files too, by name; all by one identity."""


class EventHubs(pulumi.ComponentResource):
    """eventhub.Namespace in the Premium tier (the first with a customer's key): Entra alone, TLS 1.2, private endpoint.

    `grant` makes the consumer's event hubs and lets its identity send to and receive from these alone; tokens of the
    identity are its Kafka login (SASL OAUTHBEARER). Rights are given by event hub or namespace, never by a prefix of
    names, so topics that a consumer makes itself are refused. Azure replicates and spreads over zones by itself; there
    are no Kafka transactions and no Kafka Streams here. What an agent of flume reads is kept as files by the hub itself, with
    an identity for that alone (Capture). Source: Azure Event Hubs documentation, "Apache Kafka
    developer guide", "Configure customer-managed keys", "Authorize access using Microsoft Entra ID".
    """

    namespace_id: pulumi.Output[str]
    bootstrap: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = (contracts.ObjectStore,)
    provides = (contracts.Broker,)
    tiers = ("all", "platform")
    essential_type = "azure-native:eventhub:Namespace"

    def __init__(self, name: str, args: EventHubsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:EventHubs", name, {}, opts)
        self._name = name
        self._args = args
        self._opts = pulumi.ResourceOptions(parent=self)
        keep = pulumi.ResourceOptions(protect=args.production or None, retain_on_delete=args.production or None)
        self._kept = pulumi.ResourceOptions.merge(self._opts, keep)
        self._hubs: dict[str, azure.eventhub.EventHub] = {}
        place = args.place
        writers = [capture.identity_id for capture in args.captured.values()][:1]
        self._namespace, self._ready = premium(
            name, args.namespace_name, args.processing_units, place, writers, self._opts, self._kept
        )
        for topic, options in args.topics.items():
            self._ensure(topic, options)
        self.namespace_id = self._namespace.id
        self.bootstrap = pulumi.Output.concat(self._namespace.name, f".servicebus.windows.net:{PORT}")
        self.register_outputs({"namespaceId": self.namespace_id, "bootstrap": self.bootstrap})

    def _ensure(self, topic: str, options: EventHubArgs | None = None) -> azure.eventhub.EventHub:
        if topic not in self._hubs:
            given = options or EventHubArgs()
            self._hubs[topic] = hub(
                f"{self._name}-topic-{topic}",
                topic,
                self._namespace,
                self._args.place.group,
                given.partitions,
                given.retention_hours,
                self._args.captured.get(topic),
                self._kept,
            )
        return self._hubs[topic]

    def grant(self, topics: Sequence[str], consumer: Consumer, prefixes: Sequence[str] = ()) -> BrokerAccess:
        """Send to and receive from `topics`, made if need be. RunError where `prefixes` are asked for."""
        if prefixes:
            raise pulumi.RunError(
                f"{consumer.name}: asks for topics that begin with {', '.join(prefixes)}; Event Hubs gives rights by event hub "
                "alone. Put it on a stack whose kafka is a Kafka (target kubernetes or sagemaker)"
            )
        for topic in topics:
            hub = self._ensure(topic)
            consumer.ready.append(hub)
            if consumer.role is None:
                continue
            for verb, role in (("send", Role.EVENTS_SENDER), ("receive", Role.EVENTS_RECEIVER)):
                consumer.ready.append(assign(f"{consumer.name}-{verb}-{topic}", role, consumer.role, hub.id, self._opts))
        consumer.ready.append(self._ready)
        return BrokerAccess(bootstrap=self.bootstrap, mechanism=MECHANISM, topics=list(topics))

    @staticmethod
    def wants(config: Kafka) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> EventHubsArgs:
        """From `systems.kafka` of the spec; brokers, replicas and volumes are the service's own affair."""
        network = site.contract(contracts.Network)
        config: Kafka = site.config
        hours = {name: max(1, duration_seconds(topic.retention) // 3600) for name, topic in config.topics.items()}
        for name, kept in hours.items():
            if kept > LONGEST_HOURS:
                raise pulumi.RunError(
                    f'mlops:spec.systems.kafka.topics.{name}.retention: "{config.topics[name].retention}": '
                    f"Event Hubs keeps events for {LONGEST_HOURS // 24}d at most"
                )
        return EventHubsArgs(
            namespace_name=unique(f"{site.stack.name}-events", network.account_id, 50),
            processing_units=config.processing_units,
            production=site.spec.environment == "prod",
            place=place_of(network),
            topics={name: EventHubArgs(topic.partitions, hours[name]) for name, topic in config.topics.items()},
            captured=_captured(site),
        )

    def contracts(self) -> Sequence[contracts.Broker]:
        """The broker, and what it speaks."""
        return [contracts.Broker(self.bootstrap, self.grant, protocol=PROTOCOL)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses."""
        return {"bootstrap": self.bootstrap, "namespace": self._namespace.name, "protocol": PROTOCOL}


def _captured(site: Site) -> dict[str, HubCaptureArgs]:
    """The topics that agents of flume keep as files, with an identity that may write them; a hub does so by itself."""
    flume = site.spec.systems.flume
    topics = sorted({agent.source_topic for agent in flume.agents.values() if agent.source_topic}) if flume else []
    store = site.maybe(contracts.ObjectStore)
    if not topics or store is None:
        return {}
    place = place_of(site.contract(contracts.Network))
    writer = workload_identity("kafka-capture", named(site.stack.name, "kafka-capture", 128), place.group, site.opts)
    consumer = Consumer("kafka-capture", role=writer.principal_id, opts=site.opts)
    access = store.grant(CAPTURES, consumer)
    site.ready += consumer.ready
    return {topic: HubCaptureArgs(access.account or "", access.bucket, writer.id) for topic in topics}
