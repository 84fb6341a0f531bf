"""MLflow by our migration, arguments, variables and users, on MariaDB and MinIO: a run stands in both stores."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.truth.machine import Machine
from tests.truth.programs import need
from tests.truth.running import Running
from tests.truth.stores import mariadb, query, run_jobs, s3, stored

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


@pytest.fixture(scope="module")
def served(machine: Machine) -> tuple[Path, Path]:
    """MLflow's folder, and that of the database's client."""
    program, sql = need("mlflow"), mariadb(machine)
    print(f"artifacts go to {s3(machine)}")
    run_jobs(machine, "mysql", sql)
    jobs = [made for made in machine.made.all("Job") if made.namespace == "mlflow"]
    migration = next(job for job in jobs if "migration" in job.object_name)
    # twice: a pod that was restarted migrates again
    for _ in range(2):
        machine.pod(migration, program).done()
    server = machine.pod(machine.made.one("Deployment", "mlflow"), program)
    server.until(lambda: server.said.count("Application startup complete") >= 2)
    for job in jobs:
        if job is not migration:
            machine.pod(job, program).done()
    return program, sql


def notebook(machine: Machine) -> dict[str, str]:
    """What our notebooks are told of MLflow."""
    settings = yaml.safe_load(machine.config("Secret", "jupyterhub", "jupyterhub-keys")["values.yaml"])["singleuser"]
    told = [
        {"name": name, **(value if isinstance(value, dict) else {"value": value})}
        for name, value in settings["extraEnv"].items()
        if name.startswith("MLFLOW_")
    ]
    return machine.variables("jupyterhub", {"env": told})


def client(machine: Machine, program: Path, environment: Mapping[str, str]) -> Running:
    """LOG beside the server. Of TLS it trusts the server alone, so that a way to the bucket past the server fails."""
    own = {"HOME": "/tmp", "MLFLOW_TRACKING_SERVER_CERT_PATH": "/etc/mlops/ca/ca.crt", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    return machine.start(["python", "-c", LOG], program, environment={**environment, **own}, binds=machine.trust())


def test_a_run_with_an_artifact_stands_in_both_stores(machine: Machine, served: tuple[Path, Path]) -> None:
    program, sql = served
    said = client(machine, program, notebook(machine)).done()
    found = json.loads(said.partition("FOUND ")[2].splitlines()[0])
    assert found["metric"] == 0.25 and found["text"] == "weights of the run"
    assert found["run"] in query(machine, sql, "mlflow", "SELECT run_uuid FROM mlflow.runs").done()
    keys = stored(machine, ("mlflow", "mlflow-bucket-mlflow"), "mlflow")
    assert any(key.endswith(f"{found['run']}/artifacts/model.txt") for key in keys), keys


def test_nobody_without_a_user_logs(machine: Machine, served: tuple[Path, Path]) -> None:
    told = {
        name: value
        for name, value in notebook(machine).items()
        if name not in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
    }
    assert "401" in client(machine, served[0], told).failed()


def test_a_client_that_is_not_told_to_ask_the_server_goes_to_the_bucket_itself(
    machine: Machine, served: tuple[Path, Path]
) -> None:
    """What the notebooks' two variables are for: should this pass one day, MLflow asks by itself again."""
    told = {name: value for name, value in notebook(machine).items() if "MULTIPART" not in name}
    assert "Failed to download 1 chunk(s)" in client(machine, served[0], told).failed()


def test_probe_and_metrics_answer_as_the_monitor_asks(machine: Machine, served: tuple[Path, Path]) -> None:
    container = machine.made.one("Deployment", "mlflow").inputs["spec"]["template"]["spec"]["containers"][0]
    machine.probe("mlflow.mlflow.svc", container)
    monitor = machine.made.one("ServiceMonitor", "mlflow").inputs["spec"]["endpoints"][0]
    admin = machine.config("Secret", "mlflow", monitor["basicAuth"]["password"]["name"])
    path = monitor.get("path", "/metrics")
    host = f"{monitor['tlsConfig']['serverName']}:5000"
    said = machine.get(f"https://{host}{path}", login=(admin["username"], admin["password"]))
    assert "mlflow_" in said or "http_request" in said
