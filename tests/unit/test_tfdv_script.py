"""What images/tfdv/validate.py does, over a stand-in for TFDV and a simulated S3: keys, verdicts, what is kept, exit codes."""

import importlib.util
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from components.kubernetes import images, tfdv


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tfdv_validate", images.FOLDER / "tfdv" / "validate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


validate = load()
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


class Store:
    """A bucket in memory."""

    def __init__(self, **objects: bytes):
        self.objects = dict(objects)
        self.kinds: dict[str, str] = {}

    def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))

    def fetch(self, key: str, path: Path) -> Path:
        path.write_bytes(self.objects[key])
        return path

    def keep(self, key: str, content: bytes, kind: str) -> None:
        self.objects[key], self.kinds[key] = content, kind


class Tfdv:
    """The functions of TFDV that the script calls: the columns of the files are the schema, a missing one is an error."""

    def __init__(self, severity: int = 2):
        self.severity = severity
        self.previous: Any = "never"

    def generate_statistics_from_csv(self, data_location: str) -> Any:
        files = sorted(Path(data_location).parent.iterdir())
        names = files[0].read_text().splitlines()[0].split(",") if files[0].read_text() else []
        common = SimpleNamespace(num_non_missing=len(files), num_missing=0)
        rows = [
            SimpleNamespace(
                path=SimpleNamespace(step=[name]),
                name="",
                WhichOneof=lambda _: "num_stats",
                num_stats=SimpleNamespace(common_stats=common),
            )
            for name in names
        ]
        return SimpleNamespace(datasets=[SimpleNamespace(features=rows)], names=names)

    def infer_schema(self, statistics: Any) -> list[str]:
        return list(statistics.names)

    def write_schema_text(self, schema: list[str], path: str) -> None:
        Path(path).write_text(",".join(schema))

    def load_schema_text(self, path: str) -> list[str]:
        return Path(path).read_text().split(",")

    def validate_statistics(self, statistics: Any, schema: list[str], previous_statistics: Any = None) -> Any:
        self.previous = previous_statistics
        missing = [name for name in schema if name not in statistics.names]
        infos = {
            name: SimpleNamespace(severity=self.severity, short_description="Column dropped", description="<absent>")
            for name in missing
        }
        return SimpleNamespace(
            anomaly_info=infos, dataset_anomaly_info=SimpleNamespace(severity=0, description="", short_description="")
        )

    def get_statistics_html(self, statistics: Any, previous: Any = None, lhs_name: str = "", rhs_name: str = "") -> str:
        return f"<div>charts of {lhs_name} {rhs_name}</div>"

    def write_stats_text(self, statistics: Any, path: str) -> None:
        Path(path).write_text("statistics")

    def load_stats_text(self, path: str) -> str:
        return Path(path).read_text()

    def write_anomalies_text(self, anomalies: Any, path: str) -> None:
        Path(path).write_text("anomalies")


SETTINGS = validate.Settings(dataset="sales", data="raw/sales", bucket="data", region="us-east-1")


def once(store: Store, engine: Tfdv | None = None) -> int:
    code: int = validate.run(SETTINGS, store, engine or Tfdv(), lambda: NOW)
    return code


def test_the_first_run_keeps_the_schema_that_it_inferred_and_passes() -> None:
    store = Store(**{"raw/sales/a.csv": b"id,price\n1,2\n", "raw/other.csv": b"x\n"})
    assert once(store) == 0
    assert store.objects["tfdv/sales/schema.pbtxt"] == b"id,price"
    summary = json.loads(store.objects["tfdv/sales/runs/2026-11-23T04-00-00Z/summary.json"])
    assert summary["schema"] == "inferred" and summary["valid"] is True and summary["files"] == ["raw/sales/a.csv"]
    assert [row["feature"] for row in summary["features"]] == ["id", "price"]


def test_a_schema_that_people_corrected_is_kept_and_an_anomaly_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    store = Store(**{"raw/sales/a.csv": b"id\n1\n", "tfdv/sales/schema.pbtxt": b"id,price"})
    assert once(store) == validate.ANOMALIES == tfdv.ANOMALIES
    assert store.objects["tfdv/sales/schema.pbtxt"] == b"id,price"
    at = "tfdv/sales/runs/2026-11-23T04-00-00Z/"
    summary = json.loads(store.objects[at + "summary.json"])
    assert summary["valid"] is False and summary["anomalies"][0]["feature"] == "price"
    page = store.objects[at + "report.html"].decode()
    assert "&lt;absent&gt;" in page and "<absent>" not in page and "1 anomalies" in page and "charts of" in page
    assert store.kinds[at + "report.html"] == "text/html; charset=utf-8"
    assert "ERROR price: Column dropped" in capsys.readouterr().err
    # wrong data are nothing to compare with
    assert at + "statistics.pbtxt" not in store.objects


def test_a_warning_is_told_and_does_not_fail() -> None:
    store = Store(**{"raw/sales/a.csv": b"id\n1\n", "tfdv/sales/schema.pbtxt": b"id,price"})
    assert once(store, Tfdv(severity=1)) == 0
    summary = json.loads(store.objects["tfdv/sales/runs/2026-11-23T04-00-00Z/summary.json"])
    assert summary["anomalies"][0]["severity"] == "WARNING" and summary["valid"] is True


def test_a_later_run_is_compared_with_the_last_valid_one() -> None:
    store = Store(**{"raw/sales/a.csv": b"id\n1\n", "tfdv/sales/schema.pbtxt": b"id"})
    for day, content in (("21", b"older"), ("22", b"newer")):
        store.objects[f"tfdv/sales/runs/2026-11-{day}T04-00-00Z/statistics.pbtxt"] = content
    engine = Tfdv()
    assert once(store, engine) == 0 and engine.previous == "newer"


def test_files_of_the_same_name_in_different_folders_are_all_read() -> None:
    store = Store(**{"raw/sales/1/a.csv": b"id\n1\n", "raw/sales/2/a.csv": b"id\n2\n"})
    assert once(store) == 0
    summary = json.loads(store.objects["tfdv/sales/runs/2026-11-23T04-00-00Z/summary.json"])
    assert summary["features"] == [{"feature": "id", "values": 2, "missing": 0}]


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ({"raw/sales/a.parquet": b""}, r"no \.csv or \.csv\.gz under raw/sales"),
        ({"raw/sales/a.csv": b"x", "raw/sales/b.csv.gz": b"x"}, "compressed and plain files together"),
        ({"raw/sales/a.csv": b""}, "no rows or no columns"),
    ],
)
def test_what_cannot_be_validated_says_why(objects: dict[str, bytes], said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        once(Store(**objects))


def test_findings_are_the_worst_first_and_name_the_dataset() -> None:
    def info(severity: int, said: str) -> Any:
        return SimpleNamespace(severity=severity, short_description=said, description=said)

    anomalies = SimpleNamespace(anomaly_info={"b": info(1, "w"), "a": info(2, "e")}, dataset_anomaly_info=info(2, "too few"))
    assert [(f.feature, f.severity) for f in validate.findings(anomalies)] == [
        ("(dataset)", "ERROR"),
        ("a", "ERROR"),
        ("b", "WARNING"),
    ]


def test_settings_name_what_is_missing() -> None:
    with pytest.raises(SystemExit, match="not set: DATA, BUCKET"):
        validate.Settings.read({"DATASET": "x", "AWS_REGION": "r"})
    whole = validate.Settings.read({"DATASET": "x", "DATA": "d", "BUCKET": "b", "AWS_REGION": "r", "ENDPOINT": "https://s"})
    assert (whole.endpoint, whole.results, whole.key("schema.pbtxt")) == ("https://s", "tfdv", "tfdv/x/schema.pbtxt")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    import boto3
    from moto import mock_aws

    # a shell of the sandbox points at its own server
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with mock_aws():
        found: Any = boto3.client("s3", region_name="us-east-1")
        found.create_bucket(Bucket="data")
        yield found


def test_the_same_over_the_s3_api(client: Any) -> None:
    client.put_object(Bucket="data", Key="raw/sales/a.csv", Body=b"id\n1\n")
    store = validate.Store(client, "data")
    assert validate.run(SETTINGS, store, Tfdv(), lambda: NOW) == 0
    kept = client.get_object(Bucket="data", Key="tfdv/sales/runs/2026-11-23T04-00-00Z/report.html")
    assert kept["ContentType"].startswith("text/html") and b"no anomalies" in kept["Body"].read()
    assert len(store.keys("tfdv/sales/runs/")) == 4
