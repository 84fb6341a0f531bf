"""The clouds' streaming script, run against a recording Spark: what it reads, how it logs in, where it writes."""

import sys
from types import ModuleType
from typing import Any

import pytest

from components import spark_stream
from components.azureml import spark_jobs as azureml
from components.sagemaker import spark_jobs as sagemaker
from components.vertex import spark_jobs as vertex

STREAMS = {"sagemaker": sagemaker.STREAM, "vertex": vertex.STREAM, "azureml": azureml.STREAM}


class Fake:
    """Takes every call, keeps options, and says of itself what was done."""

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self.calls: list[tuple[str, Any]] = []

    def option(self, key: str, value: Any) -> "Fake":
        self.options[key] = value
        return self

    def __call__(self, *values: Any, **named: Any) -> "Fake":
        self.calls[-1] = (self.calls[-1][0], [*values, *named.values()])
        return self

    def __getattr__(self, name: str) -> "Fake":
        self.calls.append((name, None))
        return self


def run(monkeypatch: pytest.MonkeyPatch, script: str, *source: str) -> Fake:
    """Runs the script as a job would, with its arguments."""
    fake = Fake()
    modules = {name: ModuleType(name) for name in ("pyspark", "pyspark.sql", "pyspark.sql.functions")}
    monkeypatch.setattr(modules["pyspark.sql"], "SparkSession", fake, raising=False)
    monkeypatch.setattr(modules["pyspark.sql.functions"], "to_date", "date of {}".format, raising=False)
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(sys, "argv", ["stream.py", "s3://b/streams/x", "s3://b/checkpoints/x", "30", *source])
    exec(compile(script, "stream.py", "exec"), {"__name__": "__main__"})
    return fake


@pytest.mark.parametrize("target", STREAMS)
def test_a_topic_is_read_with_the_services_own_login(monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    fake = run(monkeypatch, STREAMS[target], "orders", "broker:9098")
    assert fake.options["subscribe"] == "orders" and fake.options["kafka.bootstrap.servers"] == "broker:9098"
    assert fake.options["kafka.security.protocol"] == "SASL_SSL"
    mechanism = {"sagemaker": "AWS_MSK_IAM"}.get(target, "OAUTHBEARER")
    assert fake.options["kafka.sasl.mechanism"] == mechanism
    assert fake.options["kafka.sasl.jaas.config"].endswith("LoginModule required;")
    assert [key for key in fake.options if key.endswith("callback.handler.class")]
    # Event Hubs knows no groups by prefix
    assert fake.options.get("groupIdPrefix") == (None if target == "azureml" else "spark")
    assert (fake.options["path"], fake.options["checkpointLocation"]) == ("s3://b/streams/x", "s3://b/checkpoints/x")
    assert ("trigger", ["30 seconds"]) in fake.calls and fake.calls[-1] == ("awaitTermination", [])


def test_without_a_topic_it_reads_sparks_own_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = run(monkeypatch, STREAMS["vertex"])
    assert ("format", ["rate"]) in fake.calls and ("format", ["kafka"]) not in fake.calls
    assert not [key for key in fake.options if key.startswith("kafka.")]


def test_a_text_that_would_end_its_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no quotation mark"):
        spark_stream.script({"mechanism": 'PLAIN"'})
    with pytest.raises(ValueError, match="no quotation mark"):
        spark_stream.script({"mechanism": "PLAIN"}, group="a\\")
