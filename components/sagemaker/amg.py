"""Dashboards on AWS: an Amazon Managed Grafana workspace inside the stack's network."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components import contracts
from components.sagemaker.identity import allow, attach
from components.spec.serving import Grafana
from components.system import Site


@dataclass
class ManagedGrafanaArgs:
    """One workspace."""

    workspace_name: str
    authentication: str
    """AWS_SSO or SAML."""
    role_name: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    """Role by which the workspace queries its data sources."""
    subnet_ids: pulumi.Input[list[str]]
    security_group_id: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    """ARN of the key for the workspace's data."""
    region: str
    account_id: pulumi.Input[str]
    logs: bool = False
    """Adds CloudWatch as a data source, for the stack's log groups and the services' metrics."""


class ManagedGrafana(pulumi.ComponentResource):
    """grafana.Workspace with our key and network, whose role may query this account's metrics and read its alarms.

    Users come from IAM Identity Center or SAML, so there is no local password. Source: Amazon Managed Grafana user
    guide, "Customer managed permissions" and "Connect to data sources in a VPC".
    """

    endpoint: pulumi.Output[str]

    needs = (contracts.Network, contracts.Metrics)
    optional = (contracts.Logs, contracts.LongTermMetrics)
    provides = (contracts.Dashboards,)
    tiers = ("all", "platform")
    essential_type = "aws:grafana/workspace:Workspace"
    role_service = "grafana.amazonaws.com"

    def __init__(self, name: str, args: ManagedGrafanaArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:ManagedGrafana", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        workspaces = pulumi.Output.format("arn:aws:aps:{0}:{1}:workspace/*", args.region, args.account_id)
        query = allow(
            ["aps:QueryMetrics", "aps:GetSeries", "aps:GetLabels", "aps:GetMetricMetadata", "aps:DescribeWorkspace"], [workspaces]
        )
        rights = attach(f"{name}-query", args.role_name, [query, *(_logs(args) if args.logs else [])], mine)
        workspace = aws.grafana.Workspace(
            f"{name}-workspace",
            name=args.workspace_name,
            account_access_type="CURRENT_ACCOUNT",
            authentication_providers=[args.authentication],
            permission_type="CUSTOMER_MANAGED",
            role_arn=args.role_arn,
            data_sources=["PROMETHEUS", "CLOUDWATCH"] if args.logs else ["PROMETHEUS"],
            kms_key_id=args.kms_key,
            configuration=json.dumps({"plugins": {"pluginAdminEnabled": False}, "unifiedAlerting": {"enabled": True}}),
            vpc_configuration=aws.grafana.WorkspaceVpcConfigurationArgs(
                security_group_ids=[args.security_group_id], subnet_ids=args.subnet_ids
            ),
            opts=pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(depends_on=[rights])),
        )
        self.endpoint = workspace.endpoint
        self.register_outputs({"endpoint": self.endpoint})

    @staticmethod
    def wants(config: Grafana) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> ManagedGrafanaArgs:
        """From `systems.grafana` of the spec."""
        config: Grafana = site.config
        network = site.contract(contracts.Network)
        if site.role is None or site.role_arn is None:
            raise pulumi.RunError("grafana: the landing gave no role")
        return ManagedGrafanaArgs(
            workspace_name=f"{site.stack.name}-grafana",
            authentication=config.authentication,
            role_name=site.role,
            role_arn=site.role_arn,
            subnet_ids=network.subnet_ids.apply(list),
            security_group_id=network.security_group_id,
            kms_key=network.kms_key,
            region=network.region,
            account_id=network.account_id,
            logs=site.maybe(contracts.Logs) is not None,
        )

    def contracts(self) -> Sequence[contracts.Dashboards]:
        """The workspace."""
        return [contracts.Dashboards(pulumi.Output.concat("https://", self.endpoint))]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address."""
        return {"url": pulumi.Output.concat("https://", self.endpoint)}


def _logs(args: ManagedGrafanaArgs) -> list[Any]:
    """What CloudWatch's data source asks for (Amazon Managed Grafana user guide, "Connect to an Amazon CloudWatch data source").

    Queries are over the stacks' own log groups; metrics and the list of groups know no resource.
    """
    groups = pulumi.Output.format("arn:aws:logs:{0}:{1}:log-group:/mlops/*", args.region, args.account_id)
    asks = ["logs:StartQuery", "logs:GetLogGroupFields", "logs:GetLogEvents", "logs:FilterLogEvents"]
    looks = ["logs:DescribeLogGroups", "logs:StopQuery", "logs:GetQueryResults"]
    metrics = ["cloudwatch:ListMetrics", "cloudwatch:GetMetricData", "cloudwatch:DescribeAlarmsForMetric"]
    return [allow(asks, [groups]), allow([*looks, *metrics], ["*"])]
