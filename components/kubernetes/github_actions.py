"""Runners for GitHub Actions: the runner scale set controller and one scale set a kind of runner, on their own charts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components.contracts import Consumer, ImageRegistry, Metrics, Wants
from components.kubernetes import chart, gpus, objects
from components.kubernetes.place import Compute, Image, Place, image
from components.spec.delivery import GithubActions
from components.system import Site

_CHARTS = "oci://ghcr.io/actions/actions-runner-controller-charts/"
CONTROLLER = chart.Pin(
    "gha-runner-scale-set-controller", "0.14.2", _CHARTS + "gha-runner-scale-set-controller", checked="2026-11-23"
)
SCALE_SET = chart.Pin("gha-runner-scale-set", "0.14.2", _CHARTS + "gha-runner-scale-set", checked="2026-11-23")
"""Both charts must be of one version."""
RUNNER = Image("ghcr.io/actions/actions-runner", "2.337.0", checked="2026-11-23")
"""As pinned in public Dockerfiles, digest unverified. GitHub turns away runners that are far behind its newest."""
NAME = "github-actions"
PORT = 8080
RUNNER_USER = 1001
RUNNER_SET = "kubernetes:actions.github.com/v1alpha1:AutoscalingRunnerSet"
MANAGER = Compute("50m", "128Mi", "500m")
LISTENER = Compute("20m", "64Mi", "200m")

RESTRICTED: dict[str, Any] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


@dataclass
class RunnerSetArgs:
    """One kind of runner; workflows say `runs-on: <its name>`."""

    smallest: int
    """Runners that wait for work."""
    largest: int
    """Runners at most."""
    compute: Compute
    gpus: int = 0
    image: Optional[str] = None


@dataclass
class ActionsRunnersArgs:
    """Where the runners belong to, and their kinds."""

    namespace: str
    labels: dict[str, str]
    url: str
    """https://github.com/<organisation>, or of one repository."""
    secret: str
    """Secret of this namespace with github_app_id, github_app_installation_id and github_app_private_key."""
    prefix: str
    """Begins the names that workflows use."""
    runners: dict[str, RunnerSetArgs]
    gpu_resource: str = gpus.GPU
    gpu_product: Optional[str] = None
    """Label nvidia.com/gpu.product of the nodes that GPU runners go to; any GPU node if unset."""
    pull_secret: Optional[pulumi.Input[str]] = None
    """Secret of this namespace that may pull from the stack's own registry."""
    group: Optional[str] = None
    """Runner group of the organisation; its default if unset."""
    monitored: bool = False
    keep_crds: bool = True
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    values: Optional[dict[str, Any]] = None
    """Merged last into the values of every scale set."""


def _security(user: int) -> dict[str, Any]:
    return {
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": user,
        "fsGroup": user,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def controller_values(args: ActionsRunnersArgs) -> dict[str, Any]:
    """Values of the controller's chart."""
    metrics = {"controllerManagerAddr": f":{PORT}", "listenerAddr": f":{PORT}", "listenerEndpoint": "/metrics"}
    return {
        "fullnameOverride": CONTROLLER.chart,
        "image": {"repository": image("ghcr.io/actions/gha-runner-scale-set-controller", args.registry_mirror)},
        "resources": MANAGER.spec(),
        "podSecurityContext": _security(65532),
        "securityContext": {**RESTRICTED, "readOnlyRootFilesystem": True},
        # Roles of this namespace in place of a ClusterRole over every Secret
        "flags": {"logLevel": "info", "logFormat": "json", "watchSingleNamespace": args.namespace},
        **({"metrics": metrics} if args.monitored else {}),
    }


def scale_set_values(args: ActionsRunnersArgs, name: str) -> dict[str, Any]:
    """Values of one scale set's chart."""
    runner = args.runners[name]
    placed = gpus.placement(runner.gpus, args.gpu_product)
    resources = runner.compute.spec()
    if runner.gpus:
        resources = {kind: {**amounts, args.gpu_resource: str(runner.gpus)} for kind, amounts in resources.items()}
    listener = {
        "name": "listener",
        "resources": LISTENER.spec(),
        "securityContext": {**RESTRICTED, "readOnlyRootFilesystem": True},
    }
    return {
        "githubConfigUrl": args.url,
        "githubConfigSecret": args.secret,
        "runnerScaleSetName": f"{args.prefix}-{name}",
        **({"runnerGroup": args.group} if args.group else {}),
        "minRunners": runner.smallest,
        "maxRunners": runner.largest,
        # the chart would look it up in the cluster
        "controllerServiceAccount": {"name": CONTROLLER.chart, "namespace": args.namespace},
        "listenerTemplate": {"spec": {"securityContext": _security(65532), "containers": [listener]}},
        "template": {
            # no label that names the stack: the lock knows a chart by its values
            "metadata": {"labels": {key: text for key, text in args.labels.items() if not key.startswith("mlops.dev/")}},
            "spec": {
                "securityContext": _security(RUNNER_USER),
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                **placed,
                "containers": [
                    {
                        "name": "runner",
                        "image": image(runner.image or RUNNER, args.registry_mirror),
                        "command": ["/home/runner/run.sh"],
                        "resources": resources,
                        "securityContext": RESTRICTED,
                    }
                ],
            },
        },
    }


class ActionsRunners(pulumi.ComponentResource):
    """The controller of runner scale sets, and a scale set a kind of runner: one fresh pod a job, none while there is none.

    Workflows say `runs-on: <prefix>-<name>`. The runners' GitHub App is the user's own: its Secret (github_app_id,
    github_app_installation_id, github_app_private_key) is made in this namespace by hand, and listeners start once it is there.
    A runner has no token of the cluster and no key of a cloud: a workflow with `permissions: id-token: write` asks GitHub for an
    OpenID Connect token and takes a role that trusts its repository, as .github/workflows/preview.yaml does.

    Source: charts gha-runner-scale-set-controller and gha-runner-scale-set (actions). Limits: api.github.com must be reachable;
    jobs cannot run containers of their own (no Docker in Docker, for that is privileged); runner images follow GitHub's pace.
    """

    needs = ()
    optional = (ImageRegistry, Metrics)
    provides = ()
    tiers = ("all", "platform")
    namespace = NAME
    internet = True
    essential_type = "helm.sh/v4:Chart"

    def __init__(self, name: str, args: ActionsRunnersArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:ActionsRunners", name, None, opts)
        self._args = args
        place = Place(NAME, args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        controller = chart.render(
            f"{name}-controller",
            CONTROLLER,
            controller_values(args),
            namespace=args.namespace,
            mirror=args.chart_mirror,
            keep=args.keep_crds,
            opts=place.opts,
        )
        for kind in args.runners:
            chart.render(
                f"{name}-{kind}",
                SCALE_SET,
                scale_set_values(args, kind),
                namespace=args.namespace,
                release=f"{args.prefix}-{kind}",
                extra=args.values,
                mirror=args.chart_mirror,
                keep=False,
                # on destroy the sets go first: the controller takes off the finalizers of what they had
                opts=place.after(controller, transforms=[pulls_with(args.pull_secret)] if args.pull_secret is not None else []),
            )
        if args.monitored:
            parts = {"key": "app.kubernetes.io/component", "operator": "In"}
            spec = {
                "selector": {"matchExpressions": [{**parts, "values": ["controller-manager", "runner-scale-set-listener"]}]},
                "podMetricsEndpoints": [{"port": "metrics", "path": "/metrics", "interval": "30s"}],
            }
            objects.custom(f"{name}-monitor", place, objects.POD_MONITOR, spec, object_name=NAME, opts=place.after(controller))
        self.register_outputs({})

    @staticmethod
    def wants(config: GithubActions) -> Wants:
        """Nothing."""
        return Wants()

    @staticmethod
    def plan(site: Site) -> ActionsRunnersArgs:
        """The spec as constructor arguments; the right to pull from the stack's registry is granted here."""
        config: GithubActions = site.config
        metrics, registry = site.maybe(Metrics), site.maybe(ImageRegistry)
        site.ready += metrics.ready if metrics else ()
        pull: pulumi.Input[str] | None = None
        if registry is not None:
            pull = registry.grant(Consumer(NAME, namespace=site.namespace, opts=site.opts, ready=site.ready))
        return ActionsRunnersArgs(
            namespace=NAME,
            labels=site.naming.labels(NAME),
            url=config.url,
            secret=config.secret,
            prefix=config.prefix,
            runners={
                name: RunnerSetArgs(r.min, r.max, Compute.of(r.resources), r.gpus, r.image) for name, r in config.runners.items()
            },
            gpu_resource=gpus.resource(site.spec.cluster.gpu_sharing),
            gpu_product=gpus.only_product(site.spec.cluster),
            pull_secret=pull,
            group=config.group,
            monitored=metrics is not None,
            keep_crds=site.spec.operators.keep_crds,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
            values=config.values,
        )

    def contracts(self) -> Sequence[Any]:
        """None: runners work for GitHub."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What workflows write after `runs-on`."""
        return {f"runsOn.{name}": f"{self._args.prefix}-{name}" for name in self._args.runners}


def pulls_with(secret: pulumi.Input[str]) -> Any:
    """Resource transform: runners pull their image with this Secret, whose name may be known only during the run."""

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ != RUNNER_SET:
            return None
        spec: Any = args.props["spec"]
        template = spec["template"]
        pod = {**template["spec"], "imagePullSecrets": [{"name": secret}]}
        changed = {**spec, "template": {**template, "spec": pod}}
        return pulumi.ResourceTransformResult(props={**args.props, "spec": changed}, opts=args.opts)

    return transform
