"""pyspark by our SparkApplications, each run as the operator's driver runs it: a stream keeps a topic as Parquet, a batch job
reads it again; and the clouds' streaming script on Spark's own source.

In place of what this machine has not: the bucket is a local directory below the same s3a:// addresses (Hadoop's view file
system), and the topic a local file: what the script asks of `kafka` goes to a source of the test's that notes the options it was given.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from components.vertex import spark_jobs
from tests.truth.machine import Machine
from tests.truth.programs import need
from tests.truth.running import Running

pytestmark = [pytest.mark.slow, pytest.mark.truth, pytest.mark.timeout(3600)]

TOPIC = '''\
"""A topic that is a file: a line a record, [timestamp in seconds, key, value]."""

import json
from datetime import datetime, timezone
from pathlib import Path

from pyspark.sql.datasource import DataSource, SimpleDataSourceStreamReader

SCHEMA = "key binary, value binary, topic string, partition int, offset bigint, timestamp timestamp, timestampType int"


class Reader(SimpleDataSourceStreamReader):
    def __init__(self, options):
        self.topic = options["subscribe"]

    def rows(self, start, end=None):
        lines = Path(f"/topics/{self.topic}.jsonl").read_text().splitlines()
        for offset, line in list(enumerate(lines))[start:end]:
            at, key, value = json.loads(line)
            yield key.encode(), value.encode(), self.topic, 0, offset, datetime.fromtimestamp(at, timezone.utc), 0

    def initialOffset(self):
        return {"next": 0}

    def read(self, start):
        found = list(self.rows(start["next"]))
        return iter(found), {"next": start["next"] + len(found)}

    def readBetweenOffsets(self, start, end):
        return self.rows(start["next"], end["next"])


class DefaultSource(DataSource):
    @classmethod
    def name(cls):
        return "topic"

    def schema(self):
        return SCHEMA

    def simpleStreamReader(self, schema):
        Path("/topics/options.json").write_text(json.dumps(dict(self.options)))
        return Reader(self.options)
'''
LEAD = '''\
"""For `kafka` Spark takes no source but the one of its own jar."""

from pyspark.sql.streaming import DataStreamReader

given = DataStreamReader.format
DataStreamReader.format = lambda self, source: given(self, "topic" if source == "kafka" else source)
'''
READ = """\
import json, sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
rows = spark.read.parquet(sys.argv[1]).selectExpr("string(value)", "string(day)", "offset").orderBy("offset").collect()
print("FOUND", json.dumps([list(row) for row in rows]))
"""
DAY = 86400
BUCKET, STREAM, TABLE = "spark", "clicks", "s3a://spark/streams/clicks"
LOCAL = {
    # s3a://spark/… is /bucket/…
    "spark.hadoop.fs.s3a.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
    "spark.hadoop.fs.viewfs.overload.scheme.target.file.impl": "org.apache.hadoop.fs.LocalFileSystem",
    f"spark.hadoop.fs.viewfs.mounttable.{BUCKET}.linkFallback": "file:///bucket",
    # Hadoop has that view for this interface alone
    "spark.sql.streaming.checkpointFileManagerClass": "org.apache.spark.sql.execution.streaming.FileSystemBasedCheckpointFileManager",
}
"""The test's alone, beside the application's own settings."""


@pytest.fixture(scope="module")
def program() -> Path:
    """pyspark's folder."""
    return need("pyspark")


@pytest.fixture(scope="module")
def places(machine: Machine) -> dict[str, Path]:
    """Directories of the image and of what stands for bucket and topic, by their paths in a container."""
    found = {path: machine.folder / path.strip("/") for path in ("/bucket", "/topics", "/sources", "/jobs")}
    for folder in found.values():
        folder.mkdir()
    # the history server makes it at its first start
    (found["/bucket"] / "events").mkdir()
    # Spark looks for sources in modules of such names
    (found["/sources"] / "pyspark_topic.py").write_text(TOPIC)
    (found["/sources"] / "sitecustomize.py").write_text(LEAD)
    (found["/jobs"] / "read.py").write_text(READ)
    return found


def told(machine: Machine, name: str) -> dict[str, Any]:
    """The spec of one of our applications."""
    found: dict[str, Any] = machine.made.one("SparkApplication", name).inputs["spec"]
    return found


def driver(machine: Machine, program: Path, places: Mapping[str, Path], name: str) -> Running:
    """The driver's pod as the operator makes it of an application: its settings, file, arguments, variables, volumes and init
    container; executors are threads of the driver's own."""
    spec = told(machine, name)
    part, settings = spec["driver"], {**spec["sparkConf"], **LOCAL}
    argv = [
        "spark-submit",
        "--master=local[1]",
        f"--driver-memory={part['memory']}",
        f"--driver-java-options={part['javaOptions']}",
    ]
    argv += [f"--conf={key}={value}" for key, value in settings.items()]
    mounts = [*part["volumeMounts"], *({"name": path, "mountPath": path} for path in places)]
    container = {
        "name": "driver",
        "command": [*argv, spec["mainApplicationFile"], *spec["arguments"]],
        "env": part["env"],
        "volumeMounts": mounts,
        "securityContext": part["securityContext"],
    }
    pod = {"volumes": spec["volumes"], "initContainers": part["initContainers"], "containers": [container]}
    keytool = shutil.which("keytool")
    if keytool is None:
        pytest.skip("NOT RUN: no Java (keytool) here")
    image = {"JAVA_HOME": str(Path(keytool).resolve().parents[1]), "PYTHONPATH": "/sources", "HOME": "/tmp", "TZ": "UTC"}
    return machine.launch("spark", pod, program, data=dict(places), more=image)


def say(places: Mapping[str, Path], *records: tuple[int, str]) -> None:
    """Appends records (days since 1970, value) to the topic."""
    with (places["/topics"] / "clicks.jsonl").open("a") as file:
        for day, value in records:
            file.write(json.dumps([day * DAY + 60, "key", value]) + "\n")


def batches(places: Mapping[str, Path]) -> int:
    """How many micro-batches the stream has closed."""
    return len([file for file in places["/bucket"].glob(f"checkpoints/{STREAM}/commits/*") if file.name.isdigit()])


def test_a_stream_of_ours_keeps_a_topic_by_day_and_goes_on_where_it_was(
    machine: Machine, program: Path, places: dict[str, Path]
) -> None:
    say(places, (0, "a"), (0, "b"), (1, "c"))
    first = driver(machine, program, places, STREAM)
    first.until(lambda: batches(places) == 1)
    said = machine.get("http://localhost:4040/metrics/executors/prometheus/")
    assert "metrics_executor_" in said
    first.end()
    say(places, (1, "d"))
    again = driver(machine, program, places, STREAM)
    again.until(lambda: batches(places) == 2)
    again.end()
    assert {folder.name for folder in (places["/bucket"] / "streams" / STREAM).glob("day=*")} == {
        "day=1970-01-01",
        "day=1970-01-02",
    }
    found = driver(machine, program, places, "read").done().partition("FOUND ")[2].splitlines()[0]
    one, two = "1970-01-01", "1970-01-02"
    assert json.loads(found) == [["a", one, 0], ["b", one, 1], ["c", two, 2], ["d", two, 3]]
    # what the history server reads
    assert list((places["/bucket"] / "events").iterdir())


def test_the_stream_logs_in_as_its_user_over_tls(machine: Machine, program: Path, places: dict[str, Path]) -> None:
    """Reads what the stream of the test before told its source."""
    options = json.loads((places["/topics"] / "options.json").read_text())
    login = machine.config("Secret", "spark", "spark-kafka")
    assert options["kafka.security.protocol"] == "SASL_SSL" and options["kafka.sasl.mechanism"] == "SCRAM-SHA-512"
    assert options["kafka.sasl.jaas.config"] == login["sasl.jaas.config"]
    assert options["groupidprefix"] == login["username"]
    assert options["kafka.bootstrap.servers"].partition(":")[0] in machine.names


def test_the_clouds_script_keeps_a_source_by_day_and_goes_on(machine: Machine, program: Path, places: dict[str, Path]) -> None:
    (places["/jobs"] / "stream.py").write_text(spark_jobs.STREAM)
    argv = ["spark-submit", "--master=local[1]", "/jobs/stream.py", "file:///bucket/rate", "file:///bucket/rate-checkpoint", "1"]
    done = places["/bucket"] / "rate-checkpoint/commits"

    def until(batch: int) -> None:
        running = machine.start(argv, program, binds=places, environment={"HOME": "/tmp"})
        running.until((done / str(batch)).is_file)
        running.end()

    until(1)
    reached = max(int(file.name) for file in done.iterdir() if file.name.isdigit())
    until(reached + 1)
    assert list((places["/bucket"] / "rate").glob("day=*/*.parquet"))
