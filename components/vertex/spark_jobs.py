"""Spark jobs as batches of the Dataproc API: pure data from a few decisions."""

from dataclasses import dataclass, field
from typing import Any, Optional

from components import spark_stream
from components.contracts import BrokerAccess
from components.vertex.jobs import VertexGround, uri

EVENTS = "events/"
RUNTIME = "2.2"
"""Spark 3.5, as on Dataproc's machines of that number; the service's own list was not read, newer ones may exist."""
JARS = ("spark-sql-kafka-0-10.jar", "managed-kafka-auth-login-handler.jar")
STREAM = spark_stream.script(
    {
        "mechanism": "OAUTHBEARER",
        "jaas.config": "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;",
        "login.callback.handler.class": "com.google.cloud.hosted.kafka.auth.GcpLoginCallbackHandler",
    },
    group="spark",
)
"""Client settings: Managed Service for Apache Kafka, "Authenticate to the Kafka API"."""


@dataclass
class SparkBatchArgs:
    """One batch template. Memory in GiB."""

    driver_cores: int
    driver_gib: int
    executor_cores: int
    executor_gib: int
    executors: int
    """At the start, and at most twice as many."""
    main: Optional[str] = None
    """Object of the bucket that is run, a Python file or a jar; our streaming script if unset."""
    main_class: Optional[str] = None
    arguments: list[str] = field(default_factory=list)
    schedule: Optional[str] = None
    """Cron expression of five fields, UTC."""
    streaming: bool = False
    topic: Optional[str] = None
    trigger_seconds: int = 60


def request(key: str, job: SparkBatchArgs, place: VertexGround, broker: BrokerAccess | None) -> dict[str, Any]:
    """A Batch (Dataproc API reference): in the private subnetwork, as the jobs' account, under the stack's key."""
    settings = {
        "spark.driver.cores": str(job.driver_cores),
        "spark.driver.memory": f"{job.driver_gib}g",
        "spark.executor.cores": str(job.executor_cores),
        "spark.executor.memory": f"{job.executor_gib}g",
        "spark.executor.instances": str(job.executors),
        "spark.dynamicAllocation.maxExecutors": str(job.executors * 2),
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": uri(place, EVENTS),
    }
    where = {
        "serviceAccount": place.account,
        "subnetworkUri": place.subnet_id,
        "networkTags": [place.tag],
        "kmsKey": place.kms_key,
        "stagingBucket": place.bucket,
        **({} if job.streaming else {"ttl": "43200s"}),
    }
    return {
        **_code(key, job, place, broker),
        "runtimeConfig": {"version": RUNTIME, "properties": settings},
        "environmentConfig": {"executionConfig": where},
    }


def _code(key: str, job: SparkBatchArgs, place: VertexGround, broker: BrokerAccess | None) -> dict[str, Any]:
    jars = [uri(place, f"jars/{jar}") for jar in JARS] if job.topic is not None else []
    more = {"args": spark_stream.arguments(key, job, lambda path: uri(place, path), broker), "jarFileUris": jars}
    main = uri(place, job.main or spark_stream.SCRIPT)
    if job.main_class is not None:
        return {"sparkBatch": {**more, "mainClass": job.main_class, "jarFileUris": [*jars, main]}}
    if (job.main or spark_stream.SCRIPT).endswith(".py"):
        return {"pysparkBatch": {**more, "mainPythonFileUri": main}}
    return {"sparkBatch": {**more, "mainJarFileUri": main}}
