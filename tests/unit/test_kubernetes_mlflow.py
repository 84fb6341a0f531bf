"""The MLflow server: authentication, trust, order, and what a consumer is granted."""

import configparser
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from components.contracts import Certificates, Consumer, Database, Metrics, ObjectStore, Tracking
from components.kubernetes.mlflow import MlflowServer
from components.kubernetes.mlflow_args import MlflowServerArgs
from components.kubernetes.mlflow_scripts import GRANT_USER, MIGRATE_AUTH, WITH_DATABASE
from components.kubernetes.place import Compute
from components.spec.model import Mlflow
from components.spec.stack import Tier
from tests.unit.kubernetes_site import BUCKET, CERTIFICATES, DATABASE, METRICS, SERVER, STORE, cluster_scoped, site
from tests.unit.recording import Recording, record

ARGS = MlflowServerArgs(
    namespace="mlflow",
    labels={"mlops.dev/team": "platform"},
    database=DATABASE,
    artifacts=BUCKET,
    replicas=2,
    compute=Compute("250m", "1Gi"),
    hosts=["mlflow.example"],
    issuer="mlops-ca",
    bundle="mlops-ca",
    monitored=True,
)


def build(args: MlflowServerArgs = ARGS) -> Recording[MlflowServer]:
    return record(lambda: MlflowServer("mlflow", args))


def server(made: Recording[Any]) -> dict[str, Any]:
    found: dict[str, Any] = made.one("Deployment").inputs["spec"]["template"]["spec"]["containers"][0]
    return found


def env(container: dict[str, Any]) -> dict[str, Any]:
    return {e["name"]: e.get("value", e.get("valueFrom")) for e in container["env"]}


def test_the_server_waits_for_the_migration_of_both_schemas() -> None:
    made = build()
    job = made.one("Job", "mlflow-migration")
    assert "mlflow-migration" in made.one("Deployment").depends_on
    pod = job.inputs["spec"]["template"]["spec"]
    assert pod["initContainers"][0]["args"] == ["mlflow", "db", "upgrade", "@DATABASE@"]
    assert pod["containers"][0]["args"] == ["python", "/opt/mlops/migrate_auth.py", "db", "upgrade", "--url", "@DATABASE@"]


def test_nobody_gets_in_without_a_generated_password() -> None:
    made = build()
    args = server(made)["args"]
    assert args[args.index("--app-name") + 1] == "basic-auth"
    admin = made.one("Secret", "mlflow-admin")
    assert admin.inputs["stringData"]["password"] == made.passwords["mlflow-admin-password"]
    assert made.one("Secret", "mlflow-session").inputs["stringData"]["key"] == made.passwords["mlflow-session-key"]
    assert env(server(made))["MLFLOW_AUTH_ADMIN_PASSWORD"] == {"secretKeyRef": {"name": "mlflow-admin", "key": "password"}}
    assert env(server(made))["MLFLOW_FLASK_SERVER_SECRET_KEY"] == {"secretKeyRef": {"name": "mlflow-session", "key": "key"}}


def test_no_secret_stands_outside_of_a_secret() -> None:
    made = record(lambda: MlflowServer("mlflow", ARGS).contracts()[0].grant(Consumer("jupyterhub", namespace="jupyterhub")))  # type: ignore[misc]
    assert made.passwords
    assert made.leaks() == []


def test_credentials_of_database_and_bucket_come_from_the_granted_secrets() -> None:
    found = env(server(build()))
    assert found["DB_PASSWORD"] == {"secretKeyRef": {"name": "app-mysql", "key": "password"}}
    assert found["AWS_SECRET_ACCESS_KEY"] == {"secretKeyRef": {"name": "app-bucket", "key": "AWS_SECRET_ACCESS_KEY"}}
    assert found["MLFLOW_S3_ENDPOINT_URL"] == "https://minio.minio.svc:9000"
    args = server(build())["args"]
    assert args[args.index("--artifacts-destination") + 1] == "s3://models/artifacts"


def test_private_authorities_are_mounted_and_used() -> None:
    container = server(build())
    mounts = {m["mountPath"]: m["name"] for m in container["volumeMounts"]}
    assert mounts["/etc/mlops/database"] == "database-ca" and mounts["/etc/mlops/store"] == "store-ca"
    assert env(container)["DB_CA"] == "/etc/mlops/database/ca.crt"
    assert env(container)["AWS_CA_BUNDLE"] == "/etc/mlops/store/ca.crt"


def test_public_services_are_verified_with_the_images_own_authorities() -> None:
    public = replace(
        ARGS,
        database=replace(DATABASE, ca_config_map=None),
        artifacts=replace(BUCKET, ca_config_map=None, endpoint=None, secret=None),
    )
    container = server(build(public))
    assert env(container)["DB_CA"] == env(container)["AWS_CA_BUNDLE"] == "/etc/ssl/certs/ca-certificates.crt"
    assert not {"MLFLOW_S3_ENDPOINT_URL", "AWS_ACCESS_KEY_ID"} & set(env(container))


def test_with_an_issuer_it_speaks_tls_and_restarts_on_a_new_certificate() -> None:
    made = build()
    container = server(made)
    assert any("--ssl-certfile=/etc/mlops/tls/tls.crt" in a for a in container["args"])
    assert container["readinessProbe"]["httpGet"]["scheme"] == "HTTPS"
    assert "-nt" in container["livenessProbe"]["exec"]["command"][-1]
    assert "mlflow.mlflow.svc" in made.one("Certificate").inputs["spec"]["dnsNames"]


def test_without_an_issuer_or_metrics_it_has_neither_certificate_nor_monitor() -> None:
    made = build(replace(ARGS, issuer=None, bundle=None, monitored=False))
    assert made.all("Certificate") == [] and made.all("ServiceMonitor") == []
    assert not any(a.startswith("--uvicorn-opts") or a == "--expose-prometheus" for a in server(made)["args"])
    assert server(made)["livenessProbe"]["httpGet"]["scheme"] == "HTTP"


def test_prometheus_is_let_in_with_credentials_and_a_known_host() -> None:
    made = build()
    endpoint = made.one("ServiceMonitor").inputs["spec"]["endpoints"][0]
    assert endpoint["basicAuth"]["password"] == {"name": "mlflow-admin", "key": "password"}
    assert endpoint["tlsConfig"] == {"ca": {"configMap": {"name": "mlops-ca", "key": "ca.crt"}}, "serverName": "mlflow"}
    args = server(made)["args"]
    hosts = args[args.index("--allowed-hosts") + 1].split(",")
    assert {"mlflow.mlflow.svc:5000", "mlflow.example", "10.*", "172.31.*"} <= set(hosts) and "*" not in hosts


def test_pods_are_hardened_and_bounded() -> None:
    for _, pod in build().pods():
        assert pod["securityContext"]["runAsNonRoot"] is True and pod["automountServiceAccountToken"] is False
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]
            assert set(container["resources"]["limits"]) == {"cpu", "memory"}
            assert ":" in container["image"].rpartition("/")[2]


def test_a_consumer_gets_a_user_of_its_own_after_the_server_stands() -> None:
    consumer = Consumer("jupyterhub", namespace="jupyterhub")
    made = record(lambda: MlflowServer("mlflow", ARGS).contracts()[0].grant(consumer))  # type: ignore[misc]
    given = made.one("Secret", "jupyterhub-mlflow")
    assert given.namespace == "jupyterhub" and given.inputs["stringData"]["username"] == "jupyterhub"
    assert given.inputs["stringData"]["password"] != made.passwords["mlflow-admin-password"]
    job = made.one("Job", "mlflow-user-jupyterhub-job")
    assert job.namespace == "mlflow" and "mlflow-server" in job.depends_on
    assert env(job.inputs["spec"]["template"]["spec"]["containers"][0])["MLFLOW_TRACKING_SERVER_CERT_PATH"]
    assert len(consumer.ready) == 2


def test_in_a_teams_namespace_names_begin_with_the_system_and_nothing_is_cluster_scoped() -> None:
    here = site("mlflow", Mlflow(), SERVER, STORE, tier=Tier.TEAM, team="fraud", platformStack={"kubernetes": "platform-dev"})
    made = record(lambda: MlflowServer("mlflow", MlflowServer.plan(here)))
    objects = [r for r in made.resources if r.type.startswith("kubernetes:")]
    assert objects and {r.namespace for r in objects} == {"fraud"}
    assert all(r.object_name.startswith("mlflow") for r in objects)
    assert not any(cluster_scoped(r.kind) for r in objects)


def test_the_plan_waits_for_what_its_contracts_ask() -> None:
    here = site("mlflow", Mlflow(replicas=3, values={"MLFLOW_LOGGING_LEVEL": "DEBUG"}), SERVER, STORE, CERTIFICATES, METRICS)
    args = MlflowServer.plan(here)
    assert (args.issuer, args.monitored, args.replicas, args.environment) == (
        "mlops-ca",
        True,
        3,
        {"MLFLOW_LOGGING_LEVEL": "DEBUG"},
    )
    assert MlflowServer.wants(Mlflow()).databases == ("mlflow",) and MlflowServer.wants(Mlflow()).buckets == ("mlflow",)
    assert (MlflowServer.needs, MlflowServer.provides) == ((Database, ObjectStore), (Tracking,))
    assert MlflowServer.optional == (Metrics, Certificates)


def test_the_start_script_escapes_credentials_and_writes_the_auth_configuration(tmp_path: Path) -> None:
    script = tmp_path / "with_database.py"
    script.write_text(WITH_DATABASE)
    ini = tmp_path / "basic_auth.ini"
    given = {
        "DB_USERNAME": "app", "DB_PASSWORD": "p@ss/w%rd", "DB_HOST": "db", "DB_PORT": "3306", "DB_NAME": "runs",
        "DB_CA": "/ca.crt", "HOME": str(tmp_path), "MLFLOW_AUTH_CONFIG_PATH": str(ini), "PATH": os.environ["PATH"],
    }  # fmt: skip
    show = "import os, sys; print(os.environ['MLFLOW_BACKEND_STORE_URI']); print(sys.argv[1])"
    out = subprocess.run(
        [sys.executable, str(script), sys.executable, "-c", show, "@DATABASE@"],
        env=given,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    expected = "mysql+pymysql://app:p%40ss%2Fw%25rd@db:3306/runs?charset=utf8mb4&ssl_ca=/ca.crt"
    assert out == [expected, expected]
    parser = configparser.ConfigParser()
    parser.read(ini)
    assert parser["mlflow"]["database_uri"] == expected and parser["mlflow"]["default_permission"] == "READ"
    assert ini.stat().st_mode & 0o077 == 0
    assert (tmp_path / "started").exists()


def test_the_auth_migration_lets_the_server_name_the_key_that_two_tables_would_share(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    library: Any = ModuleType("sqlalchemy")
    library.ForeignKeyConstraint = lambda *columns, name=None, **more: made.append((columns, name, more))
    monkeypatch.setitem(sys.modules, "sqlalchemy", library)
    exec(compile(MIGRATE_AUTH, "migrate_auth.py", "exec"), {"__name__": "loaded"})
    library.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_user_id")
    library.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_scorer_perm_user_id", ondelete="CASCADE")
    columns = (["user_id"], ["users.id"])
    assert made == [(columns, None, {}), (columns, "fk_scorer_perm_user_id", {"ondelete": "CASCADE"})]


@pytest.mark.parametrize("there", [True, False])
def test_the_grant_script_makes_a_user_once_and_keeps_its_password(there: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, ...]] = []

    class Missing(Exception):
        error_code = "RESOURCE_DOES_NOT_EXIST"

    class Client:
        def __init__(self, uri: str) -> None:
            calls.append(("connect", uri))

        def get_user(self, name: str) -> None:
            if not there:
                raise Missing

        def create_user(self, name: str, password: str) -> None:
            calls.append(("create", name, password))

        def update_user_password(self, name: str, password: str) -> None:
            calls.append(("update", name, password))

    problems, client = ModuleType("mlflow.exceptions"), ModuleType("mlflow.server.auth.client")
    problems.MlflowException = Missing  # type: ignore[attr-defined]
    client.AuthServiceClient = Client  # type: ignore[attr-defined]
    for name in ("mlflow", "mlflow.server", "mlflow.server.auth"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "mlflow.exceptions", problems)
    monkeypatch.setitem(sys.modules, "mlflow.server.auth.client", client)
    for key, value in {"MLFLOW_TRACKING_URI": "https://mlflow:5000", "USER_NAME": "hub", "USER_PASSWORD": "secret"}.items():
        monkeypatch.setenv(key, value)
    exec(compile(GRANT_USER, "grant_user.py", "exec"), {})
    assert calls == [("connect", "https://mlflow:5000"), ("update" if there else "create", "hub", "secret")]
