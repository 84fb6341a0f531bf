"""Optuna: the schema first, the URL in no object, and notebooks with a user of their own."""

import json
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from components.contracts import Consumer, Database, DatabaseAccess, Tuning
from components.kubernetes.jupyterhub import JupyterHub
from components.kubernetes.optuna import OptunaDashboard, OptunaDashboardArgs
from components.kubernetes.optuna_scripts import SCHEMA, SERVE, STORAGE, preset
from components.kubernetes.place import Compute
from components.platform import Platform
from components.spec.model import Jupyterhub, Optuna
from components.spec.stack import Tier
from tests.unit.kubernetes_site import CERTIFICATES, DATABASE, SERVER, cluster_scoped, site
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, stack

ARGS = OptunaDashboardArgs("optuna", {"mlops.dev/team": "platform"}, DATABASE, "mysql", 2, Compute("100m", "512Mi"))
GIVEN = {
    "OPTUNA_DB_ENGINE": "mysql", "OPTUNA_DB_USERNAME": "app", "OPTUNA_DB_PASSWORD": "p@ss/w", "OPTUNA_DB_HOST": "db",
    "OPTUNA_DB_PORT": "3306", "OPTUNA_DB_NAME": "optuna", "OPTUNA_DB_CA": "/ca.crt",
}  # fmt: skip


def build(args: OptunaDashboardArgs = ARGS) -> Recording[OptunaDashboard]:
    return record(lambda: OptunaDashboard("optuna", args))


def container(made: Recording[Any], kind: str) -> dict[str, Any]:
    found: dict[str, Any] = made.one(kind).inputs["spec"]["template"]["spec"]["containers"][0]
    return found


def env(found: dict[str, Any]) -> dict[str, Any]:
    return {e["name"]: e.get("value", e.get("valueFrom")) for e in found["env"]}


def script(text: str, monkeypatch: pytest.MonkeyPatch, **given: str) -> dict[str, Any]:
    """Runs one of the scripts with the storage module that it imports."""
    for key, value in {**GIVEN, **given}.items():
        monkeypatch.setenv(key, value)
    module = ModuleType("optuna_storage")
    exec(compile(STORAGE, "optuna_storage.py", "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, "optuna_storage", module)
    names: dict[str, Any] = {}
    exec(compile(text, "script.py", "exec"), names)
    return module.__dict__ | names


def test_the_dashboard_waits_for_the_schema() -> None:
    made = build()
    assert "optuna-schema" in made.one("Deployment").depends_on
    assert container(made, "Job")["command"] == ["python", "/opt/mlops/schema.py"]
    assert made.one("Deployment").inputs["spec"]["replicas"] == 2


def test_credentials_come_from_the_granted_secret_and_tls_is_verified() -> None:
    made = build()
    for kind in ("Job", "Deployment"):
        found = env(container(made, kind))
        assert found["OPTUNA_DB_PASSWORD"] == {"secretKeyRef": {"name": "app-mysql", "key": "password"}}
        assert found["OPTUNA_DB_CA"] == "/etc/mlops/database/ca.crt"
        assert {"name": "database-ca", "mountPath": "/etc/mlops/database"} in container(made, kind)["volumeMounts"]
    public = build(replace(ARGS, database=replace(DATABASE, ca_config_map=None)))
    assert env(container(public, "Deployment"))["OPTUNA_DB_CA"] == "/etc/ssl/certs/ca-certificates.crt"


def test_the_url_is_escaped_and_asks_each_engine_to_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    mysql = script("", monkeypatch)["url"]()
    assert mysql == "mysql+pymysql://app:p%40ss%2Fw@db:3306/optuna?charset=utf8mb4&ssl_ca=/ca.crt"
    postgres = script("", monkeypatch, OPTUNA_DB_ENGINE="postgres")["url"]()
    assert postgres == "postgresql+psycopg2://app:p%40ss%2Fw@db:3306/optuna?sslmode=verify-full&sslrootcert=/ca.crt"


def test_the_start_hands_the_url_over_by_a_private_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr("os.execvp", lambda program, args: ran.append(args))
    monkeypatch.setattr("os.umask", lambda mode: ran.append([oct(mode)]))
    file = tmp_path / "dashboard.toml"
    script(SERVE.replace("/tmp/dashboard.toml", str(file)), monkeypatch)
    assert tomllib.loads(file.read_text())["optuna_dashboard"]["storage"].startswith("mysql+pymysql://app:")
    umask, command = ran
    assert umask == ["0o77"] and not any("pymysql" in part for part in command)
    assert command[:3] == ["optuna-dashboard", "--from-config", str(file)]


@pytest.mark.parametrize(("now", "upgraded"), [("v3.2.0.a", False), ("v3.0.0.d", True), ("v9.0.0.a", None)])
def test_the_schema_is_upgraded_once_and_never_downgraded(
    now: str, upgraded: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    class Storage:
        def __init__(self, url: str, skip_compatibility_check: bool) -> None:
            assert url.startswith("mysql+pymysql://") and skip_compatibility_check

        get_current_version = staticmethod(lambda: now)
        get_head_version = staticmethod(lambda: "v3.2.0.a")
        get_all_versions = staticmethod(lambda: ["v3.2.0.a", "v3.0.0.d"])

        def upgrade(self) -> None:
            calls.append("upgrade")

    storages = ModuleType("optuna.storages")
    storages.RDBStorage = Storage  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "optuna", ModuleType("optuna"))
    monkeypatch.setitem(sys.modules, "optuna.storages", storages)
    if upgraded is None:
        with pytest.raises(SystemExit, match=r"v9\.0\.0\.a is newer"):
            script(SCHEMA, monkeypatch)
    else:
        script(SCHEMA, monkeypatch)
    assert calls == (["upgrade"] if upgraded else [])


def test_clients_find_addresses_but_no_credential() -> None:
    data = build().one("ConfigMap", "optuna-client").inputs["data"]
    assert data == {
        "OPTUNA_DB_ENGINE": "mysql",
        "OPTUNA_DB_HOST": "mysql-haproxy.mysql.svc",
        "OPTUNA_DB_PORT": "3306",
        "OPTUNA_DB_NAME": "runs",
    }


def test_it_has_no_login_of_its_own_so_the_single_sign_on_stands_in_front() -> None:
    made = build()
    (endpoint,) = made.result.endpoints()
    assert (endpoint.host, endpoint.service, endpoint.login) == ("optuna", "optuna", True)
    service = made.one("Service", "optuna").inputs["spec"]
    assert [p["port"] for p in service["ports"]] == [endpoint.port]
    (tuning,) = made.result.contracts()
    assert (tuning.engine, tuning.database) == ("mysql", "optuna")


def test_pods_are_hardened_and_nothing_is_cluster_scoped_in_a_teams_namespace() -> None:
    here = site("optuna", Optuna(), SERVER, tier=Tier.TEAM, team="fraud", platformStack={"kubernetes": "platform-dev"})
    made = record(lambda: OptunaDashboard("optuna", OptunaDashboard.plan(here)))
    objects = [r for r in made.resources if r.type.startswith("kubernetes:")]
    assert {r.namespace for r in objects} == {"fraud"} and not any(cluster_scoped(r.kind) for r in objects)
    assert all(r.object_name.startswith("optuna") for r in objects)
    for _, pod in made.pods():
        assert pod["automountServiceAccountToken"] is False
        for found in pod["containers"]:
            assert found["securityContext"]["readOnlyRootFilesystem"] is True
            assert set(found["resources"]["limits"]) == {"cpu", "memory"}


def test_the_preset_refers_to_the_secret_and_to_nothing_else() -> None:
    made = record(lambda: preset(DATABASE, "mysql", "/trust.crt")["OPTUNA_STORAGE"].apply(found.append))
    assert made.resources == []
    expected = "mysql+pymysql://$(OPTUNA_DB_USERNAME):$(OPTUNA_DB_PASSWORD)@mysql-haproxy.mysql.svc:3306/runs"
    assert found == [f"{expected}?charset=utf8mb4&ssl_ca=/trust.crt"]


found: list[str] = []


@pytest.mark.parametrize(("engine", "granted"), [("mysql", ["optuna"]), ("postgres", [])])
def test_notebooks_get_a_user_of_their_own_where_their_database_holds_the_studies(engine: str, granted: list[str]) -> None:
    asked: list[str] = []

    def grant(database: str, consumer: Consumer) -> DatabaseAccess:
        asked.append(database)
        assert consumer.name == "jupyterhub"
        return replace(DATABASE, database=database, secret=f"{consumer.name}-{database}")

    server = Database("mysql", "mysql-haproxy.mysql.svc", 3306, grant)
    tuning = Tuning(url="http://optuna", engine=engine, database="optuna")
    here = site("jupyterhub", Jupyterhub(), server, tuning, CERTIFICATES)
    made = record(lambda: JupyterHub("jupyterhub", JupyterHub.plan(here)))
    assert asked == granted
    text = made.one("Secret", "jupyterhub-keys").inputs["stringData"]["values.yaml"]
    variables = yaml.safe_load(text)["singleuser"]["extraEnv"]
    assert ("OPTUNA_STORAGE" in variables) is bool(granted)
    if granted:
        assert variables["OPTUNA_DB_USERNAME"]["valueFrom"]["secretKeyRef"]["name"] == "jupyterhub-optuna"
        assert "ssl_ca=/etc/mlops/trust/ca.crt" in variables["OPTUNA_STORAGE"]


def test_the_whole_platform_grants_both_and_leaks_nothing(tmp_path: Path) -> None:
    spec = "systems: {minio: {replicas: 1}, mysql: {replicas: 1}, jupyterhub: {}, optuna: {}}"
    made = record(lambda: Platform("platform", stack(checked(tmp_path, spec))))
    assert made.leaks() == []
    assert made.one("Secret", "jupyterhub-database-optuna").namespace == "jupyterhub"
    assert made.one("Secret", "optuna-database-optuna").namespace == "optuna"
    assert json.dumps(made.one("Deployment", "optuna").inputs).count("optuna-database-optuna") == 2
