"""Model serving by Seldon Core 2: its controller, the data plane of one namespace, inference servers and declared models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi

from components.contracts import Broker, BrokerAccess, BucketAccess, Endpoint, Metrics, ObjectStore, Serving, Wants
from components.kubernetes import chart, objects
from components.kubernetes import seldon_values as values
from components.kubernetes.place import Compute, Place
from components.kubernetes.seldon_values import SeldonModelArgs, SeldonServerArgs, SeldonSizes
from components.spec.serving import Seldon, SeldonServer
from components.system import Site

REPO = "https://storage.googleapis.com/seldon-charts"
CRDS = chart.Pin("seldon-core-v2-crds", "2.10.2", REPO, checked="2026-11-23")
SETUP = chart.Pin("seldon-core-v2-setup", "2.10.2", REPO, checked="2026-11-23")
BUCKET = "models"
RUNTIME, SERVER, MODEL = (("mlops.seldon.io/v1alpha1", kind) for kind in ("SeldonRuntime", "Server", "Model"))


@dataclass
class SeldonServingArgs:
    """Arguments of SeldonServing."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    broker: BrokerAccess
    """With rights to make topics under its own prefixes."""
    sizes: SeldonSizes
    partitions: int
    """Of each topic that it makes."""
    copies: int
    """Of each partition: at most the number of brokers."""
    models: dict[str, SeldonModelArgs] = field(default_factory=dict)
    bucket: Optional[BucketAccess] = None
    storage_class: Optional[str] = None
    login: bool = True
    monitored: bool = False
    keep_crds: bool = True
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    values: Optional[dict[str, Any]] = None
    """Merged last into the setup chart's values."""


class SeldonServing(pulumi.ComponentResource):
    """Seldon Core 2.10 in one namespace, behind an Envoy that speaks the Open Inference Protocol, with our Kafka and store.

    Creates the definitions and the controller (charts seldon-core-v2-crds and -setup), SeldonRuntime `seldon` (scheduler,
    gateways, dataflow engine, Envoy), a Server for each chosen kind and the declared Models. SeldonRuntime and Servers are our
    own objects in place of the charts -runtime and -servers, which bring a Secret of Seldon's samples and every server, and
    could not be waited for. A model named `iris` answers at <url>/v2/models/iris/infer; pipelines and experiments that others
    make answer at the same address. Topics are made by Seldon under `seldon.` and `seldon-`.

    Licence: Business Source License 1.1, so the stack must say `acceptBslLicense: true`. Source: SeldonIO/seldon-core v2.10.2.
    Limits: control plane and data plane speak plain text inside the namespace; the usage reporter (hodometer) has no pods and
    there is no tracing; scheduler and controller run once; MLServer's and Triton's containers write to their own file system.
    """

    needs = (Broker, ObjectStore)
    optional = (Metrics,)
    provides = (Serving,)
    tiers = ("all", "platform")
    namespace = values.NAMESPACE
    essential_type = "mlops.seldon.io/v1alpha1:SeldonRuntime"

    def __init__(self, name: str, args: SeldonServingArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:SeldonServing", name, None, opts)
        self._name, self._args = name, args
        self._place = Place("seldon", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        if args.broker.mechanism != "SCRAM-SHA-512" or args.broker.secret is None or args.broker.ca_config_map is None:
            raise pulumi.RunError("seldon: needs a broker with SCRAM-SHA-512, a Secret with its password and a CA that is named")
        if args.models and args.bucket is None:
            raise pulumi.RunError("seldon: a model's files come from an object store, and the stack has none")
        runtime = self._runtime(self._controller())
        servers = [self._server(kind, found, runtime) for kind, found in args.sizes.servers.items()]
        for model, wanted in args.models.items():
            self._model(model, wanted, servers)
        if args.monitored:
            self._monitor()
        self._url = pulumi.Output.concat(f"http://{values.MESH}.", args.namespace, ".svc")
        self.register_outputs({})

    def _controller(self) -> pulumi.Resource:
        """The definitions, then the controller with the settings that SeldonRuntime and Servers name."""
        args, place = self._args, self._place
        definitions = chart.render(
            f"{self._name}-crds",
            CRDS,
            {},
            namespace=args.namespace,
            mirror=args.chart_mirror,
            keep=args.keep_crds,
            opts=place.opts,
        )
        transforms = [
            values.configured(args.broker, args.bucket, args.storage_class),
            values.served(args.bucket, args.storage_class),
            values.bounded,
        ]
        return chart.render(
            f"{self._name}-setup",
            SETUP,
            values.setup(args.sizes, args.partitions, args.copies, args.registry_mirror),
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            keep=False,
            opts=place.after(definitions, transforms=transforms),
        )

    def _runtime(self, controller: pulumi.Resource) -> pulumi.Resource:
        return objects.custom(
            f"{self._name}-runtime",
            self._place,
            RUNTIME,
            values.runtime(),
            object_name="seldon",
            notes={**objects.WAIT_READY, "pulumi.com/timeoutSeconds": "1200"},
            opts=self._place.after(controller),
        )

    def _server(self, kind: str, found: SeldonServerArgs, runtime: pulumi.Resource) -> pulumi.Resource:
        return objects.custom(
            f"{self._name}-server-{kind}",
            self._place,
            SERVER,
            values.server(kind, found),
            object_name=kind,
            notes={**objects.WAIT_READY, "pulumi.com/timeoutSeconds": "1200"},
            opts=self._place.after(runtime),
        )

    def _model(self, model: str, wanted: SeldonModelArgs, servers: Sequence[pulumi.Resource]) -> None:
        assert self._args.bucket is not None
        objects.custom(
            f"{self._name}-model-{model}",
            self._place,
            MODEL,
            values.model(wanted, self._args.bucket),
            object_name=model,
            notes={**objects.WAIT_READY, "pulumi.com/timeoutSeconds": "1200"},
            opts=self._place.after(*servers),
        )

    def _monitor(self) -> None:
        """PodMonitors over the servers and their agents, the pipeline gateway and Envoy."""
        for part, pods, port, path in values.monitors():
            labels = {"app.kubernetes.io/name": pods}
            objects.pod_monitor(
                f"{self._name}-monitor-{part}", self._place, labels, port=port, path=path, object_name=f"seldon-{part}"
            )

    @staticmethod
    def wants(config: Seldon) -> Wants:
        """One bucket for the models' files, and topics of its own making."""
        return Wants(buckets=(BUCKET,), topic_prefixes=values.TOPIC_PREFIXES)

    @staticmethod
    def plan(site: Site) -> SeldonServingArgs:
        """The spec as constructor arguments."""
        config: Seldon = site.config
        metrics, kafka = site.maybe(Metrics), site.spec.systems.kafka
        site.ready += list(metrics.ready) if metrics else []
        chosen = {"mlserver": config.mlserver, "triton": config.triton}
        return SeldonServingArgs(
            namespace=site.namespace or SeldonServing.namespace,
            labels=site.naming.labels("seldon"),
            broker=site.brokers[site.key],
            sizes=SeldonSizes(
                compute=Compute.of(config.resources),
                dataflow=Compute.of(config.dataflow),
                servers={kind: server(found) for kind, found in chosen.items() if found is not None},
            ),
            partitions=config.partitions,
            copies=min(3, kafka.brokers) if kafka else 3,
            models={
                name: SeldonModelArgs(list(m.requirements), m.model, m.replicas, m.memory, m.server)
                for name, m in config.models.items()
            },
            bucket=site.buckets.get(BUCKET),
            storage_class=site.spec.cluster.storage_class,
            login=config.login,
            monitored=metrics is not None,
            keep_crds=site.spec.operators.keep_crds,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
            values=config.values,
        )

    def contracts(self) -> Sequence[Serving]:
        """Serving."""
        return [Serving(url=self._url)]

    def endpoints(self) -> Sequence[Endpoint]:
        """All models at https://seldon.<domain>/v2/models/<model>."""
        return [Endpoint("seldon", self._args.namespace, values.MESH, values.MESH_PORT, login=self._args.login)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where models are asked inside the cluster."""
        found: dict[str, pulumi.Input[str]] = {"url": self._url}
        for model in self._args.models:
            found[f"{model}.url"] = pulumi.Output.concat(self._url, f"/v2/models/{model}")
        return found


def server(spec: SeldonServer) -> SeldonServerArgs:
    """A chosen server as arguments."""
    return SeldonServerArgs(spec.replicas, spec.max_replicas or spec.replicas, spec.storage, Compute.of(spec.resources))
