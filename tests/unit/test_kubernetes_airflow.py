"""Airflow: our database over TLS, logs and DAGs in our object store, every key ours, migrations without hooks."""

import base64
import json
import os
import ssl
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pulumi
import pytest

from components import contracts
from components.kubernetes import airflow_scripts, airflow_values
from components.kubernetes.airflow import ApacheAirflow
from components.kubernetes.airflow_args import BUNDLE, AirflowArgs, GitDagsArgs, chart_values
from components.kubernetes.place import Compute
from components.spec.flows import Airflow, GitDags
from tests.unit.kubernetes_site import BUCKET, DATABASE, METRICS, SERVER, STORE, site
from tests.unit.recording import Recording, record

ARGS = AirflowArgs(
    namespace="airflow",
    labels={"mlops.dev/team": "platform"},
    database=replace(DATABASE, database="airflow", secret="airflow-database-airflow"),
    bucket=replace(BUCKET, bucket="airflow", secret="airflow-bucket-airflow"),
    servers=2,
    schedulers=1,
    server_compute=Compute("500m", "2Gi"),
    scheduler_compute=Compute("500m", "2Gi"),
    task_compute=Compute("250m", "1Gi"),
    domain="mlops.internal",
    keep_days=90,
    monitored=True,
)
GIT = GitDagsArgs("https://git.example/dags.git", "main", "dags", 60, "dags-login")


def build(args: AirflowArgs = ARGS) -> Recording[ApacheAirflow]:
    return record(lambda: ApacheAirflow("airflow", args))


def settings(made: Recording[Any]) -> dict[str, str]:
    found: dict[str, str] = made.one("ConfigMap", "airflow-settings").inputs["data"]
    return found


def run(name: str, env: dict[str, str]) -> str:
    """What a script of ours prints."""
    text = airflow_scripts.FILES[name]
    done = subprocess.run([sys.executable, "-c", text], env={**os.environ, **env}, capture_output=True, text=True, check=True)
    return done.stdout


LOGIN = {"DB_USERNAME": "air", "DB_PASSWORD": "a/b@c", "DB_HOST": "db", "DB_PORT": "3306", "DB_NAME": "airflow"}


def test_the_connection_is_made_from_the_grants_secret_and_stands_in_no_object() -> None:
    assert (
        run("connection.py", {**LOGIN, "DB_ENGINE": "mysql"}) == "mysql+mysqldb://air:a%2Fb%40c@db:3306/airflow?charset=utf8mb4"
    )
    assert run("connection.py", {**LOGIN, "DB_ENGINE": "postgres"}) == "postgresql+psycopg2://air:a%2Fb%40c@db:3306/airflow"
    given = chart_values(ARGS)
    assert given["enableBuiltInSecretEnvVars"]["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] is False
    assert {(s["envName"], s["secretName"]) for s in given["secret"] if s["envName"].startswith("DB_")} == {
        ("DB_USERNAME", "airflow-database-airflow"),
        ("DB_PASSWORD", "airflow-database-airflow"),
    }
    assert settings(build())["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD"].endswith("/connection.py")


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        ("mysql", {"ssl": {"ca": "{ca}"}, "ssl_mode": "VERIFY_IDENTITY"}),
        ("postgres", {"sslmode": "verify-full", "sslrootcert": "{ca}"}),
    ],
)
def test_both_kinds_of_driver_verify_the_server(engine: str, expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    ca = ssl.get_default_verify_paths().cafile or __import__("certifi").where()
    monkeypatch.setenv("DB_CA", ca)
    monkeypatch.setenv("DB_ENGINE", engine)
    found: dict[str, Any] = {}
    exec(airflow_scripts.TLS, found)
    assert json.dumps(found["connect_args"]) == json.dumps(expected).replace("{ca}", ca)
    context = found["connect_args_async"]["ssl"]
    assert context.check_hostname and context.verify_mode is ssl.CERT_REQUIRED


class People:
    """A security manager of Flask-AppBuilder as far as the script calls it."""

    def __init__(self, user: Any) -> None:
        self.user, self.done = user, list[tuple[Any, ...]]()
        self.sm = self

    def __enter__(self) -> "People":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def find_user(self, username: str) -> Any:
        return self.user

    def find_role(self, name: str) -> str:
        return name

    def add_user(self, *what: Any) -> Any:
        self.done.append(("add", *what))
        return SimpleNamespace(id=7)

    def reset_password(self, user: int, password: str) -> bool:
        self.done.append(("reset", user, password))
        return True


@pytest.mark.parametrize("exists", [False, True])
def test_the_administrator_is_made_once_and_its_password_kept_as_generated(exists: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    people = People(SimpleNamespace(id=7) if exists else None)
    module = ModuleType("airflow.providers.fab.auth_manager.cli_commands.utils")
    module.get_application_builder = lambda: people  # type: ignore[attr-defined]
    parts = module.__name__.split(".")
    for depth in range(1, len(parts)):
        monkeypatch.setitem(sys.modules, ".".join(parts[:depth]), ModuleType(".".join(parts[:depth])))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for key, value in {"USERNAME": "admin", "PASSWORD": "secret", "EMAIL": "admin@mlops.internal"}.items():
        monkeypatch.setenv(f"ADMIN_{key}", value)
    exec(airflow_scripts.ADMINISTRATOR, {})
    added = ("add", "admin", "Platform", "Administrator", "admin@mlops.internal", "Admin", "secret")
    assert people.done == [("reset", 7, "secret") if exists else added]


def test_every_key_is_generated_and_fernets_has_its_form() -> None:
    made = build()
    keys = made.one("Secret", "airflow-keys").inputs["stringData"]
    assert set(keys) == {"fernet-key", "api-secret-key", "jwt-secret"}
    assert base64.urlsafe_b64decode(keys["fernet-key"]).decode() == made.passwords["airflow-fernet"]
    assert len(base64.urlsafe_b64decode(keys["fernet-key"])) == 32
    given = chart_values(ARGS)
    assert {given[f"{key}SecretName"] for key in ("fernetKey", "apiSecretKey", "jwt", "webserverSecretKey")} == {"airflow-keys"}
    assert made.leaks() == []


def test_the_schema_is_migrated_before_anything_of_the_chart_stands() -> None:
    made = build()
    job = made.one("Job")
    pod = job.inputs["spec"]["template"]["spec"]
    assert pod["initContainers"][0]["command"] == ["airflow", "db", "migrate"]
    assert pod["containers"][0]["command"] == ["python", "/opt/mlops/scripts/administrator.py"]
    assert job.name in made.waits_for("airflow-chart")
    for container in (*pod["initContainers"], *pod["containers"]):
        told = {e["name"]: e.get("value") for e in container["env"]}
        mounts = {m["mountPath"]: m["name"] for m in container["volumeMounts"]}
        assert told["AWS_CA_BUNDLE"] == "/etc/mlops/store/ca.crt" and mounts["/etc/mlops/store"] == "store-ca"
    assert {"name": "store-ca", "configMap": {"name": "mlops-ca"}} in pod["volumes"]
    given = chart_values(ARGS)
    assert given["migrateDatabaseJob"]["enabled"] is False and given["createUserJob"]["enabled"] is False
    assert "mlops.dev/password" in job.inputs["spec"]["template"]["metadata"]["annotations"]


def test_the_job_and_the_pods_are_told_the_same() -> None:
    made = build()
    env = {e["name"]: e.get("value") for e in made.one("Job").inputs["spec"]["template"]["spec"]["initContainers"][0]["env"]}
    shared = settings(made)
    assert {key: env[key] for key in shared} == shared
    assert shared["DB_CA"] == "/etc/mlops/database/ca.crt" and shared["PYTHONPATH"] == airflow_values.SCRIPTS
    mounts = {m["mountPath"] for m in chart_values(ARGS)["volumeMounts"]}
    assert mounts == {"/opt/mlops/scripts", "/etc/mlops/database", "/etc/mlops/store"}


def test_logs_and_dags_are_in_our_bucket() -> None:
    found = settings(build())
    assert found["AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER"] == "s3://airflow/tasks"
    assert (found["AWS_ENDPOINT_URL_S3"], found["AWS_CA_BUNDLE"]) == ("https://minio.minio.svc:9000", "/etc/mlops/store/ca.crt")
    (bundle,) = json.loads(found["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"])
    assert (
        bundle["classpath"] == BUNDLE and bundle["kwargs"]["bucket_name"] == "airflow" and bundle["kwargs"]["prefix"] == "dags/"
    )
    assert chart_values(ARGS)["config"]["logging"]["remote_logging"] == "True"


def test_dags_from_a_repository_take_the_buckets_place() -> None:
    made = build(replace(ARGS, git=GIT))
    assert "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST" not in settings(made)
    sync = chart_values(replace(ARGS, git=GIT))["dags"]["gitSync"]
    assert (sync["enabled"], sync["repo"], sync["ref"], sync["period"]) == (True, GIT.repository, "main", "60s")
    assert sync["credentialsSecret"] == "dags-login" and sync["resources"]["limits"]


def test_tasks_are_pods_with_bounds_and_nothing_is_bundled() -> None:
    given = chart_values(ARGS)
    assert given["executor"] == "KubernetesExecutor"
    assert given["workers"]["kubernetes"]["resources"]["limits"] == {"cpu": "1000m", "memory": "1Gi"}
    assert given["postgresql"] == {"enabled": False} == given["redis"]
    assert given["securityContexts"]["pod"]["runAsNonRoot"] is True


def test_what_is_read_at_start_restarts_the_pods() -> None:
    chart = build().one("Chart")
    for container in ("api-server", "scheduler", "dag-processor", "triggerer"):
        assert set(chart.pod(container)["metadata"]["annotations"]) == {"mlops.dev/settings", "mlops.dev/scripts"}


def test_statsd_and_its_monitor_only_where_the_stack_has_metrics() -> None:
    assert build().one("ServiceMonitor").inputs["spec"]["endpoints"][0]["port"] == "statsd-scrape"
    bare = replace(ARGS, monitored=False)
    assert build(bare).all("ServiceMonitor") == [] and chart_values(bare)["statsd"]["enabled"] is False


def test_a_name_that_is_known_only_during_the_run_is_refused() -> None:
    def build_late() -> Any:
        return chart_values(replace(ARGS, database=replace(ARGS.database, secret=pulumi.Output.from_input("late"))))

    with pytest.raises(pulumi.RunError, match="the database's Secret must be known before the run"):
        record(build_late)


def test_images_come_through_the_mirror() -> None:
    given = chart_values(replace(ARGS, registry_mirror="mirror.example/hub"))
    assert given["defaultAirflowRepository"] == "mirror.example/hub/apache/airflow"
    assert given["images"]["statsd"]["repository"] == "mirror.example/hub/prometheus/statsd-exporter"
    assert given["images"]["gitSync"]["repository"] == "mirror.example/hub/git-sync/git-sync"


def test_the_spec_becomes_arguments_and_what_it_offers() -> None:
    config = Airflow(keep_for="2w", dags=GitDags(repository="https://git.example/dags.git"))
    given = replace(site("airflow", config, SERVER, STORE, METRICS), databases={"airflow": DATABASE}, buckets={"airflow": BUCKET})
    args = ApacheAirflow.plan(given)
    assert (args.keep_days, args.monitored, args.engine, args.domain) == (14, True, "mysql", "mlops.internal")
    assert args.git == GitDagsArgs("https://git.example/dags.git", "main", "dags", 60)
    assert ApacheAirflow.wants(config) == contracts.Wants(databases=("airflow",), buckets=("airflow",))
    built = record(lambda: ApacheAirflow("airflow", args)).result
    (offer,), (endpoint,) = built.contracts(), built.endpoints()
    assert offer.engine == "airflow" and (endpoint.service, endpoint.port) == ("airflow-api-server", 8080)


def test_a_repository_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="repository"):
        GitDags(repository="dags")


def test_scripts_are_python() -> None:
    for name, text in airflow_scripts.FILES.items():
        compile(text, str(Path(name)), "exec")
