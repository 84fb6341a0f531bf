"""Long-term metrics on AWS: the managed Prometheus keeps them itself, for as long as it is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import contracts
from components.contracts import Wants
from components.spec.base import duration_seconds
from components.spec.monitoring import Thanos
from components.system import Site

MOST = 1095
"""Days that a workspace keeps samples at most (user guide, "Configure your workspace")."""


@dataclass
class LongTermPrometheusArgs:
    """How long a workspace keeps its samples."""

    query_url: pulumi.Input[str]
    """Of the workspace: …/workspaces/<id>/."""
    days: int
    """1 to 1095."""


class LongTermPrometheus(pulumi.ComponentResource):
    """amp.WorkspaceConfiguration: the stack's workspace keeps every sample for the longest of the three retentions.

    Amazon Managed Service for Prometheus stores blocks for long by itself and asks for no downsampling, so that Thanos' pods have
    nothing to do here; samples stay as they were scraped. Limits: three years at most, which is what a longer retention becomes.
    Source: Amazon Managed Service for Prometheus user guide, "Configure your workspace".
    """

    workspace_id: pulumi.Output[str]

    needs = (contracts.Metrics,)
    optional = ()
    provides = (contracts.LongTermMetrics,)
    tiers = ("all", "platform")
    essential_type = "aws:amp/workspaceConfiguration:WorkspaceConfiguration"

    def __init__(self, name: str, args: LongTermPrometheusArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:LongTermPrometheus", name, {}, opts)
        self._args = args
        self.workspace_id = pulumi.Output.from_input(args.query_url).apply(workspace)
        aws.amp.WorkspaceConfiguration(
            f"{name}-retention",
            workspace_id=self.workspace_id,
            retention_period_in_days=args.days,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"workspaceId": self.workspace_id})

    @staticmethod
    def wants(config: Thanos) -> Wants:
        """Nothing: the workspace stores by itself."""
        return Wants()

    @staticmethod
    def plan(site: Site) -> LongTermPrometheusArgs:
        """From `systems.thanos` of the spec; pods, volumes and downsampling are the service's own affair."""
        config: Thanos = site.config
        longest = max(duration_seconds(text) for text in (config.retention, config.retention5m, config.retention1h))
        return LongTermPrometheusArgs(site.contract(contracts.Metrics).query_url, min(MOST, max(1, longest // 86400)))

    def contracts(self) -> Sequence[contracts.LongTermMetrics]:
        """The workspace itself answers for all retained samples; it wants SigV4."""
        return [contracts.LongTermMetrics(self._args.query_url)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address, and days."""
        return {"url": self._args.query_url, "retentionDays": str(self._args.days)}


def workspace(url: str) -> str:
    """The id in a workspace's address. Raises pulumi.RunError where it is none of Amazon's."""
    _, _, rest = url.partition("/workspaces/")
    if not rest.strip("/"):
        raise pulumi.RunError(
            f"{url}: expected the address of a workspace, https://aps-workspaces.<region>.amazonaws.com/workspaces/<id>/"
        )
    return rest.strip("/").partition("/")[0]
