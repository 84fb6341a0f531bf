"""Optuna with its dashboard on our storage URL, and DVC on our remote."""

from pathlib import Path

import pytest

from components.kubernetes import dvc
from tests.truth.machine import Machine
from tests.truth.programs import need
from tests.truth.stores import mariadb, query, run_jobs, s3, stored

pytestmark = [pytest.mark.slow, pytest.mark.truth, pytest.mark.timeout(3600)]

STUDY = """\
import optuna, optuna_storage
study = optuna.create_study(study_name="truth", storage=optuna_storage.url(), direction="minimize", load_if_exists=True)
study.optimize(lambda trial: (trial.suggest_float("x", -1, 1) - 0.5) ** 2, n_trials=5)
print("best", study.best_value, len(study.trials))
"""


@pytest.fixture(scope="module")
def sql(machine: Machine) -> Path:
    """The folder with `mysql`, of a server with our grants."""
    found = mariadb(machine)
    run_jobs(machine, "mysql", found)
    return found


def test_a_study_on_our_storage_url_is_shown_by_the_dashboard(machine: Machine, sql: Path) -> None:
    program = need("optuna")
    # schema.py runs again with every new image
    for _ in range(2):
        run_jobs(machine, "optuna", program)
    deployment = machine.made.one("Deployment", "optuna")
    container = deployment.inputs["spec"]["template"]["spec"]["containers"][0]
    scripts = machine.volume("optuna", {"configMap": {"name": "optuna-scripts"}}, machine.folder / "optuna-scripts")
    machine.run(
        ["python", "-c", STUDY],
        program,
        environment={**machine.variables("optuna", container), "PYTHONPATH": "/opt/mlops"},
        binds={"/opt/mlops": scripts, "/etc/mlops/database": machine.trust()["/etc/mlops/ca"]},
    )
    assert "truth" in query(machine, sql, "optuna", "SELECT study_name FROM optuna.studies").done()
    assert need("optuna-dashboard") == program
    dashboard = machine.pod(deployment, program)
    dashboard.until(lambda: "Listening at" in dashboard.said)
    url = f"http://optuna.optuna.svc:8080{container['readinessProbe']['httpGet']['path']}"
    machine.get(url)
    assert "truth" in machine.get(url.replace("/api/meta", "/api/studies"))


def test_dvc_pushes_and_pulls_by_our_own_check(machine: Machine) -> None:
    program = need("dvc")
    print(f"the remote is in {s3(machine)}")
    run_jobs(machine, "jupyterhub", program, "dvc-check")
    found = machine.config("ConfigMap", "jupyterhub", dvc.CONFIG)["config"]
    bucket, _, prefix = next(line.split("s3://")[1] for line in found.splitlines() if "s3://" in line).partition("/")
    keys = stored(machine, ("jupyterhub", "dvc-bucket-dvc"), bucket)
    assert keys and all(key.startswith(f"{prefix}/files/md5/") for key in keys), keys
