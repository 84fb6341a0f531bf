"""Metrics on Azure: an Azure Monitor workspace with its way in, and alert rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.identity import Role, assign, named
from components.azureml.place import AzurePlaceArgs, place_of
from components.azureml.private import endpoint, logged
from components.spec.serving import Prometheus
from components.system import Site

RULES = {
    "TargetDown": ("up == 0", "PT10M", 3, "{{ $labels.job }} has not been scraped for ten minutes"),
    "TargetsAbsent": ("absent(up)", "PT30M", 4, "Nothing has sent a sample for half an hour"),
}
"""Alert: PromQL, for how long, severity (0 critical to 4 verbose), summary. `up` is Prometheus' own."""
STREAM = "Microsoft-PrometheusMetrics"
WRITE_VERSION = "2023-04-24"
"""API version of remote write (Azure Monitor documentation, "Connect self-managed Prometheus to Azure Monitor")."""


@dataclass
class AzureMonitorMetricsArgs:
    """One workspace for Prometheus' samples."""

    workspace_name: str
    """4 to 63 characters."""
    principal_id: pulumi.Input[str]
    """Identity of whoever writes samples: a Prometheus that forwards its own."""
    production: bool
    """Protect the workspace."""
    place: AzurePlaceArgs


class AzureMonitorMetrics(pulumi.ComponentResource):
    """monitor.AzureMonitorWorkspace closed to the internet, with an endpoint and a rule for remote write, and alerts.

    One identity may write, by remote write with its Entra token; readers are given Monitoring Data Reader on the
    workspace (grafana). Retention is the service's own (18 months), and so is the key: there is no customer's one for
    Azure Monitor workspaces. Source: Azure Monitor documentation, "Azure Monitor workspace", "Prometheus remote write".
    """

    workspace_id: pulumi.Output[str]
    query_url: pulumi.Output[str]
    write_url: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.Metrics,)
    tiers = ("all", "platform")
    essential_type = "azure-native:monitor:AzureMonitorWorkspace"
    identity = True

    def __init__(self, name: str, args: AzureMonitorMetricsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AzureMonitorMetrics", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        place = args.place
        workspace = azure.monitor.AzureMonitorWorkspace(
            f"{name}-workspace",
            resource_group_name=place.group,
            azure_monitor_workspace_name=args.workspace_name,
            public_network_access="Disabled",
            opts=pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(protect=args.production or None)),
        )
        endpoint(f"{name}-workspace", "prometheusMetrics", workspace.id, place, mine)
        way_in = azure.monitor.DataCollectionEndpoint(
            f"{name}-endpoint",
            resource_group_name=place.group,
            data_collection_endpoint_name=named(args.workspace_name, "in", 44),
            network_acls=azure.monitor.DataCollectionEndpointNetworkAclsArgs(public_network_access="Disabled"),
            opts=mine,
        )
        azure.monitor.PrivateLinkScopedResource(
            f"{name}-endpoint",
            resource_group_name=place.group,
            scope_name=place.monitor,
            name="metrics",
            linked_resource_id=way_in.id,
            opts=mine,
        )
        rule = azure.monitor.DataCollectionRule(
            f"{name}-rule",
            resource_group_name=place.group,
            data_collection_rule_name=named(args.workspace_name, "write", 64),
            data_collection_endpoint_id=way_in.id,
            data_sources=azure.monitor.DataCollectionRuleDataSourcesArgs(
                prometheus_forwarder=[azure.monitor.PrometheusForwarderDataSourceArgs(name="prometheus", streams=[STREAM])]
            ),
            destinations=azure.monitor.DataCollectionRuleDestinationsArgs(
                monitoring_accounts=[
                    azure.monitor.MonitoringAccountDestinationArgs(name="workspace", account_resource_id=workspace.id)
                ]
            ),
            data_flows=[azure.monitor.DataFlowArgs(streams=[STREAM], destinations=["workspace"])],
            opts=mine,
        )
        assign(f"{name}-write", Role.METRICS_PUBLISHER, args.principal_id, rule.id, mine)
        self._alerts(name, args, workspace, mine)
        logged(f"{name}-logs", workspace.id, place.logs, mine, metrics=False)
        self.workspace_id = workspace.id
        self.query_url = workspace.metrics.apply(lambda found: found.prometheus_query_endpoint)
        self.write_url = pulumi.Output.concat(
            way_in.metrics_ingestion.apply(lambda found: found.endpoint if found else ""),
            "/dataCollectionRules/", rule.immutable_id, f"/streams/{STREAM}/api/v1/write?api-version={WRITE_VERSION}",
        )  # fmt: skip
        self.register_outputs({"workspaceId": self.workspace_id, "queryUrl": self.query_url, "writeUrl": self.write_url})

    @staticmethod
    def _alerts(
        name: str,
        args: AzureMonitorMetricsArgs,
        workspace: azure.monitor.AzureMonitorWorkspace,
        mine: pulumi.ResourceOptions,
    ) -> None:
        azure.alertsmanagement.PrometheusRuleGroup(
            f"{name}-alerts",
            resource_group_name=args.place.group,
            rule_group_name=named(args.workspace_name, "platform", 260),
            description="What must not go unnoticed on this platform",
            enabled=True,
            interval="PT1M",
            scopes=[workspace.id],
            rules=[
                azure.alertsmanagement.PrometheusRuleArgs(
                    alert=alert,
                    expression=expression,
                    for_=duration,
                    severity=severity,
                    enabled=True,
                    annotations={"summary": summary},
                    resolve_configuration=azure.alertsmanagement.PrometheusRuleResolveConfigurationArgs(
                        auto_resolved=True, time_to_resolve="PT10M"
                    ),
                )
                for alert, (expression, duration, severity, summary) in RULES.items()
            ],
            opts=mine,
        )

    @staticmethod
    def wants(config: Prometheus) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> AzureMonitorMetricsArgs:
        """From the stack; replicas, storage and retention are the service's own affair."""
        if site.role is None:
            raise pulumi.RunError("prometheus: the landing gave no identity")
        return AzureMonitorMetricsArgs(
            workspace_name=named(site.stack.name, "metrics", 63),
            principal_id=site.role,
            production=site.spec.environment == "prod",
            place=place_of(site.contract(contracts.Network), site.namespace),
        )

    def contracts(self) -> Sequence[contracts.Metrics]:
        """Query and remote-write URLs; both want a token of Entra."""
        return [contracts.Metrics(self.query_url, self.write_url, self.workspace_id)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses."""
        return {"workspace": self.workspace_id, "endpoint": self.query_url, "remoteWrite": self.write_url}
