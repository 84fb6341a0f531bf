"""Long-term metrics on Azure: the Monitor workspace keeps them itself, and rules record what is looked at over months."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.identity import named
from components.azureml.place import AzurePlaceArgs, place_of
from components.contracts import Wants
from components.spec.base import duration_seconds
from components.spec.monitoring import Thanos
from components.system import Site

MOST = 549
"""Days that a workspace keeps samples, 18 months (Azure Monitor documentation, "Azure Monitor workspace")."""
RECORDED = {
    "job:up:avg": "avg by (job) (avg_over_time(up[{window}]))",
    "job:up:min": "min by (job) (min_over_time(up[{window}]))",
    "job:scrape_samples_scraped:sum": "sum by (job) (avg_over_time(scrape_samples_scraped[{window}]))",
    "job:scrape_duration_seconds:max": "max by (job) (max_over_time(scrape_duration_seconds[{window}]))",
}
"""What Prometheus itself says of every target, by the name of its record."""
WINDOWS = {"5m": "PT5M", "1h": "PT1H"}
"""Windows, and how often each is evaluated."""


@dataclass
class LongTermMonitorArgs:
    """Recording rules over one workspace."""

    stem: str
    """Beginning of the groups' names."""
    workspace_id: pulumi.Input[str]
    query_url: pulumi.Input[str]
    days: int
    """How long samples are looked for: what was asked, at most 549."""
    downsampling: bool
    """Record five minutes and an hour, else the hour alone."""
    place: AzurePlaceArgs


class LongTermMonitor(pulumi.ComponentResource):
    """alertsmanagement.PrometheusRuleGroup with records of five minutes and an hour, in the stack's own workspace.

    An Azure Monitor workspace keeps every sample for 18 months as it was scraped, so that Thanos' pods have nothing to do
    here; the records are what a view over months asks instead of every sample. Limits: 18 months is what the service keeps,
    no more and no less: a longer retention becomes that. Source: Azure Monitor documentation, "Azure Monitor workspace",
    "Azure Monitor managed service for Prometheus rule groups".
    """

    url: pulumi.Output[str]

    needs = (contracts.Network, contracts.Metrics)
    optional = ()
    provides = (contracts.LongTermMetrics,)
    tiers = ("all", "platform")
    essential_type = "azure-native:alertsmanagement:PrometheusRuleGroup"

    def __init__(self, name: str, args: LongTermMonitorArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:LongTermMonitor", name, {}, opts)
        self._days = args.days
        for window, interval in WINDOWS.items():
            if window == "5m" and not args.downsampling:
                continue
            azure.alertsmanagement.PrometheusRuleGroup(
                f"{name}-{window}",
                resource_group_name=args.place.group,
                rule_group_name=named(args.stem, window, 260),
                description=f"Records of {window}",
                enabled=True,
                interval=interval,
                scopes=[args.workspace_id],
                rules=[
                    azure.alertsmanagement.PrometheusRuleArgs(
                        record=f"{record}{window}", expression=expression.format(window=window), enabled=True
                    )
                    for record, expression in RECORDED.items()
                ],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.url = pulumi.Output.from_input(args.query_url)
        self.register_outputs({"url": self.url})

    @staticmethod
    def wants(config: Thanos) -> Wants:
        """Nothing: the workspace stores by itself."""
        return Wants()

    @staticmethod
    def plan(site: Site) -> LongTermMonitorArgs:
        """From `systems.thanos` of the spec. RunError where metrics are not an Azure Monitor workspace's."""
        config: Thanos = site.config
        metrics = site.contract(contracts.Metrics)
        if metrics.workspace is None:
            raise pulumi.RunError("thanos: metrics are not an Azure Monitor workspace's; add systems.prometheus to this stack")
        longest = max(duration_seconds(text) for text in (config.retention, config.retention5m, config.retention1h))
        return LongTermMonitorArgs(
            stem=f"{site.stack.name}-longterm",
            workspace_id=metrics.workspace,
            query_url=metrics.query_url,
            days=min(MOST, max(1, longest // 86400)),
            downsampling=config.downsampling,
            place=place_of(site.contract(contracts.Network), site.namespace),
        )

    def contracts(self) -> Sequence[contracts.LongTermMetrics]:
        """The workspace itself answers for all retained samples; it wants a token of Entra."""
        return [contracts.LongTermMetrics(self.url)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address, and days."""
        return {"url": self.url, "retentionDays": str(self._days)}
