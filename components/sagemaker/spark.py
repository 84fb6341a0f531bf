"""Batch processing on AWS: EMR Serverless with Spark inside the stack's network."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi
import pulumi_aws as aws

from components import contracts, spark_stream
from components.naming import fit
from components.sagemaker import launch, spark_jobs
from components.sagemaker.identity import allow, attach, own_role
from components.sagemaker.spark_jobs import EmrJobArgs
from components.spec.base import duration_seconds, quantity_value
from components.spec.processing import Spark, SparkJob, SparkSize, SparkStream
from components.system import Site

BUCKET = "spark"
RELEASE = "emr-7.11.0"
"""Spark 3.5.6: EMR Serverless user guide, "EMR Serverless 7.11.0", read 2026-11-23; newer ones exist, not read."""


@dataclass
class EmrServerlessSparkArgs:
    """One Spark application and its job templates."""

    stem: str
    """Name of the application, at most 64 characters."""
    bucket: contracts.BucketAccess
    """Scripts, jars, results, checkpoints, logs and event logs."""
    role_name: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    """Role that jobs run as; its right to the bucket and the topics is granted beforehand."""
    subnet_ids: pulumi.Input[list[str]]
    security_group_id: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    """ARN of the key for logs, disks of managed storage, and schedules."""
    region: str
    account_id: pulumi.Input[str]
    production: bool
    """Keep logs for a year."""
    jobs: dict[str, EmrJobArgs] = field(default_factory=dict)
    """Job templates by name."""
    broker: Optional[contracts.BrokerAccess] = None


class EmrServerlessSpark(pulumi.ComponentResource):
    """emrserverless.Application in private subnets, its job role, logs and event logs of our own, job templates.

    Creates a LogGroup, the Application (stops when idle, bounded capacity), the streaming script as an object of the bucket,
    and each job as SSM parameter `/mlops/<stem>/jobs/<name>`: a StartJobRun request that
    `aws emr-serverless start-job-run --cli-input-json` launches; a job with a schedule has a scheduler.Schedule too. Without
    any declared stream there is the template `sample-stream`. Source: EMR Serverless user guide, "Streaming jobs" and
    "Configuring VPC access". Limits: nothing runs before it is launched; a stream from the broker needs the jars
    spark-sql-kafka-0-10 and aws-msk-iam-auth, which whoever owns the stack puts below `jars/` of the bucket.
    """

    application_arn: pulumi.Output[str]
    application_id: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.Broker,)
    provides = (contracts.BatchCompute,)
    tiers = ("all", "platform")
    essential_type = "aws:emrserverless/application:Application"
    role_service = "emr-serverless.amazonaws.com"

    def __init__(self, name: str, args: EmrServerlessSparkArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:EmrServerlessSpark", name, {}, opts)
        self._name, self._args = name, args
        self._opts = pulumi.ResourceOptions(parent=self)
        self._group = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/mlops/{args.stem}/jobs",
            kms_key_id=args.kms_key,
            retention_in_days=365 if args.production else 30,
            opts=self._opts,
        )
        application = aws.emrserverless.Application(
            f"{name}-application",
            name=args.stem,
            type="spark",
            release_label=RELEASE,
            architecture="ARM64",
            auto_start_configuration={"enabled": True},
            auto_stop_configuration={"enabled": True, "idle_timeout_minutes": 15},
            maximum_capacity={"cpu": "200 vCPU", "memory": "800 GB", "disk": "2000 GB"},
            network_configuration={"subnet_ids": args.subnet_ids, "security_group_ids": [args.security_group_id]},
            monitoring_configuration={
                "managed_persistence_monitoring_configuration": {"enabled": True, "encryption_key_arn": args.kms_key},
                "s3_monitoring_configuration": {"log_uri": self._uri("logs/"), "encryption_key_arn": args.kms_key},
                "cloudwatch_logging_configuration": {
                    "enabled": True,
                    "log_group_name": self._group.name,
                    "encryption_key_arn": args.kms_key,
                },
            },
            opts=self._opts,
        )
        self.application_arn, self.application_id = application.arn, application.id
        rights = self._allow()
        script = aws.s3.BucketObjectv2(
            f"{name}-stream",
            bucket=args.bucket.bucket,
            key=spark_stream.SCRIPT,
            content=spark_jobs.STREAM,
            server_side_encryption="aws:kms",
            kms_key_id=args.kms_key,
            opts=self._opts,
        )
        ready = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[script, rights]))
        launcher = launch.Launcher(args.stem, args.account_id, args.kms_key, ready)
        self.templates = {key: self._job(launcher, key, job) for key, job in args.jobs.items()}
        self._schedules(launcher)
        self.register_outputs({"applicationArn": self.application_arn, "applicationId": self.application_id})

    def _uri(self, path: str) -> pulumi.Output[str]:
        return pulumi.Output.concat("s3://", self._args.bucket.bucket, "/", path)

    def _allow(self) -> aws.iam.RolePolicy:
        """Logs, and the Glue catalogue as metastore; bucket and topics come from grants."""
        args = self._args

        def glue(kind: str) -> pulumi.Output[str]:
            return pulumi.Output.format("arn:aws:glue:{0}:{1}:{2}", args.region, args.account_id, kind)

        write = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        groups = pulumi.Output.format("arn:aws:logs:{0}:{1}:log-group:*", args.region, args.account_id)
        statements = [
            allow(write, [self._group.arn, pulumi.Output.concat(self._group.arn, ":*")]),
            allow(["logs:DescribeLogGroups"], [groups]),
            allow(
                ["glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables", "glue:GetPartition",
                 "glue:GetPartitions", "glue:GetUserDefinedFunctions"],
                [glue("catalog"), glue("database/*"), glue("table/*"), glue("userDefinedFunction/*")],
            ),
            allow(["kms:Decrypt", "kms:GenerateDataKey"], [args.kms_key]),
        ]  # fmt: skip
        return attach(f"{self._name}-run", args.role_name, statements, self._opts)

    def _request(self, key: str, job: EmrJobArgs) -> Mapping[str, Any]:
        args = self._args
        return spark_jobs.request(key, job, self.application_id, args.role_arn, args.bucket.bucket, args.broker)

    def _job(self, launcher: launch.Launcher, key: str, job: EmrJobArgs) -> aws.ssm.Parameter:
        what = f"Spark job {key}: aws emr-serverless start-job-run --cli-input-json"
        return launcher.template(f"{self._name}-job-{key}", f"jobs/{key}", self._request(key, job), what)

    def _schedules(self, launcher: launch.Launcher) -> None:
        scheduled = {key: job for key, job in self._args.jobs.items() if job.schedule}
        if not scheduled:
            return
        to_spark = {"StringEquals": {"iam:PassedToService": "emr-serverless.amazonaws.com"}}
        start = allow(["emr-serverless:StartJobRun"], [self.application_arn])
        role = launcher.role(self._name, [start, allow(["iam:PassRole"], [self._args.role_arn], to_spark)])
        for key, job in scheduled.items():
            request = launch.capitals({**self._request(key, job), "clientToken": launch.RUN_ID})
            action = "emrserverless:startJobRun"
            launcher.schedule(f"{self._name}-schedule-{key}", key, job.schedule or "", action, request, role)

    @staticmethod
    def wants(config: Spark) -> contracts.Wants:
        """A bucket, and the topics of jobs and streams."""
        topics = dict.fromkeys([*config.topics, *(stream.topic for stream in config.streams.values())])
        return contracts.Wants(buckets=(BUCKET,), topics=tuple(topics))

    @staticmethod
    def plan(site: Site) -> EmrServerlessSparkArgs:
        """From `systems.spark` of the spec; image and history server mean nothing here, for the service has its own."""
        config: Spark = site.config
        network = site.contract(contracts.Network)
        role_name, role_arn = own_role(site)
        broker = site.brokers.get(site.key)
        if config.streams and broker is None:
            raise pulumi.RunError("spark: streams read a broker's topics, and this stack has none; add systems.kafka")
        jobs = {key: _batch(job) for key, job in config.jobs.items()}
        jobs |= {key: _stream(stream) for key, stream in config.streams.items()}
        if not config.streams:
            jobs["sample-stream"] = _stream(None)
        return EmrServerlessSparkArgs(
            stem=fit(f"{site.stack.name}-spark", 64),
            bucket=site.buckets[BUCKET],
            role_name=role_name,
            role_arn=role_arn,
            subnet_ids=network.subnet_ids.apply(list),
            security_group_id=network.security_group_id,
            kms_key=network.kms_key,
            region=network.region,
            account_id=network.account_id,
            production=site.spec.environment == "prod",
            jobs=jobs,
            broker=broker,
        )

    def contracts(self) -> Sequence[contracts.BatchCompute]:
        """The application and the role of its jobs."""
        event_log = pulumi.Output.concat("s3a://", self._args.bucket.bucket, "/", spark_jobs.EVENTS)
        return [
            contracts.BatchCompute(
                namespaces=(), service_account=self._args.role_arn, event_log=event_log, application=self.application_arn
            )
        ]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The application and its job templates."""
        jobs = {f"job.{key}": parameter.name for key, parameter in self.templates.items()}
        return {"applicationId": self.application_id, "jobRole": self._args.role_arn, **jobs}


def _size(size: SparkSize) -> dict[str, Any]:
    """Workers come in whole cores and gigabytes: rounded up."""
    return {
        "driver_cores": max(1, math.ceil(quantity_value(size.driver.cpu))),
        "driver_gib": max(2, math.ceil(quantity_value(size.driver.memory) / 2**30)),
        "executor_cores": max(1, math.ceil(quantity_value(size.executor.cpu))),
        "executor_gib": max(2, math.ceil(quantity_value(size.executor.memory) / 2**30)),
        "executors": size.executors,
    }


def _batch(job: SparkJob) -> EmrJobArgs:
    if job.main.startswith("local:"):
        raise pulumi.RunError(
            f"systems.spark.jobs: {job.main}: on AWS there is no image of yours; put it in the bucket (s3a://…)"
        )
    return EmrJobArgs(
        **_size(job), main=job.main.replace("s3a://", "s3://", 1), main_class=job.main_class, arguments=list(job.args),
        schedule=job.schedule,
    )  # fmt: skip


def _stream(stream: SparkStream | None) -> EmrJobArgs:
    size = _size(stream or SparkSize())
    if stream is None:
        return EmrJobArgs(**size, streaming=True, trigger_seconds=60)
    return EmrJobArgs(**size, streaming=True, topic=stream.topic, trigger_seconds=duration_seconds(stream.trigger))
