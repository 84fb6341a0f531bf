"""Kafka's protocol on Azure: a Premium Event Hubs namespace, an event hub a topic, a role assignment a consumer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.identity import Role, assign, unique
from components.azureml.place import AzurePlaceArgs, place_of
from components.azureml.private import endpoint, logged
from components.contracts import BrokerAccess, Consumer
from components.spec.base import duration_seconds
from components.spec.data import Kafka
from components.system import Site

PORT = 9093
MECHANISM = "OAUTHBEARER"
PROTOCOL = "Event Hubs (Kafka protocol)"
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


class EventHubs(pulumi.ComponentResource):
    """eventhub.Namespace in the Premium tier (the first with a customer's key): Entra alone, TLS 1.2, private endpoint.

    `grant` makes the consumer's event hubs and lets its identity send to and receive from these alone; tokens of the
    identity are its Kafka login (SASL OAUTHBEARER). Rights are given by event hub or namespace, never by a prefix of
    names, so topics that a consumer makes itself are refused. Azure replicates and spreads over zones by itself; there
    are no Kafka transactions and no Kafka Streams here. Source: Azure Event Hubs documentation, "Apache Kafka
    developer guide", "Configure customer-managed keys", "Authorize access using Microsoft Entra ID".
    """

    namespace_id: pulumi.Output[str]
    bootstrap: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
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
        key = azure.eventhub.KeyVaultPropertiesArgs(
            key_name=place.key_name,
            key_vault_uri=place.vault_uri,
            identity=azure.eventhub.UserAssignedIdentityPropertiesArgs(user_assigned_identity=place.encryption),
        )
        self._namespace = azure.eventhub.Namespace(
            f"{name}-namespace",
            resource_group_name=place.group,
            namespace_name=args.namespace_name,
            sku=azure.eventhub.SkuArgs(name="Premium", tier="Premium", capacity=args.processing_units),
            identity=azure.eventhub.IdentityArgs(
                type=azure.eventhub.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[place.encryption]
            ),
            encryption=azure.eventhub.EncryptionArgs(
                key_source=azure.eventhub.KeySource.MICROSOFT_KEY_VAULT,
                key_vault_properties=[key],
                require_infrastructure_encryption=True,
            ),
            kafka_enabled=True,
            disable_local_auth=True,
            minimum_tls_version="1.2",
            public_network_access="Disabled",
            zone_redundant=True,
            opts=self._kept,
        )
        azure.eventhub.NamespaceNetworkRuleSet(
            f"{name}-network",
            resource_group_name=place.group,
            namespace_name=self._namespace.name,
            default_action="Deny",
            public_network_access="Disabled",
            trusted_service_access_enabled=True,
            opts=self._opts,
        )
        self._ready = endpoint(f"{name}-namespace", "namespace", self._namespace.id, place, self._opts)
        logged(f"{name}-logs", self._namespace.id, place.logs, self._opts)
        for topic, options in args.topics.items():
            self._ensure(topic, options)
        self.namespace_id = self._namespace.id
        self.bootstrap = pulumi.Output.concat(self._namespace.name, f".servicebus.windows.net:{PORT}")
        self.register_outputs({"namespaceId": self.namespace_id, "bootstrap": self.bootstrap})

    def _ensure(self, topic: str, options: EventHubArgs | None = None) -> azure.eventhub.EventHub:
        if topic not in self._hubs:
            given = options or EventHubArgs()
            self._hubs[topic] = azure.eventhub.EventHub(
                f"{self._name}-topic-{topic}",
                resource_group_name=self._args.place.group,
                namespace_name=self._namespace.name,
                event_hub_name=topic,
                partition_count=given.partitions,
                retention_description=azure.eventhub.RetentionDescriptionArgs(
                    cleanup_policy="Delete", retention_time_in_hours=given.retention_hours
                ),
                opts=self._kept,
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
        )

    def contracts(self) -> Sequence[contracts.Broker]:
        """The broker, and what it speaks."""
        return [contracts.Broker(self.bootstrap, self.grant, protocol=PROTOCOL)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses."""
        return {"bootstrap": self.bootstrap, "namespace": self._namespace.name, "protocol": PROTOCOL}
