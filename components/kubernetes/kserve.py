"""Model serving by KServe: its controller in Standard mode on the Gateway API, its runtimes, and declared InferenceServices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi

from components.contracts import BucketAccess, Certificates, Endpoint, Gateway, Metrics, ObjectStore, Serving, Wants
from components.kubernetes import chart, objects
from components.kubernetes import kserve_values as values
from components.kubernetes.kserve_values import InferenceArgs
from components.kubernetes.place import Compute, Place
from components.spec.serving import InferenceModel, Kserve
from components.system import Site

CRDS = chart.Pin("kserve-crd", "v0.20.0", "oci://ghcr.io/kserve/charts/kserve-crd", checked="2026-11-23")
CONTROLLER = chart.Pin("kserve-resources", "v0.20.0", "oci://ghcr.io/kserve/charts/kserve-resources", checked="2026-11-23")
RUNTIMES = chart.Pin(
    "kserve-runtime-configs", "v0.20.0", "oci://ghcr.io/kserve/charts/kserve-runtime-configs", checked="2026-11-23"
)
BUCKET = "models"
INFERENCE_SERVICE = ("serving.kserve.io/v1beta1", "InferenceService")
STORAGE = ("serving.kserve.io/v1alpha1", "ClusterStorageContainer")
PORT = 80
"""Of the Service `<model>-predictor` in Standard mode."""


@dataclass
class KserveServingArgs:
    """Arguments of KserveServing."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    domain: str
    entrance: pulumi.Input[str]
    """The gateway's address inside the cluster: where predictions are asked of a stack that declares no model."""
    compute: Compute
    """Of the controller."""
    runtimes: list[str]
    """Runtimes that are installed, by the chart's names."""
    models: dict[str, InferenceArgs] = field(default_factory=dict)
    bucket: Optional[BucketAccess] = None
    monitored: bool = False
    keep_crds: bool = True
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    values: Optional[dict[str, Any]] = None
    """Merged last into the controller chart's values."""


class KserveServing(pulumi.ComponentResource):
    """KServe 0.20 in Standard mode (Deployments, no Knative) with its definitions, controller and ClusterServingRuntimes.

    Each declared model is an InferenceService on files of bucket `models`: the ClusterStorageContainer `mlops` knows the store,
    its key and its CA. Declared models are private to the cluster as far as KServe goes; the composer's gateway exposes them
    with the single sign-on. InferenceServices that others make get HTTPRoutes on the same Gateway from KServe itself, at
    <name>-<namespace>.<domain>, and no login in front: label them networking.kserve.io/visibility=cluster-local to keep them in.

    Source: charts kserve-crd, kserve-resources and kserve-runtime-configs; kserve_storage.py and predictor.go of v0.20.0. Limits:
    LLMInferenceService (kserve-llmisvc) and local model caches are not installed; the runtime vllm is left out, whose image is
    pinned to `latest`; canaryTrafficPercent is a feature of Knative mode, so a canary here is a second model behind its own host.
    """

    needs = (Gateway, Certificates)
    optional = (ObjectStore, Metrics)
    provides = (Serving,)
    tiers = ("all", "platform")
    namespace = values.NAMESPACE
    webhooks = (9443,)
    essential_type = "helm.sh/v4:Chart"

    def __init__(self, name: str, args: KserveServingArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:KserveServing", name, None, opts)
        self._name, self._args = name, args
        self._place = Place("kserve", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        controller = self._controller()
        runtimes = self._chart("runtimes", RUNTIMES, values.runtimes(args.runtimes, args.registry_mirror), [controller])
        if args.models:
            self._serve([controller, runtimes])
        if args.monitored:
            self._monitor()
        self.register_outputs({})

    def _chart(
        self,
        part: str,
        pin: chart.Pin,
        content: Mapping[str, Any],
        after: Sequence[pulumi.Resource],
        extra: Mapping[str, Any] | None = None,
    ) -> pulumi.Resource:
        args = self._args
        return chart.render(
            f"{self._name}-{part}",
            pin,
            content,
            namespace=args.namespace,
            extra=extra,
            mirror=args.chart_mirror,
            keep=part == "crds" and args.keep_crds,
            opts=self._place.after(*after),
        )

    def _controller(self) -> pulumi.Resource:
        args = self._args
        definitions = self._chart("crds", CRDS, {}, [])
        content = values.controller(args.domain, args.compute, args.registry_mirror)
        return self._chart("controller", CONTROLLER, content, [definitions], args.values)

    def _serve(self, after: Sequence[pulumi.Resource]) -> None:
        """The way to the store, and the declared models."""
        args, place, name = self._args, self._place, self._name
        if args.bucket is None:
            raise pulumi.RunError("kserve: a model's files come from an object store, and the stack has none")
        storage = objects.custom(
            f"{name}-storage",
            place,
            STORAGE,
            values.storage(args.bucket, args.registry_mirror),
            object_name=values.STORAGE_NAME,
            notes={"pulumi.com/skipAwait": "true"},
            cluster_scoped=True,
            opts=place.after(*after),
        )
        account = objects.service_account(f"{name}-account", place, object_name=values.ACCOUNT)
        for model, found in args.models.items():
            objects.custom(
                f"{name}-model-{model}",
                place,
                INFERENCE_SERVICE,
                values.inference_service(found, args.bucket),
                object_name=model,
                labels={"networking.kserve.io/visibility": "cluster-local"},
                notes={
                    **objects.WAIT_READY,
                    "pulumi.com/timeoutSeconds": "1200",
                    "serving.kserve.io/deploymentMode": "Standard",
                },
                opts=place.after(storage, account, *after),
            )

    def _monitor(self) -> None:
        """PodMonitor over the declared models: KServe's servers and most runtimes answer on their HTTP port."""
        spec = {
            "selector": {"matchExpressions": [{"key": "serving.kserve.io/inferenceservice", "operator": "Exists"}]},
            "podMetricsEndpoints": [{"targetPort": 8080, "path": "/metrics", "interval": "30s"}],
        }
        objects.custom(f"{self._name}-monitor", self._place, objects.POD_MONITOR, spec, object_name="kserve-models")

    @staticmethod
    def wants(config: Kserve) -> Wants:
        """One bucket for the models' files."""
        return Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> KserveServingArgs:
        """The spec as constructor arguments."""
        config: Kserve = site.config
        gateway, certificates, metrics = site.contract(Gateway), site.contract(Certificates), site.maybe(Metrics)
        site.ready += [*gateway.ready, *certificates.ready, *(metrics.ready if metrics else ())]
        return KserveServingArgs(
            namespace=site.namespace or KserveServing.namespace,
            labels=site.naming.labels("kserve"),
            domain=site.spec.domain,
            entrance=gateway.address,
            compute=Compute.of(config.resources),
            runtimes=list(config.runtimes),
            models={name: inference(found) for name, found in config.models.items()},
            bucket=site.buckets.get(BUCKET),
            monitored=metrics is not None,
            keep_crds=site.spec.operators.keep_crds,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
            values=config.values,
        )

    def contracts(self) -> Sequence[Serving]:
        """Serving: the first declared model, else the gateway, which knows KServe's hosts."""
        urls = list(self._urls().values())
        return [Serving(url=urls[0] if urls else pulumi.Output.concat("https://", self._args.entrance))]

    def endpoints(self) -> Sequence[Endpoint]:
        """Each declared model at https://kserve-<model>.<domain>."""
        return [
            Endpoint(f"kserve-{model}", self._args.namespace, f"{model}-predictor", PORT, login=found.login)
            for model, found in self._args.models.items()
        ]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where each declared model is asked inside the cluster, and the pattern of KServe's own hosts."""
        urls: dict[str, pulumi.Input[str]] = {f"{model}.url": url for model, url in self._urls().items()}
        return {"hosts": f"<name>-<namespace>.{self._args.domain}", **urls}

    def _urls(self) -> dict[str, pulumi.Output[str]]:
        return {
            model: pulumi.Output.concat(f"http://{model}-predictor.", self._args.namespace, ".svc") for model in self._args.models
        }


def inference(spec: InferenceModel) -> InferenceArgs:
    """A declared model as arguments."""
    return InferenceArgs(
        format=spec.format,
        model=spec.model,
        replicas=spec.replicas,
        max_replicas=spec.max_replicas or spec.replicas,
        compute=Compute.of(spec.resources),
        gpus=spec.gpus,
        runtime=spec.runtime,
        login=spec.login,
    )
