"""Metrics: kube-prometheus-stack with its operator, Prometheus, Alertmanager and exporters, and our alert rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components.contracts import Certificates, Endpoint, Metrics, Wants
from components.kubernetes import alert_routes, alerts, chart, crds, objects
from components.kubernetes import thanos_objstore as objstore
from components.kubernetes.namespace import admit
from components.kubernetes.place import NODE_AGENTS, Compute, Place
from components.spec.alerting import Alerting
from components.spec.base import quantity_value
from components.spec.serving import Prometheus
from components.system import Site

CHART = chart.Pin(
    "kube-prometheus-stack", "88.5.3", "oci://ghcr.io/prometheus-community/charts/kube-prometheus-stack", checked="2026-11-23"
)
SERVICE = "kube-prometheus-stack-prometheus"
PORT = 9090
ALERTMANAGER = "kube-prometheus-stack-alertmanager"
ALERTMANAGER_PORT = 9093
PROMETHEUS_RULE = ("monitoring.coreos.com/v1", "PrometheusRule")

CERT_MANAGER = {"app.kubernetes.io/name": "cert-manager", "app.kubernetes.io/component": "controller"}
"""Labels of its controllers (chart cert-manager, templates/deployment.yaml)."""
HIDDEN = ("kubeControllerManager", "kubeScheduler", "kubeEtcd", "kubeProxy")
"""Parts of the control plane that a managed cluster does not let be scraped: their targets would be down for ever."""

RELOADER = Compute("10m", "64Mi", "100m")
OPERATOR = Compute("50m", "128Mi", "500m")
ALERTS = Compute("25m", "128Mi", "250m")
KUBE_STATE = Compute("25m", "128Mi", "250m")
NODE = Compute("25m", "64Mi", "250m")


@dataclass
class PrometheusStackArgs:
    """Sizes, and what the cluster has already."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    """Of the objects that are our own."""
    issuer: str
    """ClusterIssuer of the webhook's certificate."""
    replicas: int
    retention: str
    """How long samples are kept (15d)."""
    storage: str
    """Volume of each Prometheus in bytes."""
    alertmanagers: int
    compute: Compute
    """Of one Prometheus."""
    systems: list[str]
    """Systems whose alert rules are made."""
    sidecar: Optional[objstore.ObjstoreArgs] = None
    """Names by which Thanos' sidecar reaches its bucket, where the stack has Thanos."""
    alerting: Optional[dict[str, Any]] = None
    """Receivers and routes as in components.spec.alerting; nobody is told of an alert if unset."""
    storage_class: Optional[str] = None
    operator: bool = True
    """False: the cluster has the operator and its CRDs."""
    scaler: bool = False
    """The cluster's KEDA, in its namespace, may ask the servers."""
    keep_crds: bool = True
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    values: Optional[dict[str, Any]] = None
    """Merged last into the chart's values."""


def _claim(storage: str, storage_class: str | None) -> dict[str, Any]:
    spec: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}}
    return {"volumeClaimTemplate": {"spec": spec | ({"storageClassName": storage_class} if storage_class else {})}}


def chart_values(args: PrometheusStackArgs) -> dict[str, Any]:
    """Values of the chart, plain: nothing of them is drawn at render."""
    any_label = {
        f"{kind}SelectorNilUsesHelmValues": False for kind in ("rule", "serviceMonitor", "podMonitor", "probe", "scrapeConfig")
    }
    own: dict[str, Any] = {
        **({"global": {"imageRegistry": args.registry_mirror}} if args.registry_mirror else {}),
        # the upgrade Job is a hook and pulls a tag that moves; a new pin upgrades the CRDs through this very Chart
        "crds": {"enabled": args.operator, "upgradeJob": {"enabled": False}},
        # Grafana is a system of its own: only the dashboards of this chart, under the label that its sidecar reads
        "grafana": {"enabled": False, "forceDeployDashboards": True},
        "nodeExporter": {"operatingSystems": {"aix": {"enabled": False}, "darwin": {"enabled": False}}},
        **{part: {"enabled": False} for part in HIDDEN},
        "prometheusOperator": {
            "enabled": args.operator,
            "resources": OPERATOR.spec(),
            "prometheusConfigReloader": {"resources": RELOADER.spec()},
            # cert-manager in place of the patch Jobs, which are hooks: a malformed rule is refused when it is written
            "admissionWebhooks": {
                "enabled": args.operator,
                "patch": {"enabled": False},
                "certManager": {
                    "enabled": args.operator,
                    "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": args.issuer},
                },
            },
        },
        "prometheus": {
            "podDisruptionBudget": {"enabled": args.replicas > 1},
            "prometheusSpec": {
                **any_label,
                "replicas": args.replicas,
                "retention": args.retention,
                # the write-ahead log and compaction need room beside the blocks
                "retentionSize": f"{int(quantity_value(args.storage) * 0.85 / 2**20)}MB",
                "storageSpec": _claim(args.storage, args.storage_class),
                "resources": args.compute.spec(),
            },
        },
        "alertmanager": {
            "podDisruptionBudget": {"enabled": args.alertmanagers > 1},
            "alertmanagerSpec": {
                "replicas": args.alertmanagers,
                "storage": _claim("2Gi", args.storage_class),
                "resources": ALERTS.spec(),
            },
        },
        "kube-state-metrics": {"resources": KUBE_STATE.spec()},
        "prometheus-node-exporter": {"resources": NODE.spec(), "priorityClassName": NODE_AGENTS},
    }
    told = (
        chart.merge(own, {"alertmanager": alert_routes.values(Alerting.model_validate(args.alerting))}) if args.alerting else own
    )
    return chart.merge(told, objstore.sidecar_values(args.sidecar)) if args.sidecar else told


class PrometheusStack(pulumi.ComponentResource):
    """The prometheus-operator and its CRDs, Prometheus and Alertmanager on volumes, kube-state-metrics and node-exporter.

    Every ServiceMonitor, PodMonitor and PrometheusRule of the cluster counts, whatever its labels. Alert rules of our own stand
    beside the chart's, one PrometheusRule a system; a PodMonitor reads cert-manager's controllers, wherever they stand. With
    Thanos in the stack each Prometheus has its sidecar, told of the bucket by names alone (thanos_objstore.py). Source: chart
    kube-prometheus-stack. Limits: node-exporter reads the node (host network, PID and paths), so the namespace enforces Pod
    Security `privileged`; Prometheus and Alertmanager have no login of their own and are reached only inside the cluster; the
    operator makes the Service kube-system/kube-prometheus-stack-kubelet at run time, which no destroy removes.
    """

    needs = (Certificates,)
    optional = ()
    provides = (Metrics,)
    tiers = ("all", "platform")
    namespace = "monitoring"
    webhooks = (10250,)
    security = "privileged"
    stateful = True
    essential_type = "helm.sh/v4:Chart"

    def __init__(self, name: str, args: PrometheusStackArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:PrometheusStack", name, None, opts)
        place = Place("prometheus", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        theirs = () if args.operator else (crds.existing(f"{name}-operator", "prometheus_operator", place.opts),)
        self._stack = chart.render(
            f"{name}-stack",
            CHART,
            chart_values(args),
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            keep=args.keep_crds,
            skip_crds=not args.operator,
            opts=place.after(*theirs),
        )
        if args.scaler:
            admit(f"{name}-network-keda", place, "keda", {"app.kubernetes.io/name": "prometheus"}, PORT, "mlops-keda")
        for system in alerts.known(args.systems):
            objects.custom(
                f"{name}-rules-{system}",
                place,
                PROMETHEUS_RULE,
                {"groups": alerts.groups(system)},
                object_name=f"mlops-{system}",
                opts=place.after(self._stack),
            )
        # the foundation stands before there are monitors, so that of its operator is made here
        objects.pod_monitor(
            f"{name}-monitor-certificates",
            place,
            CERT_MANAGER,
            port="http-metrics",
            everywhere=True,
            object_name="cert-manager",
            opts=place.after(self._stack),
        )
        self._namespace = args.namespace
        self._url = pulumi.Output.concat(f"http://{SERVICE}.", args.namespace, f".svc:{PORT}")
        self.register_outputs({})

    @staticmethod
    def internet(config: Prometheus) -> bool:
        """Whether Alertmanager has anybody to tell."""
        return bool(config.alerting.receivers)

    @staticmethod
    def wants(config: Prometheus) -> Wants:
        """Nothing."""
        return Wants()

    @staticmethod
    def plan(site: Site) -> PrometheusStackArgs:
        """The spec as constructor arguments."""
        config: Prometheus = site.config
        certificates = site.contract(Certificates)
        site.ready += certificates.ready
        return PrometheusStackArgs(
            namespace=site.namespace or PrometheusStack.namespace,
            labels=site.naming.labels("prometheus"),
            issuer=certificates.issuer,
            replicas=config.replicas,
            retention=config.retention,
            storage=config.storage,
            alertmanagers=config.alertmanagers,
            compute=Compute.of(config.resources),
            systems=["platform", *site.spec.systems.chosen()],
            sidecar=objstore.names(site.spec, certificates.bundle),
            storage_class=config.storage_class or site.spec.cluster.storage_class,
            operator=site.spec.operators.prometheus_operator == "managed",
            scaler=site.spec.operators.keda == "existing",
            keep_crds=site.spec.operators.keep_crds,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
            alerting=config.alerting.model_dump(),
            values=config.values,
        )

    def contracts(self) -> Sequence[Metrics]:
        """Metrics; monitors and rules of others wait for the operator, its CRDs and its webhook."""
        return [Metrics(query_url=self._url, ready=[self._stack])]

    def endpoints(self) -> Sequence[Endpoint]:
        """Prometheus and Alertmanager: neither knows users."""
        return [
            Endpoint("prometheus", self._namespace, SERVICE, PORT),
            Endpoint("alertmanager", self._namespace, ALERTMANAGER, ALERTMANAGER_PORT),
        ]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address inside the cluster."""
        return {"url": self._url}
