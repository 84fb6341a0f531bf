"""Dashboards on Azure: a Managed Grafana workspace that reads the stack's metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.identity import Role, assign, unique
from components.azureml.place import AzurePlaceArgs, place_of
from components.azureml.private import endpoint, logged
from components.spec.serving import Grafana
from components.system import Site

VERSION = "11"
"""Major version; the service keeps it up to date."""


@dataclass
class AzureGrafanaArgs:
    """One workspace."""

    workspace_name: pulumi.Input[str]
    """2 to 23 characters, unique on all of Azure."""
    principal_id: pulumi.Input[str]
    identity_id: pulumi.Input[str]
    """Identity by which the workspace queries its data sources."""
    metrics_id: pulumi.Input[str]
    """Id of the Azure Monitor workspace."""
    production: bool
    """Spread over zones (an availability zone's loss costs no dashboards)."""
    place: AzurePlaceArgs


class AzureGrafana(pulumi.ComponentResource):
    """dashboard.Grafana (Standard) reached by a private endpoint, without API keys or outside snapshots.

    Its identity may read the stack's metrics workspace, which it reaches by a private endpoint of its own; users log in
    with Entra and are given Grafana's roles on it by the account's administrator. Grafana's own database is encrypted
    with Microsoft's key: the service has no customer's one. Source: Azure Managed Grafana documentation, "Set up private
    access", "Connect to a data source privately".
    """

    endpoint: pulumi.Output[str]
    workspace_id: pulumi.Output[str]

    needs = (contracts.Network, contracts.Metrics)
    optional = ()
    provides = (contracts.Dashboards,)
    tiers = ("all", "platform")
    essential_type = "azure-native:dashboard:Grafana"
    identity = True

    def __init__(self, name: str, args: AzureGrafanaArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AzureGrafana", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        place = args.place
        right = assign(f"{name}-query", Role.METRICS_READER, args.principal_id, args.metrics_id, mine)
        settings = azure.dashboard.ManagedGrafanaPropertiesArgs(
            api_key="Disabled",
            public_network_access="Disabled",
            deterministic_outbound_ip="Disabled",
            zone_redundancy="Enabled" if args.production else "Disabled",
            grafana_major_version=VERSION,
            grafana_configurations=azure.dashboard.GrafanaConfigurationsArgs(
                security=azure.dashboard.SecurityArgs(csrf_always_check=True),
                snapshots=azure.dashboard.SnapshotsArgs(external_enabled=False),
                users=azure.dashboard.UsersArgs(viewers_can_edit=False),
            ),
            grafana_integrations=azure.dashboard.GrafanaIntegrationsArgs(
                azure_monitor_workspace_integrations=[
                    azure.dashboard.AzureMonitorWorkspaceIntegrationArgs(azure_monitor_workspace_resource_id=args.metrics_id)
                ]
            ),
        )
        workspace = azure.dashboard.Grafana(
            f"{name}-workspace",
            resource_group_name=place.group,
            workspace_name=args.workspace_name,
            sku=azure.dashboard.ResourceSkuArgs(name="Standard"),
            identity=azure.dashboard.ManagedServiceIdentityArgs(type="UserAssigned", user_assigned_identities=[args.identity_id]),
            properties=settings,
            opts=pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(depends_on=[right])),
        )
        azure.dashboard.ManagedPrivateEndpoint(
            f"{name}-metrics",
            resource_group_name=place.group,
            workspace_name=workspace.name,
            managed_private_endpoint_name="metrics",
            private_link_resource_id=args.metrics_id,
            private_link_resource_region=place.region,
            group_ids=["prometheusMetrics"],
            request_message="Dashboards of this stack",
            opts=mine,
        )
        endpoint(f"{name}-workspace", "grafana", workspace.id, place, mine)
        logged(f"{name}-logs", workspace.id, place.logs, mine)
        self.endpoint = workspace.properties.apply(lambda found: found.endpoint)
        self.workspace_id = workspace.id
        self.register_outputs({"endpoint": self.endpoint, "workspaceId": self.workspace_id})

    @staticmethod
    def wants(config: Grafana) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> AzureGrafanaArgs:
        """From the stack. RunError where the metrics are no Azure Monitor workspace."""
        network, metrics = site.contract(contracts.Network), site.contract(contracts.Metrics)
        if site.role is None or site.role_arn is None:
            raise pulumi.RunError("grafana: the landing gave no identity")
        if metrics.workspace is None:
            raise pulumi.RunError(
                "grafana: Azure Managed Grafana reads an Azure Monitor workspace; add systems.prometheus instead of "
                "bringYourOwn.metrics"
            )
        return AzureGrafanaArgs(
            workspace_name=unique(f"{site.stack.name}-board", network.account_id, 23),
            principal_id=site.role,
            identity_id=site.role_arn,
            metrics_id=metrics.workspace,
            production=site.spec.environment == "prod",
            place=place_of(network, site.namespace),
        )

    def contracts(self) -> Sequence[contracts.Dashboards]:
        """The workspace."""
        return [contracts.Dashboards(self.endpoint)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address."""
        return {"url": self.endpoint}
