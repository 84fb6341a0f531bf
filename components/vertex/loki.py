"""Logs on Google Cloud: a bucket of Cloud Logging a team, under our key, with the team's retention, filled by a sink."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.contracts import Wants
from components.spec.base import duration_seconds
from components.spec.monitoring import Loki
from components.system import Site
from components.vertex.foundation import USE_KEY
from components.vertex.names import dns

PLATFORM = "platform"
DAYS = (1, 3650)
"""Cloud Logging, "Configure log buckets", custom retention."""


@dataclass
class CloudLoggingArgs:
    """The logs of a stack."""

    stack: str
    region: str
    project: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    production: bool
    """Protect the buckets."""
    retention: dict[str, int] = field(default_factory=dict)
    """Days by team."""


class CloudLogging(pulumi.ComponentResource):
    """logging.ProjectBucketConfig and logging.ProjectSink a team and one for the platform: our key, analytics, the retention.

    A team's sink takes what its own things write (label `team` of a resource or of an entry); the platform's takes the rest of
    the project. Nobody is granted a bucket here: who reads the project's logs reads these. Source: Cloud Logging, "Configure CMEK
    for log buckets", "Route logs to supported destinations". Limits: a bucket keeps its name for a week after it is deleted; the
    project's own _Default bucket stays as it is, and audit logs go to _Required, which nobody can turn off.
    """

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.Logs,)
    tiers = ("all", "platform")
    essential_type = "gcp:logging/projectBucketConfig:ProjectBucketConfig"

    def __init__(self, name: str, args: CloudLoggingArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:CloudLogging", name, {}, opts)
        self._args = args
        mine = pulumi.ResourceOptions(parent=self)
        found = gcp.logging.get_project_cmek_settings_output(project=args.project, opts=pulumi.InvokeOutputOptions(parent=self))
        may_use = gcp.kms.CryptoKeyIAMMember(
            f"{name}-key",
            crypto_key_id=args.kms_key,
            role=USE_KEY,
            member=pulumi.Output.format("serviceAccount:{0}", found.service_account_id),
            opts=mine,
        )
        after = pulumi.ResourceOptions(depends_on=[may_use], protect=args.production or None)
        kept = pulumi.ResourceOptions.merge(mine, after)
        self._buckets: dict[str, gcp.logging.ProjectBucketConfig] = {}
        for team, days in sorted(args.retention.items()):
            bucket = gcp.logging.ProjectBucketConfig(
                f"{name}-{team}",
                bucket_id=dns(f"{args.stack}-{team}-logs", 100),
                project=args.project,
                location=args.region,
                description=f"Logs of {team}",
                retention_days=days,
                enable_analytics=True,
                cmek_settings=gcp.logging.ProjectBucketConfigCmekSettingsArgs(kms_key_name=args.kms_key),
                opts=kept,
            )
            self._buckets[team] = bucket
            gcp.logging.ProjectSink(
                f"{name}-{team}",
                name=dns(f"{args.stack}-{team}", 100),
                project=args.project,
                description=f"Logs of {team}",
                destination=pulumi.Output.concat("logging.googleapis.com/", bucket.name),
                filter=selection(team, [other for other in args.retention if other != PLATFORM]),
                unique_writer_identity=True,
                opts=mine,
            )
        self.register_outputs({})

    @staticmethod
    def wants(config: Loki) -> Wants:
        """Nothing: the service keeps the lines."""
        return Wants()

    @staticmethod
    def plan(site: Site) -> CloudLoggingArgs:
        """From `systems.loki` and the teams of the spec; pods and volumes are the service's own affair."""
        config: Loki = site.config
        network = site.contract(contracts.Network)
        teams = sorted({PLATFORM, *site.spec.teams, *config.team_retention, *([site.spec.team] if site.spec.team else [])})

        def days(text: str) -> int:
            return min(DAYS[1], max(DAYS[0], duration_seconds(text) // 86400))

        return CloudLoggingArgs(
            stack=site.stack.name,
            region=network.region,
            project=network.account_id,
            kms_key=network.kms_key,
            production=site.spec.environment == "prod",
            retention={team: days(config.team_retention.get(team, config.retention)) for team in teams},
        )

    def contracts(self) -> Sequence[contracts.Logs]:
        """Cloud Logging's API; it wants a token of Google's."""
        url = "https://logging.googleapis.com/v2/entries"
        return [contracts.Logs(url=f"{url}:list", push_url=f"{url}:write")]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The buckets by team."""
        return {f"bucket.{team}": bucket.name for team, bucket in self._buckets.items()}


def selection(team: str, teams: Sequence[str]) -> str:
    """The filter of a team's sink (Logging query language): what bears its label; the platform's is what bears no team's."""

    def own(name: str) -> str:
        return f'(labels.team="{name}" OR resource.labels.team="{name}")'

    if team != PLATFORM:
        return own(team)
    return "NOT " + " AND NOT ".join(own(name) for name in sorted(teams)) if teams else 'logName:"logs"'
