"""Ingestion on Kubernetes: Flume agents as workloads of our own. Retired upstream; Kafka Connect takes their place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi
from pulumi_kubernetes import core

from components import contracts
from components.kubernetes import flume_config, hadoop_client, objects, truststore, workload
from components.kubernetes.flume_config import CONF_PATH, METRICS_PORT, PORTS, STATE_PATH
from components.kubernetes.images import own_image
from components.kubernetes.place import SMALL, Compute, Place
from components.spec.base import quantity_value
from components.spec.processing import Flume
from components.spec.stack import Environment
from components.system import Site

NAMESPACE = "flume"
UID = 10001
UPSTREAM = {"mlops.dev/upstream": "retired"}


@dataclass
class FlumeAgentArgs:
    """One agent."""

    source: str
    sink: str
    replicas: int
    capacity: int
    source_topic: Optional[str] = None
    topic: Optional[str] = None


@dataclass
class FlumeAgentsArgs:
    """Arguments of FlumeAgents; accesses are grants made ahead."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    image: pulumi.Input[str]
    """What images/flume builds."""
    agents: dict[str, FlumeAgentArgs]
    storage: str
    """Volume of each pod's channel in bytes."""
    compute: Compute
    broker: Optional[contracts.BrokerAccess] = None
    store: Optional[contracts.BucketAccess] = None
    storage_class: Optional[str] = None
    protect: bool = False
    """Refuse to delete agents, whose volumes hold events."""
    values: Optional[dict[str, Any]] = None
    """By agent: lines of its configuration, which go over ours."""


class FlumeAgents(pulumi.ComponentResource):
    """Flume 1.11 agents: a source, a file channel on a volume, and Kafka or the object store as the sink.

    Creates for each agent a ConfigMap (flume.conf, core-site.xml, log4j2.xml), a StatefulSet with one claim a pod, a headless
    Service, a Service where its source listens, a PodDisruptionBudget, and one ServiceAccount for all. A changed configuration
    restarts the pods. Credentials are variables that Flume's `env` filter puts in. Source: apache/logging-flume at
    release-1.11.0-rc2. Limits: retired upstream; http, syslog and avro sources take plain connections from wired namespaces;
    metrics are JSON at port 34545, which Prometheus does not read; upstream has no image, so it runs images/flume.
    """

    needs = ()
    optional = (contracts.Broker, contracts.ObjectStore, contracts.Certificates, contracts.ImageRegistry)
    provides = ()
    tiers = ("all", "platform")
    namespace = NAMESPACE
    stateful = True
    essential_type = "apps/v1:StatefulSet"

    def __init__(self, name: str, args: FlumeAgentsArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:FlumeAgents", name, None, opts)
        self._name, self._args = name, args
        labels = {**args.labels, **UPSTREAM}
        self._place = Place("flume", args.namespace, labels, pulumi.ResourceOptions(parent=self))
        self._account = objects.service_account(f"{name}-account", self._place, object_name="flume")
        for key, agent in sorted(args.agents.items()):
            self._agent(key, agent)
        self.register_outputs({})

    def _agent(self, key: str, agent: FlumeAgentArgs) -> None:
        name, args, place = f"{self._name}-{key}", self._args, self._place
        conf = flume_config.properties(
            flume_config.source(key, agent.source, agent.source_topic, args.broker),
            flume_config.channel(agent.capacity),
            flume_config.sink(key, agent.topic, args.broker, args.store),
        )
        own = "".join(f"{entry} = {value}\n" for entry, value in ((args.values or {}).get(key) or {}).items())
        # of a key that stands twice Java's Properties keep the last
        conf = pulumi.Output.concat(conf, own)
        site = hadoop_client.site(hadoop_client.s3a(args.store))
        files: dict[str, pulumi.Input[str]] = {"flume.conf": conf, "core-site.xml": site, "log4j2.xml": flume_config.LOGGING}
        settings = objects.config_map(f"{name}-conf", place, files, object_name=f"flume-{key}")
        port = PORTS.get(agent.source)
        ports = {agent.source: port} if port else {}
        peers = objects.service(
            f"{name}-peers",
            place,
            key,
            {"metrics": METRICS_PORT},
            object_name=f"flume-{key}-peers",
            headless=True,
        )
        if ports:
            objects.service(f"{name}-service", place, key, ports, object_name=f"flume-{key}")
        template = workload.pod(
            place,
            key,
            [self._container(agent, ports)],
            uid=UID,
            account="flume",
            volumes=self._volumes(f"flume-{key}", agent),
            init=self._trust(agent),
            notes={"mlops.dev/configuration": objects.digest(pulumi.Output.concat(conf, site))},
        )
        workload.stateful_set(
            f"{name}-agent",
            place,
            key,
            template,
            service=f"flume-{key}-peers",
            replicas=agent.replicas,
            volumes=[workload.Volume("channel", args.storage, args.storage_class)],
            object_name=f"flume-{key}",
            parallel=True,
            opts=place.after(settings, peers, self._account, protect=args.protect, retain_on_delete=args.protect),
        )
        objects.disruption_budget(f"{name}-budget", place, key, object_name=f"flume-{key}")

    def _container(self, agent: FlumeAgentArgs, ports: Mapping[str, int]) -> core.v1.ContainerArgs:
        args = self._args
        heap = int(quantity_value(args.compute.memory) // 2**20) * 6 // 10
        command = ["agent", "--name", flume_config.AGENT, "--conf", CONF_PATH, "--conf-file", f"{CONF_PATH}/flume.conf"]
        command += ["--no-reload-conf", f"-Xmx{heap}m", "-Dflume.monitoring.type=http", f"-Dflume.monitoring.port={METRICS_PORT}"]
        secrets: dict[str, tuple[pulumi.Input[str], str]] = {}
        mounts = {CONF_PATH: "conf", STATE_PATH: "channel"}
        if self._on_kafka(agent) and args.broker and args.broker.secret is not None:
            secrets["KAFKA_SASL_JAAS_CONFIG"] = (args.broker.secret, "sasl.jaas.config")
        if self._on_kafka(agent) and args.broker and args.broker.ca_config_map is not None:
            mounts["/etc/mlops/kafka-ca"] = "kafka-ca"
        if agent.sink == "store" and args.store and args.store.secret is not None:
            secrets |= {variable: (args.store.secret, variable) for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        if self._trust(agent):
            command.append(truststore.JAVA_OPTION)
            mounts[truststore.STORE_PATH] = "trust"
        return workload.container(
            "agent",
            args.image,
            args.compute,
            command=["/opt/flume/bin/flume-ng"],
            args=command,
            secrets=secrets,
            ports={**ports, "metrics": METRICS_PORT},
            mounts=mounts,
            ready=workload.http("/metrics", "metrics"),
            live=workload.http("/metrics", "metrics", period=30),
            start=workload.http("/metrics", "metrics", failures=30),
        )

    @staticmethod
    def _on_kafka(agent: FlumeAgentArgs) -> bool:
        return bool(agent.topic or agent.source_topic)

    def _trust(self, agent: FlumeAgentArgs) -> list[core.v1.ContainerArgs]:
        """The init container of the trust store, where an agent writes to a store with a private CA."""
        store = self._args.store
        if agent.sink != "store" or store is None or store.ca_config_map is None:
            return []
        mounts = {truststore.STORE_PATH: "trust", truststore.CA_PATH: "ca"}
        command = list(truststore.COMMAND)
        return [workload.container("trust", self._args.image, SMALL, command=command, env=truststore.VARIABLES, mounts=mounts)]

    def _volumes(self, conf: str, agent: FlumeAgentArgs) -> list[core.v1.VolumeArgs]:
        args = self._args
        volumes = [workload.config_volume("conf", conf)]
        if self._on_kafka(agent) and args.broker and args.broker.ca_config_map is not None:
            volumes.append(workload.config_volume("kafka-ca", args.broker.ca_config_map))
        if self._trust(agent) and args.store and args.store.ca_config_map is not None:
            volumes += [workload.config_volume("ca", args.store.ca_config_map), workload.scratch_volume("trust")]
        return volumes

    @staticmethod
    def wants(config: Flume) -> contracts.Wants:
        """A bucket where an agent writes to the store, and the topics that agents touch."""
        topics = dict.fromkeys(topic for agent in config.agents.values() for topic in agent.topics())
        stored = any(agent.sink == "store" for agent in config.agents.values())
        return contracts.Wants(buckets=("flume",) if stored else (), topics=tuple(topics))

    @staticmethod
    def plan(site: Site) -> FlumeAgentsArgs:
        """The spec as constructor arguments. Raises pulumi.RunError where an agent's source or sink is not in the stack."""
        config: Flume = site.config
        certificates = site.maybe(contracts.Certificates)
        site.ready += certificates.ready if certificates else ()
        broker, store = site.brokers.get(site.key), site.buckets.get("flume")
        for key, agent in config.agents.items():
            path = f"mlops:spec.systems.flume.agents.{key}"
            if agent.topics() and broker is None:
                raise pulumi.RunError(f"{path}: this stack has no broker; add systems.kafka: {{}} or bringYourOwn.broker")
            if agent.sink == "store" and store is None:
                raise pulumi.RunError(f"{path}: this stack has no object store; add one, or say sink: kafka")
        return FlumeAgentsArgs(
            namespace=site.namespace or NAMESPACE,
            labels=site.naming.labels("flume"),
            image=own_image(site, "flume", config.image),
            agents={
                key: FlumeAgentArgs(agent.source, agent.sink, agent.replicas, agent.capacity, agent.source_topic, agent.topic)
                for key, agent in config.agents.items()
            },
            storage=config.storage,
            compute=Compute.of(config.resources),
            broker=broker,
            store=store,
            storage_class=config.storage_class or site.spec.cluster.storage_class,
            protect=site.spec.environment is Environment.PROD,
            values=config.values,
        )

    def contracts(self) -> Sequence[Any]:
        """Nothing: agents are the end of a line."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The address of each agent that listens."""
        return {
            key: pulumi.Output.concat(f"flume-{key}.", self._args.namespace, f".svc:{PORTS[agent.source]}")
            for key, agent in sorted(self._args.agents.items())
            if agent.source in PORTS
        }
