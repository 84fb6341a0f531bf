"""Logs on AWS: CloudWatch log groups by team, under the stack's key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components import contracts
from components.contracts import Wants
from components.spec.base import duration_seconds
from components.spec.monitoring import Loki
from components.system import Site

DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
"""Retentions that a log group takes (CloudWatch Logs API reference, PutRetentionPolicy)."""
PLATFORM = "platform"


@dataclass
class CloudWatchLogsArgs:
    """Arguments of CloudWatchLogs."""

    stack: str
    region: str
    kms_key: pulumi.Input[str]
    """ARN of the key for every line."""
    retention: dict[str, int] = field(default_factory=dict)
    """Days by team; one of DAYS each."""


class CloudWatchLogs(pulumi.ComponentResource):
    """A cloudwatch.LogGroup `/mlops/<stack>/logs/<team>` a team and one for the platform: our key, and the team's retention.

    Beside it a saved query of Logs Insights over all of them, and a metric of the lines that say error by team. Grafana of the
    stack queries them by CloudWatch's data source; what pushes (FireLens, the CloudWatch agent) writes to its own team's group.
    The services' own logs (notebooks, jobs, endpoints, brokers) lie in groups of their own, made with them.
    Source: Amazon CloudWatch Logs user guide, "Encrypt log data in CloudWatch Logs using AWS KMS", "Metric filters".
    """

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.Logs,)
    tiers = ("all", "platform")
    essential_type = "aws:cloudwatch/logGroup:LogGroup"

    def __init__(self, name: str, args: CloudWatchLogsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:CloudWatchLogs", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        self._args = args
        self._groups: dict[str, aws.cloudwatch.LogGroup] = {}
        for team, days in sorted(args.retention.items()):
            group = aws.cloudwatch.LogGroup(
                f"{name}-{team}",
                name=f"/mlops/{args.stack}/logs/{team}",
                kms_key_id=args.kms_key,
                retention_in_days=days,
                opts=mine,
            )
            self._groups[team] = group
            aws.cloudwatch.LogMetricFilter(
                f"{name}-{team}-errors",
                name=f"{args.stack}-{team}-errors",
                log_group_name=group.name,
                pattern="?ERROR ?Error ?error",
                metric_transformation=aws.cloudwatch.LogMetricFilterMetricTransformationArgs(
                    name=f"{team}-errors", namespace=f"mlops/{args.stack}", value="1", default_value="0"
                ),
                opts=mine,
            )
        aws.cloudwatch.QueryDefinition(
            f"{name}-errors",
            name=f"mlops/{args.stack}/errors",
            log_group_names=[group.name for group in self._groups.values()],
            query_string="fields @timestamp, @log, @message"
            " | filter @message like /(?i)error/ | sort @timestamp desc | limit 200",
            opts=mine,
        )
        self.register_outputs({})

    @staticmethod
    def wants(config: Loki) -> Wants:
        """Nothing: the service keeps the lines."""
        return Wants()

    @staticmethod
    def plan(site: Site) -> CloudWatchLogsArgs:
        """From `systems.loki` and the teams of the spec; pods and volumes are the service's own affair."""
        config: Loki = site.config
        network = site.contract(contracts.Network)
        teams = sorted({PLATFORM, *site.spec.teams, *config.team_retention, *([site.spec.team] if site.spec.team else [])})
        return CloudWatchLogsArgs(
            stack=site.stack.name,
            region=network.region,
            kms_key=network.kms_key,
            retention={team: days(config.team_retention.get(team, config.retention)) for team in teams},
        )

    def contracts(self) -> Sequence[contracts.Logs]:
        """CloudWatch Logs' API in this region; it wants SigV4."""
        url = f"https://logs.{self._args.region}.amazonaws.com"
        return [contracts.Logs(url=url, push_url=url)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The groups by team."""
        return {f"group.{team}": group.name for team, group in self._groups.items()}


def days(retention: str) -> int:
    """The shortest retention that CloudWatch has and that is no shorter than asked; its longest where none is."""
    wanted = duration_seconds(retention) / 86400
    return next((each for each in DAYS if each >= wanted), DAYS[-1])
