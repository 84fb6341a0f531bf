"""What Azure's data systems cannot do is refused before anything is made, with advice."""

from pathlib import Path

import pulumi
import pytest

from tests.unit.azure_stack import composed
from tests.unit.stackfiles import checked, messages


@pytest.mark.parametrize(
    ("systems", "said"),
    [
        ("{minio: {}, flume: {agents: {a: {sink: kafka, topic: t}}}, kafka: {}}", r"agents.a.sink: kafka: on Azure"),
        ("{minio: {}, flume: {agents: {a: {source: kafka, sourceTopic: t}}}}", r"agents.a.source: kafka: needs a broker"),
        ("{minio: {}, postgres: {}, sqoop: {jobs: {a: {direction: export, table: t}}}}", r"jobs.a.direction: .export."),
        ("{minio: {}, spark: {jobs: {a: {main: 'local:///a.py'}}}}", r"put it in the container"),
        ("{minio: {}, spark: {jobs: {a: {main: 's3a://spark/a.py', driver: {cpu: '64'}}}}}", r"more than the largest node"),
        ("{minio: {}, feast: {repository: 'https://git/x'}}", r"feast.repository"),
        ("{minio: {}, amundsen: {ingestion: {a: {image: 'x.io/a:1', command: [run]}}}}", r"amundsen.ingestion"),
    ],
)
def test_what_azure_has_not_is_refused_with_advice(tmp_path: Path, systems: str, said: str) -> None:
    with pytest.raises(pulumi.RunError, match=said):
        composed(tmp_path, f"systems: {systems}")


def test_transfers_want_a_database_that_takes_tokens(tmp_path: Path) -> None:
    jobs = "{a: {direction: import, table: t}}"
    said = messages(checked(tmp_path, f"systems: {{minio: {{}}, mysql: {{}}, sqoop: {{jobs: {jobs}}}}}", target="azureml"))
    assert any("database" in line and "postgres" in line for line in said), said
