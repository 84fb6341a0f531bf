"""Hyperparameter search: Katib as workloads of our own, its observations in the stack's database."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi
from pulumi_kubernetes import admissionregistration, core, meta, rbac

from components import contracts
from components.kubernetes import chart, extend, manifests, objects, workload
from components.kubernetes import katib_config as config
from components.kubernetes.place import Compute, Place, content_hash, image
from components.spec.flows import Katib
from components.system import Site

DEFINITIONS = {
    kind: manifests.Source(
        "kubeflow/katib",
        "578e60f1ce83dbb5e7151026a3bdc4de233947fc",
        f"manifests/v1beta1/components/crd/{kind}.yaml",
        checked="2026-11-23",
    )
    for kind in ("experiment", "suggestion", "trial")
}
NAME = "katib"
CERTIFICATE = "katib-webhook-cert"
UI, MANAGER = 8080, 6789


@dataclass
class KatibSearchArgs:
    """What Katib stands on; the access is a grant made ahead."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    database: contracts.DatabaseAccess
    issuer: str
    """ClusterIssuer of the webhooks' certificate."""
    compute: Compute
    """Of the controller, the database manager and the UI, each."""
    search_compute: Compute
    """Of each experiment's search algorithm."""
    namespaces: list[str]
    """Where pods of trials are given a metrics collector, beside Katib's own namespace."""
    engine: str = "mysql"
    """Of the database: mysql or postgres."""
    monitored: bool = False
    keep_crds: bool = True
    registry_mirror: Optional[str] = None
    manifest_mirror: Optional[str] = None
    """Where upstream's custom resource definitions lie."""
    values: Optional[dict[str, Any]] = None
    """Merged last into katib-config.yaml."""


class KatibSearch(pulumi.ComponentResource):
    """Katib 0.19: controller with webhooks, database manager, UI, metrics collectors and search algorithms.

    Creates a Deployment each, ClusterRoles without Secrets, webhooks whose CA cert-manager injects, ConfigMap `katib-config`,
    ConfigMap `katib-example` with an Experiment to begin with (key experiment), the trial template that the UI offers, and a
    ServiceMonitor where the stack has metrics. Definitions come from the stack's manifestMirror.

    Source: manifests/v1beta1 and pkg of kubeflow/katib 0.19.0 (slow upstream). Limits: the UI has no login (the gateway's stands
    in front) and shows every namespace; it does not write trial templates; no neural architecture search, no population-based
    training; TLS to MySQL rides on the database's name, see katib_config; early stopping's container has no security context.
    """

    needs = (contracts.Database, contracts.Certificates)
    optional = (contracts.Metrics,)
    provides = (contracts.Tuning,)
    tiers = ("all", "platform")
    namespace = NAME
    security = "baseline"
    webhooks = (config.WEBHOOK,)
    essential_type = "apps/v1:Deployment"

    def __init__(self, name: str, args: KatibSearchArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:KatibSearch", name, None, opts)
        self._name, self._args = name, args
        self._place = Place(NAME, args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        mine = self._place.opts
        kept = (
            pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(transforms=[chart.keep_crds])) if args.keep_crds else mine
        )
        crds = [
            manifests.render(f"{name}-definition-{kind}", source, mirror=args.manifest_mirror, opts=kept)
            for kind, source in DEFINITIONS.items()
        ]
        manager = self._manager()
        controller = self._controller([*crds, manager])
        self._webhooks(controller)
        self._interface([*crds, manager])
        self._examples()
        if args.monitored:
            objects.service_monitor(f"{name}-monitor", self._place, "controller", port="metrics", object_name=NAME)
        self._url = pulumi.Output.concat("http://katib-ui.", args.namespace, f".svc:{UI}/katib/")
        self.register_outputs({})

    def _pull(self, part: str) -> str:
        return image(f"ghcr.io/kubeflow/katib/{part}:{config.VERSION}", self._args.registry_mirror)

    def _rights(self, part: str) -> rbac.v1.ClusterRoleBinding:
        """A ServiceAccount and what it may do in every namespace: experiments run in any."""
        place, name = self._place, f"{self._name}-{part}"
        account = objects.service_account(f"{name}-account", place, object_name=part)
        head = meta.v1.ObjectMetaArgs(name=part, labels=dict(place.labels))
        rules = [rbac.v1.PolicyRuleArgs(api_groups=[g], resources=list(r), verbs=list(v)) for g, r, v in config.RULES[part]]
        role = rbac.v1.ClusterRole(f"{name}-role", metadata=head, rules=rules, opts=place.opts)
        return rbac.v1.ClusterRoleBinding(
            f"{name}-binding",
            metadata=head,
            role_ref=rbac.v1.RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=part),
            subjects=[rbac.v1.SubjectArgs(kind="ServiceAccount", name=part, namespace=self._args.namespace)],
            opts=place.after(account, role),
        )

    def _manager(self) -> pulumi.Resource:
        """The database manager, which collectors report to."""
        args, place, name = self._args, self._place, f"{self._name}-db-manager"
        access = args.database
        secrets: dict[str, tuple[pulumi.Input[str], str]] = {}
        if access.secret is not None:
            secrets = {"DB_USER": (access.secret, "username"), "DB_PASSWORD": (access.secret, "password")}
        trusted = access.ca_config_map
        probe = core.v1.ProbeArgs(grpc=core.v1.GRPCActionArgs(port=MANAGER), period_seconds=15, timeout_seconds=5)
        container = workload.container(
            "katib-db-manager",
            self._pull("katib-db-manager"),
            args.compute,
            command=["./katib-db-manager"],
            env=config.database(args.engine, access),
            secrets=secrets,
            ports={"api": MANAGER},
            mounts={extend.CA_PATH: "database-ca"} if trusted is not None else {},
            ready=probe,
            live=probe,
        )
        volumes = [workload.config_volume("database-ca", trusted)] if trusted is not None else []
        objects.service(f"{name}-service", place, "db-manager", {"api": MANAGER}, object_name="katib-db-manager")
        template = workload.pod(place, "db-manager", [container], volumes=volumes)
        return workload.deployment(name, place, "db-manager", template, object_name="katib-db-manager")

    def _controller(self, waits: Sequence[pulumi.Resource]) -> pulumi.Resource:
        """The controller, its configuration, its certificate and its rights."""
        args, place, name = self._args, self._place, f"{self._name}-controller"
        document = chart.merge(config.configuration(args.search_compute, args.registry_mirror), args.values or {})
        text = json.dumps(document, sort_keys=True)
        settings = objects.config_map(f"{name}-config", place, {"katib-config.yaml": text}, object_name="katib-config")
        host = pulumi.Output.concat(f"{config.CONTROLLER}.", args.namespace, ".svc")
        certificate = objects.certificate(
            f"{self._name}-certificate",
            place,
            issuer=args.issuer,
            names=[host, pulumi.Output.concat(host, ".cluster.local")],
            secret_name=CERTIFICATE,
            object_name=CERTIFICATE,
        )
        container = workload.container(
            "katib-controller",
            self._pull("katib-controller"),
            args.compute,
            command=["./katib-controller"],
            args=["--katib-config=/etc/katib/katib-config.yaml"],
            env={"KATIB_CORE_NAMESPACE": args.namespace},
            ports={"webhook": config.WEBHOOK, "metrics": 8080, "healthz": 18080},
            mounts={"/tmp/cert": "certificate", "/etc/katib": "settings"},
            ready=workload.http("/readyz", "healthz"),
            live=workload.http("/healthz", "healthz"),
        )
        volumes = [
            workload.secret_volume("certificate", CERTIFICATE),
            workload.config_volume("settings", settings.metadata.name),
        ]
        found = place.meta(config.CONTROLLER, "controller")
        found.labels = {**place.labels, **place.selector("controller"), **objects.SCRAPED}
        ports = (("webhook", 443), ("metrics", 8080), ("healthz", 18080))
        core.v1.Service(
            f"{name}-service",
            metadata=found,
            spec=core.v1.ServiceSpecArgs(
                type="ClusterIP",
                selector=place.selector("controller"),
                ports=[core.v1.ServicePortArgs(name=key, port=port, target_port=key) for key, port in ports],
            ),
            opts=place.opts,
        )
        notes = {"mlops.dev/config": content_hash(text)}
        template = workload.pod(
            place, "controller", [container], account=config.CONTROLLER, token=True, volumes=volumes, notes=notes
        )
        opts = place.after(*waits, settings, certificate, self._rights(config.CONTROLLER))
        return workload.deployment(name, place, "controller", template, object_name=config.CONTROLLER, opts=opts)

    def _webhooks(self, controller: pulumi.Resource) -> None:
        """Defaults and checks of experiments; the collector's way into pods of trials, in the namespaces where they run."""
        args, place = self._args, self._place
        head = meta.v1.ObjectMetaArgs(
            name="katib.kubeflow.org",
            labels=dict(place.labels),
            annotations={"cert-manager.io/inject-ca-from": pulumi.Output.concat(args.namespace, f"/{CERTIFICATE}")},
        )
        of = ("kubeflow.org", "v1beta1", "experiments", ("CREATE", "UPDATE"))
        check: Any = config.webhook("validator.experiment", args.namespace, "/validate-experiment", *of)
        default: Any = config.webhook("defaulter.experiment", args.namespace, "/mutate-experiment", *of)
        collect: Any = config.webhook("mutator.pod", args.namespace, "/mutate-pod", "", "v1", "pods", ("CREATE",))
        places = [args.namespace, *args.namespaces]
        collect["namespace_selector"] = {
            "match_expressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": places}]
        }
        # pods of others in these namespaces must start although Katib is down; a trial then reports no metrics
        collect["failure_policy"] = "Ignore"
        # without this Katib's own pods would wait for Katib
        collect["object_selector"] = {
            "match_expressions": [
                {"key": key, "operator": "NotIn", "values": [value]} for key, value in config.SERVICE_LABEL.items()
            ]
        }
        hooks = admissionregistration.v1
        opts = place.after(controller)
        hooks.ValidatingWebhookConfiguration(f"{self._name}-validating", metadata=head, webhooks=[check], opts=opts)
        hooks.MutatingWebhookConfiguration(f"{self._name}-mutating", metadata=head, webhooks=[default, collect], opts=opts)

    def _interface(self, waits: Sequence[pulumi.Resource]) -> None:
        """The UI; it asks for no login."""
        args, place, name = self._args, self._place, f"{self._name}-ui"
        container = workload.container(
            "katib-ui",
            self._pull("katib-ui"),
            args.compute,
            command=["./katib-ui"],
            args=[f"--port={UI}"],
            env={"KATIB_CORE_NAMESPACE": args.namespace},
            ports={"http": UI},
            ready=workload.http("/katib/", "http"),
            live=workload.http("/katib/", "http"),
        )
        objects.service(f"{name}-service", place, "ui", {"http": UI}, object_name="katib-ui")
        template = workload.pod(place, "ui", [container], account="katib-ui", token=True)
        opts = place.after(*waits, self._rights("katib-ui"))
        workload.deployment(name, place, "ui", template, object_name="katib-ui", opts=opts)

    def _examples(self) -> None:
        """A template of trials for the UI, and an experiment to begin with."""
        place, name = self._place, self._name
        core.v1.ConfigMap(
            f"{name}-templates",
            metadata=meta.v1.ObjectMetaArgs(
                name="trial-templates",
                namespace=place.namespace,
                labels={**place.labels, "katib.kubeflow.org/component": "trial-templates"},
            ),
            data={"job": json.dumps(config.trial(self._args.registry_mirror), indent=2)},
            opts=place.opts,
        )
        mirror = self._args.registry_mirror
        written = pulumi.Output.from_input(self._args.namespace).apply(
            lambda found: json.dumps(config.experiment(found, mirror), indent=2)
        )
        objects.config_map(f"{name}-example", place, {"experiment": written}, object_name="katib-example")

    @staticmethod
    def wants(config: Katib) -> contracts.Wants:
        """A database for observations."""
        return contracts.Wants(databases=("katib",))

    @staticmethod
    def plan(site: Site) -> KatibSearchArgs:
        """The spec as constructor arguments."""
        wanted: Katib = site.config
        certificates, metrics = site.contract(contracts.Certificates), site.maybe(contracts.Metrics)
        site.ready += [*certificates.ready, *(metrics.ready if metrics else ())]
        return KatibSearchArgs(
            namespace=site.namespace or KatibSearch.namespace,
            labels=site.naming.labels(NAME),
            database=site.databases["katib"],
            issuer=certificates.issuer,
            compute=Compute.of(wanted.resources),
            search_compute=Compute.of(wanted.search_resources),
            namespaces=list(wanted.namespaces),
            engine=site.contract(contracts.Database).engine,
            monitored=metrics is not None,
            keep_crds=site.spec.operators.keep_crds,
            registry_mirror=site.spec.registry_mirror,
            manifest_mirror=site.spec.manifest_mirror,
            values=wanted.values,
        )

    def endpoints(self) -> Sequence[contracts.Endpoint]:
        """The UI at /katib/, behind the gateway's login."""
        return [contracts.Endpoint(NAME, self._args.namespace, "katib-ui", UI)]

    def contracts(self) -> Sequence[Any]:
        """Tuning."""
        return [contracts.Tuning(self._url)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address of the UI, and where the example stands."""
        return {"url": self._url, "example": pulumi.Output.concat(self._args.namespace, "/katib-example")}
