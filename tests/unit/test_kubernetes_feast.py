"""Feast: stores in the database by names of variables, TLS and tokens in front of every server, and what the operator makes of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.contracts import Certificates, Database, FeatureStore, ObjectStore
from components.kubernetes.feast import OPERATOR, FeastStore, FeastStoreArgs, adjusted
from components.kubernetes.place import Compute
from components.platform import Platform
from components.spec.data import Feast
from tests.unit.kubernetes_site import BUCKET, CERTIFICATES, DATABASE, METRICS, SERVER, STORE, site
from tests.unit.operators_fake import Cluster, custom, deployment, secret
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, only, stack

ARGS = FeastStoreArgs(
    namespace="feast",
    labels={"mlops.dev/team": "platform"},
    database=DATABASE,
    engine="mysql",
    bucket=BUCKET,
    issuer="mlops-ca",
    project="fraud",
    schedule="0 * * * *",
    compute=Compute("250m", "1Gi"),
    monitored=True,
    manifest_mirror="/manifests",
)


def build(args: FeastStoreArgs = ARGS) -> Recording[FeastStore]:
    return record(lambda: FeastStore("feast", args))


def spec(made: Recording[Any]) -> dict[str, Any]:
    found: dict[str, Any] = made.one("FeatureStore").inputs["spec"]
    return found


def servers(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    services = found["services"]
    return {
        "registry": services["registry"]["local"]["server"],
        "online": services["onlineStore"]["server"],
        "offline": services["offlineStore"]["server"],
        "ui": services["ui"],
    }


def test_registry_and_online_store_stand_in_the_database() -> None:
    made = build()
    services = spec(made)["services"]
    assert services["registry"]["local"]["persistence"]["store"] == {"type": "sql", "secretRef": {"name": "feast-stores"}}
    assert services["onlineStore"]["persistence"]["store"] == {"type": "mysql", "secretRef": {"name": "feast-stores"}}
    data = made.one("Secret", "feast-stores").inputs["stringData"]
    assert set(data) == {"sql", "mysql"}
    registry, online = yaml.safe_load(data["sql"]), yaml.safe_load(data["mysql"])
    assert registry["path"] == (
        "mysql+pymysql://${FEAST_DB_USER}:${FEAST_DB_PASSWORD}@mysql-haproxy.mysql.svc:3306/runs"
        "?charset=utf8mb4&ssl_ca=/etc/mlops/database/ca.crt"
    )
    assert online == {
        "host": "mysql-haproxy.mysql.svc",
        "port": 3306,
        "database": "runs",
        "user": "${FEAST_DB_USER}",
        "password": "${FEAST_DB_PASSWORD}",
    }


def test_on_postgres_both_verify_the_server() -> None:
    made = build(replace(ARGS, engine="postgres"))
    assert spec(made)["services"]["onlineStore"]["persistence"]["store"]["type"] == "postgres"
    data = made.one("Secret", "feast-stores").inputs["stringData"]
    online = yaml.safe_load(data["postgres"])
    assert online["sslmode"] == "verify-full" and online["sslrootcert_path"] == "/etc/mlops/database/ca.crt"
    assert "sslmode=verify-full" in yaml.safe_load(data["sql"])["path"]


@pytest.mark.parametrize("name", ["registry", "online", "offline", "ui"])
def test_every_server_has_credentials_tls_bounds_and_authorities(name: str) -> None:
    server = servers(spec(build()))[name]
    env = {e["name"]: e.get("value", e.get("valueFrom")) for e in server["env"]}
    assert env["FEAST_DB_PASSWORD"] == {"secretKeyRef": {"name": "app-mysql", "key": "password"}}
    assert env["AWS_SECRET_ACCESS_KEY"]["secretKeyRef"]["name"] == "app-bucket"
    assert (env["FEAST_BUCKET"], env["FEAST_S3_ENDPOINT_URL"]) == ("s3://models", "https://minio.minio.svc:9000")
    assert server["tls"] == {"secretRef": {"name": "feast-tls"}}
    assert set(server["resources"]) == {"requests", "limits"}
    assert {m["mountPath"] for m in server["volumeMounts"]} == {"/etc/mlops/database", "/etc/mlops/store"}


def test_requests_need_a_token_of_a_known_role() -> None:
    assert spec(build())["authz"] == {"kubernetes": {"roles": ["feast-reader", "feast-writer"]}}


def test_features_are_materialized_on_schedule() -> None:
    cron = spec(build(replace(ARGS, schedule="30 2 * * *", registry_mirror="mirror.example")))["cronJob"]
    assert (cron["schedule"], cron["timeZone"], cron["concurrencyPolicy"]) == ("30 2 * * *", "Etc/UTC", "Forbid")
    assert cron["containerConfigs"]["image"] == "mirror.example/openshift/origin-cli:4.17"


def test_definitions_come_from_a_repository_or_are_feasts_own_sample() -> None:
    assert spec(build())["feastProjectDir"] == {"init": {"minimal": True}}
    named = build(replace(ARGS, repository="https://git.example/features.git", ref="v1", path="fraud"))
    assert spec(named)["feastProjectDir"] == {
        "git": {"url": "https://git.example/features.git", "ref": "v1", "featureRepoPath": "fraud"}
    }


def test_the_operator_comes_first_from_its_pinned_manifest() -> None:
    made = build()
    operator = made.one("kubernetes:yaml/v2:ConfigFile")
    assert operator.inputs["file"] == f"/manifests/feast-dev/feast/{OPERATOR.commit}/infra/feast-operator/dist/install.yaml"
    assert operator.definitions_stay and len(operator.transforms) == 2
    assert {operator.name, "feast-stores", "feast-certificate"} <= set(made.one("FeatureStore").depends_on)
    assert len(build(replace(ARGS, keep_crds=False)).one("kubernetes:yaml/v2:ConfigFile").transforms) == 1
    upstream = build(replace(ARGS, manifest_mirror=None)).one("kubernetes:yaml/v2:ConfigFile")
    assert upstream.inputs["file"].startswith(f"https://raw.githubusercontent.com/feast-dev/feast/{OPERATOR.commit}/")


def test_the_operators_images_move_to_the_mirror_and_its_pod_gets_seccomp() -> None:
    container = {
        "name": "manager",
        "image": "quay.io/feastdev/feast-operator:0.66.0",
        "env": [
            {"name": "RELATED_IMAGE_CRON_JOB", "value": "quay.io/openshift/origin-cli:4.17"},
            {"name": "GOMEMLIMIT", "value": "230MiB"},
        ],
    }
    props = {"spec": {"template": {"spec": {"securityContext": {"runAsNonRoot": True}, "containers": [container]}}}}

    def run(kind: str) -> pulumi.ResourceTransformResult | None:
        args = pulumi.ResourceTransformArgs(True, kind, "x", props, pulumi.ResourceOptions())
        return adjusted("mirror.example")(args)  # type: ignore[no-any-return]

    assert record(lambda: run("kubernetes:core/v1:Service")).result is None
    result = record(lambda: run("kubernetes:apps/v1:Deployment")).result
    assert result is not None
    changed: Any = result.props["spec"]
    pod = changed["template"]["spec"]
    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert pod["containers"][0]["image"] == "mirror.example/feastdev/feast-operator:0.66.0"
    assert [e["value"] for e in pod["containers"][0]["env"]] == ["mirror.example/openshift/origin-cli:4.17", "230MiB"]


def operated(found: dict[str, Any], stores: bool = True) -> Cluster:
    cluster = Cluster()
    cluster.put(deployment("feast-operator"))
    cluster.up("Deployment", "system", "feast-operator")
    if stores:
        cluster.put(secret("feast-stores", sql="path: x", mysql="host: x"))
    cluster.put(custom("FeatureStore", "features", found))
    cluster.settle()
    return cluster


def test_the_certificate_names_every_service_that_the_operator_makes() -> None:
    made = build()
    cluster = operated(spec(made))
    names = made.one("Certificate").inputs["spec"]["dnsNames"]
    services = cluster.names("Service")
    assert sorted(services) == [f"feast-features-{s}" for s in ("offline", "online", "registry", "registry-rest", "ui")]
    for service in services:
        assert f"{service}.feast.svc" in names and f"{service}.feast.svc.cluster.local" in names
    (endpoint,) = made.result.endpoints()
    assert endpoint.service in services and (endpoint.port, endpoint.scheme, endpoint.login) == (443, "https", True)


def test_contract_and_client_settings_are_what_the_operator_makes() -> None:
    made = build()
    (contract,) = made.result.contracts()
    assert contract.config_map in operated(spec(made)).names("ConfigMap")


def test_the_simulated_store_waits_for_its_pods_and_says_what_lacks() -> None:
    found = spec(build())
    cluster = operated(found, stores=False)
    status = cluster.get("FeatureStore", "team", "features")["status"]
    assert status["phase"] == "Failed" and "feast-stores" in status["conditions"][0]["message"]
    assert cluster.names("Service") == []
    cluster = operated(found)
    assert cluster.get("FeatureStore", "team", "features")["status"]["phase"] == "Pending"
    pod = cluster.get("Deployment", "team", "feast-features")["spec"]["template"]["spec"]
    assert [c["name"] for c in pod["containers"]] == ["registry", "online", "offline", "ui"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    online = pod["containers"][1]
    assert online["resources"]["requests"] == {"cpu": "250m", "memory": "1Gi"} and online["ports"][1]["name"] == "metrics"
    cron = cluster.get("CronJob", "team", "feast-features")["spec"]
    assert cron["schedule"] == "0 * * * *" and cron["suspend"] is False
    cluster.up("Deployment", "team", "feast-features")
    cluster.settle()
    assert cluster.get("FeatureStore", "team", "features")["status"]["phase"] == "Ready"


def test_the_plan_and_the_options() -> None:
    args = FeastStore.plan(
        site("feast", Feast(values={"dataQualityMonitoring": {"autoBaseline": True}}), SERVER, STORE, CERTIFICATES, METRICS)
    )
    assert (args.engine, args.issuer, args.monitored, args.project) == ("mysql", "mlops-ca", True, "features")
    made = build(replace(args, manifest_mirror="/manifests"))
    assert spec(made)["dataQualityMonitoring"] == {"autoBaseline": True}
    assert (FeastStore.needs, FeastStore.provides) == ((Database, ObjectStore, Certificates), (FeatureStore,))


def test_a_path_with_slashes_is_refused_before_the_api_does(tmp_path: Path) -> None:
    problem = only(checked(tmp_path, "systems: {minio: {}, mysql: {}, feast: {path: a/b}}"))
    assert "feast.path" in problem


def test_it_composes_with_the_platform(tmp_path: Path) -> None:
    text = "manifestMirror: /manifests\nsystems: {minio: {replicas: 1}, mysql: {replicas: 1}, feast: {}}"
    made = record(lambda: Platform("platform", stack(checked(tmp_path, text))))
    assert made.one("FeatureStore").namespace == "feast" and made.leaks() == []
    labels = made.one("Namespace", "feast").inputs["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "baseline"
