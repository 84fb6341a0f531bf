"""Spark jobs on a Synapse pool as requests of its Livy API: pure data from a few decisions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi

from components import spark_stream
from components.contracts import BrokerAccess

EVENTS = "events"
LIVY = "livyApi/versions/2019-11-01-preview/sparkPools"
"""Azure REST API reference, Synapse, "Spark Batch - Create Spark Batch Job"."""
NODES: Mapping[str, tuple[int, int, int]] = {
    "Small": (4, 32, 28),
    "Medium": (8, 64, 56),
    "Large": (16, 128, 112),
    "XLarge": (32, 256, 224),
}
"""vCores and GiB of a node by its size, and GiB of what runs on it (Azure Synapse Analytics documentation, "Apache Spark pool
configurations in Azure Synapse Analytics", and the sizes that its Livy API is asked for)."""
STREAM = spark_stream.script(
    {
        "mechanism": "OAUTHBEARER",
        "jaas.config": "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;",
        "login.callback.handler.class": "CustomAuthenticateCallbackHandler",
    }
)
"""Client settings: Azure/azure-event-hubs-for-kafka, tutorials/oauth/java/managedidentity, whose class it names."""


@dataclass
class LivyJobArgs:
    """One job template. Memory in GiB."""

    cores: int
    """Of the larger of driver and executors."""
    memory_gib: int
    executors: int
    main: Optional[str] = None
    """Path of the Python file or jar in the container; our streaming script if unset."""
    main_class: Optional[str] = None
    arguments: list[str] = field(default_factory=list)
    schedule: Optional[str] = None
    """Cron expression of five fields, UTC."""
    streaming: bool = False
    topic: Optional[str] = None
    trigger_seconds: int = 60


def node(jobs: Mapping[str, LivyJobArgs]) -> str:
    """The smallest size that every job fits on. RunError where there is none."""
    for size, (cores, _, memory) in NODES.items():
        if all(job.cores <= cores and job.memory_gib <= memory for job in jobs.values()):
            return size
    largest = NODES["XLarge"]
    raise pulumi.RunError(
        f"mlops:spec.systems.spark: a job asks for more than the largest node, {largest[0]} cores and {largest[2]} GiB of memory"
    )


def request(key: str, job: LivyJobArgs, size: str, store: pulumi.Input[str], broker: BrokerAccess | None) -> dict[str, Any]:
    """A batch of the pool: driver and executors each take a whole node; `store` is the container's abfss:// address."""
    cores, _, memory = NODES[size]
    jars = {"jars": [pulumi.Output.concat(store, "/jars/*")]} if job.topic is not None else {}
    return {
        "name": key,
        "file": pulumi.Output.concat(store, "/", job.main or spark_stream.SCRIPT),
        **({"className": job.main_class} if job.main_class else {}),
        "args": spark_stream.arguments(key, job, lambda path: pulumi.Output.concat(store, f"/{path}"), broker),
        "driverCores": cores,
        "driverMemory": f"{memory}g",
        "executorCores": cores,
        "executorMemory": f"{memory}g",
        "numExecutors": job.executors,
        **jars,
    }
