"""What stands in the simulated Google Cloud, read from its state file as nobody but a test would."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml

DATA = """\
minio: {}
seaweedfs: {}
mysql: {machineType: db-custom-1-3840}
postgres: {replicas: 1}
kafka:
  topics:
    events: {partitions: 3, retention: 3d}
flink: {topics: [events]}
spark:
  streams: {events: {topic: events}}
  jobs: {nightly: {main: "s3a://spark/jobs/nightly.py", schedule: "0 2 * * 1-5"}}
airflow: {}
flume:
  agents:
    clicks: {}
    events: {source: kafka, sourceTopic: events}
    orders: {sink: kafka, topic: events}
sqoop:
  jobs: {orders: {direction: import, table: orders, schedule: "30 1 * * *"}}
hadoop: {}
dvc: {}
tfdv:
  datasets: {sales: {data: sales}}
feast:
  features: {customers: {key: id, columns: {id: string, orders: integral}}}
amundsen: {}
"""
"""The data systems, each with what makes it whole."""
MODEL = """\
minio: {}
mysql: {machineType: db-custom-1-3840}
prometheus: {}
grafana: {}
mlflow: {}
docker: {}
kubeflow: {}
katib: {}
optuna: {}
ray: {}
git: {repositories: {features: {url: "https://github.com/acme/features.git"}}}
thanos: {}
loki: {teamRetention: {fraud: 90d}}
fastapi:
  models:
    churn: {image: "ghcr.io/acme/churn:1", model: churn/1, maxReplicas: 4}
    fraud: {image: "ghcr.io/acme/fraud:1", gpus: 1}
flask: {}
bentoml: {}
tfserving: {}
kserve: {models: {scores: {format: xgboost, model: scores/1, maxReplicas: 3}}}
training: {}
experiments: {}
automl: {}
modelRegistry: {}
modelMonitoring: {uses: {serving: kserve}, endpoints: {scores: {schedule: "cron(0 */6 ? * * *)"}}}
"""
"""The systems for models."""


def stack_file(systems: str) -> str:
    """A tier-all stack of these systems."""
    head = "config:\n  mlops:target: vertex\n  mlops:spec:\n    tier: all\n    environment: dev\n    owner: platform-team\n"
    return f"{head}    systems:\n{indent(systems, ' ' * 6)}"


def chosen(systems: str) -> list[str]:
    """Their keys."""
    return sorted(yaml.safe_load(systems))


def there(home: Path) -> dict[str, list[dict[str, Any]]]:
    """Inputs by type."""
    found: dict[str, list[dict[str, Any]]] = {}
    with closing(sqlite3.connect(f"file:{home / 'gcp' / 'state.db'}?mode=ro", uri=True)) as state:
        for kind, inputs in state.execute("select type, inputs from objects where id <> ''"):
            found.setdefault(kind, []).append(json.loads(inputs))
    return found


def essential(resources: list[dict[str, Any]], system: str, kind: str) -> bool:
    """Whether a system's essential type stands below its own component, by a stack's exported resources."""
    own = [r["urn"] for r in resources if r["type"].startswith("mlops:index:") and r["urn"].endswith(f"::{system}")]
    return any(r["type"] == kind and r.get("parent") in own for r in resources)
