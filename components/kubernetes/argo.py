"""Workflows: Argo Workflows, its artifacts in the stack's object store and its archive in the stack's database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components import contracts
from components.kubernetes import argo_access, argo_config, chart, extend, objects
from components.kubernetes.place import Compute, Place, image
from components.spec.base import duration_seconds
from components.spec.flows import Argo
from components.system import Site

CHART = chart.Pin("argo-workflows", "1.0.18", "oci://ghcr.io/argoproj/argo-helm/argo-workflows", checked="2026-11-23")
TAG = "v4.0.10"
"""Last patch of the chart's line 4.0 (git tag of argoproj/argo-workflows, 2026-08-21); digests unverified."""
CONFIG = "argo-config"
NAME = "argo"
PORT = 2746


@dataclass
class ArgoWorkflowsArgs:
    """What the controller and the server stand on; accesses are grants made ahead."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    database: contracts.DatabaseAccess
    artifacts: contracts.BucketAccess
    controllers: int
    servers: int
    controller_compute: Compute
    """Of one controller."""
    server_compute: Compute
    """Of one server."""
    archive_seconds: int
    """Finished workflows stay in the database for as long."""
    keep_seconds: int
    """Finished Workflow objects stay in the cluster for as long."""
    engine: str = "mysql"
    """Of the database: mysql or postgres."""
    parallelism: Optional[int] = None
    issuer: Optional[str] = None
    """ClusterIssuer that also signed the object store's certificate."""
    bundle: Optional[str] = None
    """ConfigMap with the CA bundle that trusts it."""
    monitored: bool = False
    """Makes a PodMonitor."""
    keep_crds: bool = True
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    values: Optional[dict[str, Any]] = None
    """Merged last into the chart's values."""


def images(mirror: str | None) -> dict[str, Any]:
    """Where the three images come from, and their tag."""
    named = {"controller": "workflow-controller", "executor": "argoexec", "server": "argocli"}
    found: dict[str, Any] = {"images": {"tag": TAG, "pullPolicy": "IfNotPresent"}}
    for part, repository in named.items():
        ref = image(f"quay.io/argoproj/{repository}", mirror)
        registry, _, path = ref.partition("/")
        found[part] = {"image": {"registry": registry, "repository": path}}
    return found


def chart_values(args: ArgoWorkflowsArgs) -> dict[str, Any]:
    """Values of the chart, plain: the configuration itself is a ConfigMap of ours."""
    confined = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    spread = [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}]
    own: dict[str, Any] = {
        "fullnameOverride": NAME,
        # Roles in place of ClusterRoles: the server's would read every Secret of the cluster
        "singleNamespace": True,
        "createAggregateRoles": False,
        # the full schemas are ten times as large, and come by a Job that downloads them
        "crds": {"install": True, "keep": args.keep_crds, "full": False},
        # the chart binds without a namespace here, which the API server refuses: ours
        "workflow": {"serviceAccount": {"create": False}, "rbac": {"create": False}},
        "controller": {
            "replicas": args.controllers,
            "configMap": {"create": False, "name": CONFIG},
            # for the names of the leases that it may hold
            "instanceID": {"enabled": True, "explicitID": argo_config.INSTANCE},
            # they are cluster-scoped: a namespaced controller serves none
            "clusterWorkflowTemplates": {"enabled": False},
            "metricsConfig": {"enabled": True, "port": argo_config.METRICS_PORT},
            "logging": {"format": "json"},
            "podSecurityContext": confined,
            "resources": args.controller_compute.spec(),
            "pdb": {"enabled": args.controllers > 1, **({"minAvailable": 1} if args.controllers > 1 else {})},
            "topologySpreadConstraints": spread,
        },
        "server": {
            "replicas": args.servers,
            # each user's own token and rights; never the server's
            "authModes": ["client"],
            "clusterWorkflowTemplates": {"enabled": False},
            "logging": {"format": "json"},
            "podSecurityContext": confined,
            "securityContext": {
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
            },
            "resources": args.server_compute.spec(),
            "livenessProbe": {"enabled": True},
            "pdb": {"enabled": args.servers > 1, **({"minAvailable": 1} if args.servers > 1 else {})},
            "topologySpreadConstraints": spread,
        },
    }
    return chart.merge(own, images(args.registry_mirror))


class ArgoWorkflows(pulumi.ComponentResource):
    """Argo Workflows for one namespace: a controller of its own instance, and the server with API and UI.

    Creates the chart (minimal CRDs, Roles, no ClusterRole), ConfigMap `argo-config` with the whole configuration, the Roles of
    the controller (its database's Secret), of workflow pods (ServiceAccount `argo-workflow`) and of clients (`argo-client`, its
    token in Secret `argo-client-token`), and a PodMonitor where the stack has metrics. Logs and artifacts go to the bucket,
    finished workflows to the database, both over TLS. Workflows run in this namespace, confined, and carry the label
    workflows.argoproj.io/controller-instanceid: mlops (the server and `argo --instanceid mlops` set it).

    Source: chart argo-workflows 1.0.18 of argo-helm; config/config.go of Argo Workflows 4.0.10. Limits: users log in with a token
    of the cluster (auth mode client); the server speaks plain HTTP inside the cluster, since it reads a certificate only at
    start; steps run as user 8737 unless they say another, and not as root; no ClusterWorkflowTemplates; an object store whose
    private CA is not the platform's needs that CA beside it in a Secret named as its ConfigMap, key ca.crt: Argo reads a CA from
    Secrets alone.
    """

    needs = (contracts.Database, contracts.ObjectStore)
    optional = (contracts.Metrics, contracts.Certificates)
    provides = (contracts.Workflows,)
    tiers = ("all", "platform")
    namespace = NAME
    essential_type = "helm.sh/v4:Chart"

    def __init__(self, name: str, args: ArgoWorkflowsArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:ArgoWorkflows", name, None, opts)
        self._name, self._args = name, args
        self._place = Place(NAME, args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        config, waits = self._configure()
        told = {"controller": extend.Extension(), "argo-server": extend.Extension()}
        for extension in told.values():
            # Go adds the certificates of this directory to the image's own bundle
            if args.database.ca_config_map is not None:
                extension.trust(args.database)
                extension.value(SSL_CERT_DIR=extend.CA_PATH)
            # read at start only
            extension.notes = {"mlops.dev/config": config}
        self._chart = chart.render(
            f"{name}-chart",
            CHART,
            chart_values(args),
            release=NAME,
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            keep=args.keep_crds,
            opts=self._place.after(*waits, transforms=[extend.deployment(part, extension) for part, extension in told.items()]),
        )
        argo_access.client(name, self._place)
        if args.monitored:
            self._monitor()
        self._url = pulumi.Output.concat(f"http://{NAME}-server.", args.namespace, f".svc:{PORT}")
        self.register_outputs({})

    def _configure(self) -> tuple[pulumi.Output[str], list[pulumi.Resource]]:
        """The configuration (its digest, which restarts the pods) and what must stand before they read it."""
        args, place, name = self._args, self._place, self._name
        ca, waits = argo_access.trust(name, place, args.artifacts, args.issuer, args.bundle)
        document = argo_config.document(
            args.engine,
            args.database,
            args.artifacts,
            ca_secret=ca,
            archive_seconds=args.archive_seconds,
            keep_seconds=args.keep_seconds,
            parallelism=args.parallelism,
        )
        text = pulumi.Output.json_dumps(document, sort_keys=True)
        waits.append(objects.config_map(f"{name}-config", place, {"config": text}, object_name=CONFIG))
        waits += [argo_access.database(name, place, args.database), argo_access.executor(name, place)]
        return objects.digest(text), waits

    def _monitor(self) -> None:
        """Every controller pod: one that stands by reports nothing."""
        pods = {"app.kubernetes.io/name": "argo-workflows-workflow-controller"}
        opts = self._place.after(self._chart)
        objects.pod_monitor(f"{self._name}-monitor", self._place, pods, object_name=NAME, opts=opts)

    @staticmethod
    def wants(config: Argo) -> contracts.Wants:
        """A database for the archive, a bucket for artifacts and logs."""
        return contracts.Wants(databases=("argo",), buckets=("workflows",))

    @staticmethod
    def plan(site: Site) -> ArgoWorkflowsArgs:
        """The spec as constructor arguments."""
        config: Argo = site.config
        certificates, metrics = site.maybe(contracts.Certificates), site.maybe(contracts.Metrics)
        site.ready += [*(certificates.ready if certificates else ()), *(metrics.ready if metrics else ())]
        return ArgoWorkflowsArgs(
            namespace=site.namespace or ArgoWorkflows.namespace,
            labels=site.naming.labels(NAME),
            database=site.databases["argo"],
            artifacts=site.buckets["workflows"],
            controllers=config.controllers,
            servers=config.replicas,
            controller_compute=Compute.of(config.resources),
            server_compute=Compute.of(config.server_resources),
            archive_seconds=duration_seconds(config.archive_for),
            keep_seconds=duration_seconds(config.keep_finished_for),
            engine=site.contract(contracts.Database).engine,
            parallelism=config.parallelism,
            issuer=certificates.issuer if certificates else None,
            bundle=certificates.bundle if certificates else None,
            monitored=metrics is not None,
            keep_crds=site.spec.operators.keep_crds,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
            values=config.values,
        )

    def endpoints(self) -> Sequence[contracts.Endpoint]:
        """The UI and API, which ask for a token of their own."""
        return [contracts.Endpoint("argo", self._args.namespace, f"{NAME}-server", PORT, login=False)]

    def contracts(self) -> Sequence[Any]:
        """Workflows."""
        return [contracts.Workflows(self._url, "argo", ready=[self._chart])]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address, instance, and where the client's token stands."""
        token = pulumi.Output.concat(self._args.namespace, f"/{argo_access.CLIENT}-token")
        return {"url": self._url, "instanceId": argo_config.INSTANCE, "clientTokenSecret": token}
