"""Holds the CSV files of one dataset in an object store against its schema: statistics, anomalies, a report.

The first run infers the schema from the data and keeps it as <results>/<dataset>/schema.pbtxt, for people to correct; later runs
are held against it. Each run leaves <results>/<dataset>/runs/<time>/ with statistics.pbtxt, anomalies.pbtxt, summary.json and
report.html. Exit code 0: valid, or a schema was inferred; 3: anomalies of severity ERROR; 1: it could not be done.
"""

import html
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ANOMALIES = 3
"""Exit code where the data are not what the schema says."""
SEVERITIES = {0: "UNKNOWN", 1: "WARNING", 2: "ERROR"}
"""Of tensorflow_metadata's AnomalyInfo."""
SUFFIXES = (".csv", ".csv.gz")


@dataclass(frozen=True)
class Settings:
    """What the environment says."""

    dataset: str
    data: str
    """Prefix of the data's keys."""
    bucket: str
    region: str
    results: str = "tfdv"
    """Prefix of schemas and reports."""
    endpoint: str | None = None

    @staticmethod
    def read(env: Mapping[str, str]) -> "Settings":
        """From variables; SystemExit names those that are missing."""
        missing = [key for key in ("DATASET", "DATA", "BUCKET", "AWS_REGION") if not env.get(key)]
        if missing:
            raise SystemExit(f"not set: {', '.join(missing)}")
        return Settings(
            dataset=env["DATASET"],
            data=env["DATA"],
            bucket=env["BUCKET"],
            region=env["AWS_REGION"],
            results=env.get("RESULTS") or "tfdv",
            endpoint=env.get("ENDPOINT") or None,
        )

    def key(self, *parts: str) -> str:
        """Key of something that we keep of the dataset."""
        return "/".join([self.results.strip("/"), self.dataset, *parts])


@dataclass(frozen=True)
class Finding:
    """One anomaly."""

    feature: str
    severity: str
    problem: str
    description: str


class Store:
    """A bucket by boto3's client."""

    def __init__(self, client: Any, bucket: str):
        self.client, self.bucket = client, bucket

    def keys(self, prefix: str) -> list[str]:
        """All keys below a prefix, sorted."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return sorted(item["Key"] for page in pages for item in page.get("Contents", ()))

    def fetch(self, key: str, path: Path) -> Path:
        """An object as a file."""
        self.client.download_file(self.bucket, key, str(path))
        return path

    def keep(self, key: str, content: bytes, kind: str) -> None:
        """An object of a content type."""
        self.client.put_object(Bucket=self.bucket, Key=key, Body=content, ContentType=kind)


def data_keys(keys: Iterable[str], prefix: str) -> list[str]:
    """The CSV files below a prefix (a folder, or the beginning of a name), sorted; one compression only."""
    found = sorted(key for key in keys if key.startswith(prefix) and key.endswith(SUFFIXES))
    if not found:
        raise SystemExit(f"no {' or '.join(SUFFIXES)} under {prefix}")
    if len({key.endswith(".gz") for key in found}) > 1:
        raise SystemExit(f"{prefix}: compressed and plain files together; keep one kind")
    return found


def findings(anomalies: Any) -> list[Finding]:
    """What TFDV found, the worst first: of features, and of the dataset as a whole."""
    infos = [(feature, info) for feature, info in anomalies.anomaly_info.items()]
    whole = anomalies.dataset_anomaly_info
    if whole.description or whole.short_description:
        infos.append(("(dataset)", whole))
    found = [
        Finding(feature, SEVERITIES.get(info.severity, "UNKNOWN"), info.short_description, info.description)
        for feature, info in infos
    ]
    order = {"ERROR": 0, "UNKNOWN": 1, "WARNING": 2}
    return sorted(found, key=lambda each: (order[each.severity], each.feature))


def failing(found: Iterable[Finding]) -> list[Finding]:
    """Those for which the run fails; a warning is only told."""
    return [each for each in found if each.severity != "WARNING"]


def features(statistics: Any) -> list[dict[str, Any]]:
    """Name, values and gaps of each feature."""
    rows = []
    for dataset in statistics.datasets:
        for feature in dataset.features:
            kind = feature.WhichOneof("stats")
            if kind is None:
                continue
            common = getattr(feature, kind).common_stats
            name = ".".join(feature.path.step) or feature.name
            rows.append({"feature": name, "values": int(common.num_non_missing), "missing": int(common.num_missing)})
    return rows


def _table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    head = "".join(f"<th>{html.escape(each)}</th>" for each in columns)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def report(dataset: str, when: str, found: list[Finding], rows: list[dict[str, Any]], charts: str) -> str:
    """The report as one page; TFDV's own charts load their script from the internet, the tables need nothing."""
    verdict = f"{len(failing(found))} anomalies" if failing(found) else "no anomalies"
    anomalies = _table(("feature", "severity", "problem", "description"), (asdict(each).values() for each in found))
    counts = _table(("feature", "values", "missing"), (row.values() for row in rows))
    name = html.escape(dataset)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        "<style>body{font-family:sans-serif}td,th{border:1px solid #ccc;padding:.3em}table{border-collapse:collapse}</style>"
        "</head>"
        f"<body><h1>{name}: {verdict}</h1><p>{html.escape(when)}</p>{anomalies if found else ''}"
        f"<h2>Features</h2>{counts}<h2>Statistics</h2>{charts}</body></html>"
    )


def run(settings: Settings, store: Store, tfdv: Any, now: Callable[[], datetime]) -> int:
    """One validation; returns the exit code."""
    when = now().strftime("%Y-%m-%dT%H-%M-%SZ")
    keys = data_keys(store.keys(settings.data), settings.data)
    known = store.keys(settings.key())
    earlier = [key for key in known if key.endswith("/statistics.pbtxt")]
    schema_key = settings.key("schema.pbtxt")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        data = place / "data"
        data.mkdir()
        for index, key in enumerate(keys):
            # files of the same name in different folders
            store.fetch(key, data / f"{index:06d}-{key.rpartition('/')[2]}")
        statistics = tfdv.generate_statistics_from_csv(data_location=str(data / "*"))
        rows = features(statistics)
        if not rows:
            raise SystemExit(f"{settings.data}: the files have no rows or no columns")
        previous = tfdv.load_stats_text(str(store.fetch(earlier[-1], place / "previous"))) if earlier else None
        inferred = schema_key not in known
        if inferred:
            schema = tfdv.infer_schema(statistics)
            tfdv.write_schema_text(schema, str(place / "schema"))
            store.keep(schema_key, (place / "schema").read_bytes(), "text/plain")
        else:
            schema = tfdv.load_schema_text(str(store.fetch(schema_key, place / "schema")))
        anomalies = tfdv.validate_statistics(statistics, schema, previous_statistics=previous)
        found = findings(anomalies)
        charts = (
            tfdv.get_statistics_html(statistics, previous, lhs_name=when, rhs_name="previous run")
            if previous is not None
            else tfdv.get_statistics_html(statistics, lhs_name=when)
        )
        tfdv.write_stats_text(statistics, str(place / "statistics"))
        tfdv.write_anomalies_text(anomalies, str(place / "anomalies"))
        summary = {
            "dataset": settings.dataset,
            "when": when,
            "files": keys,
            "schema": "inferred" if inferred else "given",
            "valid": not failing(found),
            "anomalies": [asdict(each) for each in found],
            "features": rows,
        }
        page = report(settings.dataset, when, found, rows, charts)
        at = ("runs", when)
        store.keep(settings.key(*at, "anomalies.pbtxt"), (place / "anomalies").read_bytes(), "text/plain")
        store.keep(settings.key(*at, "summary.json"), json.dumps(summary, indent=2).encode(), "application/json")
        store.keep(settings.key(*at, "report.html"), page.encode(), "text/html; charset=utf-8")
        # what later runs compare with: only data that were found valid
        if not failing(found):
            store.keep(settings.key(*at, "statistics.pbtxt"), (place / "statistics").read_bytes(), "text/plain")
    for each in found:
        print(f"{each.severity} {each.feature}: {each.problem}: {each.description}", file=sys.stderr)
    print(f"{settings.dataset}: {len(keys)} files, {len(rows)} features, {len(found)} anomalies, schema {summary['schema']}")
    return ANOMALIES if failing(found) else 0


def main() -> int:
    """From the environment of the Job."""
    import boto3
    import tensorflow_data_validation as tfdv

    settings = Settings.read(os.environ)
    client = boto3.client("s3", endpoint_url=settings.endpoint, region_name=settings.region)
    return run(settings, Store(client, settings.bucket), tfdv, lambda: datetime.now(UTC))


if __name__ == "__main__":
    sys.exit(main())
