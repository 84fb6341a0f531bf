"""Gitea: nothing without a login, everything on the stack's database and bucket, and a consumer's user that writes to one repository."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.contracts import Consumer, Database, Git, ObjectStore
from components.kubernetes.gitea import GiteaServer
from components.kubernetes.gitea_scripts import ADMIN, GRANT
from components.kubernetes.gitea_settings import KEYS, GiteaServerArgs
from components.kubernetes.place import Compute
from components.platform import Platform
from components.spec.model import Git as GitSpec
from components.spec.stack import Environment
from tests.unit.kubernetes_site import BUCKET, CERTIFICATES, DATABASE, METRICS, SERVER, STORE, site
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, stack

ARGS = GiteaServerArgs(
    namespace="git",
    labels={"mlops.dev/team": "platform"},
    database=DATABASE,
    engine="mysql",
    objects=BUCKET,
    compute=Compute("250m", "1Gi"),
    domain="mlops.example",
    storage="20Gi",
    issuer="mlops-ca",
    bundle="mlops-ca",
    monitored=True,
)


def build(args: GiteaServerArgs = ARGS) -> Recording[GiteaServer]:
    return record(lambda: GiteaServer("git", args))


def granted(repository: str = "models") -> Recording[Consumer]:
    consumer = Consumer("airflow", namespace="airflow")

    def run() -> Consumer:
        (git,) = GiteaServer("git", ARGS).contracts()
        git.grant(repository, consumer)
        return consumer

    return record(run)


def exported(args: GiteaServerArgs) -> set[str]:
    return record(lambda: set(GiteaServer("git", args).exports())).result


def pod(made: Recording[Any]) -> dict[str, Any]:
    found: dict[str, Any] = made.one("StatefulSet").inputs["spec"]["template"]["spec"]
    return found


def env(container: dict[str, Any]) -> dict[str, Any]:
    return {e["name"]: e.get("value", e.get("valueFrom")) for e in container["env"]}


def test_records_stand_in_the_database_by_verified_tls() -> None:
    found = env(pod(build())["containers"][0])
    assert found["GITEA__database__HOST"] == "mysql-haproxy.mysql.svc:3306"
    assert (found["GITEA__database__DB_TYPE"], found["GITEA__database__SSL_MODE"]) == ("mysql", "true")
    assert found["GITEA__database__PASSWD"] == {"secretKeyRef": {"name": "app-mysql", "key": "password"}}
    assert found["SSL_CERT_DIR"] == "/etc/mlops/database-ca:/etc/mlops/store-ca"
    mounts = {m["mountPath"]: m["name"] for m in pod(build())["containers"][0]["volumeMounts"]}
    assert mounts["/etc/mlops/database-ca"] == "database-ca" and mounts["/var/lib/gitea"] == "data"
    postgres = env(pod(build(replace(ARGS, engine="postgres")))["containers"][0])
    assert (postgres["GITEA__database__DB_TYPE"], postgres["GITEA__database__SSL_MODE"]) == ("postgres", "verify-full")


def test_large_files_packages_and_logs_stand_in_the_bucket() -> None:
    found = env(pod(build())["containers"][0])
    storage = {k.removeprefix("GITEA__storage__"): v for k, v in found.items() if k.startswith("GITEA__storage__")}
    assert storage == {
        "STORAGE_TYPE": "minio",
        "MINIO_ENDPOINT": "minio.minio.svc:9000",
        "MINIO_USE_SSL": "true",
        "MINIO_BUCKET": "models",
        "MINIO_LOCATION": "us-east-1",
        "MINIO_BUCKET_LOOKUP_TYPE": "path",
        "MINIO_ACCESS_KEY_ID": {"secretKeyRef": {"name": "app-bucket", "key": "AWS_ACCESS_KEY_ID"}},
        "MINIO_SECRET_ACCESS_KEY": {"secretKeyRef": {"name": "app-bucket", "key": "AWS_SECRET_ACCESS_KEY"}},
    }
    cloud = replace(BUCKET, endpoint=None, secret=None, ca_config_map=None, region="eu-central-1")
    found = env(pod(build(replace(ARGS, objects=cloud, database=replace(DATABASE, ca_config_map=None))))["containers"][0])
    assert found["GITEA__storage__MINIO_ENDPOINT"] == "s3.eu-central-1.amazonaws.com"
    assert "SSL_CERT_DIR" not in found and "GITEA__storage__MINIO_ACCESS_KEY_ID" not in found


def test_nobody_signs_up_and_nothing_is_shown_without_a_login() -> None:
    found = env(pod(build())["containers"][0])
    assert found["GITEA__security__INSTALL_LOCK"] == "true"
    assert found["GITEA__service__DISABLE_REGISTRATION"] == found["GITEA__service__REQUIRE_SIGNIN_VIEW"] == "true"
    (endpoint,) = build().result.endpoints()
    assert (endpoint.host, endpoint.port, endpoint.scheme, endpoint.login) == ("git", 3000, "https", False)


def test_every_key_is_generated_and_stands_in_secrets_alone() -> None:
    made = granted()
    keys = made.one("Secret", "git-keys").inputs["stringData"]
    assert set(keys) == {"secret-key", "internal-token", "jwt-secret", "lfs-secret", "metrics"}
    assert made.one("Secret", "git-admin").inputs["stringData"]["password"] == made.passwords["git-admin"]
    assert made.leaks() == []
    assert KEYS["jwt-secret"] == KEYS["lfs-secret"] == 43 and KEYS["runners"] >= 32
    found = env(pod(made)["containers"][0])
    assert found["GITEA__security__SECRET_KEY"] == {"secretKeyRef": {"name": "git-keys", "key": "secret-key"}}


def test_the_administrator_is_made_before_the_server_starts() -> None:
    (prepare,) = pod(build())["initContainers"]
    assert prepare["command"] == ["/bin/bash", "-c", ADMIN]
    assert env(prepare)["GITEA__database__NAME"] == "runs"
    assert {"name": "admin", "mountPath": "/etc/mlops/admin"} in prepare["volumeMounts"]


def test_runners_register_with_a_token_of_ours_only_where_actions_are_on() -> None:
    made = build()
    assert env(pod(made)["containers"][0])["GITEA_RUNNER_REGISTRATION_TOKEN_FILE"] == "/etc/mlops/runners/token"
    assert "runnersSecret" in exported(ARGS)
    off = build(replace(ARGS, actions=False))
    found = env(pod(off)["containers"][0])
    assert "GITEA_RUNNER_REGISTRATION_TOKEN_FILE" not in found and found["GITEA__actions__ENABLED"] == "false"
    assert "runnersSecret" not in exported(replace(ARGS, actions=False))


def test_metrics_need_the_token() -> None:
    made = build()
    endpoint = made.one("ServiceMonitor").inputs["spec"]["endpoints"][0]
    assert endpoint["authorization"]["credentials"] == {"name": "git-keys", "key": "metrics"}
    assert endpoint["tlsConfig"]["serverName"] in made.one("Certificate").inputs["spec"]["dnsNames"]
    bare = build(replace(ARGS, monitored=False, issuer=None, bundle=None))
    assert bare.all("ServiceMonitor") == [] and bare.all("Certificate") == []
    assert env(pod(bare)["containers"][0])["GITEA__metrics__ENABLED"] == "false"
    assert pod(bare)["containers"][0]["readinessProbe"]["httpGet"]["scheme"] == "HTTP"


def test_pods_are_hardened_and_bounded() -> None:
    for _, spec in granted().pods():
        assert spec["securityContext"]["runAsNonRoot"] is True and spec["automountServiceAccountToken"] is False
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert set(container["resources"]["limits"]) == {"cpu", "memory"}


def test_a_grant_leaves_a_secret_with_the_consumer_and_a_job_after_the_server() -> None:
    made = granted()
    given = made.one("Secret", "airflow-git-models")
    assert given.namespace == "airflow"
    assert given.inputs["stringData"] == {
        "username": "airflow-models",
        "password": made.passwords["git-user-airflow-models-password"],
        "url": "https://git.git.svc:3000/mlops/models.git",
    }
    job = made.one("Job")
    assert "git-server" in made.waits_for(job.name) and len(made.result.ready) == 2
    container = job.inputs["spec"]["template"]["spec"]["containers"][0]
    assert env(container)["CURL_CA_BUNDLE"] == "/etc/mlops/bundle/ca.crt"
    assert granted("other").one("Job").object_name != job.object_name


FAKE_CURL = """\
#!/usr/bin/env python3
import json, os, pathlib, sys
args = sys.argv[1:]
method = args[args.index("--request") + 1]
path = args[-1].partition("/api/v1")[2]
body = json.loads(pathlib.Path(args[args.index("--data") + 1][1:]).read_text()) if "--data" in args else None
state = pathlib.Path(os.environ["STATE"])
data = json.loads(state.read_text())
data["calls"].append([method, path, body, " ".join(args)])
state.write_text(json.dumps(data))
pathlib.Path(args[args.index("--output") + 1]).write_text("answer")
code = data["answers"].get(f"{method} {path}")
print(code or (200 if path in data["there"] else 404) if method == "GET" else code or {"POST": 201, "PATCH": 200, "PUT": 204}[method], end="")
"""


def run_grant(folder: Path, there: list[str], answers: dict[str, int] | None = None) -> tuple[int, list[list[Any]], str]:
    """Runs the script against a curl that answers as Gitea's API does; its files are moved below `folder`."""
    for user, name in (("admin", "gitadmin"), ("user", "airflow-models")):
        (folder / user).mkdir()
        (folder / user / "username").write_text(name)
        (folder / user / "password").write_text(f"{user}Secret")
    (folder / "tmp").mkdir()
    curl = folder / "curl"
    curl.write_text(FAKE_CURL)
    curl.chmod(0o755)
    state = folder / "state.json"
    state.write_text(json.dumps({"calls": [], "there": there, "answers": answers or {}}))
    given = {
        "PATH": f"{folder}:{os.environ['PATH']}", "STATE": str(state), "GITEA_URL": "https://git", "OWNER": "mlops",
        "REPOSITORY": "models", "USER_EMAIL": "airflow@mlops.example",
    }  # fmt: skip
    text = GRANT.replace("/tmp/", f"{folder}/tmp/").replace("/etc/mlops/", f"{folder}/")
    done = subprocess.run(["bash", "-c", text], env=given, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(state.read_text())["calls"], done.stderr


def test_the_grant_script_makes_what_lacks_and_gives_the_right(tmp_path: Path) -> None:
    code, calls, said = run_grant(tmp_path, [])
    assert code == 0, said
    made = [(method, path) for method, path, *_ in calls if method != "GET"]
    assert made == [
        ("POST", "/admin/users"),
        ("POST", "/orgs"),
        ("POST", "/orgs/mlops/repos"),
        ("PUT", "/repos/mlops/models/collaborators/airflow-models"),
    ]
    user = next(body for method, path, body, _ in calls if path == "/admin/users")
    assert user["username"] == "airflow-models" and user["password"] == "userSecret" and user["restricted"] is True
    repository = next(body for method, path, body, _ in calls if path == "/orgs/mlops/repos")
    assert repository["private"] is True
    assert not any("Secret" in args for *_, args in calls), "no password is an argument"


def test_the_grant_script_run_again_sets_the_password_and_makes_nothing(tmp_path: Path) -> None:
    code, calls, said = run_grant(tmp_path, ["/users/airflow-models", "/orgs/mlops", "/repos/mlops/models"])
    assert code == 0, said
    assert [(method, path) for method, path, *_ in calls if method != "GET"] == [
        ("PATCH", "/admin/users/airflow-models"),
        ("PUT", "/repos/mlops/models/collaborators/airflow-models"),
    ]


@pytest.mark.parametrize(
    "broken", ["GET /users/airflow-models", "POST /admin/users", "PUT /repos/mlops/models/collaborators/airflow-models"]
)
def test_the_grant_script_fails_where_gitea_does(broken: str, tmp_path: Path) -> None:
    code, _, said = run_grant(tmp_path, [], {broken: 500})
    assert code != 0 and "500" in said


def test_the_plan_and_the_contract() -> None:
    here = site(
        "git",
        GitSpec(values={"GITEA__ui__DEFAULT_THEME": "gitea-dark"}),
        SERVER,
        STORE,
        CERTIFICATES,
        METRICS,
        environment=Environment.PROD,
    )
    args = GiteaServer.plan(here)
    assert (args.issuer, args.monitored, args.protect, args.engine) == ("mlops-ca", True, True, "mysql")
    assert env(pod(build(args))["containers"][0])["GITEA__ui__DEFAULT_THEME"] == "gitea-dark"
    assert build(args).one("StatefulSet").protect
    assert (GiteaServer.needs, GiteaServer.provides) == ((Database, ObjectStore), (Git,))


def test_it_composes_with_the_platform(tmp_path: Path) -> None:
    spec = "systems: {minio: {replicas: 1}, mysql: {replicas: 1}, git: {}}"
    made = record(lambda: Platform("platform", stack(checked(tmp_path, spec))))
    assert made.one("StatefulSet", "git").namespace == "git" and made.leaks() == []
    assert made.one("Secret", "git-database-gitea").namespace == "git"
