"""Backups and secrets from outside, through the composer."""

from pathlib import Path
from typing import Any

import pytest

from components.contracts import BucketAccess
from components.kubernetes import velero
from components.platform import Platform
from components.validation.problems import Problems
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, stack

STORE = "systems: {minio: {replicas: 1}, prometheus: {}}\n"
SECRETS = """
externalSecrets:
  stores:
    vault: {provider: {vault: {server: "https://vault.example.com", path: kv}}, namespaces: [login]}
  secrets:
    github-app: {store: vault, namespace: login, refresh: 15m, keys: {clientSecret: {key: dex/github, property: value}}}
"""


def composed(folder: Path, text: str) -> Recording[Platform]:
    made = stack(checked(folder, text))
    return record(lambda: Platform("platform", made))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Recording[Platform]:
    return composed(tmp_path_factory.mktemp("all"), STORE + "backups: {schedule: 30 2 * * 0, retention: 2w}\n" + SECRETS)


def workload(kind: str, container: str) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": container}]}}}}


def test_backups_go_to_a_bucket_of_their_own_with_a_key_of_their_own(made: Recording[Platform]) -> None:
    location = made.one("BackupStorageLocation").inputs["spec"]
    assert location["objectStorage"]["bucket"] == "velero" and location["default"] is True
    assert location["config"]["s3Url"] == "https://minio.minio.svc:9000"
    assert "velero-chart" in made.waits_for("velero-location")
    assert made.one("Secret", "minio-velero-velero-given").namespace == "velero"
    assert made.leaks() == []


def test_the_schedule_is_the_specs(made: Recording[Platform], tmp_path: Path) -> None:
    spec = made.one("Schedule").inputs["spec"]
    assert (spec["schedule"], spec["template"]["ttl"]) == ("30 2 * * 0", "336h0m0s")
    assert "kube-system" in spec["template"]["excludedNamespaces"] and "includedNamespaces" not in spec["template"]
    some = composed(tmp_path, STORE + "backups: {namespaces: [mlflow], volumes: false}\n")
    template = some.one("Schedule").inputs["spec"]["template"]
    assert template["includedNamespaces"] == ["mlflow"] and "excludedNamespaces" not in template
    assert template["defaultVolumesToFsBackup"] is False
    assert some.one("Chart", "velero-chart").inputs["values"]["deployNodeAgent"] is False


def test_volumes_are_encrypted_with_a_generated_key_before_velero_makes_its_own(made: Recording[Platform]) -> None:
    kept = made.one("Secret", "velero-repo-credentials")
    assert kept.inputs["stringData"]["repository-password"] == made.passwords["velero-repository-key"]
    assert kept.name in made.waits_for("velero-chart")


@pytest.mark.parametrize(("kind", "container"), [("Deployment", "velero"), ("DaemonSet", "node-agent")])
def test_server_and_agents_are_told_key_and_trust(kind: str, container: str) -> None:
    import pulumi

    from components.kubernetes import extend

    access = BucketAccess("velero", "us-east-1", endpoint="https://s3", secret="key", ca_config_map="mlops-ca")

    def run() -> Any:
        transform = extend.deployment(container, velero.told(access), kind=kind)
        args = pulumi.ResourceTransformArgs(
            True, f"kubernetes:apps/v1:{kind}", "x", workload(kind, container), pulumi.ResourceOptions()
        )
        found = transform(args)
        other = transform(pulumi.ResourceTransformArgs(True, "kubernetes:apps/v1:StatefulSet", "x", {}, pulumi.ResourceOptions()))
        assert found is not None and other is None
        spec: Any = found.props["spec"]
        return spec["template"]["spec"]

    pod = record(run).result
    env = {item["name"]: item for item in pod["containers"][0]["env"]}
    assert env["AWS_ACCESS_KEY_ID"]["valueFrom"]["secretKeyRef"] == {"name": "key", "key": "AWS_ACCESS_KEY_ID"}
    assert env["SSL_CERT_FILE"]["value"].startswith(pod["containers"][0]["volumeMounts"][0]["mountPath"])
    assert pod["volumes"] == [{"name": "store-ca", "configMap": {"name": "mlops-ca"}}]


def test_a_clouds_own_store_needs_neither_url_nor_trust() -> None:
    access = BucketAccess("velero", "eu-central-1")
    assert "s3Url" not in velero.storage(access)["config"]
    extension = velero.told(access)
    assert (extension.env, extension.mounts) == ([], [])


def test_a_secret_from_outside_waits_for_its_store_and_names_its_namespace(made: Recording[Platform]) -> None:
    found = made.one("ClusterExternalSecret")
    assert {"external-secrets-store-vault", "external-secrets-chart"} <= made.waits_for(found.name)
    spec = found.inputs["spec"]
    assert spec["namespaceSelectors"] == [{"matchLabels": {"kubernetes.io/metadata.name": "login"}}]
    inner = spec["externalSecretSpec"]
    assert (inner["target"]["name"], inner["refreshInterval"]) == ("github-app", "900s")
    assert inner["data"] == [{"secretKey": "clientSecret", "remoteRef": {"key": "dex/github", "property": "value"}}]
    store = made.one("ClusterSecretStore").inputs
    assert store["spec"]["conditions"] == [{"namespaces": ["login"]}] and "namespace" not in store["metadata"]


def test_a_store_that_nobody_declared_is_said(tmp_path: Path) -> None:
    found = checked(tmp_path, STORE + SECRETS.replace("store: vault", "store: valt"))
    assert isinstance(found, Problems)
    assert "valt" in found.text() and "vault" in found.text()


def test_backups_without_an_object_store_are_refused(tmp_path: Path) -> None:
    found = checked(tmp_path, "backups: {}\nsystems: {prometheus: {}}\n")
    assert isinstance(found, Problems)
    assert [p.path for p in found] == ["mlops:spec.backups"]
    assert "an object store" in found[0].message


def test_velero_takes_a_store_from_outside(tmp_path: Path) -> None:
    text = """
backups: {}
systems: {prometheus: {}}
bringYourOwn: {objectStore: {address: "https://s3.example.com", credentials: {velero: outside}}}
"""
    made = composed(tmp_path, text)
    assert made.one("BackupStorageLocation").inputs["spec"]["config"]["s3Url"] == "https://s3.example.com"
