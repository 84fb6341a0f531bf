"""Pipelines and training: Kubeflow Pipelines as workloads of our own on the stack's database and store, Trainer by its chart."""

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import pulumi

from components import contracts
from components.kubernetes import (
    argo,
    argo_access,
    argo_config,
    chart,
    extend,
    kubeflow_access,
    kubeflow_trainer,
    manifests,
    objects,
)
from components.kubernetes import kubeflow_config as config
from components.kubernetes.kubeflow_notebooks import NotebookArgs, Notebooks
from components.kubernetes.kubeflow_parts import KubeflowPlatformArgs, Parts
from components.kubernetes.place import Compute, Place
from components.spec.base import duration_seconds
from components.spec.flows import Kubeflow
from components.spec.stack import Environment
from components.system import Site

COMMIT = "4a3592cb2dd0a91a4652ab93893ec8beda1f3158"
DEFINITIONS = manifests.Source(
    "kubeflow/pipelines",
    COMMIT,
    "manifests/kustomize/base/pipeline/cluster-scoped/scheduled-workflow-crd.yaml",
    checked="2026-11-23",
)
NAME = "kubeflow"
CONTROLLER_CONFIG = "workflow-controller-configmap"


def controller_values(args: KubeflowPlatformArgs) -> dict[str, Any]:
    """Values of Argo's chart: the controller alone, for this namespace, its configuration in our ConfigMap."""
    own = {
        "fullnameOverride": NAME,
        "singleNamespace": True,
        "createAggregateRoles": False,
        "crds": {"install": args.argo_crds, "keep": args.keep_crds, "full": False},
        "workflow": {"serviceAccount": {"create": False}, "rbac": {"create": False}},
        "server": {"enabled": False, "clusterWorkflowTemplates": {"enabled": False}},
        "controller": {
            "configMap": {"create": False, "name": CONTROLLER_CONFIG},
            "clusterWorkflowTemplates": {"enabled": False},
            "metricsConfig": {"enabled": True, "port": argo_config.METRICS_PORT},
            "logging": {"format": "json"},
            "podSecurityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "resources": args.agent_compute.spec(),
        },
    }
    return chart.merge(own, argo.images(args.registry_mirror))


class KubeflowPlatform(pulumi.ComponentResource):
    """Kubeflow Pipelines 2.17 for one namespace, and Kubeflow Trainer 2.3 for all.

    Creates a Deployment each for the API server, persistence agent, scheduled-workflow controller, metadata store and its proxy,
    and user interface; Argo's controller by its chart, without an instance ID, for this namespace; Roles, ConfigMaps (among
    them `kfp-launcher`, by which steps find the bucket), the definition of ScheduledWorkflow (from the stack's manifestMirror)
    and monitors where the stack has metrics. Where training is chosen: the charts of Trainer and JobSet, and a
    ClusterTrainingRuntime a name. Where notebooks are: Kubeflow's notebook controller and what kubeflow_notebooks.Notebooks says.

    Source: manifests/kustomize and backend of kubeflow/pipelines 2.17.0. Limits: single user, the gateway's login stands in front
    (no Profiles, no Istio: teams of this platform are apart by namespace, not by KFP's own permissions); pipelines of KFP's first
    version are refused, so their cache, metadata writer, viewers and visualizations are left out; MySQL alone; ML Metadata has a
    table without a primary key, which group replication refuses unless the server makes one (sql_generate_invisible_primary_key);
    one metadata store; no Hub; steps run under Pod Security baseline, since the compiler's init
    containers do not say all of `restricted`.
    """

    needs = (contracts.Database, contracts.ObjectStore)
    optional = (contracts.Metrics, contracts.Certificates, contracts.Workflows)
    provides = (contracts.Pipelines, contracts.Training)
    tiers = ("all", "platform")
    namespace = NAME
    security = "baseline"
    webhooks = (kubeflow_trainer.WEBHOOK,)
    essential_type = "apps/v1:Deployment"

    def __init__(self, name: str, args: KubeflowPlatformArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:KubeflowPlatform", name, None, opts)
        self._name, self._args = name, args
        self._place = Place(NAME, args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        kept = pulumi.ResourceOptions.merge(self._place.opts, pulumi.ResourceOptions(transforms=[chart.keep_crds]))
        crd = manifests.render(
            f"{name}-definitions", DEFINITIONS, mirror=args.manifest_mirror, opts=kept if args.keep_crds else self._place.opts
        )
        controller = self._controller()
        accounts = [kubeflow_access.account(name, self._place, part) for part in kubeflow_access.RULES]
        parts = Parts(name, self._place, args)
        metadata = parts.metadata()
        ready = [crd, controller, *accounts]
        api = parts.api([*ready, metadata])
        parts.agent("ml-pipeline-persistenceagent", "persistence-agent", [*ready, api])
        parts.agent("ml-pipeline-scheduledworkflow", "scheduled-workflow-controller", [*ready, api])
        parts.interface([api, metadata])
        self._training: contracts.Training | None = None
        if args.runtimes:
            self._training = kubeflow_trainer.install(
                name,
                self._place,
                args.runtimes,
                compute=args.agent_compute,
                issuer=args.issuer,
                keep_crds=args.keep_crds,
                chart_mirror=args.chart_mirror,
            )
        self._notebooks: Notebooks | None = None
        if args.notebooks is not None:
            self._notebooks = Notebooks(
                name,
                self._place,
                args.notebooks,
                args.agent_compute,
                storage_class=args.storage_class,
                monitored=args.monitored,
                keep_crds=args.keep_crds,
                protect=args.protect,
                mirror=args.manifest_mirror,
            )
        if args.monitored:
            self._monitor(controller)
        self._url = pulumi.Output.concat("http://ml-pipeline.", args.namespace, f".svc:{config.API}")
        self.register_outputs({})

    def _controller(self) -> pulumi.Resource:
        """Argo's controller for the pipelines' workflows, after its configuration."""
        args, place, name = self._args, self._place, self._name
        ca, waits = argo_access.trust(name, place, args.artifacts, args.issuer, args.bundle)
        document = config.controller(args.artifacts, ca, args.keep_seconds)
        text = pulumi.Output.json_dumps(document, sort_keys=True)
        waits.append(objects.config_map(f"{name}-controller-config", place, {"config": text}, object_name=CONTROLLER_CONFIG))
        told = extend.Extension()
        told.notes = {"mlops.dev/config": objects.digest(text)}
        return chart.render(
            f"{name}-controller",
            argo.CHART,
            controller_values(args),
            release=NAME,
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            keep=args.keep_crds,
            opts=place.after(*waits, transforms=[extend.deployment("controller", told)]),
        )

    def _monitor(self, controller: pulumi.Resource) -> None:
        place, name = self._place, self._name
        objects.service_monitor(f"{name}-monitor", place, "ml-pipeline", port="http", object_name=NAME)
        pods = {"app.kubernetes.io/name": "argo-workflows-workflow-controller"}
        objects.pod_monitor(f"{name}-controller-monitor", place, pods, object_name=NAME, opts=place.after(controller))

    @staticmethod
    def wants(config: Kubeflow) -> contracts.Wants:
        """A database for pipelines, one for metadata, a bucket for artifacts."""
        return contracts.Wants(databases=("mlpipeline", "metadb"), buckets=("mlpipeline",))

    @staticmethod
    def plan(site: Site) -> KubeflowPlatformArgs:
        """The spec as constructor arguments."""
        wanted: Kubeflow = site.config
        if (engine := site.contract(contracts.Database).engine) != "mysql":
            raise pulumi.RunError(
                f'kubeflow: its metadata store is wired to MySQL, and "{engine}" was chosen; say uses: {{database: mysql}}'
            )
        certificates, metrics = site.maybe(contracts.Certificates), site.maybe(contracts.Metrics)
        site.ready += [*(certificates.ready if certificates else ()), *(metrics.ready if metrics else ())]
        return KubeflowPlatformArgs(
            namespace=site.namespace or KubeflowPlatform.namespace,
            labels=site.naming.labels(NAME),
            pipelines=site.databases["mlpipeline"],
            metadata=site.databases["metadb"],
            artifacts=site.buckets["mlpipeline"],
            replicas=wanted.replicas,
            compute=Compute.of(wanted.resources),
            agent_compute=Compute.of(wanted.agent_resources),
            keep_seconds=duration_seconds(wanted.keep_finished_for),
            runtimes=dict(wanted.runtimes) if wanted.training else {},
            argo_crds="argo" not in site.spec.systems.chosen(),
            notebooks=_notebooks(wanted),
            storage_class=site.spec.cluster.storage_class,
            protect=site.spec.environment is Environment.PROD,
            issuer=certificates.issuer if certificates else None,
            bundle=certificates.bundle if certificates else None,
            monitored=metrics is not None,
            keep_crds=site.spec.operators.keep_crds,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
            manifest_mirror=site.spec.manifest_mirror,
            values=wanted.values,
        )

    def endpoints(self) -> Sequence[contracts.Endpoint]:
        """The user interface, behind the gateway's login: it has none of its own; and the notebooks."""
        notebooks = self._notebooks.endpoints() if self._notebooks else []
        return [contracts.Endpoint(NAME, self._args.namespace, "ml-pipeline-ui", config.UI), *notebooks]

    def contracts(self) -> Sequence[Any]:
        """Pipelines, and Training where it was chosen."""
        return [contracts.Pipelines(self._url), *([self._training] if self._training else [])]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address of the API, where artifacts go, and what opens each notebook."""
        notebooks = self._notebooks.exports() if self._notebooks else {}
        return {"url": self._url, "artifacts": pulumi.Output.concat("s3://", self._args.artifacts.bucket), **notebooks}


def _notebooks(wanted: Kubeflow) -> dict[str, NotebookArgs] | None:
    if wanted.notebooks is None:
        return None
    return {n: NotebookArgs(Compute.of(x.resources), x.storage, x.image, x.gpus) for n, x in wanted.notebooks.items()}
