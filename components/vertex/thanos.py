"""Long-term metrics on Google Cloud: the managed Prometheus keeps them itself; rules and a dashboard look at them over months."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.contracts import Wants
from components.spec.base import duration_seconds
from components.spec.monitoring import Thanos
from components.system import Site
from components.vertex.gmp import PromqlAlertArgs, alert_policy
from components.vertex.names import labels

MOST = 24 * 30
"""Days that samples are kept: 24 months, at no other length (Managed Service for Prometheus, "Data retention")."""
DISK = 'cloudsql_googleapis_com:database_disk_utilization{monitored_resource="cloudsql_database"}'
BYTES = 'storage_googleapis_com:storage_v2_total_bytes{monitored_resource="gcs_bucket"}'
RULES = {
    "DatabaseDiskFullInAMonth": PromqlAlertArgs(
        f"predict_linear(max by (database_id) ({DISK})[14d:1h], 30 * 86400) > 0.95",
        3600,
        "WARNING",
        "As it has grown for two weeks, a Cloud SQL disk will be full within a month",
    ),
    "BucketGrowsFast": PromqlAlertArgs(
        f"sum by (bucket_name) ({BYTES}) / sum by (bucket_name) ({BYTES} offset 30d) > 2",
        3600,
        "WARNING",
        "A bucket has more than doubled within a month",
    ),
}
"""Metrics: Cloud Monitoring "Google Cloud metrics", named as "Map Cloud Monitoring metric names to PromQL" says; not tried."""


@dataclass
class LongTermMonitoringArgs:
    """What is looked at over months."""

    prefix: str
    project: pulumi.Input[str]
    query_url: pulumi.Input[str]
    days: int
    """How far the dashboard looks back, at most 720."""
    labels: dict[str, str] = field(default_factory=dict)


class LongTermMonitoring(pulumi.ComponentResource):
    """A monitoring.Dashboard over the whole retention and a monitoring.AlertPolicy for each long-term rule.

    Managed Service for Prometheus stores samples for 24 months by itself and makes them coarser as they age, so that Thanos' pods
    have nothing to do here. Source: Managed Service for Prometheus, "Data retention", "PromQL in alerting policies". Limits: the
    retention is one for all and cannot be made longer: a stack that asks for more is refused.
    """

    query_url: pulumi.Output[str]

    needs = (contracts.Network, contracts.Metrics)
    optional = ()
    provides = (contracts.LongTermMetrics,)
    tiers = ("all", "platform")
    essential_type = "gcp:monitoring/dashboard:Dashboard"

    def __init__(self, name: str, args: LongTermMonitoringArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:LongTermMonitoring", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        self._args = args
        for key, rule in RULES.items():
            alert_policy(f"{name}-{key}", key, rule, args.prefix, args.project, args.labels, mine)
        gcp.monitoring.Dashboard(
            f"{name}-dashboard", project=args.project, dashboard_json=json.dumps(_dashboard(args)), opts=mine
        )
        self.query_url = pulumi.Output.from_input(args.query_url)
        self.register_outputs({"queryUrl": self.query_url})

    @staticmethod
    def wants(config: Thanos) -> Wants:
        """Nothing: the service stores by itself."""
        return Wants()

    @staticmethod
    def plan(site: Site) -> LongTermMonitoringArgs:
        """From `systems.thanos` of the spec; pods and volumes are the service's own affair."""
        config: Thanos = site.config
        for key, text in (
            ("retention", config.retention),
            ("retention5m", config.retention5m),
            ("retention1h", config.retention1h),
        ):
            # 2y, the default, is 730 days: the service's 24 months
            if duration_seconds(text) // 86400 > MOST + 11:
                raise pulumi.RunError(
                    f"systems.thanos.{key}: {text}: Google keeps samples for 24 months at most; expected 2y or less"
                )
        longest = max(duration_seconds(text) for text in (config.retention, config.retention5m, config.retention1h)) // 86400
        return LongTermMonitoringArgs(
            prefix=site.stack.name,
            project=site.contract(contracts.Network).account_id,
            query_url=site.contract(contracts.Metrics).query_url,
            days=min(MOST, longest),
            labels=labels(site.naming.tags("thanos")),
        )

    def contracts(self) -> Sequence[contracts.LongTermMetrics]:
        """The project's own store answers for all retained samples; it wants a token of Google's."""
        return [contracts.LongTermMetrics(self._args.query_url)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address, and days."""
        return {"url": self._args.query_url, "retentionDays": str(self._args.days)}


def _dashboard(args: LongTermMonitoringArgs) -> Mapping[str, object]:
    """Each metric by day, over the whole retention."""
    asked = {
        "Disks of databases": f"max by (database_id) (max_over_time({DISK}[1d]))",
        "Bytes in buckets": f"sum by (bucket_name) ({BYTES})",
    }

    def chart(title: str, query: str) -> Mapping[str, object]:
        data = {"timeSeriesQuery": {"prometheusQuery": query}, "plotType": "LINE"}
        return {"title": f"{title}, {args.days} days", "xyChart": {"dataSets": [data]}}

    widgets = [chart(title, query) for title, query in asked.items()]
    return {"displayName": f"{args.prefix} long term", "gridLayout": {"columns": "1", "widgets": widgets}}
