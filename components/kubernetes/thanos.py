"""Long-term metrics: Thanos on its own chart over the blocks that Prometheus' sidecar uploads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components.accesses import BucketAccess
from components.contracts import Certificates, Endpoint, LongTermMetrics, Metrics, ObjectStore, Wants
from components.kubernetes import chart, objects
from components.kubernetes import thanos_objstore as objstore
from components.kubernetes.place import Compute, Place
from components.kubernetes.thanos_rules import for_chart, rules
from components.spec.monitoring import Thanos as ThanosSpec
from components.system import Site

CHART = chart.Pin("thanos", "0.38.0", "oci://ghcr.io/thanos-community/helm-charts/thanos", checked="2026-11-23")
QUERY = "thanos-query"
PORT = 9090
SIDECARS = "kube-prometheus-stack-thanos-discovery"
"""Headless Service that kube-prometheus-stack makes over the sidecars."""
ALERTMANAGER = "kube-prometheus-stack-alertmanager"
USER = 1001
"""The image names no numeric user, so the kubelet could not tell that it is not root."""


@dataclass
class ThanosArgs:
    """The bucket, how long samples are kept at each resolution, and sizes."""

    namespace: pulumi.Input[str]
    """Prometheus' own: it shares the Secret with the sidecar."""
    labels: dict[str, str]
    bucket: BucketAccess
    credentials: str
    """Secret with the bucket's key, by the name that Prometheus' sidecar was told."""
    replicas: int
    """Of query, store gateway and ruler each; the compactor is always one."""
    retention: str
    """Samples as scraped."""
    retention_5m: str
    """Samples at five minutes."""
    retention_1h: str
    """Samples at one hour."""
    downsampling: bool
    storage: str
    """Volume of each store gateway and ruler in bytes."""
    compactor_storage: str
    """Volume of the compactor in bytes: it holds the blocks that it works on."""
    compute: Compute
    """Of each pod but the compactor."""
    compactor: Compute
    prometheus_namespace: str = "monitoring"
    ca_config_map: Optional[str] = None
    storage_class: Optional[str] = None
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    values: Optional[dict[str, Any]] = None
    """Merged last into the chart's values."""


def _pod() -> dict[str, Any]:
    """Pod security; the chart takes a part's own whole where it has one, and three of its parts have."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def chart_values(args: ThanosArgs) -> dict[str, Any]:
    """Values of the chart, plain: nothing of them is secret or drawn at render."""
    bucket = objstore.ObjstoreArgs(args.credentials, args.ca_config_map)
    where = f"{args.prometheus_namespace}.svc.cluster.local"
    resources = args.compute.spec()

    # query and its page have no business in the bucket
    store: dict[str, Any] = {
        "podSecurityContext": _pod(),
        "extraEnv": objstore.environment(bucket),
        "extraVolumes": objstore.volumes(bucket),
        "extraVolumeMounts": [{**mount, "readOnly": True} for mount in objstore.mounts(bucket)],
    }

    def kept(size: str) -> dict[str, Any]:
        return {"enabled": True, "size": size} | ({"storageClass": args.storage_class} if args.storage_class else {})

    return {
        "global": {
            **({"image": {"registry": args.registry_mirror}} if args.registry_mirror else {}),
            "objstore": {"createSecret": False, "secretName": objstore.SECRET, "secretKey": objstore.KEY},
            "podSecurityContext": _pod(),
            # nothing of it calls the API: the rule importer, which does, is off
            "serviceAccount": {"automountServiceAccountToken": False},
            "serviceMonitor": {"enabled": True, "interval": "30s", "scrapeTimeout": "10s"},
            "pdb": {"enabled": args.replicas > 1, "maxUnavailable": 1},
            "thanosRules": {"groups": {"thanosReceive": {"enabled": False}, "thanosSidecar": {"enabled": True}}},
        },
        # blocks come from the sidecar, not by remote write
        "receive": {"enabled": False},
        "query": {
            "replicaCount": args.replicas,
            "resources": resources,
            "endpoints": {"static": [f"dnssrv+_grpc._tcp.{SIDECARS}.{where}"]},
            "extraArgs": ["--log.level=info", "--query.auto-downsampling"],
        },
        "storegateway": {
            "replicaCount": args.replicas,
            "resources": resources,
            "persistence": kept(args.storage),
            **store,
        },
        "compactor": {
            "resources": args.compactor.spec(),
            "persistence": kept(args.compactor_storage),
            **store,
            "retention": {
                "resolutionRaw": args.retention,
                "resolution5m": args.retention_5m,
                "resolution1h": args.retention_1h,
            },
            "extraArgs": [
                "--log.level=info",
                # blocks of a store that lists late are not taken for broken ones
                "--consistency-delay=30m",
                *([] if args.downsampling else ["--downsampling.disable"]),
            ],
            # moves requests while it runs, which every preview would want back
            "vpa": {"enabled": False},
        },
        "ruler": {
            "enabled": True,
            "replicaCount": args.replicas,
            "resources": resources,
            "persistence": kept(args.storage),
            **store,
            # evaluates Prometheus' own rules a second time, with a kubectl image whose tag moves
            "autoImportPrometheusRules": {"enabled": False},
            "alertmanagers": {"config": alertmanagers(f"{ALERTMANAGER}.{where}:9093")},
            # the chart's schema asks for a file of this name: ours stands in place of its example, an alert that always fires
            "rules": {"example-alerts.yaml": for_chart(rules())},
        },
    }


def alertmanagers(address: str) -> str:
    """The ruler's file."""
    return f"alertmanagers:\n  - static_configs: [{address}]\n    scheme: http\n    api_version: v2\n"


class ThanosStore(pulumi.ComponentResource):
    """Query, store gateways, one compactor and rulers over one bucket; Prometheus' sidecars upload into it.

    Creates Secret `thanos-objstore` (address of the bucket, no key) beside Prometheus, whose sidecar is told the same names, and
    the chart with a monitor for each part and upstream's alerts. The compactor downsamples to five minutes (blocks older than 40
    hours) and one hour (older than 10 days) and deletes what is past its retention. The rulers evaluate what looks back further
    than Prometheus keeps (thanos_rules.py). Durations as Prometheus writes them (30d, 2y).

    Source: chart thanos (thanos-community), prometheus-operator's ThanosSpec. Limits: it reads the blocks of this stack's own
    Prometheus; gRPC between the parts is not encrypted and stays in their namespace; Prometheus' pods become ready once
    the bucket is there; versions of the chart below 1.0 may ask for StatefulSets to be made anew.
    """

    needs = (ObjectStore, Metrics)
    optional = (Certificates,)
    provides = (LongTermMetrics,)
    tiers = ("all", "platform")
    namespace = "monitoring"
    essential_type = "helm.sh/v4:Chart"

    def __init__(self, name: str, args: ThanosArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:ThanosStore", name, None, opts)
        self._namespace = args.namespace
        place = Place("thanos", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        given = objects.secret(
            f"{name}-objstore", place, {objstore.KEY: objstore.configuration(args.bucket)}, object_name=objstore.SECRET
        )
        chart.render(
            f"{name}-chart",
            CHART,
            chart_values(args),
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            keep=False,
            opts=place.after(given),
        )
        self._url = pulumi.Output.concat(f"http://{QUERY}.", args.namespace, f".svc:{PORT}")
        self.register_outputs({})

    @staticmethod
    def wants(config: ThanosSpec) -> Wants:
        """The bucket of the blocks."""
        return Wants(buckets=(objstore.BUCKET,))

    @staticmethod
    def plan(site: Site) -> ThanosArgs:
        """The spec as constructor arguments. Raises RunError where Prometheus was told other names than were granted."""
        config: ThanosSpec = site.config
        if site.spec.systems.prometheus is None:
            raise pulumi.RunError(
                "mlops:spec.systems.thanos: it stores what the sidecars of the stack's own prometheus upload; add prometheus: {}"
            )
        metrics, certificates = site.contract(Metrics), site.maybe(Certificates)
        site.ready += [*metrics.ready, *(certificates.ready if certificates else ())]
        told = objstore.names(site.spec, certificates.bundle if certificates else "")
        bucket = site.buckets[objstore.BUCKET]
        if told is None or bucket.secret != told.credentials:
            raise pulumi.RunError(
                f"mlops:spec.systems.thanos: the object store granted its key as {bucket.secret!r}, and Prometheus' sidecar was "
                f"told {told.credentials if told else None!r} (components/naming.py, bucket_secret)"
            )
        namespace = site.namespace or ThanosStore.namespace
        return ThanosArgs(
            namespace=namespace,
            labels=site.naming.labels("thanos"),
            bucket=bucket,
            credentials=told.credentials,
            replicas=config.replicas,
            retention=config.retention,
            retention_5m=config.retention5m,
            retention_1h=config.retention1h,
            downsampling=config.downsampling,
            storage=config.storage,
            compactor_storage=config.compactor_storage,
            compute=Compute.of(config.resources),
            compactor=Compute.of(config.compactor),
            ca_config_map=told.ca_config_map,
            storage_class=config.storage_class or site.spec.cluster.storage_class,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
            values=config.values,
        )

    def contracts(self) -> Sequence[LongTermMetrics]:
        """LongTermMetrics: PromQL over everything retained, and over what Prometheus has not uploaded yet."""
        return [LongTermMetrics(url=self._url)]

    def endpoints(self) -> Sequence[Endpoint]:
        """The query page, which has no login of its own."""
        return [Endpoint("thanos", self._namespace, QUERY, PORT)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address inside the cluster."""
        return {"url": self._url}
