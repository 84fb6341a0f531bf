"""Logs: Loki on its own chart over the object store, a collector on every node, teams kept apart as tenants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components.accesses import BucketAccess
from components.contracts import Certificates, Endpoint, Logs, Metrics, ObjectStore, Wants
from components.kubernetes import chart, extend, loki_collector
from components.kubernetes.place import Compute, Place
from components.spec.monitoring import Loki as LokiSpec
from components.system import Site

CHART = chart.Pin("loki", "18.11.0", "https://grafana-community.github.io/helm-charts", checked="2026-11-23")
NAME = "loki"
PORT = 3100
BUCKET = "loki"
CA_PATH = "/etc/mlops/objstore"
SCHEMA_FROM = "2024-04-01"
"""First day of the index's schema: before any log of ours, and never changed, for older days are read by it."""


@dataclass
class LokiArgs:
    """The bucket, how long logs are kept, and sizes."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    bucket: BucketAccess
    replicas: int
    retention: str
    """How long logs are kept (30d)."""
    storage: str
    """Volume of each pod in bytes."""
    compute: Compute
    """Of each Loki."""
    collector: Compute
    """Of the collector on each node."""
    team_retention: Optional[dict[str, str]] = None
    """By tenant, where it differs."""
    storage_class: Optional[str] = None
    monitored: bool = False
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    values: Optional[dict[str, Any]] = None
    """Merged last into the values of Loki's chart."""


def chart_values(args: LokiArgs) -> dict[str, Any]:
    """Values of the chart, plain: ${NAME} is put in by Loki itself, from its variables (`told`)."""
    apart = {team: {"retention_period": kept} for team, kept in sorted((args.team_retention or {}).items())}
    schema = {
        "from": SCHEMA_FROM,
        "store": "tsdb",
        "object_store": "s3",
        "schema": "v13",
        "index": {"prefix": "index_", "period": "24h"},
    }
    return {
        "fullnameOverride": NAME,
        **({"global": {"imageRegistry": args.registry_mirror}} if args.registry_mirror else {}),
        "deploymentMode": "Monolithic",
        "loki": {
            "auth_enabled": True,
            "commonConfig": {"replication_factor": 3 if args.replicas > 1 else 1},
            "storage": {
                "type": "s3",
                "bucketNames": {"chunks": "${S3_BUCKET}"},
                "s3": {
                    "endpoint": "${S3_ENDPOINT}",
                    "region": "${S3_REGION}",
                    "s3ForcePathStyle": True,
                    "http_config": {"ca_file": "${S3_CA}"},
                },
            },
            "schemaConfig": {"configs": [schema]},
            "compactor": {"retention_enabled": True, "delete_request_store": "s3"},
            "limits_config": {"retention_period": args.retention},
            "runtimeConfig": {"overrides": apart} if apart else {},
            # everybody's logs in one query, for the platform's own people: tenants joined by |
            "querier": {"multi_tenant_queries_enabled": True},
            "analytics": {"reporting_enabled": False},
        },
        "singleBinary": {
            "replicas": args.replicas,
            "resources": args.compute.spec(),
            # reads Secrets of the cluster for alert rules on logs
            "sidecar": False,
            "persistence": {"size": args.storage} | ({"storageClass": args.storage_class} if args.storage_class else {}),
            "podDisruptionBudget": {"enabled": args.replicas > 1},
        },
        # of the other two ways to run it
        **{part: {"replicas": 0} for part in ("write", "read", "backend")},
        "ruler": {"enabled": False},
        # its nginx would only pass on; the platform's own gateway is the way in
        "gateway": {"enabled": False},
        # nine gigabytes of memcached by default
        "chunksCache": {"enabled": False},
        "resultsCache": {"enabled": False},
        "lokiCanary": {"enabled": False},
        "test": {"enabled": False},
        "defaults": {"enableServiceLinks": False, "automountServiceAccountToken": False},
        "serviceAccount": {"automountServiceAccountToken": False},
        "rbac": {"namespaced": True},
        "sidecar": {"rules": {"enabled": False}},
        "monitoring": {
            "serviceMonitor": {"enabled": args.monitored, "interval": "30s"},
            "rules": {"enabled": args.monitored},
            "alerts": {"enabled": args.monitored},
        },
    }


def told(access: BucketAccess) -> extend.Extension:
    """What Loki's container is told of its bucket; with no key in its configuration it reads AWS' own variables."""
    told = extend.Extension()
    region = pulumi.Output.from_input(access.region)
    endpoint = access.endpoint if access.endpoint is not None else pulumi.Output.concat("https://s3.", region, ".amazonaws.com")
    told.value(S3_BUCKET=access.bucket, S3_REGION=region, S3_ENDPOINT=endpoint)
    told.value(S3_CA=f"{CA_PATH}/ca.crt" if access.ca_config_map is not None else "")
    if access.ca_config_map is not None:
        told.mounts.append({"name": "objstore-ca", "mountPath": CA_PATH, "readOnly": True})
        told.volumes.append({"name": "objstore-ca", "configMap": {"name": access.ca_config_map}})
    if access.secret is not None:
        told.secret(access.secret, AWS_ACCESS_KEY_ID="AWS_ACCESS_KEY_ID", AWS_SECRET_ACCESS_KEY="AWS_SECRET_ACCESS_KEY")
    return told


class LokiStore(pulumi.ComponentResource):
    """Loki as one process (1 pod, or 3 and more with each line in three), and Alloy on every node, GPU nodes too.

    Every container's lines go to the tenant of its namespace's team (label mlops.dev/team; `platform` where there is none), with
    the labels namespace, pod, container, app, component, team, and job, raycluster or inferenceservice where it is of one:
    {inferenceservice="fraud"} is what that model's servers said. Retention counts in days (30d), of a team by `teamRetention`.

    Source: charts loki (grafana-community) and alloy (grafana). Limits: a tenant is a header that callers name themselves, kept
    from outsiders by NetworkPolicy and the single sign-on, so it keeps teams' logs and retention apart but is no proof of who
    asks; the collector runs as root without capabilities, for container runtimes write log files so; no rules on logs.
    """

    needs = (ObjectStore,)
    optional = (Metrics, Certificates)
    provides = (Logs,)
    tiers = ("all", "platform")
    namespace = NAME
    stateful = True
    security = "privileged"
    essential_type = "helm.sh/v4:Chart"

    def __init__(self, name: str, args: LokiArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:LokiStore", name, None, opts)
        self._namespace = args.namespace
        place = Place(NAME, args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        store = chart.render(
            f"{name}-chart",
            CHART,
            chart_values(args),
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            keep=False,
            opts=place.after(transforms=[extend.stateful_set("loki", told(args.bucket))]),
        )
        chart.render(
            f"{name}-collector",
            loki_collector.CHART,
            loki_collector.chart_values(
                f"http://{NAME}:{PORT}/loki/api/v1/push", args.collector, args.monitored, args.registry_mirror
            ),
            namespace=args.namespace,
            mirror=args.chart_mirror,
            keep=False,
            opts=place.after(store),
        )
        self._url = pulumi.Output.concat(f"http://{NAME}.", args.namespace, f".svc:{PORT}")
        self.register_outputs({})

    @staticmethod
    def wants(config: LokiSpec) -> Wants:
        """The bucket of chunks and index."""
        return Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> LokiArgs:
        """The spec as constructor arguments."""
        config: LokiSpec = site.config
        metrics, certificates = site.maybe(Metrics), site.maybe(Certificates)
        site.ready += [*(metrics.ready if metrics else ()), *(certificates.ready if certificates else ())]
        return LokiArgs(
            namespace=site.namespace or LokiStore.namespace,
            labels=site.naming.labels(NAME),
            bucket=site.buckets[BUCKET],
            replicas=config.replicas,
            retention=config.retention,
            storage=config.storage,
            compute=Compute.of(config.resources),
            collector=Compute.of(config.collector),
            team_retention=dict(config.team_retention),
            storage_class=config.storage_class or site.spec.cluster.storage_class,
            monitored=metrics is not None,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
            values=config.values,
        )

    def contracts(self) -> Sequence[Logs]:
        """Logs: ask and push with header X-Scope-OrgID, the team's name."""
        return [Logs(url=self._url, push_url=pulumi.Output.concat(self._url, "/loki/api/v1/push"))]

    def endpoints(self) -> Sequence[Endpoint]:
        """None: logs are read in Grafana."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address inside the cluster."""
        return {"url": self._url}
