"""The streaming script of Spark on the clouds: one text, and a service's way to log in to its broker as data."""

from collections.abc import Callable, Mapping
from typing import Protocol

import pulumi

from components.contracts import BrokerAccess

SCRIPT = "scripts/stream.py"
"""Where it stands in the jobs' bucket or container."""
_TEXT = '''\
"""A stream as Parquet files, by day; run again, it goes on from its checkpoint.

Arguments: target, checkpoint, seconds between micro-batches, and for a topic its name and the bootstrap servers; without
these two the source is Spark's own rate, one row a second.
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
@@login
    }.items():
        reader = reader.option(f"kafka.{key}", value)
@@group
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
_GROUP = """\
    # the broker lets the job read in groups that begin with this name
    reader = reader.option("groupIdPrefix", "{group}")
"""


def script(login: Mapping[str, str], group: str | None = None) -> str:
    """The Python file: `login` are the Kafka client's settings below `sasl.`, `group` what its consumer groups begin with.

    A broker that lets an identity read in some groups alone needs the latter. Raises ValueError for a text with a quotation
    mark, which would end its place in the file.
    """
    if any('"' in text or "\\" in text for text in (*login, *login.values(), group or "")):
        raise ValueError(f"login: {dict(login)} and group {group!r} must hold no quotation mark and no backslash")
    lines = "\n".join(f'        "sasl.{key}": "{value}",' for key, value in login.items())
    told = _GROUP.format(group=group) if group else ""
    return _TEXT.replace("@@login", lines).replace("@@group\n", told)


class Job(Protocol):
    """What a job template of every service says of its arguments."""

    @property
    def arguments(self) -> list[str]:
        """Of a program of the user's own."""

    @property
    def streaming(self) -> bool:
        """Whether it runs our script."""

    @property
    def topic(self) -> str | None:
        """Kafka topic that it reads."""

    @property
    def trigger_seconds(self) -> int:
        """Between micro-batches."""


def arguments(key: str, job: Job, at: Callable[[str], pulumi.Input[str]], broker: BrokerAccess | None) -> list[pulumi.Input[str]]:
    """The job's arguments: its own, or those of the script; `at` gives a path of the bucket its address."""
    if not job.streaming:
        return list(job.arguments)
    found: list[pulumi.Input[str]] = [at(f"streams/{key}"), at(f"checkpoints/{key}"), str(job.trigger_seconds)]
    return [*found, job.topic, broker.bootstrap] if job.topic is not None and broker is not None else found
