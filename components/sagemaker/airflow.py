"""Workflows on AWS: Managed Workflows for Apache Airflow, reached from inside the network only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi
import pulumi_aws as aws

from components import contracts
from components.naming import fit
from components.sagemaker.identity import allow, attach, own_role
from components.spec.flows import Airflow
from components.system import Site

BUCKET = "airflow"
DAGS = "dags"
VERSION = "3.0.6"
"""The newest that the service's API model lists (mwaa, CreateEnvironment, AirflowVersion), 2026-11-23."""
SUBNETS = 2
"""The service takes exactly two, in different zones."""
IGNORE = "# patterns of files in this folder that are no DAGs, one a line\n"


@dataclass
class MwaaAirflowArgs:
    """One MWAA environment."""

    environment_name: str
    """At most 80 characters."""
    environment_class: str
    """For example mw1.small."""
    schedulers: int
    """2 to 5."""
    workers: int
    """At most."""
    bucket: contracts.BucketAccess
    """DAGs below `dags/`."""
    role_name: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    """Execution role; its right to the bucket is granted beforehand."""
    subnet_ids: pulumi.Input[list[str]]
    """The two private subnets."""
    security_group_id: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    """ARN of the key for metadata database, queue and logs."""
    region: str
    account_id: pulumi.Input[str]
    production: bool
    """Protect the environment."""
    spark_application: Optional[pulumi.Input[str]] = None
    """ARN of the EMR Serverless application that DAGs may start jobs on."""
    spark_role: Optional[pulumi.Input[str]] = None
    """ARN of the role that those jobs run as."""


class MwaaAirflow(pulumi.ComponentResource):
    """mwaa.Environment: private web server, our key, all five logs, DAGs from a versioned bucket of its own.

    Creates the object `dags/.airflowignore`, the execution role's policy (own logs, queue, metrics, key; Spark jobs where
    the stack has them), and the Environment. Who opens the UI needs airflow:CreateWebLoginToken and a way into the network.
    Source: Amazon MWAA user guide, "Amazon MWAA execution role", "Private routing without internet access". Limits: DAGs
    are files of the bucket (the service follows no git repository); what the packages of requirements.txt need must be in
    the bucket too, for the network has no way out.
    """

    environment_arn: pulumi.Output[str]
    url: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.BatchCompute,)
    provides = (contracts.Workflows,)
    tiers = ("all", "platform")
    essential_type = "aws:mwaa/environment:Environment"
    role_service = ("airflow.amazonaws.com", "airflow-env.amazonaws.com")

    def __init__(self, name: str, args: MwaaAirflowArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:MwaaAirflow", name, {}, opts)
        self._args = args
        mine = pulumi.ResourceOptions(parent=self)
        dags = aws.s3.BucketObjectv2(
            f"{name}-dags",
            bucket=args.bucket.bucket,
            key=f"{DAGS}/.airflowignore",
            content=IGNORE,
            server_side_encryption="aws:kms",
            kms_key_id=args.kms_key,
            opts=mine,
        )
        rights = attach(f"{name}-run", args.role_name, self._statements(), mine)
        environment = aws.mwaa.Environment(
            f"{name}-environment",
            name=args.environment_name,
            airflow_version=VERSION,
            environment_class=args.environment_class,
            schedulers=args.schedulers,
            min_workers=1,
            max_workers=args.workers,
            source_bucket_arn=self._bucket_arn(),
            dag_s3_path=f"{DAGS}/",
            execution_role_arn=args.role_arn,
            kms_key=args.kms_key,
            endpoint_management="SERVICE",
            webserver_access_mode="PRIVATE_ONLY",
            weekly_maintenance_window_start="SUN:03:30",
            network_configuration={"subnet_ids": args.subnet_ids, "security_group_ids": [args.security_group_id]},
            airflow_configuration_options={
                "core.load_examples": "False",
                "core.default_timezone": "utc",
                "api.expose_config": "False",
            },
            logging_configuration={
                "dag_processing_logs": {"enabled": True, "log_level": "INFO"},
                "scheduler_logs": {"enabled": True, "log_level": "INFO"},
                "task_logs": {"enabled": True, "log_level": "INFO"},
                "webserver_logs": {"enabled": True, "log_level": "INFO"},
                "worker_logs": {"enabled": True, "log_level": "INFO"},
            },
            opts=pulumi.ResourceOptions.merge(
                mine, pulumi.ResourceOptions(depends_on=[dags, rights], protect=args.production or None)
            ),
        )
        self.environment_arn = environment.arn
        self.url = pulumi.Output.concat("https://", environment.webserver_url)
        self.register_outputs({"environmentArn": self.environment_arn, "url": self.url})

    def _bucket_arn(self) -> pulumi.Output[str]:
        return pulumi.Output.concat("arn:aws:s3:::", self._args.bucket.bucket)

    def _statements(self) -> list[Any]:
        """What the service's guide asks of the execution role, each limited to this environment."""
        args = self._args

        def arn(service: str, rest: str) -> pulumi.Output[str]:
            return pulumi.Output.format("arn:aws:{0}:{1}:{2}:{3}", service, args.region, args.account_id, rest)

        # the queue stands in an account of the service's own
        queue = f"arn:aws:sqs:{args.region}:*:airflow-celery-*"
        logs = arn("logs", f"log-group:airflow-{args.environment_name}-*")
        through = {"StringLike": {"kms:ViaService": [f"sqs.{args.region}.amazonaws.com", f"s3.{args.region}.amazonaws.com"]}}
        statements = [
            allow(["airflow:PublishMetrics"], [arn("airflow", f"environment/{args.environment_name}")]),
            allow(["s3:GetBucketPublicAccessBlock", "s3:GetBucketVersioning"], [self._bucket_arn()]),
            allow(["s3:GetAccountPublicAccessBlock"], ["*"]),
            allow(
                ["logs:CreateLogStream", "logs:CreateLogGroup", "logs:PutLogEvents", "logs:GetLogEvents", "logs:GetLogRecord",
                 "logs:GetLogGroupFields", "logs:GetQueryResults"],
                [logs],
            ),
            allow(["logs:DescribeLogGroups"], [arn("logs", "log-group:*")]),
            allow(["cloudwatch:PutMetricData"], ["*"], {"StringEquals": {"cloudwatch:namespace": "AmazonMWAA"}}),
            allow(
                ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl",
                 "sqs:ReceiveMessage", "sqs:SendMessage"],
                [queue],
            ),
            allow(["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:Encrypt"], [args.kms_key], through),
        ]  # fmt: skip
        if args.spark_application is not None and args.spark_role is not None:
            to_spark = {"StringEquals": {"iam:PassedToService": "emr-serverless.amazonaws.com"}}
            runs = pulumi.Output.concat(args.spark_application, "/jobruns/*")
            statements += [
                allow(["emr-serverless:StartJobRun", "emr-serverless:GetApplication"], [args.spark_application]),
                allow(["emr-serverless:GetJobRun", "emr-serverless:CancelJobRun"], [runs]),
                allow(["iam:PassRole"], [args.spark_role], to_spark),
            ]
        return statements

    @staticmethod
    def wants(config: Airflow) -> contracts.Wants:
        """A bucket for DAGs; the service keeps its own database."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> MwaaAirflowArgs:
        """From `systems.airflow` of the spec; sizes are the environment class's affair."""
        config: Airflow = site.config
        network = site.contract(contracts.Network)
        role_name, role_arn = own_role(site)
        if config.dags is not None:
            raise pulumi.RunError(
                "systems.airflow.dags: MWAA follows no git repository; leave it out and copy the DAGs to folder dags of "
                "bucket airflow (aws s3 sync)"
            )
        spark = site.maybe(contracts.BatchCompute)
        return MwaaAirflowArgs(
            environment_name=fit(f"{site.stack.name}-airflow", 80),
            environment_class=config.environment_class,
            schedulers=max(2, config.schedulers),
            workers=config.workers,
            bucket=site.buckets[BUCKET],
            role_name=role_name,
            role_arn=role_arn,
            subnet_ids=network.subnet_ids.apply(lambda ids: list(ids)[:SUBNETS]),
            security_group_id=network.security_group_id,
            kms_key=network.kms_key,
            region=network.region,
            account_id=network.account_id,
            production=site.spec.environment == "prod",
            spark_application=spark.application if spark else None,
            spark_role=spark.service_account if spark else None,
        )

    def contracts(self) -> Sequence[contracts.Workflows]:
        """The web server and its REST API; a caller has a token of the service."""
        return [contracts.Workflows(pulumi.Output.concat(self.url, ":443"), engine="airflow")]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses, and where DAGs go."""
        dags = pulumi.Output.concat("s3://", self._args.bucket.bucket, f"/{DAGS}")
        return {"url": self.url, "arn": self.environment_arn, "dags": dags}
