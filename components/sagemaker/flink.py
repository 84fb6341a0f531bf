"""Stream processing on AWS: Managed Service for Apache Flink inside the stack's network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional

import pulumi
import pulumi_aws as aws

from components import contracts
from components.naming import fit
from components.sagemaker import flink_code
from components.sagemaker.identity import allow, attach, in_network, own_role
from components.spec.base import duration_seconds
from components.spec.processing import Flink
from components.system import Site

BUCKET = "flink"
RUNTIME = "FLINK-2_2"
"""Flink 2.2, as on Kubernetes; listed in the service's API model (kinesisanalyticsv2, RuntimeEnvironment), 2026-11-23."""
MAX_PARALLELISM_PER_KPU = 8


@dataclass
class ManagedFlinkJobArgs:
    """One job of the user's own."""

    jar: str
    """https address from which the jar is copied to the bucket."""
    parallelism: int
    restore: str
    """RestoreType of a start: from the latest snapshot, or none."""
    properties: dict[str, str] = field(default_factory=dict)
    """Runtime properties, group `job`."""


@dataclass
class ManagedFlinkArgs:
    """The applications of one stack."""

    stem: str
    """Beginning of the applications' names."""
    bucket: contracts.BucketAccess
    """Code below `code/`, results of the template below `ticks/`."""
    role_name: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    """Execution role; its right to the bucket and the topics is granted beforehand."""
    subnet_ids: pulumi.Input[list[str]]
    security_group_id: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    """ARN of the key for application state, code and logs."""
    region: str
    account_id: pulumi.Input[str]
    checkpoint_ms: int
    """Milliseconds between checkpoints."""
    parallelism_per_kpu: int
    """Task slots of one processing unit (1 core, 4 GiB), 1 to 8."""
    production: bool
    """Keep logs for a year, protect the applications."""
    jobs: dict[str, ManagedFlinkJobArgs] = field(default_factory=dict)
    """Jobs by name, which run from the start."""
    broker: Optional[contracts.BrokerAccess] = None


class ManagedFlink(pulumi.ComponentResource):
    """kinesisanalyticsv2.Application in private subnets: our key for state, snapshots, logs, metrics a task.

    Creates a LogGroup with a stream, the application's code as an object of the bucket, and an Application `<stem>-sql` that
    runs the SQL statements of its properties; it stands ready and is started by `aws kinesisanalyticsv2 start-application`. A
    declared job is an Application of its own that runs. Source: Managed Service for Apache Flink developer guide,
    "Using an Amazon VPC", "Managing CMK using APIs"; API reference, CreateApplication. Limits: a job's jar is fetched by the
    engine from its address at each preview; with a broker its bootstrap servers are in the properties (group `kafka`), and
    the jar must bring the Kafka connector and aws-msk-iam-auth itself.
    """

    application_arn: pulumi.Output[str]
    code_bucket: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.Broker,)
    provides = (contracts.StreamProcessor,)
    tiers = ("all", "platform")
    essential_type = "aws:kinesisanalyticsv2/application:Application"
    role_service = "kinesisanalytics.amazonaws.com"

    def __init__(self, name: str, args: ManagedFlinkArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:ManagedFlink", name, {}, opts)
        self._name, self._args = name, args
        self._opts = pulumi.ResourceOptions(parent=self)
        self.code_bucket = pulumi.Output.from_input(args.bucket.bucket)
        self._group = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/kinesis-analytics/{args.stem}",
            kms_key_id=args.kms_key,
            retention_in_days=365 if args.production else 30,
            opts=self._opts,
        )
        self._stream = aws.cloudwatch.LogStream(
            f"{name}-logs", name="applications", log_group_name=self._group.name, opts=self._opts
        )
        self._rights = self._allow()
        code = self._object("sql", "zip", content=flink_code.package())
        sql: dict[str, Mapping[str, pulumi.Input[str]]] = {
            "kinesis.analytics.flink.run.options": dict(flink_code.RUN_OPTIONS),
            flink_code.GROUP: {key: pulumi.Output.format(text, args.bucket.bucket) for key, text in flink_code.SQL.items()},
        }
        self.application_arn = self._application("sql", code, 1, sql, started=None).arn
        for key, job in sorted(args.jobs.items()):
            code = self._object(key, "jar", source=job.jar)
            self._application(key, code, job.parallelism, {"job": job.properties}, started=job.restore)
        self.register_outputs({"applicationArn": self.application_arn, "codeBucket": self.code_bucket})

    def _allow(self) -> aws.iam.RolePolicy:
        """Logs and network interfaces; bucket and topics come from grants."""
        args = self._args
        logs = allow(
            ["logs:DescribeLogStreams", "logs:PutLogEvents"],
            [self._group.arn, pulumi.Output.concat(self._group.arn, ":*")],
        )
        groups = pulumi.Output.format("arn:aws:logs:{0}:{1}:log-group:*", args.region, args.account_id)
        look = allow(["logs:DescribeLogGroups"], [groups])
        statements = [logs, look, *in_network(args.region, args.account_id)]
        return attach(f"{self._name}-run", args.role_name, statements, self._opts)

    def _object(self, key: str, suffix: str, content: str = "", source: str = "") -> aws.s3.BucketObjectv2:
        return aws.s3.BucketObjectv2(
            f"{self._name}-code-{key}",
            bucket=self._args.bucket.bucket,
            key=f"code/{key}.{suffix}",
            content_base64=content or None,
            source=pulumi.RemoteAsset(source) if source else None,
            server_side_encryption="aws:kms",
            kms_key_id=self._args.kms_key,
            opts=self._opts,
        )

    def _application(
        self,
        key: str,
        code: aws.s3.BucketObjectv2,
        parallelism: int,
        properties: Mapping[str, Mapping[str, pulumi.Input[str]]],
        started: str | None,
    ) -> aws.kinesisanalyticsv2.Application:
        args = self._args
        groups = {group: held for group, held in properties.items() if held}
        if args.broker is not None:
            groups["kafka"] = {"bootstrap.servers": args.broker.bootstrap, "sasl.mechanism": args.broker.mechanism}
        return aws.kinesisanalyticsv2.Application(
            f"{self._name}-{key}",
            name=fit(f"{args.stem}-{key}", 128),
            runtime_environment=RUNTIME,
            application_mode="STREAMING",
            service_execution_role=args.role_arn,
            start_application=started is not None,
            cloudwatch_logging_options={"log_stream_arn": self._stream.arn},
            application_configuration={
                "application_code_configuration": {
                    "code_content_type": "ZIPFILE",
                    "code_content": {
                        "s3_content_location": {
                            "bucket_arn": pulumi.Output.concat("arn:aws:s3:::", args.bucket.bucket),
                            "file_key": code.key,
                            "object_version": code.version_id,
                        }
                    },
                },
                "application_encryption_configuration": {"key_type": "CUSTOMER_MANAGED_KEY", "key_id": args.kms_key},
                "application_snapshot_configuration": {"snapshots_enabled": True},
                "environment_properties": {
                    "property_groups": [
                        {"property_group_id": group, "property_map": dict(held)} for group, held in groups.items()
                    ]
                },
                "flink_application_configuration": {
                    "checkpoint_configuration": {
                        "configuration_type": "CUSTOM",
                        "checkpointing_enabled": True,
                        "checkpoint_interval": args.checkpoint_ms,
                        "min_pause_between_checkpoints": min(5000, args.checkpoint_ms),
                    },
                    "monitoring_configuration": {
                        "configuration_type": "CUSTOM",
                        "log_level": "INFO",
                        "metrics_level": "TASK",
                    },
                    "parallelism_configuration": {
                        "configuration_type": "CUSTOM",
                        "parallelism": parallelism,
                        "parallelism_per_kpu": args.parallelism_per_kpu,
                        "auto_scaling_enabled": True,
                    },
                },
                "run_configuration": {"application_restore_configuration": {"application_restore_type": started}}
                if started
                else None,
                "vpc_configuration": {
                    "subnet_ids": args.subnet_ids,
                    "security_group_ids": [args.security_group_id],
                },
            },
            opts=pulumi.ResourceOptions.merge(
                self._opts, pulumi.ResourceOptions(depends_on=[self._rights], protect=args.production or None)
            ),
        )

    @staticmethod
    def wants(config: Flink) -> contracts.Wants:
        """A bucket for code and results, and the topics of its jobs."""
        return contracts.Wants(buckets=(BUCKET,), topics=tuple(config.topics))

    @staticmethod
    def plan(site: Site) -> ManagedFlinkArgs:
        """From `systems.flink` of the spec; sizes of managers mean nothing here, for a unit has 1 core and 4 GiB."""
        config: Flink = site.config
        network = site.contract(contracts.Network)
        role_name, role_arn = own_role(site)
        return ManagedFlinkArgs(
            stem=f"{site.stack.name}-flink",
            bucket=site.buckets[BUCKET],
            role_name=role_name,
            role_arn=role_arn,
            subnet_ids=network.subnet_ids.apply(list),
            security_group_id=network.security_group_id,
            kms_key=network.kms_key,
            region=network.region,
            account_id=network.account_id,
            checkpoint_ms=duration_seconds(config.checkpoint_interval) * 1000,
            parallelism_per_kpu=min(config.slots, MAX_PARALLELISM_PER_KPU),
            production=site.spec.environment == "prod",
            jobs={
                key: ManagedFlinkJobArgs(
                    jar=job.jar,
                    parallelism=job.parallelism,
                    restore="SKIP_RESTORE_FROM_SNAPSHOT" if job.upgrade_mode == "stateless" else "RESTORE_FROM_LATEST_SNAPSHOT",
                    properties={
                        **({"entryClass": job.entry_class} if job.entry_class else {}),
                        **({"args": " ".join(job.args)} if job.args else {}),
                    },
                )
                for key, job in config.jobs.items()
            },
            broker=site.brokers.get(site.key),
        )

    def contracts(self) -> Sequence[contracts.StreamProcessor]:
        """The service's API: applications are made and started there, by SigV4."""
        return [contracts.StreamProcessor(f"https://kinesisanalytics.{self._args.region}.amazonaws.com:443")]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The application and where code goes."""
        return {"applicationArn": self.application_arn, "codeBucket": self.code_bucket, "logGroup": self._group.name}
