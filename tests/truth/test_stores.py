"""MariaDB with what our Jobs run: grants that hold, twice, and go no further than they say."""

from pathlib import Path

import pytest

from tests.truth.machine import Machine
from tests.truth.stores import UNPROVED, mariadb, query, run_jobs

pytestmark = [pytest.mark.slow, pytest.mark.truth, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def client(machine: Machine) -> Path:
    """The folder with `mysql`, of a server to which our Jobs have been twice."""
    found = mariadb(machine)
    for _ in range(2):
        assert len(run_jobs(machine, "mysql", found)) >= 3
    return found


def test_a_user_of_our_sql_has_its_own_database_and_no_other(machine: Machine, client: Path) -> None:
    query(machine, client, "optuna", "CREATE TABLE optuna.t (i INT); DROP TABLE optuna.t").done(60)
    said = query(machine, client, "optuna", "CREATE TABLE mlflow.t (i INT)").failed(60)
    assert "denied" in said
    said = query(machine, client, "optuna", "SELECT * FROM mysql.user").failed(60)
    assert "denied" in said


def test_an_unencrypted_connection_is_refused(machine: Machine, client: Path) -> None:
    assert "Access denied" in query(machine, client, "optuna", "SELECT 1", "--skip-ssl").failed(60)


def test_what_mariadb_cannot_prove_is_in_the_job_that_we_make(machine: Machine) -> None:
    text = str([made.inputs for made in machine.made.all("Job") if made.object_name.startswith("sql-")])
    assert all(option in text for option in UNPROVED)
