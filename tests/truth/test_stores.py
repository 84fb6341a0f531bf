"""MariaDB and MinIO with what our Jobs run: grants that hold, twice, and go no further than they say."""

from pathlib import Path

import pytest

from tests.truth.machine import Machine
from tests.truth.stores import UNPROVED, ask_mc, mariadb, minio, query, run_jobs

pytestmark = [pytest.mark.slow, pytest.mark.truth, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def client(machine: Machine) -> Path:
    """The folder with `mysql`, of a server to which our Jobs have been twice."""
    found = mariadb(machine)
    for _ in range(2):
        assert len(run_jobs(machine, "mysql", found)) >= 3
    return found


def test_a_user_of_our_sql_has_its_own_database_and_no_other(machine: Machine, client: Path) -> None:
    query(machine, client, "optuna", "CREATE TABLE optuna.t (i INT); DROP TABLE optuna.t").done()
    said = query(machine, client, "optuna", "CREATE TABLE mlflow.t (i INT)").failed()
    assert "denied" in said
    said = query(machine, client, "optuna", "SELECT * FROM mysql.user").failed()
    assert "denied" in said


def test_an_unencrypted_connection_is_refused(machine: Machine, client: Path) -> None:
    assert "Access denied" in query(machine, client, "optuna", "SELECT 1", "--skip-ssl").failed()


def test_what_mariadb_cannot_prove_is_in_the_job_that_we_make(machine: Machine) -> None:
    text = str([made.inputs for made in machine.made.all("Job") if made.object_name.startswith("sql-")])
    assert all(option in text for option in UNPROVED)


@pytest.fixture(scope="module")
def mc(machine: Machine) -> Path:
    """The folder with `mc`, of a server to which our Jobs have been twice."""
    found = minio(machine)
    for _ in range(2):
        assert len(run_jobs(machine, "minio", found)) >= 4
    return found


def test_a_key_of_our_policy_reaches_its_bucket_and_no_other(machine: Machine, mc: Path) -> None:
    own = ("mlflow", "mlflow-bucket-mlflow")
    ask_mc(machine, mc, own, "cp", "/etc/mlops/ca/ca.crt", "store/mlflow/a/b").done()
    assert "b" in ask_mc(machine, mc, own, "ls", "store/mlflow/a/").done()
    ask_mc(machine, mc, own, "rm", "store/mlflow/a/b").done()
    foreign = (["cp", "/etc/mlops/ca/ca.crt", "store/dvc/b"], ["ls", "store/dvc/"], ["mb", "store/another"])
    for argv in foreign:
        said = ask_mc(machine, mc, own, *argv).failed()
        # mc's two words for the server's AccessDenied
        assert "Access Denied" in said or "Insufficient permissions" in said, said


def test_the_servers_probes_and_metrics_answer(machine: Machine, mc: Path) -> None:
    container = machine.made.one("StatefulSet", "minio").inputs["spec"]["template"]["spec"]["containers"][0]
    paths = [container[probe]["httpGet"]["path"] for probe in ("readinessProbe", "livenessProbe", "startupProbe")]
    for path in [*paths, "/minio/v2/metrics/cluster"]:
        machine.get(f"https://minio.minio.svc:9000{path}")
