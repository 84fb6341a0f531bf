"""Spark jobs on EMR Serverless as StartJobRun requests: pure data from a few decisions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi

from components.contracts import BrokerAccess

SCRIPT = "scripts/stream.py"
EVENTS = "events/"
STREAM = '''\
"""A stream as Parquet files, by day; run again, it goes on from its checkpoint.

Arguments: target, checkpoint, seconds between micro-batches, and for a Kafka topic its name and the bootstrap servers;
without these two the source is Spark's own rate, one row a second.
"""

import sys

from pyspark.sql import SparkSession
from pyspark.sql.functions import to_date

target, checkpoint, seconds, *source = sys.argv[1:]
spark = SparkSession.builder.getOrCreate()
if source:
    topic, servers = source
    reader = spark.readStream.format("kafka").option("subscribe", topic).option("startingOffsets", "earliest")
    for key, value in {
        "bootstrap.servers": servers,
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "AWS_MSK_IAM",
        "sasl.jaas.config": "software.amazon.msk.auth.iam.IAMLoginModule required;",
        "sasl.client.callback.handler.class": "software.amazon.msk.auth.iam.IAMClientCallbackHandler",
    }.items():
        reader = reader.option(f"kafka.{key}", value)
    # the broker lets the job's role read in groups that begin with this name
    reader = reader.option("groupIdPrefix", "spark")
else:
    reader = spark.readStream.format("rate").option("rowsPerSecond", 1)
rows = reader.load()
query = (
    rows.withColumn("day", to_date("timestamp"))
    .writeStream.format("parquet")
    .option("path", target)
    .option("checkpointLocation", checkpoint)
    .partitionBy("day")
    .trigger(processingTime=f"{seconds} seconds")
    .start()
)
query.awaitTermination()
'''
"""MSK's client settings: Amazon MSK developer guide, "Configure clients for IAM access control"."""


@dataclass
class EmrJobArgs:
    """One job template. Memory in GiB."""

    driver_cores: int
    driver_gib: int
    executor_cores: int
    executor_gib: int
    executors: int
    """At the start, and at most twice as many."""
    main: Optional[str] = None
    """s3:// address of the Python file or jar; our streaming script if unset."""
    main_class: Optional[str] = None
    arguments: list[str] = field(default_factory=list)
    schedule: Optional[str] = None
    """Cron expression of five fields, UTC."""
    streaming: bool = False
    topic: Optional[str] = None
    trigger_seconds: int = 60


def request(
    key: str,
    job: EmrJobArgs,
    application_id: pulumi.Input[str],
    role_arn: pulumi.Input[str],
    bucket: pulumi.Input[str],
    broker: BrokerAccess | None,
) -> dict[str, Any]:
    """The members of StartJobRun (EMR Serverless API reference), event log and logs in the bucket."""
    settings: dict[str, pulumi.Input[str]] = {
        "spark.driver.cores": str(job.driver_cores),
        "spark.driver.memory": f"{job.driver_gib}g",
        "spark.executor.cores": str(job.executor_cores),
        "spark.executor.memory": f"{job.executor_gib}g",
        "spark.executor.instances": str(job.executors),
        "spark.dynamicAllocation.maxExecutors": str(job.executors * 2),
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": pulumi.Output.concat("s3://", bucket, "/", EVENTS),
        "spark.hadoop.hive.metastore.client.factory.class": (
            "com.amazonaws.glue.catalog.metastore.AWSGlueDataCatalogHiveClientFactory"
        ),
    }
    if job.topic is not None:
        settings["spark.jars"] = pulumi.Output.concat("s3://", bucket, "/jars/*")
    driver = {
        "sparkSubmit": {
            "entryPoint": job.main or pulumi.Output.concat("s3://", bucket, "/", SCRIPT),
            "entryPointArguments": _arguments(key, job, bucket, broker),
            "sparkSubmitParameters": _parameters(settings, job.main_class),
        }
    }
    return {
        "name": key,
        "applicationId": application_id,
        "executionRoleArn": role_arn,
        "mode": "STREAMING" if job.streaming else "BATCH",
        "jobDriver": driver,
        **({"retryPolicy": {"maxFailedAttemptsPerHour": 5}} if job.streaming else {"executionTimeoutMinutes": 720}),
    }


def _arguments(key: str, job: EmrJobArgs, bucket: pulumi.Input[str], broker: BrokerAccess | None) -> list[pulumi.Input[str]]:
    if not job.streaming:
        return list(job.arguments)
    found: list[pulumi.Input[str]] = [
        pulumi.Output.concat("s3://", bucket, f"/streams/{key}"),
        pulumi.Output.concat("s3://", bucket, f"/checkpoints/{key}"),
        str(job.trigger_seconds),
    ]
    return [*found, job.topic, broker.bootstrap] if job.topic is not None and broker is not None else found


def _parameters(settings: Mapping[str, pulumi.Input[str]], main_class: str | None) -> pulumi.Output[str]:
    words: list[Any] = [f"--class {main_class} "] if main_class else []
    for key, value in settings.items():
        words += [f"--conf {key}=", value, " "]
    return pulumi.Output.concat(*words[:-1])
