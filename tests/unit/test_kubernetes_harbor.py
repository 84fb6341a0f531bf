"""Harbor in the place of zot: on our database, store and secrets, with a robot account for each user."""

import base64
import io
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import contracts
from components.kubernetes import harbor_values
from components.kubernetes.harbor import HarborRegistry, HarborRegistryArgs
from components.kubernetes.harbor_accounts import ACCOUNTS
from components.kubernetes.place import Compute
from components.platform import Platform
from components.validation.problems import Problems
from tests.unit.kubernetes_site import BUCKET, DATABASE
from tests.unit.kubernetes_stack import LABELS, consumer
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, messages, stack

ARGS = HarborRegistryArgs(
    namespace="docker",
    labels=LABELS,
    issuer="mlops-ca",
    bundle="mlops-ca",
    database=replace(DATABASE, host="postgres-rw.postgres.svc", port=5432, database="harbor", secret="docker-postgres"),
    bucket=replace(BUCKET, bucket="harbor", secret="docker-bucket-harbor"),
    compute=Compute("250m", "1Gi"),
    host="registry.mlops.internal",
    users=["ada", "tfdv"],
    builder=Compute("1", "4Gi"),
    monitored=True,
)


def made(then: Callable[[contracts.ImageRegistry], Any] = lambda registry: None) -> Recording[Any]:
    def build() -> None:
        (registry,) = HarborRegistry("docker", ARGS).contracts()
        then(registry)

    return record(build)


def env(part: str) -> dict[str, Any]:
    told = harbor_values.told(ARGS.database, ARGS.bucket, {})[part]
    return {e["name"]: e.get("value", e.get("valueFrom")) for e in told.env}


def test_bundled_database_redis_and_scanner_are_off_and_every_hop_is_encrypted() -> None:
    values = made().one("Chart", "docker-chart").inputs["values"]
    assert (values["database"]["type"], values["redis"]["type"], values["trivy"]["enabled"]) == ("external", "external", False)
    assert values["database"]["external"]["sslmode"] == "verify-full"
    assert values["internalTLS"]["enabled"] is True and values["internalTLS"]["certSource"] == "secret"
    assert values["persistence"] == {
        "enabled": False,
        "imageChartStorage": {"type": "s3", "disableredirect": True, "s3": {"region": "us-east-1", "bucket": "registry"}},
    }


def test_database_store_and_redis_are_those_that_were_granted() -> None:
    core, registry = env("core"), env("registry")
    assert (core["POSTGRESQL_HOST"], core["POSTGRESQL_PORT"], core["POSTGRESQL_DATABASE"]) == (
        "postgres-rw.postgres.svc",
        "5432",
        "harbor",
    )
    assert core["POSTGRESQL_PASSWORD"]["secretKeyRef"] == {"name": "docker-postgres", "key": "password"}
    assert all(env(part)["PGSSLROOTCERT"] == "/etc/mlops/database/ca.crt" for part in ("core", "jobservice", "exporter"))
    assert registry["REGISTRY_STORAGE_S3_REGIONENDPOINT"] == "https://minio.minio.svc:9000"
    assert registry["REGISTRY_STORAGE_S3_SECRETKEY"]["secretKeyRef"]["name"] == "docker-bucket-harbor"
    assert env("registryctl") == registry
    # the kubelet puts a variable into those after it alone
    names = list(core)
    assert names.index("REDIS_PASSWORD") < names.index("_REDIS_URL_CORE")
    assert core["_REDIS_URL_CORE"] == "redis://:$(REDIS_PASSWORD)@registry-cache:6379/0?idle_timeout_seconds=30"
    assert env("jobservice")["JOB_SERVICE_POOL_REDIS_URL"].endswith("@registry-cache:6379/1")


def test_keys_have_the_lengths_that_harbor_takes_and_leak_nowhere() -> None:
    recording = made()
    keys = recording.one("Secret", "docker-keys").inputs["stringData"]
    drawn = {r.name: r.inputs["length"] for r in recording.all("RandomPassword")}
    assert (drawn["docker-key-secretkey"], drawn["docker-key-csrf-key"], drawn["docker-key-secret"]) == (16, 32, 16)
    assert keys["secretKey"] == recording.passwords["docker-key-secretkey"]
    assert keys["REGISTRY_HTPASSWD"].startswith("harbor_registry_user:")
    assert recording.leaks() == []
    robots = [r for r in recording.all("RandomPassword") if "ada" in r.name]
    assert all(r.inputs[kind] == 1 for r in robots for kind in ("minLower", "minUpper", "minNumeric")) and robots


def test_every_part_has_its_certificate_and_tokens_a_key_that_stays() -> None:
    found = {r.inputs["spec"]["secretName"]: r.inputs["spec"] for r in made().all("Certificate")}
    for part in harbor_values.PARTS:
        assert f"harbor-{part}" in found[harbor_values.certificate_secret(part)]["dnsNames"]
    assert {"harbor.docker.svc", "registry.mlops.internal"} <= set(found[harbor_values.TLS]["dnsNames"])
    key = found[harbor_values.TOKEN]["privateKey"]
    assert (key["algorithm"], key["encoding"], key["rotationPolicy"]) == ("RSA", "PKCS1", "Never")


def test_the_builder_pushes_to_the_core_by_the_name_that_the_core_knows() -> None:
    recording = made(then=lambda registry: registry.build and registry.build("dvc"))
    alias = recording.one("Service", "docker-builder-alias").inputs
    assert (alias["metadata"]["name"], alias["spec"]["type"]) == ("harbor-core", "ExternalName")
    assert alias["spec"]["externalName"] == "harbor-core.docker.svc.cluster.local"
    push = recording.one("Secret", "docker-builder-push").inputs["stringData"][".dockerconfigjson"]
    assert json.loads(push)["auths"]["harbor-core:443"]["username"] == "robot$builder"
    (job,) = [r for r in recording.all("Job") if r.name == "docker-builder-dvc-job"]
    (client,) = job.inputs["spec"]["template"]["spec"]["containers"]
    assert {e["name"]: e["value"] for e in client["env"]}["REFERENCE"].startswith("harbor-core:443/mlops/dvc:")
    (way,) = [r for r in recording.all("NetworkPolicy") if r.object_name == "mlops-builder"]
    assert way.inputs["spec"]["podSelector"]["matchLabels"] == {"app": "harbor", "component": "core"}


def test_a_pull_secret_is_that_of_the_consumers_robot_and_waits_for_it() -> None:
    recording = made(then=lambda registry: registry.grant(consumer("tfdv", "tfdv")))
    given = recording.one("Secret", "docker-tfdv-given")
    auths = json.loads(given.inputs["stringData"][".dockerconfigjson"])["auths"]
    word = recording.passwords["docker-tfdv-password"]
    assert set(auths) == {"registry.mlops.internal", "harbor.docker.svc"}
    assert {base64.b64decode(a["auth"]).decode() for a in auths.values()} == {f"robot$tfdv:{word}"}
    assert "docker-accounts" in recording.waits_for(given.name)
    with pytest.raises(pulumi.RunError, match=r"no user stranger \(it has ada, tfdv\).*systems\.docker\.users"):
        made(then=lambda registry: registry.grant(consumer("stranger", "x")))


class Api:
    """Harbor's API, as far as the script asks: what stands is kept, what is new is made."""

    def __init__(self) -> None:
        self.projects: dict[str, str] = {}
        self.robots: dict[str, dict[str, Any]] = {}

    def __call__(self, request: urllib.request.Request, timeout: int) -> io.BytesIO:
        assert request.get_header("Authorization") == "Basic " + base64.b64encode(b"admin:root").decode()
        data: Any = request.data
        headers: Any = request.headers
        path, body = request.full_url.removeprefix("https://harbor/api/v2.0"), json.loads(data) if data else {}
        match (request.method, path.partition("?")[0].split("/")[1:]):
            case ("HEAD", ["projects"]):
                if path.rpartition("=")[2] not in self.projects:
                    raise urllib.error.HTTPError(request.full_url, 404, "none", headers, io.BytesIO(b""))
            case ("POST", ["projects"]):
                if body["project_name"] in self.projects:
                    raise urllib.error.HTTPError(request.full_url, 409, "there", headers, io.BytesIO(b""))
                self.projects[body["project_name"]] = ""
            case ("PUT", ["projects", name]):
                self.projects[name] = body["metadata"]["public"]
            case ("GET", ["robots"]):
                found = [{"id": i, "name": f"robot${n}"} for i, n in enumerate(self.robots)]
                return io.BytesIO(json.dumps(found).encode())
            case ("POST", ["robots"]):
                assert body["name"] not in self.robots
                self.robots[body["name"]] = body
                return io.BytesIO(json.dumps({"id": len(self.robots) - 1}).encode())
            case (("PUT" | "PATCH"), ["robots", number]):
                own = list(self.robots.values())[int(number)]
                own |= {key: value for key, value in body.items() if key in ("permissions", "secret")}
            case other:
                raise AssertionError(other)
        return io.BytesIO(b"")


def test_the_script_makes_robots_and_projects_once_and_sets_a_new_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    api, script = Api(), ACCOUNTS.replace("/etc/mlops/", f"{tmp_path}/")
    for path, text in {"keys/HARBOR_ADMIN_PASSWORD": "root", "robots/ada": "one", "robots/builder": "two"}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    robots = {"ada": "ada", "builder": "mlops"}
    for key, value in {"HARBOR_URL": "https://harbor", "ROBOTS": json.dumps(robots), "PUBLIC": "mlops"}.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setattr(urllib.request, "urlopen", api)
    exec(compile(script, "accounts.py", "exec"), {"__name__": "__main__"})
    assert api.projects == {"ada": "false", "mlops": "true"}
    (tmp_path / "robots/ada").write_text("three")
    exec(compile(script, "accounts.py", "exec"), {"__name__": "__main__"})
    assert {name: robot["secret"] for name, robot in api.robots.items()} == {"ada": "three", "builder": "two"}
    rights = {p["namespace"]: {a["action"] for a in p["access"]} for p in api.robots["ada"]["permissions"]}
    assert rights == {"*": {"pull"}, "ada": {"pull", "push", "delete"}} and len(api.projects) == 2


TEXT = (
    "domain: mlops.test\nsystems: {minio: {replicas: 1}, docker: {kind: harbor}, %s tfdv: {datasets: {clicks: {data: clicks}}}}\n"
)


def test_a_stack_names_it_by_its_kind_and_it_stands_on_postgres(tmp_path: Path) -> None:
    found = stack(checked(tmp_path, TEXT % "mysql: {}, postgres: {replicas: 1},"))
    recording = record(lambda: Platform("platform", found))
    kinds = {r.type for r in recording.resources}
    assert "mlops:index:HarborRegistry" in kinds and "mlops:index:ZotRegistry" not in kinds
    (database,) = [r for r in recording.all("Database") if r.namespace == "postgres"]
    assert "harbor" in database.inputs["spec"]["name"]
    assert recording.leaks() == []


def test_without_postgres_the_stack_is_told_what_is_missing(tmp_path: Path) -> None:
    found = checked(tmp_path, TEXT % "mysql: {replicas: 1},")
    assert isinstance(found, Problems)
    assert any("systems.docker" in m and "a postgres database" in m for m in messages(found)), found.text()


def test_a_kind_that_is_none_is_refused(tmp_path: Path) -> None:
    found = checked(tmp_path, "systems: {minio: {}, docker: {kind: quay}}\n")
    assert isinstance(found, Problems) and any("docker.kind" in m for m in messages(found))
