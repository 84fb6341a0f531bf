"""MLflow by our migration, arguments, variables and users, on MariaDB: its probe, its metrics, and nobody without a user."""

from pathlib import Path

import pytest

from tests.truth.machine import Machine
from tests.truth.programs import need
from tests.truth.stores import mariadb, run_jobs, s3

pytestmark = [pytest.mark.slow, pytest.mark.truth, pytest.mark.timeout(3600)]

LOG = """\
import json, pathlib, mlflow
mlflow.set_experiment("truth")
with mlflow.start_run() as run:
    mlflow.log_metric("loss", 0.25)
    mlflow.log_text("weights of the run", "model.txt")
print("FOUND", json.dumps({"run": run.info.run_id, "metric": mlflow.get_run(run.info.run_id).data.metrics["loss"],
                  "text": mlflow.artifacts.load_text(run.info.artifact_uri + "/model.txt")}))
"""
NAMES = {"username": "MLFLOW_TRACKING_USERNAME", "password": "MLFLOW_TRACKING_PASSWORD"}


@pytest.fixture(scope="module")
def served(machine: Machine) -> tuple[Path, Path]:
    """MLflow's folder, and that of the database's client."""
    program, sql = need("mlflow"), mariadb(machine)
    s3(machine)
    run_jobs(machine, "mysql", sql)
    jobs = [made for made in machine.made.all("Job") if made.namespace == "mlflow"]
    migration = next(job for job in jobs if "migration" in job.object_name)
    # twice: a pod that was restarted migrates again
    for _ in range(2):
        machine.pod(migration, program).done(600)
    server = machine.pod(machine.made.one("Deployment", "mlflow"), program)
    server.until(lambda: server.said.count("Application startup complete") >= 2, 120)
    for job in jobs:
        if job is not migration:
            machine.pod(job, program).done(120)
    return program, sql


def client(machine: Machine, program: Path, script: str, secret: tuple[str, str] | None) -> str:
    """A script beside the server, with the credentials of a Secret."""
    given = machine.config("Secret", *secret) if secret else {}
    uri = "https://mlflow.mlflow.svc:5000"
    environment = {NAMES[key]: value for key, value in given.items()} | {"MLFLOW_TRACKING_URI": uri, "HOME": "/tmp"}
    environment |= {"MLFLOW_TRACKING_SERVER_CERT_PATH": "/etc/mlops/ca/ca.crt", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    running = machine.start(["python", "-c", script], program, environment=environment, binds=machine.trust())
    return running.done(200) if secret else running.failed(200)


def test_nobody_without_a_user_logs(machine: Machine, served: tuple[Path, Path]) -> None:
    assert "401" in client(machine, served[0], LOG, None)


def test_probe_and_metrics_answer_as_the_monitor_asks(machine: Machine, served: tuple[Path, Path]) -> None:
    machine.get("https://mlflow.mlflow.svc:5000/health")
    monitor = machine.made.one("ServiceMonitor", "mlflow").inputs["spec"]["endpoints"][0]
    admin = machine.config("Secret", "mlflow", monitor["basicAuth"]["password"]["name"])
    path = monitor.get("path", "/metrics")
    host = f"{monitor['tlsConfig']['serverName']}:5000"
    said = machine.get(f"https://{host}{path}", login=(admin["username"], admin["password"]))
    assert "mlflow_" in said or "http_request" in said
