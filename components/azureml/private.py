"""How a managed service is reached from the stack's network alone, and where its logs go."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_azure_native as azure

from components.azureml.place import AzurePlaceArgs

ZONES: Mapping[str, Sequence[str]] = {
    "vault": ("privatelink.vaultcore.azure.net",),
    "blob": ("privatelink.blob.core.windows.net",),
    "dfs": ("privatelink.dfs.core.windows.net",),
    "file": ("privatelink.file.core.windows.net",),
    "namespace": ("privatelink.servicebus.windows.net",),
    "amlworkspace": ("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"),
    "prometheusMetrics": ("privatelink.{region}.prometheus.monitor.azure.com",),
    "grafana": ("privatelink.grafana.azure.com",),
    "configurationStores": ("privatelink.azconfig.io",),
    "azuremonitor": (
        "privatelink.monitor.azure.com",
        "privatelink.oms.opinsights.azure.com",
        "privatelink.ods.opinsights.azure.com",
        "privatelink.agentsvc.azure-automation.net",
    ),
    "registry": ("privatelink.azurecr.io",),
}
"""Private DNS zones by subresource (Azure Private Link documentation, "Private endpoint private DNS zone values")."""
OWN_ZONES: Mapping[str, Sequence[str]] = {
    "postgresqlServer": ("privatelink.postgres.database.azure.com",),
    "Dev": ("privatelink.dev.azuresynapse.net",),
    "account": ("privatelink.purview.azure.com",),
    "portal": ("privatelink.purviewstudio.azure.com",),
    "gateway": ("privatelink.azurehdinsight.net",),
    # in the workspaces' own zone
    "amlregistry": ("privatelink.api.azureml.ms",),
}
"""Those of subresources that only some systems have (surroundings.GROUPS): a stack without them has no such zone."""
MYSQL_ZONE = "mlops.private.mysql.database.azure.com"
"""Of servers that stand in the network itself: any name that ends so (MySQL documentation, "Private network access")."""


def zones(region: str, groups: Sequence[str] = ()) -> list[str]:
    """Every zone that a stack's network is linked to; `groups` are the subresources of OWN_ZONES that it has."""
    further = [OWN_ZONES[group] for group in groups]
    return [*(zone.format(region=region) for names in (*ZONES.values(), *further) for zone in names), MYSQL_ZONE]


def endpoint(
    name: str, group: str, target: pulumi.Input[str], place: AzurePlaceArgs, opts: pulumi.ResourceOptions
) -> azure.network.PrivateDnsZoneGroup:
    """A private endpoint to subresource `group` of `target` (an ARM id), with its names in the network's private zones.

    KeyError where `group` is none of ZONES and OWN_ZONES. What needs the name waits for the answer.
    """
    names = [zone.format(region=place.region) for zone in (ZONES.get(group) or OWN_ZONES[group])]
    made = azure.network.PrivateEndpoint(
        name,
        resource_group_name=place.group,
        private_endpoint_name=name,
        subnet=azure.network.SubnetArgs(id=place.endpoints),
        private_link_service_connections=[
            azure.network.PrivateLinkServiceConnectionArgs(name=group, private_link_service_id=target, group_ids=[group])
        ],
        opts=opts,
    )
    return azure.network.PrivateDnsZoneGroup(
        name,
        resource_group_name=place.group,
        private_endpoint_name=made.name,
        private_dns_zone_group_name="default",
        private_dns_zone_configs=[
            azure.network.PrivateDnsZoneConfigArgs(name=zone.replace(".", "-"), private_dns_zone_id=place.zones[zone])
            for zone in names
        ],
        opts=opts,
    )


def logged(
    name: str, target: pulumi.Input[str], logs: pulumi.Input[str], opts: pulumi.ResourceOptions, *, metrics: bool = True
) -> azure.monitor.DiagnosticSetting:
    """All logs (and metrics) of `target` into the Log Analytics workspace `logs`, both ARM ids."""
    return azure.monitor.DiagnosticSetting(
        name,
        name="mlops",
        resource_uri=target,
        workspace_id=logs,
        logs=[azure.monitor.DiagnosticsLogSettingsArgs(category_group="allLogs", enabled=True)],
        metrics=[azure.monitor.DiagnosticsMetricSettingsArgs(category="AllMetrics", enabled=True)] if metrics else None,
        opts=opts,
    )
