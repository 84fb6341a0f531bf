"""Dashboards: Grafana on its own chart, with Prometheus as data source and our dashboards as code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components.contracts import Dashboards, Database, DatabaseAccess, Endpoint, Logs, LongTermMetrics, Metrics, Wants
from components.kubernetes import chart, dashboards, extend, objects
from components.kubernetes.place import Compute, Place
from components.spec.serving import Grafana as GrafanaSpec
from components.system import Site

CHART = chart.Pin("grafana", "12.11.1", "oci://ghcr.io/grafana-community/helm-charts/grafana", checked="2026-11-23")
PORT = 80
SIDECAR = Compute("10m", "96Mi", "200m")
ADMIN = "grafana-admin"
SOURCES = "grafana-datasources"


@dataclass
class GrafanaArgs:
    """Where Grafana reads from and keeps its own records."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    replicas: int
    compute: Compute
    """Of one Grafana; its dashboard sidecar has a small fixed share."""
    prometheus: pulumi.Input[str]
    """URL that Prometheus is queried at."""
    systems: list[str]
    """Systems whose dashboards are made."""
    domain: str
    """Users reach it at https://grafana.<domain>."""
    alertmanager: Optional[pulumi.Input[str]] = None
    """URL of the Alertmanager, where the stack has one."""
    long_term: Optional[pulumi.Input[str]] = None
    """URL that Thanos is queried at, where the stack has it."""
    logs: Optional[pulumi.Input[str]] = None
    """URL that Loki is queried at, where the stack has it."""
    tenants: Optional[list[str]] = None
    """Whose logs Loki keeps apart: the platform and its teams."""
    database: Optional[DatabaseAccess] = None
    """MySQL for users and saved state; SQLite on a volume if unset."""
    storage_class: Optional[str] = None
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    values: Optional[dict[str, Any]] = None
    """Merged last into the chart's values."""


def chart_values(args: GrafanaArgs) -> dict[str, Any]:
    """Values of the chart, plain: nothing of them is drawn at render."""
    shared = args.database is not None
    kept: dict[str, Any] = {"enabled": True, "type": "pvc", "accessModes": ["ReadWriteOnce"], "size": "5Gi"}
    if args.storage_class:
        kept["storageClassName"] = args.storage_class
    return {
        **({"global": {"imageRegistry": args.registry_mirror}} if args.registry_mirror else {}),
        "replicas": args.replicas,
        "resources": args.compute.spec(),
        "admin": {"existingSecret": ADMIN, "userKey": "username", "passwordKey": "password"},
        # Role in place of ClusterRole: the sidecar reads this namespace alone
        "rbac": {"namespaced": True, "pspEnabled": False},
        # a hook Pod of `helm test`
        "testFramework": {"enabled": False},
        # runs as root to hand the volume over; fsGroup does the same
        "initChownData": {"enabled": False},
        "persistence": {"enabled": False} if shared else kept,
        # SQLite's volume can be held by one pod only
        "deploymentStrategy": {"type": "RollingUpdate" if shared else "Recreate"},
        "podDisruptionBudget": {"maxUnavailable": 1} if args.replicas > 1 else {},
        "enableServiceLinks": False,
        "serviceMonitor": {"enabled": True},
        "extraConfigmapMounts": [
            {"name": "datasources", "configMap": SOURCES, "mountPath": "/etc/grafana/provisioning/datasources", "readOnly": True}
        ],
        "sidecar": {
            "resources": SIDECAR.spec(),
            "dashboards": {
                "enabled": True,
                "label": "grafana_dashboard",
                "labelValue": "1",
                # Secrets are none of its business
                "resource": "configmap",
                "folderAnnotation": "grafana_folder",
                "provider": {"foldersFromFilesStructure": True},
            },
        },
        "grafana.ini": {
            "analytics": {"reporting_enabled": False, "check_for_updates": False, "check_for_plugin_updates": False},
            "users": {"allow_sign_up": False},
            "security": {"disable_gravatar": True},
        },
    }


def _source(name: str, uid: str, kind: str, url: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "uid": uid, "type": kind, "access": "proxy", "url": url, **more}


def log_sources(url: str, tenants: Sequence[str]) -> list[dict[str, Any]]:
    """Loki's sources: everybody's logs in one, and each tenant's own; the tenant goes along as a header."""

    def of(name: str, uid: str, tenant: str) -> dict[str, Any]:
        header = {"jsonData": {"httpHeaderName1": "X-Scope-OrgID"}, "secureJsonData": {"httpHeaderValue1": tenant}}
        return _source(name, uid, "loki", url, **header)

    return [of("Loki", "loki", "|".join(tenants)), *(of(f"Loki {t}", f"loki-{t}", t) for t in tenants if len(tenants) > 1)]


def data_sources(
    prometheus: str, alertmanager: str | None, long_term: str | None = None, logs: str | None = None, tenants: Sequence[str] = ()
) -> dict[str, Any]:
    """Grafana's provisioning file."""
    sources = [_source("Prometheus", "prometheus", "prometheus", prometheus, isDefault=True)]
    if alertmanager:
        settings = {"implementation": "prometheus", "handleGrafanaManagedAlerts": False}
        sources.append(_source("Alertmanager", "alertmanager", "alertmanager", alertmanager, jsonData=settings))
    if long_term:
        sources.append(_source("Thanos", "thanos", "prometheus", long_term, jsonData={"prometheusType": "Thanos"}))
    if logs:
        sources += log_sources(logs, tenants)
    return {"apiVersion": 1, "datasources": [source | {"editable": False} for source in sources]}


def told(args: GrafanaArgs) -> extend.Extension:
    """What Grafana's container is told: its own address, and its database."""
    told = extend.Extension()
    told.value(GF_SERVER_ROOT_URL=f"https://grafana.{args.domain}")
    if access := args.database:
        told.value(
            GF_DATABASE_TYPE="mysql",
            GF_DATABASE_HOST=pulumi.Output.concat(access.host, ":", pulumi.Output.from_input(access.port).apply(str)),
            GF_DATABASE_NAME=access.database,
            GF_DATABASE_SSL_MODE="true",
            GF_DATABASE_SERVER_CERT_NAME=access.host,
            GF_DATABASE_CA_CERT_PATH=told.trust(access),
        )
        told.secret(access.secret, GF_DATABASE_USER="username", GF_DATABASE_PASSWORD="password")
    return told


class Grafana(pulumi.ComponentResource):
    """Grafana with a generated administrator's password, its data sources, and dashboards in folder MLOps.

    Sources are Prometheus, Alertmanager, and Thanos and Loki (one a tenant) where the stack has them.
    Users and saved state stand in MySQL where the stack has it, else in SQLite on a volume (one replica only). Dashboards are
    ConfigMaps of this namespace, those of kube-prometheus-stack among them. Source: chart grafana (grafana-community). Limits:
    its login is Grafana's own until the platform has single sign-on; Grafana itself is AGPL-3.0.
    """

    needs = (Metrics,)
    optional = (Database, LongTermMetrics, Logs)
    provides = (Dashboards,)
    tiers = ("all", "platform")
    namespace = "monitoring"
    essential_type = "helm.sh/v4:Chart"

    def __init__(self, name: str, args: GrafanaArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:Grafana", name, None, opts)
        if args.database is None and args.replicas > 1:
            raise pulumi.RunError(
                f"{name}: replicas is {args.replicas}; more than 1 needs a database (add mysql to the stack's systems, or "
                "bringYourOwn.database), since SQLite's volume can be held by one pod only"
            )
        place = Place("grafana", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        password = objects.password(f"{name}-admin-password", place.opts)
        admin = objects.secret(f"{name}-admin", place, {"username": "admin", "password": password.result}, object_name=ADMIN)
        file = pulumi.Output.json_dumps(
            pulumi.Output.all(args.prometheus, args.alertmanager, args.long_term, args.logs).apply(
                lambda urls: data_sources(urls[0], urls[1], urls[2], urls[3], args.tenants or ())
            ),
            indent=2,
        )
        # JSON is YAML
        sources = objects.config_map(f"{name}-datasources", place, {"mlops.yaml": file}, object_name=SOURCES)
        boards = [dashboards.config_map(f"{name}-dashboard-{board}", place, board) for board in dashboards.names(args.systems)]
        chart.render(
            f"{name}-chart",
            CHART,
            chart_values(args),
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            keep=False,
            opts=place.after(admin, sources, *boards, transforms=[extend.deployment("grafana", told(args))]),
        )
        self._namespace = args.namespace
        self._url = pulumi.Output.concat("http://grafana.", args.namespace, ".svc")
        self._admin = pulumi.Output.concat(args.namespace, "/", admin.metadata.name)
        self.register_outputs({})

    @staticmethod
    def wants(config: GrafanaSpec) -> Wants:
        """One database for users and saved state."""
        return Wants(databases=("grafana",))

    @staticmethod
    def plan(site: Site) -> GrafanaArgs:
        """The spec as constructor arguments."""
        config: GrafanaSpec = site.config
        metrics, long_term, logs = site.contract(Metrics), site.maybe(LongTermMetrics), site.maybe(Logs)
        site.ready += metrics.ready
        chosen = site.spec.systems.chosen()
        namespace = site.namespace or Grafana.namespace
        alertmanager = pulumi.Output.concat("http://kube-prometheus-stack-alertmanager.", namespace, ".svc:9093")
        return GrafanaArgs(
            namespace=namespace,
            labels=site.naming.labels("grafana"),
            replicas=config.replicas,
            compute=Compute.of(config.resources),
            prometheus=metrics.query_url,
            systems=[*site.spec.parts(), *chosen],
            domain=site.spec.domain,
            alertmanager=alertmanager if "prometheus" in chosen else None,
            long_term=long_term.url if long_term else None,
            logs=logs.url if logs else None,
            tenants=["platform", *sorted({*site.spec.teams, *filter(None, [site.spec.team])})],
            database=site.databases.get("grafana"),
            storage_class=site.spec.cluster.storage_class,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
            values=config.values,
        )

    def contracts(self) -> Sequence[Dashboards]:
        """Dashboards."""
        return [Dashboards(url=self._url)]

    def endpoints(self) -> Sequence[Endpoint]:
        """Grafana, which has users of its own."""
        return [Endpoint("grafana", self._namespace, "grafana", PORT, login=False)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address inside the cluster, and the Secret with the administrator's password."""
        return {"url": self._url, "adminSecret": self._admin}
