"""Ingestion on Azure: an event hub an agent, whose events are kept as files of the object store (Event Hubs Capture)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components import contracts
from components.azureml.eventhubs import CAPTURES, PORT
from components.azureml.eventhubs_namespace import HubCaptureArgs, hub, premium
from components.azureml.identity import Role, assign, unique
from components.azureml.place import AzurePlaceArgs, place_of
from components.spec.processing import Flume
from components.system import Site

PARTITIONS, HOURS = 4, 24


@dataclass
class EventHubsCaptureArgs:
    """The agents of one stack."""

    namespace_name: pulumi.Input[str]
    """6 to 50 characters, unique on all of Azure."""
    principal_id: pulumi.Input[str]
    identity_id: pulumi.Input[str]
    """Identity that writes files, and that forwarders of yours send as; its right to the container is granted beforehand."""
    bucket: contracts.BucketAccess
    production: bool
    """Protect and retain namespace and hubs."""
    place: AzurePlaceArgs
    agents: list[str] = field(default_factory=list)
    """Agents that are sent to."""
    topics: dict[str, str] = field(default_factory=dict)
    """Topics of the stack's broker that agents keep, by agent: the broker's own hub does so (see EventHubs)."""


class EventHubsCapture(pulumi.ComponentResource):
    """A Premium Event Hubs namespace with a hub an agent: our key, Entra logins alone, a private endpoint, Avro files by hour.

    Producers send to hub `<agent>` by AMQP, HTTPS or Kafka's protocol with the Entra identity of the system, which is Data
    Sender of these hubs alone and writes the files as Blob Data Contributor of container `flume` alone. An agent with source
    kafka has no hub of its own: the topic's hub in the stack's broker captures it. Files lie below
    `<hub>/yyyy/MM/dd/HH/`. Source: Azure Event Hubs documentation, "Capture events through Azure Event Hubs in Azure Blob
    Storage or Azure Data Lake Storage", "Authenticate modes for capturing events". Limits: no sink but the container; no
    syslog or Avro listener; Avro files, never text.
    """

    container: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.Broker,)
    provides = ()
    tiers = ("all", "platform")
    essential_type = "azure-native:eventhub:EventHub"
    identity = True

    def __init__(self, name: str, args: EventHubsCaptureArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:EventHubsCapture", name, {}, opts)
        mine, place = pulumi.ResourceOptions(parent=self), args.place
        keep = pulumi.ResourceOptions(protect=args.production or None, retain_on_delete=args.production or None)
        kept = pulumi.ResourceOptions.merge(mine, keep)
        self.container = pulumi.Output.from_input(args.bucket.bucket)
        self._topics = args.topics
        self._hubs: dict[str, pulumi.Output[str]] = {}
        self._bootstrap: pulumi.Output[str] | None = None
        if args.agents:
            made = premium(name, args.namespace_name, 1, place, [args.identity_id], mine, kept)
            capture = HubCaptureArgs(args.bucket.account or "", args.bucket.bucket, args.identity_id)
            for agent in args.agents:
                one = hub(f"{name}-{agent}", agent, made.namespace, place.group, PARTITIONS, HOURS, capture, kept)
                assign(f"{name}-send-{agent}", Role.EVENTS_SENDER, args.principal_id, one.id, mine)
                self._hubs[agent] = one.name
            self._bootstrap = pulumi.Output.concat(made.namespace.name, f".servicebus.windows.net:{PORT}")
        self.register_outputs({"container": self.container})

    @staticmethod
    def wants(config: Flume) -> contracts.Wants:
        """A container; topics are captured by the broker itself."""
        return contracts.Wants(buckets=(CAPTURES,))

    @staticmethod
    def plan(site: Site) -> EventHubsCaptureArgs:
        """From `systems.flume` of the spec; pods and volumes mean nothing here."""
        config: Flume = site.config
        network, broker = site.contract(contracts.Network), site.maybe(contracts.Broker)
        if site.role is None or site.role_arn is None:
            raise pulumi.RunError("flume: the landing gave no identity")
        for key, agent in config.agents.items():
            path = f"mlops:spec.systems.flume.agents.{key}"
            if agent.sink != "store":
                raise pulumi.RunError(
                    f"{path}.sink: kafka: on Azure an agent is an event hub with Capture, which writes to store alone; "
                    "producers write to the broker's event hubs themselves"
                )
            if agent.source == "kafka" and broker is None:
                raise pulumi.RunError(f"{path}.source: kafka: needs a broker whose topics are event hubs; add systems.kafka")
        return EventHubsCaptureArgs(
            namespace_name=unique(f"{site.stack.name}-flume", network.account_id, 50),
            principal_id=site.role,
            identity_id=site.role_arn,
            bucket=site.buckets[CAPTURES],
            production=site.spec.environment == "prod",
            place=place_of(network, site.namespace),
            agents=sorted(key for key, agent in config.agents.items() if agent.source_topic is None),
            topics={key: agent.source_topic for key, agent in config.agents.items() if agent.source_topic is not None},
        )

    def contracts(self) -> Sequence[contracts.Broker]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where files go, and where each agent is sent to."""
        sent = {"bootstrap": self._bootstrap} if self._bootstrap is not None else {}
        both: dict[str, pulumi.Input[str]] = {**self._topics, **self._hubs}
        hubs = {f"hub.{agent}": hub for agent, hub in both.items()}
        return {"container": self.container, **sent, **hubs}
