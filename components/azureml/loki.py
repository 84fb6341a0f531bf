"""Logs on Azure: a table a team in the stack's Log Analytics workspace, and the way in for whoever writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.identity import Role, assign, named
from components.azureml.place import AzurePlaceArgs, place_of
from components.contracts import Wants
from components.spec.base import duration_seconds
from components.spec.monitoring import Loki
from components.system import Site

PLATFORM = "platform"
LEAST, ACTIVE, MOST = 4, 730, 4383
"""Days: a table's least and longest retention for queries, and the longest of all (Azure Monitor documentation, "Manage data
retention in a Log Analytics workspace")."""
COLUMNS = {"TimeGenerated": "datetime", "System": "string", "Level": "string", "Message": "string"}
SPELT = {"datetime": "dateTime"}
"""Types that a table spells otherwise than a rule."""
VERSION = "2023-01-01"
"""API version of the Logs Ingestion API (Azure Monitor documentation, "Logs Ingestion API in Azure Monitor")."""


@dataclass
class LogTablesArgs:
    """Arguments of LogTables."""

    stem: str
    """`<stack>-logs`: begins names."""
    principal_id: pulumi.Input[str]
    """Identity of whoever writes lines."""
    place: AzurePlaceArgs
    retention: dict[str, int] = field(default_factory=dict)
    """Days by team."""


class LogTables(pulumi.ComponentResource):
    """An operationalinsights.Table `<team>_CL` a team and one for the platform, with the team's retention, and the way in.

    Lines come by the Logs Ingestion API: a DataCollectionEndpoint that is closed to the internet, and a DataCollectionRule
    with a stream a table, to which one identity may write (Monitoring Metrics Publisher). A saved search finds errors in all of
    them. The services' own logs stand in the same workspace, by their diagnostic settings. Source: Azure Monitor
    documentation, "Logs Ingestion API in Azure Monitor", "Create a custom table". Limits: the workspace is encrypted with
    Microsoft's key (see AzureFoundation); a retention below 4 days becomes 4.
    """

    push_url: pulumi.Output[str]
    rule_id: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.Logs,)
    tiers = ("all", "platform")
    essential_type = "azure-native:operationalinsights:Table"
    identity = True

    def __init__(self, name: str, args: LogTablesArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:LogTables", name, {}, opts)
        place, mine = args.place, pulumi.ResourceOptions(parent=self)
        workspace = pulumi.Output.from_input(place.logs).apply(lambda id: id.rpartition("/")[2])
        self._logs = place.logs
        self._tables = {
            team: azure.operationalinsights.Table(
                f"{name}-{team}",
                resource_group_name=place.group,
                workspace_name=workspace,
                table_name=_table(team),
                plan="Analytics",
                retention_in_days=min(ACTIVE, max(LEAST, days)),
                total_retention_in_days=min(MOST, max(LEAST, days)),
                schema=azure.operationalinsights.SchemaArgs(
                    name=_table(team),
                    columns=[azure.operationalinsights.ColumnArgs(name=c, type=SPELT.get(t, t)) for c, t in COLUMNS.items()],
                ),
                opts=mine,
            )
            for team, days in sorted(args.retention.items())
        }
        way_in = azure.monitor.DataCollectionEndpoint(
            f"{name}-endpoint",
            resource_group_name=place.group,
            data_collection_endpoint_name=named(args.stem, "in", 44),
            network_acls=azure.monitor.DataCollectionEndpointNetworkAclsArgs(public_network_access="Disabled"),
            opts=mine,
        )
        azure.monitor.PrivateLinkScopedResource(
            f"{name}-endpoint",
            resource_group_name=place.group,
            scope_name=place.monitor,
            name="loki",
            linked_resource_id=way_in.id,
            opts=mine,
        )
        rule = self._rule(name, args, way_in, mine)
        assign(f"{name}-write", Role.METRICS_PUBLISHER, args.principal_id, rule.id, mine)
        every = ", ".join(_table(team) for team in self._tables)
        azure.operationalinsights.SavedSearch(
            f"{name}-errors",
            resource_group_name=place.group,
            workspace_name=workspace,
            saved_search_id=named(args.stem, "errors", 63),
            category="mlops",
            display_name="Errors of all teams",
            query=f"union {every} | where Level =~ 'error' | order by TimeGenerated desc",
            opts=pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(depends_on=list(self._tables.values()))),
        )
        ingest = way_in.logs_ingestion.apply(lambda found: found.endpoint if found else "")
        self.push_url = pulumi.Output.concat(ingest, "/dataCollectionRules/", rule.immutable_id, f"?api-version={VERSION}")
        self.rule_id = rule.id
        self.register_outputs({"pushUrl": self.push_url, "ruleId": self.rule_id})

    def _rule(
        self,
        name: str,
        args: LogTablesArgs,
        way_in: azure.monitor.DataCollectionEndpoint,
        mine: pulumi.ResourceOptions,
    ) -> azure.monitor.DataCollectionRule:
        """One stream a table."""
        columns = [azure.monitor.ColumnDefinitionArgs(name=c, type=t) for c, t in COLUMNS.items()]
        return azure.monitor.DataCollectionRule(
            f"{name}-rule",
            resource_group_name=args.place.group,
            data_collection_rule_name=named(args.stem, "write", 64),
            data_collection_endpoint_id=way_in.id,
            stream_declarations={
                f"Custom-{_table(team)}": azure.monitor.StreamDeclarationArgs(columns=columns) for team in self._tables
            },
            destinations=azure.monitor.DataCollectionRuleDestinationsArgs(
                log_analytics=[azure.monitor.LogAnalyticsDestinationArgs(name="logs", workspace_resource_id=args.place.logs)]
            ),
            data_flows=[
                azure.monitor.DataFlowArgs(
                    streams=[f"Custom-{_table(team)}"], destinations=["logs"], output_stream=f"Custom-{_table(team)}"
                )
                for team in self._tables
            ],
            opts=pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(depends_on=list(self._tables.values()))),
        )

    @staticmethod
    def wants(config: Loki) -> Wants:
        """Nothing: the workspace keeps the lines."""
        return Wants()

    @staticmethod
    def plan(site: Site) -> LogTablesArgs:
        """From `systems.loki` of the spec: a table for the platform, for each team, and for whom a retention is named."""
        config: Loki = site.config
        if site.role is None:
            raise pulumi.RunError("loki: the landing gave no identity")
        names = {PLATFORM, *site.spec.teams, *config.team_retention, *([site.spec.team] if site.spec.team else [])}
        days = {name: duration_seconds(config.team_retention.get(name, config.retention)) // 86400 for name in names}
        return LogTablesArgs(
            stem=f"{site.stack.name}-logs",
            principal_id=site.role,
            place=place_of(site.contract(contracts.Network), site.namespace),
            retention=days,
        )

    def contracts(self) -> Sequence[contracts.Logs]:
        """Queried by the Log Analytics API, written by the Logs Ingestion API; both want a token of Entra."""
        query = pulumi.Output.concat("https://api.loganalytics.io/v1", self._logs, "/query")
        return [contracts.Logs(query, push_url=self.push_url)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where lines go, and the tables."""
        return {"push": self.push_url, **{f"table.{team}": made.name for team, made in self._tables.items()}}


def _table(team: str) -> str:
    """Name of a custom table: letters, digits and underscores, ending so."""
    return f"{team.replace('-', '_')}_CL"
