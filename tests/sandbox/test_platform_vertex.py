"""The tier-all stack on Google Cloud, end to end: up, the simulated cloud read back, nothing to change, nothing left."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.sandbox.google_cloud import there
from tests.sandbox.platform_env import Project, project

pytestmark = pytest.mark.sandbox

STACK = "sandbox-vertex"
SYSTEMS = {
    "foundation", "minio", "mysql", "kafka", "mlflow", "jupyterhub", "prometheus", "grafana", "docker", "github-actions",
}  # fmt: skip


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with project(tmp_path_factory.mktemp("vertex")) as made:
        made.up(STACK)
        yield made


def test_a_second_preview_wants_nothing_and_the_pack_is_content(deployed: Project) -> None:
    deployed.settled(STACK, "--refresh", "--policy-pack", "policies")


def test_every_system_is_ready_and_the_cloud_is_said_to_be_simulated(deployed: Project) -> None:
    status = deployed.mlops("status", STACK, "--format", "json")
    assert status.code == 0, status.text
    told = json.loads(status.text)
    assert {row["system"] for row in told["systems"]} == SYSTEMS
    assert told["plugins"]["gcp"] == "simulated"
    assert told["cloud"]["API-backed"] == 0 and told["cloud"]["schema-only"] > 60


def test_what_holds_data_is_encrypted_by_the_stacks_key_and_private(deployed: Project) -> None:
    cloud = there(deployed.home)
    key = deployed.outputs(STACK)["foundation.kmsKey"]
    buckets = cloud["gcp:storage/bucket:Bucket"]
    assert len(buckets) == 3  # logs, mlflow, notebooks
    for bucket in buckets:
        assert bucket["encryption"] == {"defaultKmsKeyName": key}
        assert bucket["publicAccessPrevention"] == "enforced" and bucket["uniformBucketLevelAccess"] is True
    (database,) = cloud["gcp:sql/databaseInstance:DatabaseInstance"]
    assert database["encryptionKeyName"] == key
    assert database["settings"]["ipConfiguration"]["ipv4Enabled"] is False
    assert database["settings"]["ipConfiguration"]["sslMode"] == "ENCRYPTED_ONLY"
    (kafka,) = cloud["gcp:managedkafka/cluster:Cluster"]
    assert kafka["gcpConfig"]["kmsKey"] == key and "publicClusterConfig" not in kafka["gcpConfig"]["accessConfig"]
    services = cloud["gcp:cloudrunv2/service:Service"]
    assert {service["name"] for service in services} == {f"{STACK}-mlflow", f"{STACK}-grafana"}
    for service in services:
        assert service["ingress"] == "INGRESS_TRAFFIC_INTERNAL_ONLY" and service["template"]["encryptionKey"] == key
    notebooks = cloud["gcp:workbench/instance:Instance"]
    assert sorted(notebook["name"] for notebook in notebooks) == [f"{STACK}-alice", f"{STACK}-bob"]
    assert all(notebook["gceSetup"]["disablePublicIp"] for notebook in notebooks)


def test_each_workload_has_an_account_of_its_own_that_owns_its_database(deployed: Project) -> None:
    cloud = there(deployed.home)
    accounts = {account["accountId"] for account in cloud["gcp:serviceaccount/account:Account"]}
    assert accounts == {f"{STACK}-{system}" for system in ("mlflow", "jupyterhub", "grafana", "github-actions")}
    users = {user["name"]: user for user in cloud["gcp:sql/user:User"]}
    mlflow = users[f"{STACK}-mlflow@mlops-sandbox.iam.gserviceaccount.com"]
    assert mlflow["type"] == "CLOUD_IAM_SERVICE_ACCOUNT" and mlflow["databaseRoles"] == ["mlflow_owner"]
    scripts = " ".join(script["script"] for script in cloud["gcp:sql/provisionScript:ProvisionScript"])
    assert "GRANT ALL PRIVILEGES ON `mlflow`.* TO 'mlflow_owner'" in scripts


def test_no_password_stands_in_the_cloud_or_in_the_state(deployed: Project) -> None:
    (password,) = [
        resource["outputs"]["result"]
        for resource in deployed.resources(STACK, secrets=True)
        if resource["type"] == "random:index/randomPassword:RandomPassword"
    ]
    plain = json.loads(password["plaintext"]) if isinstance(password, dict) else password
    assert len(plain) == 32
    assert plain not in (deployed.home / "gcp" / "state.db").read_bytes().decode("latin-1")
    assert plain not in json.dumps(deployed.resources(STACK))


def test_flipping_the_deployed_stack_is_refused_by_what_it_holds(deployed: Project) -> None:
    path = deployed.stack_file(STACK)
    text = path.read_text()
    path.write_text(text.replace("mlops:target: vertex", "mlops:target: kubernetes", 1))
    try:
        said = deployed.refused("preview", STACK)
    finally:
        path.write_text(text)
    assert f'stack {STACK} is deployed on "vertex"' in said
    for system in ("mysql", "minio", "kafka", "jupyterhub"):
        assert system in said.partition("would destroy")[2]


def test_destroy_leaves_nothing(deployed: Project) -> None:
    # the last of the module, for it takes away what the others look at
    deployed.destroy(STACK)
    assert there(deployed.home) == {}
