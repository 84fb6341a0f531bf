"""JupyterHub: who may log in, what notebooks may use and find, and where nothing cluster-scoped may stand."""

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import yaml

from components.contracts import Consumer
from components.kubernetes import jupyterhub_values as values
from components.kubernetes.jupyterhub import JupyterHub, chart_values, told
from components.kubernetes.jupyterhub_args import JupyterHubArgs, NotebookProfileArgs
from components.spec.model import Jupyterhub, NotebookProfile
from components.spec.stack import Tier
from tests.unit.kubernetes_site import BUCKET, CERTIFICATES, DATABASE, METRICS, SERVER, STORE, Granted, cluster_scoped, site
from tests.unit.recording import Recording, record

ARGS = JupyterHubArgs(
    namespace="jupyterhub",
    labels={"mlops.dev/team": "platform"},
    users=["ann"],
    admins=["root-ann"],
    profiles={"cpu": NotebookProfileArgs("Two cores", "2", "8Gi"), "gpu": NotebookProfileArgs("One GPU", "4", "16Gi", 1)},
    storage="10Gi",
    idle_seconds=7200,
    tracking_uri="https://mlflow.mlflow.svc:5000",
    tracking_secret="jupyterhub-mlflow",
    bucket=BUCKET,
    bundle="mlops-ca",
    monitored=True,
)


def build(args: JupyterHubArgs = ARGS) -> Recording[JupyterHub]:
    return record(lambda: JupyterHub("jupyterhub", args))


def settings(made: Recording[Any]) -> Any:
    return yaml.safe_load(made.one("Secret", "jupyterhub-keys").inputs["stringData"]["values.yaml"])["singleuser"]


def profile(args: JupyterHubArgs, slug: str) -> dict[str, Any]:
    found: dict[str, Any] = next(p for p in chart_values(args)["singleuser"]["profileList"] if p["slug"] == slug)
    return found


def test_only_declared_users_log_in_and_nobody_signs_up() -> None:
    config = chart_values(ARGS)["hub"]["config"]
    assert config["JupyterHub"]["authenticator_class"] == "native"
    assert config["Authenticator"] == {
        "allowed_users": ["ann", "root-ann"],
        "admin_users": ["root-ann"],
        "allow_existing_users": False,
    }
    assert config["NativeAuthenticator"]["enable_signup"] is False


def test_each_user_has_a_first_password_of_its_own() -> None:
    made = build()
    given = made.one("Secret", "jupyterhub-users").inputs["stringData"]
    assert set(given) == {"ann", "root-ann"} and len(set(given.values())) == 2
    assert set(given.values()) <= set(made.passwords.values())


def test_secrets_stand_nowhere_but_in_secrets() -> None:
    assert build().leaks() == []


def test_every_key_that_the_chart_would_draw_is_ours() -> None:
    made = build()
    keys = made.one("Secret", "jupyterhub-keys").inputs["stringData"]
    assert {
        "hub.config.ConfigurableHTTPProxy.auth_token",
        "hub.config.JupyterHub.cookie_secret",
        "hub.config.CryptKeeper.keys",
        "hub.services.prometheus.apiToken",
        "values.yaml",
    } == set(keys)
    given = made.one("Chart").inputs["values"]
    assert given["hub"]["existingSecret"] == "jupyterhub-keys"
    placeholders = [
        given["proxy"]["secretToken"],
        given["hub"]["config"]["JupyterHub"]["cookie_secret"],
        *given["hub"]["config"]["CryptKeeper"]["keys"],
        given["hub"]["services"]["prometheus"]["apiToken"],
    ]
    assert set(placeholders) == {values.UNUSED} and not set(placeholders) & set(keys.values())


def test_both_pods_are_pointed_at_our_token() -> None:
    chart = build().one("Chart")
    for container in ("hub", "chp"):
        env = {entry["name"]: entry for entry in chart.pod(container)["spec"]["containers"][0]["env"]}
        token = {"name": values.KEYS, "key": "hub.config.ConfigurableHTTPProxy.auth_token"}
        assert env["CONFIGPROXY_AUTH_TOKEN"]["valueFrom"] == {"secretKeyRef": token}


def test_keys_that_must_be_hexadecimal_are_drawn_from_digits() -> None:
    made = build()
    for name in ("jupyterhub-cookie-secret", "jupyterhub-crypt-key"):
        drawn = made.one("RandomPassword", name).inputs
        assert (drawn["length"], drawn["upper"], drawn["lower"], drawn["special"]) == (64, False, False, False)


def test_a_gpu_profile_goes_to_gpu_nodes_and_tolerates_their_taint() -> None:
    override = profile(ARGS, "gpu")["kubespawner_override"]
    assert override["extra_resource_limits"] == {"nvidia.com/gpu": "1"}
    assert override["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert override["node_selector"] == {"nvidia.com/gpu.present": "true"}
    chosen = profile(replace(ARGS, gpu_product="NVIDIA-A10G"), "gpu")["kubespawner_override"]
    assert chosen["node_selector"] == {"nvidia.com/gpu.product": "NVIDIA-A10G"}
    plain = profile(ARGS, "cpu")["kubespawner_override"]
    assert not {"extra_resource_limits", "tolerations", "node_selector"} & set(plain)


def test_a_profile_is_bounded_in_bytes_and_the_first_is_the_default() -> None:
    override = profile(ARGS, "cpu")["kubespawner_override"]
    assert override["mem_limit"] == override["mem_guarantee"] == 8 * 2**30
    assert (override["cpu_guarantee"], override["cpu_limit"]) == (2.0, 4.0)
    assert [profile(ARGS, slug)["default"] for slug in ("cpu", "gpu")] == [True, False]


def test_notebooks_find_mlflow_and_the_bucket_through_secrets() -> None:
    env = settings(build())["extraEnv"]
    assert env["MLFLOW_TRACKING_URI"] == "https://mlflow.mlflow.svc:5000"
    assert env["MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD"] == env["MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"] == "false"
    assert env["MLFLOW_TRACKING_PASSWORD"] == {"valueFrom": {"secretKeyRef": {"name": "jupyterhub-mlflow", "key": "password"}}}
    assert env["AWS_SECRET_ACCESS_KEY"]["valueFrom"]["secretKeyRef"]["name"] == "app-bucket"
    assert (env["AWS_ENDPOINT_URL_S3"], env["NOTEBOOK_BUCKET"]) == ("https://minio.minio.svc:9000", "models")


def test_notebooks_trust_the_platform_and_the_public() -> None:
    found = settings(build())
    assert found["extraEnv"]["REQUESTS_CA_BUNDLE"] == found["extraEnv"]["AWS_CA_BUNDLE"] == values.TRUST
    (join,) = found["initContainers"]
    assert "/etc/ssl/certs/ca-certificates.crt /etc/mlops/ca/ca.crt" in join["command"][-1]
    assert join["securityContext"]["runAsNonRoot"] is True and set(join["resources"]["limits"]) == {"cpu", "memory"}
    assert {"name": "platform-ca", "configMap": {"name": "mlops-ca"}} in found["storage"]["extraVolumes"]


def test_alone_it_presets_nothing() -> None:
    alone = replace(ARGS, tracking_uri=None, tracking_secret=None, bucket=None, bundle=None, monitored=False)
    made = build(alone)
    assert settings(made) == {"extraEnv": {}} and made.all("ServiceMonitor") == []
    assert chart_values(alone)["hub"]["db"] == {"type": "sqlite-pvc"}


def test_passed_notebook_values_win_over_the_preset_ones() -> None:
    made = build(replace(ARGS, values={"singleuser": {"extraEnv": {"NOTEBOOK_BUCKET": "mine"}, "startTimeout": 900}}))
    assert settings(made)["extraEnv"]["NOTEBOOK_BUCKET"] == "mine"
    assert made.one("Chart").inputs["values"]["singleuser"]["startTimeout"] == 900


def test_on_mysql_the_hub_composes_its_address_itself() -> None:
    args = replace(ARGS, database=DATABASE)
    hub = chart_values(args)["hub"]
    assert hub["db"] == {"type": "mysql", "upgrade": True} and "20-database" in hub["extraConfig"]
    env = {e["name"]: e for e in record(lambda: told(args).env).result}
    assert env["HUB_DB_PASSWORD"]["valueFrom"] == {"secretKeyRef": {"name": "app-mysql", "key": "password"}}
    assert env["HUB_DB_CA"]["value"] == "/etc/mlops/database/ca.crt"


def test_nothing_privileged_cluster_scoped_or_hooked_is_asked_of_the_chart() -> None:
    found = chart_values(ARGS)
    assert found["scheduling"]["userScheduler"]["enabled"] is False
    assert found["prePuller"] == {"hook": {"enabled": False}, "continuous": {"enabled": False}}
    assert found["singleuser"]["cloudMetadata"]["blockWithIptables"] is False
    assert found["proxy"]["service"]["type"] == "ClusterIP"
    assert found["hub"]["config"]["KubeSpawner"]["container_security_context"] == values.RESTRICTED


def test_metrics_are_read_with_a_token_of_their_own() -> None:
    made = build()
    hub = chart_values(ARGS)["hub"]
    assert hub["authenticatePrometheus"] is True and hub["loadRoles"]["prometheus"]["scopes"] == ["read:metrics"]
    (endpoint,) = made.one("ServiceMonitor").inputs["spec"]["endpoints"]
    assert endpoint["authorization"]["credentials"] == {"name": "jupyterhub-keys", "key": "hub.services.prometheus.apiToken"}


def test_idle_notebooks_are_stopped_in_time() -> None:
    assert chart_values(ARGS)["cull"] == {"enabled": True, "timeout": 7200, "every": 600}
    assert chart_values(replace(ARGS, idle_seconds=300))["cull"]["every"] == 75


def test_images_move_to_the_mirror() -> None:
    found = chart_values(replace(ARGS, registry_mirror="mirror.example/hub"))
    assert found["hub"]["image"] == {"name": "mirror.example/hub/jupyterhub/k8s-hub"}
    assert found["proxy"]["chp"]["image"] == {"name": "mirror.example/hub/jupyterhub/configurable-http-proxy"}
    images = [p["kubespawner_override"]["image"] for p in found["singleuser"]["profileList"]]
    assert all(ref.startswith("mirror.example/hub/jupyter/") for ref in [found["singleuser"]["image"]["name"], *images])


def test_in_a_teams_namespace_names_begin_with_the_system_and_nothing_is_cluster_scoped() -> None:
    team: dict[str, Any] = {"tier": Tier.TEAM, "team": "fraud", "platformStack": {"kubernetes": "platform-dev"}}
    here = site("jupyterhub", Jupyterhub(users=["ann"]), SERVER, STORE, METRICS, **team)
    made = record(lambda: JupyterHub("jupyterhub", JupyterHub.plan(here)))
    objects = [r for r in made.resources if r.type.startswith("kubernetes:") and r.kind != "Chart"]
    assert objects and all(r.namespace == "fraud" and r.object_name.startswith("jupyterhub") for r in objects)
    assert not any(cluster_scoped(r.kind) for r in objects)
    chart = made.one("Chart").inputs
    assert chart["namespace"] == "fraud" and chart["values"]["fullnameOverride"] == "jupyterhub"


def test_the_plan_asks_the_tracking_server_for_a_user() -> None:
    tracking = Granted()
    config = Jupyterhub(profiles={"big": NotebookProfile(gpus=2)}, idle_timeout="1h")
    pools = {"gpuPools": {"a": {"accelerator": "NVIDIA-A10G"}, "b": {"accelerator": "NVIDIA-A10G"}}}
    args = JupyterHub.plan(site("jupyterhub", config, tracking.contract(), CERTIFICATES, cluster=pools))
    (consumer,) = tracking.consumers
    assert isinstance(consumer, Consumer) and consumer.namespace == "jupyterhub"
    assert (args.tracking_secret, args.bundle, args.gpu_product) == ("jupyterhub-mlflow", "mlops-ca", "NVIDIA-A10G")
    assert (args.users, args.admins, args.idle_seconds, args.monitored) == ([], ["admin"], 3600, False)
    assert args.profiles["big"].gpus == 2 and args.bucket is None and args.database is None


@pytest.mark.parametrize(("users", "admins", "expected"), [(["ann"], [], []), ([], ["bob"], ["bob"])])
def test_an_administrator_is_added_only_where_nobody_is_declared(
    users: list[str], admins: list[str], expected: list[str]
) -> None:
    assert JupyterHub.plan(site("jupyterhub", Jupyterhub(users=users, admins=admins))).admins == expected


def test_the_hub_makes_declared_users_once_with_hashed_passwords(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ann").write_text("first")
    (tmp_path / "bob").write_text("other")
    (tmp_path / "..data").mkdir()
    rows: list[Any] = []
    session = SimpleNamespace(add=rows.append, commit=lambda: rows.append("commit"))

    class Native:
        def __init__(self) -> None:
            self.db = session
            self.add_new_table()

        def add_new_table(self) -> None:
            rows.append("table")

        def user_exists(self, name: str) -> bool:
            return name == "bob"

    native, orm, bcrypt = (ModuleType(n) for n in ("nativeauthenticator", "nativeauthenticator.orm", "bcrypt"))
    native.NativeAuthenticator = Native  # type: ignore[attr-defined]
    orm.UserInfo = SimpleNamespace  # type: ignore[attr-defined]
    bcrypt.gensalt = lambda: b"salt"  # type: ignore[attr-defined]
    bcrypt.hashpw = lambda password, salt: salt + password[::-1]  # type: ignore[attr-defined]
    for module in (native, orm, bcrypt):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    config = SimpleNamespace(JupyterHub=SimpleNamespace())
    code = values.DECLARED_USERS.replace("/etc/jupyterhub/users", str(tmp_path))
    exec(compile(code, "10-users", "exec"), {"c": config})
    config.JupyterHub.authenticator_class()
    assert rows == ["table", SimpleNamespace(username="ann", password=b"salttsrif", is_authorized=True), "commit"]


def test_the_hub_escapes_its_database_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"USERNAME": "hub", "PASSWORD": "p@ss/w", "HOST": "db.svc", "PORT": "3306", "NAME": "jupyterhub", "CA": "/ca/ca.crt"}
    for key, value in given.items():
        monkeypatch.setenv(f"HUB_DB_{key}", value)
    config = SimpleNamespace(JupyterHub=SimpleNamespace())
    exec(compile(values.MYSQL, "20-database", "exec"), {"c": config})
    assert config.JupyterHub.db_url == "mysql+pymysql://hub:p%40ss%2Fw@db.svc:3306/jupyterhub?charset=utf8mb4&ssl_ca=/ca/ca.crt"
