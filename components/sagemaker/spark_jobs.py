"""Spark jobs on EMR Serverless as StartJobRun requests: pure data from a few decisions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi

from components import spark_stream
from components.contracts import BrokerAccess

EVENTS = "events/"
STREAM = spark_stream.script(
    {
        "mechanism": "AWS_MSK_IAM",
        "jaas.config": "software.amazon.msk.auth.iam.IAMLoginModule required;",
        "client.callback.handler.class": "software.amazon.msk.auth.iam.IAMClientCallbackHandler",
    },
    group="spark",
)
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
            "entryPoint": job.main or pulumi.Output.concat("s3://", bucket, "/", spark_stream.SCRIPT),
            "entryPointArguments": spark_stream.arguments(
                key, job, lambda path: pulumi.Output.concat("s3://", bucket, f"/{path}"), broker
            ),
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


def _parameters(settings: Mapping[str, pulumi.Input[str]], main_class: str | None) -> pulumi.Output[str]:
    words: list[Any] = [f"--class {main_class} "] if main_class else []
    for key, value in settings.items():
        words += [f"--conf {key}=", value, " "]
    return pulumi.Output.concat(*words[:-1])
