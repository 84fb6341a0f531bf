"""Metrics on Google Cloud: Cloud Monitoring with PromQL (Managed Service for Prometheus), the platform's alerts, a dashboard."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.spec.serving import Prometheus
from components.system import Site
from components.vertex.names import labels


@dataclass
class PromqlAlertArgs:
    """One alert."""

    query: str
    """PromQL that answers while something is wrong."""
    seconds: int
    """How long it must."""
    severity: str
    """CRITICAL, ERROR or WARNING."""
    summary: str


ALERTS = {
    "mysql": {
        "DatabaseDown": PromqlAlertArgs(
            'max by (database_id) (cloudsql_googleapis_com:database_up{monitored_resource="cloudsql_database"}) < 1',
            300,
            "CRITICAL",
            "A Cloud SQL instance does not answer: whatever keeps its records there stands still",
        ),
        "DatabaseDiskFull": PromqlAlertArgs(
            'max by (database_id) (cloudsql_googleapis_com:database_disk_utilization{monitored_resource="cloudsql_database"})'
            " > 0.9",
            600,
            "WARNING",
            "A Cloud SQL instance has used nine tenths of its disk",
        ),
    },
    "run": {
        "ServiceFails": PromqlAlertArgs(
            "sum by (service_name) (rate(run_googleapis_com:request_count"
            '{monitored_resource="cloud_run_revision",response_code_class="5xx"}[10m])) > 0.1',
            600,
            "WARNING",
            "A Cloud Run service has answered with errors for ten minutes",
        )
    },
    "scrapes": {
        "TargetDown": PromqlAlertArgs("up == 0", 600, "WARNING", "A target has not been scraped for ten minutes"),
    },
}
"""Metrics: Cloud Monitoring "Google Cloud metrics" (cloudsql database/up, database/disk/utilization; run request_count), named
for PromQL as "Map Cloud Monitoring metric names to PromQL" says; `up`: Prometheus itself. Not tried against a cloud."""


@dataclass
class GoogleManagedPrometheusArgs:
    """A project's metrics."""

    prefix: str
    """Beginning of the names shown in the console."""
    project: pulumi.Input[str]
    labels: dict[str, str]
    """Of the alert policies: the provider's default labels do not reach them."""
    alerts: dict[str, PromqlAlertArgs] = field(default_factory=dict)
    """Alerts by name."""


class GoogleManagedPrometheus(pulumi.ComponentResource):
    """monitoring.AlertPolicy an alert, and a monitoring.Dashboard, over the project's own metrics store.

    The store is there with the project and is asked in PromQL; services of Google write to it themselves. Its retention (24
    months for Prometheus metrics) and encryption are the service's own. Source: Google Cloud Managed Service for Prometheus,
    "Query using the API", and Cloud Monitoring, "PromQL in alerting policies".
    """

    query_url: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.Metrics,)
    tiers = ("all", "platform")
    essential_type = "gcp:monitoring/alertPolicy:AlertPolicy"

    def __init__(self, name: str, args: GoogleManagedPrometheusArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:GoogleManagedPrometheus", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        for alert, rule in args.alerts.items():
            alert_policy(f"{name}-{alert}", alert, rule, args.prefix, args.project, args.labels, mine)
        gcp.monitoring.Dashboard(
            f"{name}-dashboard", project=args.project, dashboard_json=json.dumps(self._dashboard(args)), opts=mine
        )
        self.query_url = pulumi.Output.format(
            "https://monitoring.googleapis.com/v1/projects/{0}/location/global/prometheus", args.project
        )
        self.register_outputs({"queryUrl": self.query_url})

    @staticmethod
    def _dashboard(args: GoogleManagedPrometheusArgs) -> Mapping[str, object]:
        """A chart an alert: what it asks, without the threshold."""

        def chart(alert: str, rule: PromqlAlertArgs) -> Mapping[str, object]:
            asked = rule.query.rpartition(" <" if " <" in rule.query else " >")[0] or rule.query
            data = {"timeSeriesQuery": {"prometheusQuery": asked}, "plotType": "LINE"}
            return {"title": alert, "xyChart": {"dataSets": [data]}}

        widgets = [chart(alert, rule) for alert, rule in args.alerts.items()]
        return {"displayName": f"{args.prefix} platform", "gridLayout": {"columns": "2", "widgets": widgets}}

    @staticmethod
    def wants(config: Prometheus) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> GoogleManagedPrometheusArgs:
        """The alerts of what the stack has; replicas, storage and retention are the service's own affair."""
        chosen = site.spec.chosen()
        groups = ["scrapes", *(["mysql"] if "mysql" in chosen else []), *(["run"] if {"mlflow", "grafana"} & set(chosen) else [])]
        return GoogleManagedPrometheusArgs(
            prefix=site.stack.name,
            project=site.contract(contracts.Network).account_id,
            labels=labels(site.naming.tags("prometheus")),
            alerts={alert: rule for group in groups for alert, rule in ALERTS[group].items()},
        )

    def contracts(self) -> Sequence[contracts.Metrics]:
        """The PromQL address, which wants a token of Google's."""
        return [contracts.Metrics(query_url=self.query_url)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses."""
        return {"url": self.query_url}


def alert_policy(
    name: str,
    alert: str,
    rule: PromqlAlertArgs,
    prefix: str,
    project: pulumi.Input[str],
    own: dict[str, str],
    opts: pulumi.ResourceOptions,
) -> gcp.monitoring.AlertPolicy:
    """One alert over PromQL; `own` are its labels."""
    query = gcp.monitoring.AlertPolicyConditionConditionPrometheusQueryLanguageArgs(
        query=rule.query,
        duration=f"{rule.seconds}s",
        evaluation_interval="60s",
        alert_rule=alert,
        rule_group=prefix,
        # a metric is unknown until its service has run once
        disable_metric_validation=True,
    )
    return gcp.monitoring.AlertPolicy(
        name,
        display_name=f"{prefix} {alert}",
        project=project,
        combiner="OR",
        severity=rule.severity,
        enabled=True,
        user_labels=own,
        documentation=gcp.monitoring.AlertPolicyDocumentationArgs(content=rule.summary, mime_type="text/markdown"),
        conditions=[gcp.monitoring.AlertPolicyConditionArgs(display_name=alert, condition_prometheus_query_language=query)],
        opts=opts,
    )
