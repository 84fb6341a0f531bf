"""Metrics on AWS: an Amazon Managed Service for Prometheus workspace with alert rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import yaml

from components import contracts
from components.spec.serving import Prometheus
from components.system import Site

RULES = {
    "groups": [
        {
            "name": "kafka",
            "rules": [
                {
                    "alert": "KafkaOfflinePartitions",
                    "expr": "max(kafka_controller_KafkaController_OfflinePartitionsCount) > 0",
                    "for": "5m",
                    "labels": {"severity": "critical"},
                    "annotations": {"summary": "Partitions without a leader: producers and consumers of them stand still"},
                }
            ],
        },
        {
            "name": "scrapes",
            "rules": [
                {
                    "alert": "TargetDown",
                    "expr": "up == 0",
                    "for": "10m",
                    "labels": {"severity": "warning"},
                    "annotations": {"summary": "{{ $labels.job }} has not been scraped for ten minutes"},
                }
            ],
        },
    ]
}
"""Metric name: MSK developer guide, "Metrics for monitoring with Prometheus" (JMX exporter); `up`: Prometheus itself."""


@dataclass
class ManagedPrometheusArgs:
    """One workspace."""

    alias: str
    """Name shown in the console."""
    kms_key: pulumi.Input[str]
    """ARN of the key for samples and logs."""
    production: bool
    """Protect the workspace and keep logs for a year."""
    rules: str
    """Rule file (YAML of Prometheus rule groups)."""


class ManagedPrometheus(pulumi.ComponentResource):
    """amp.Workspace with our key, logs of failed rules, and the platform's alert rules.

    Retention is the service's own (150 days by default). Source: Amazon Managed Service for Prometheus user guide.
    """

    workspace_id: pulumi.Output[str]
    endpoint: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.Metrics,)
    tiers = ("all", "platform")
    essential_type = "aws:amp/workspace:Workspace"

    def __init__(self, name: str, args: ManagedPrometheusArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:ManagedPrometheus", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/mlops/{args.alias}/prometheus",
            kms_key_id=args.kms_key,
            retention_in_days=365 if args.production else 30,
            opts=mine,
        )
        workspace = aws.amp.Workspace(
            f"{name}-workspace",
            alias=args.alias,
            kms_key_arn=args.kms_key,
            logging_configuration=aws.amp.WorkspaceLoggingConfigurationArgs(log_group_arn=pulumi.Output.concat(logs.arn, ":*")),
            opts=pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(protect=args.production or None)),
        )
        aws.amp.RuleGroupNamespace(f"{name}-rules", name="platform", workspace_id=workspace.id, data=args.rules, opts=mine)
        self.workspace_id = workspace.id
        self.endpoint = workspace.prometheus_endpoint
        self.register_outputs({"workspaceId": self.workspace_id, "endpoint": self.endpoint})

    @staticmethod
    def wants(config: Prometheus) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> ManagedPrometheusArgs:
        """From the stack; replicas, storage and retention are the service's own affair."""
        groups: list[Any] = list(RULES["groups"])
        return ManagedPrometheusArgs(
            alias=f"{site.stack.name}-metrics",
            kms_key=site.contract(contracts.Network).kms_key,
            production=site.spec.environment == "prod",
            rules=yaml.safe_dump({"groups": groups}, sort_keys=False),
        )

    def contracts(self) -> Sequence[contracts.Metrics]:
        """Query and remote-write URLs; both want SigV4."""
        write = pulumi.Output.concat(self.endpoint, "api/v1/remote_write")
        return [contracts.Metrics(query_url=self.endpoint, remote_write_url=write)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses."""
        return {"workspaceId": self.workspace_id, "endpoint": self.endpoint}
