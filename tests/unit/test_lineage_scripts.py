"""The programs of the lineage job, each by itself: what they hand on, and that they fail where what they prove does not hold."""

import ast
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes.lineage_data_scripts import BATCH
from components.kubernetes.lineage_scripts import PYTHON, SHELL, files
from components.kubernetes.optuna_scripts import STORAGE
from components.mapping.lineage import STEPS

RUN = "lineage-1"
RECORDS = "".join(f"{RUN},{x},{3 * x + 2}\n" for x in range(1, 11))

BOTO = """\
import os; from pathlib import Path
ROOT = Path(os.environ["FAKE_BUCKET"])
class Body:
    def __init__(self, data): self.data = data
    def read(self): return self.data
class Store:
    def put_object(self, Bucket, Key, Body):
        path = ROOT / Bucket / Key; path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(Body if "FAKE_LOSES" not in os.environ else b"")
    def get_object(self, Bucket, Key): return {"Body": Body((ROOT / Bucket / Key).read_bytes())}
    def get_paginator(self, name): return self
    def paginate(self, Bucket, Prefix):
        here = ROOT / Bucket
        keys = [str(p.relative_to(here)) for p in sorted(here.rglob("*")) if p.is_file()]
        yield {"Contents": [{"Key": key} for key in keys if key.startswith(Prefix)]}
def client(kind, **more):
    assert kind == "s3" and more["endpoint_url"] == "https://minio.minio.svc:9000"
    return Store()
"""
OPTUNA = """\
import random
class Trial:
    def __init__(self): self.params = {}
    def suggest_float(self, name, low, high): return self.params.setdefault(name, random.uniform(low, high))
class Study:
    def __init__(self): self.trials = []
    def optimize(self, error, n_trials):
        for _ in range(n_trials):
            trial = Trial(); trial.value = error(trial)
            self.trials.append(trial)
    best = property(lambda self: min(self.trials, key=lambda t: t.value))
    best_value = property(lambda self: self.best.value)
    best_params = property(lambda self: self.best.params)
KEPT = {}
class logging:
    WARNING = 30
    set_verbosity = staticmethod(lambda level: None)
class samplers:
    TPESampler = staticmethod(lambda seed: None)
def create_study(study_name, storage, sampler):
    assert storage == "mysql+pymysql://app:pw@db:3306/studies?charset=utf8mb4&ssl_ca=/ca"
    return KEPT.setdefault(study_name, Study())
def load_study(study_name, storage):
    import os
    return Study() if "FAKE_LOSES" in os.environ else KEPT[study_name]
"""
MLFLOW = """\
import os
from types import SimpleNamespace as N
PARAMS, METRICS, FILES = {}, {}, []
class Run:
    info = N(run_id="r1")
    def __enter__(self): return self
    def __exit__(self, *_): pass
set_experiment = lambda name: None
start_run = lambda run_name: Run()
log_params = lambda found: PARAMS.update({k: str(v) for k, v in found.items()})
log_metric = lambda name, value: METRICS.update({name: value})
log_artifact = lambda path: FILES.append(os.path.basename(path))
class MlflowClient:
    def get_run(self, run): return N(data=N(metrics=METRICS, params=PARAMS))
    def list_artifacts(self, run): return [] if "FAKE_LOSES" in os.environ else [N(path=name) for name in FILES]
"""
KAFKA = """\
#!/bin/sh
echo "$0 $*" >> "$LOG"
cat /tmp/client.properties >> "$LOG"
case $0 in
  *producer.sh) cat > "$LOG.topic" ;;
  *) echo "other-run,1,1"; grep -v "${FAKE_LOSES:-nothing}" "$LOG.topic" ;;
esac
"""
FAKES = {"boto3.py": BOTO, "optuna.py": OPTUNA, "mlflow.py": MLFLOW, "optuna_storage.py": STORAGE}


class Step:
    """The files of every step and fakes of their clients, in one folder."""

    def __init__(self, folder: Path):
        self.folder, self.work = folder, folder / "work"
        self.work.mkdir()
        for name, text in {**files([step.key for step in STEPS]), **FAKES}.items():
            (folder / name).write_text(text)

    def run(self, name: str, **env: str) -> subprocess.CompletedProcess[str]:
        """One step, to its end."""
        own = {"RUN_ID": RUN, "LINEAGE_WORK": str(self.work), "RECORDS": "10", "STEPS": "7", "PATH": os.environ["PATH"]}
        command = ["sh"] if name.endswith(".sh") else [sys.executable]
        return subprocess.run(
            [*command, str(self.folder / name)], env={**own, **env}, capture_output=True, text=True, check=False, timeout=60
        )

    def left(self, name: str) -> Any:
        """What a step left."""
        return json.loads((self.work / name).read_text())


@pytest.fixture
def step(tmp_path: Path) -> Step:
    return Step(tmp_path)


@pytest.fixture
def server() -> Iterator[tuple[str, list[tuple[str, str, Any, str]], dict[str, tuple[int, Any]]]]:
    """(address, what it was asked, what it answers by method and beginning of the path)."""
    asked: list[tuple[str, str, Any, str]] = []
    answers: dict[str, tuple[int, Any]] = {}

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append((self.command, self.path, json.loads(body or b"null"), self.headers.get("Authorization", "")))
            known = (found for key, found in answers.items() if f"{self.command} {self.path}".startswith(key))
            status, found = next(known, (404, {}))
            text = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = answer

        def log_message(self, *_: Any) -> None:
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{made.server_port}", asked, answers
    made.shutdown()
    made.server_close()


def test_every_step_has_one_program_and_each_is_a_program() -> None:
    assert sorted([*SHELL, *PYTHON]) == sorted(step.key for step in STEPS)
    for name, text in {**files([step.key for step in STEPS]), "batch.py": BATCH}.items():
        if name.endswith(".py"):
            ast.parse(text)
        else:
            assert subprocess.run(["sh", "-n"], input=text, text=True, check=False).returncode == 0, name
    # none takes more than it is told: no address, no password
    assert "svc:" not in "".join([*SHELL.values(), *PYTHON.values()])


@pytest.fixture
def kafka(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "kafka"
    folder.mkdir()
    for name in ("kafka-console-producer.sh", "kafka-console-consumer.sh"):
        (folder / name).write_text(KAFKA)
        (folder / name).chmod(0o755)
    return {
        "KAFKA_BIN": str(folder), "LOG": str(tmp_path / "log"), "KAFKA_BOOTSTRAP_SERVERS": "kafka:9093",
        "KAFKA_TOPIC": "lineage", "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512", "KAFKA_USERNAME": "lineage",
        "KAFKA_SASL_JAAS_CONFIG": 'module required username="lineage" password="secret";', "KAFKA_CA": "/ca.crt",
    }  # fmt: skip


def test_what_is_produced_is_consumed_and_a_lost_record_is_seen(step: Step, kafka: dict[str, str], tmp_path: Path) -> None:
    made = step.run("produce.sh", **kafka)
    assert made.returncode == 0 and "10 records written" in made.stdout, made.stderr
    read = step.run("consume.sh", **kafka)
    assert read.returncode == 0, read.stderr
    assert sorted((step.work / "records.csv").read_text().splitlines()) == sorted(RECORDS.splitlines())
    log = (tmp_path / "log").read_text()
    assert f"--group lineage-{RUN}" in log and "ssl.truststore.location=/ca.crt" in log and "security.protocol=SASL_SSL" in log
    # the password is in the file, never among the arguments
    assert all("secret" not in line for line in log.splitlines() if "kafka-console" in line)
    lost = step.run("consume.sh", **kafka, FAKE_LOSES=f"{RUN},3,")
    assert lost.returncode == 1 and "9 records of this run, and 10 were written" in lost.stderr


def test_the_bucket_gives_back_what_it_was_given(step: Step, tmp_path: Path) -> None:
    env = {
        "STORE_BUCKET": "lineage", "STORE_REGION": "us-east-1", "STORE_ENDPOINT": "https://minio.minio.svc:9000",
        "FAKE_BUCKET": str(tmp_path / "s3"),
    }  # fmt: skip
    made = step.run("store.py", **env)
    assert made.returncode == 0 and f"10 records at s3://lineage/runs/{RUN}/" in made.stdout, made.stderr
    assert (step.work / "records.csv").read_text() == RECORDS
    assert step.run("store.py", **env, FAKE_LOSES="1").returncode != 0


def test_the_batch_jobs_records_must_be_the_same(step: Step, tmp_path: Path) -> None:
    env = {
        "STORE_BUCKET": "lineage", "STORE_REGION": "us-east-1", "STORE_ENDPOINT": "https://minio.minio.svc:9000",
        "FAKE_BUCKET": str(tmp_path / "s3"), "STORE_PROCESSED": "1",
    }  # fmt: skip
    assert step.run("store.py", **env).returncode != 0
    folder = tmp_path / "s3" / "lineage" / "runs" / RUN / "processed"
    folder.mkdir(parents=True)
    lines = RECORDS.splitlines(True)
    (folder / "part-00000").write_text("".join(lines[:4]))
    (folder / "part-00001").write_text("".join(lines[4:]))
    assert step.run("store.py", **env).returncode == 0
    (folder / "part-00001").write_text("".join(lines[5:]))
    assert "9 lines" in step.run("store.py", **env).stderr


def test_a_study_is_read_back_and_its_fit_is_logged_with_the_data(step: Step) -> None:
    env = {f"OPTUNA_DB_{k}": v for k, v in {"ENGINE": "mysql", "HOST": "db", "PORT": "3306", "NAME": "studies"}.items()}
    env |= {"OPTUNA_DB_USERNAME": "app", "OPTUNA_DB_PASSWORD": "pw", "OPTUNA_DB_CA": "/ca"}
    made = step.run("train.py", **env)
    assert made.returncode == 0, made.stderr
    assert set(step.left("fit.json")) == {"slope", "start", "error"}
    assert "0 trials in the database, and 25 were run" in step.run("train.py", **env, FAKE_LOSES="1").stderr
    assert "with records.csv\n" in step.run("track.py").stdout
    (step.work / "records.csv.dvc").write_text("outs: []")
    assert "with records.csv.dvc\n" in step.run("track.py").stdout and step.left("run.json") == {"run": "r1"}
    assert step.run("track.py", FAKE_LOSES="1").returncode != 0


def test_a_job_without_a_topic_or_a_study_still_logs(step: Step) -> None:
    assert step.run("track.py").returncode == 0
    assert (step.work / "records.csv").read_text() == RECORDS


def test_the_batch_job_is_submitted_with_the_runs_name_and_waited_for(step: Step, server: Any, tmp_path: Path) -> None:
    url, asked, answers = server
    token = tmp_path / "token"
    token.mkdir()
    (token / "token").write_text("t0ken\n")
    job = {"metadata": {"name": "@RUN@-process"}, "spec": {"arguments": ["@RUN@"]}}
    (tmp_path / "job.json").write_text(json.dumps(job))
    text = (step.folder / "process.py").read_text()
    (step.folder / "process.py").write_text(text.replace("https://kubernetes.default.svc", url))
    env = {"BATCH_API": "v1/jobs", "TOKEN_PATH": str(token), "BATCH_JOB": str(tmp_path / "job.json"), "BATCH_POLL": "0.01"}
    answers["POST /apis/v1/jobs"] = (201, {})
    answers["GET /apis/v1/jobs/"] = (200, {"status": {"applicationState": {"state": "COMPLETED"}}})
    made = step.run("process.py", **env)
    assert made.returncode == 0, made.stderr
    body = {"metadata": {"name": f"{RUN}-process"}, "spec": {"arguments": [RUN]}}
    assert asked[0] == ("POST", "/apis/v1/jobs", body, "Bearer t0ken") and asked[1][1] == f"/apis/v1/jobs/{RUN}-process"
    answers["GET /apis/v1/jobs/"] = (200, {"status": {"applicationState": {"state": "FAILED"}}})
    assert "FAILED" in step.run("process.py", **env).stderr
    answers["GET /apis/v1/jobs/"] = (200, {"status": {"applicationState": {"state": "RUNNING"}}})
    assert "after at most 0 s" in step.run("process.py", **env, BATCH_SECONDS="0").stderr
    answers["POST /apis/v1/jobs"] = (403, {"message": "forbidden"})
    assert "403" in step.run("process.py", **env).stderr


def test_the_feature_store_is_asked_with_the_pods_token(step: Step, server: Any, tmp_path: Path) -> None:
    url, asked, answers = server
    (tmp_path / "token").write_text("t0ken")
    answers["POST /materialize-incremental"] = (200, None)
    env = {"FEATURES_URL": url, "TOKEN_PATH": str(tmp_path)}
    made = step.run("materialise.py", **env)
    assert made.returncode == 0, made.stderr
    assert asked[0][3] == "Bearer t0ken" and set(asked[0][2]) == {"end_ts"}
    answers["POST /materialize-incremental"] = (403, {"detail": "no"})
    assert step.run("materialise.py", **env).returncode != 0


def test_a_prediction_is_handed_on_and_none_is_a_failure(step: Step, server: Any) -> None:
    url, asked, answers = server
    answers["GET /"] = (404, {})
    assert "answers 404" in step.run("serve.py", SERVING_URL=url).stdout
    answers["POST /predict"] = (200, {"predictions": [5]})
    env = {"SERVING_URL": url, "SERVING_PATH": "/predict", "SERVING_BODY": '{"inputs": [[1]]}'}
    assert step.run("serve.py", **env).returncode == 0
    assert asked[-1][2] == {"inputs": [[1]]} and step.left("prediction.json") == {"predictions": [5]}
    answers["POST /predict"] = (400, {"detail": "expected one of inputs"})
    assert "expected one of inputs" in step.run("serve.py", **env).stderr
    answers["GET /"] = (503, {})
    assert step.run("serve.py", SERVING_URL=url).returncode != 0


def test_the_runs_metric_is_waited_for_until_a_query_finds_it(step: Step, server: Any) -> None:
    url, asked, answers = server
    env = {"METRICS_URL": url, "PORT": "0", "METRICS_POLL": "0.01", "METRICS_SECONDS": "1"}
    answers["GET /api/v1/query"] = (200, {"data": {"result": [{"value": [0, "7"]}]}})
    made = step.run("observe.py", **env)
    assert made.returncode == 0 and RUN in asked[0][1], made.stderr
    for wrong in ([], [{"value": [0, "6"]}]):
        answers["GET /api/v1/query"] = (200, {"data": {"result": wrong}})
        assert "expected 7" in step.run("observe.py", **env).stderr
