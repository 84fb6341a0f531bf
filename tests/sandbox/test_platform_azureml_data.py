"""The data systems on Azure ML, end to end: up, nothing to change, what is closed read back, nothing left.

There is no real API to read back from: what is looked at is the simulated subscription's own record, and the stack's export.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from components.mapping import azureml
from tests.sandbox.azure_env import AzureStack, deployed_stack

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

STACK = "azuredata"
FILE = """\
config:
  mlops:target: azureml
  mlops:spec:
    tier: all
    environment: dev
    owner: platform-team
    systems:
      minio: {}
      seaweedfs: {}
      mysql: {}
      postgres: {}
      kafka:
        topics:
          events: {partitions: 3, retention: 3d}
      prometheus: {}
      thanos: {}
      loki: {}
      spark:
        streams: {events: {topic: events}}
        jobs: {nightly: {main: "s3a://spark/jobs/nightly.py", schedule: "0 2 * * 1-5"}}
      flume:
        agents:
          clicks: {}
          events: {source: kafka, sourceTopic: events}
      sqoop:
        jobs: {orders: {direction: import, table: orders, schedule: "30 1 * * *"}}
      hadoop: {}
      dvc: {}
      tfdv:
        datasets: {sales: {data: sales}}
      feast:
        features: {customers: {key: id, columns: {id: string, orders: integral}}}
      amundsen: {}
"""
SYSTEMS = (
    "seaweedfs", "postgres", "thanos", "loki", "spark", "flume", "sqoop", "hadoop", "dvc", "tfdv", "feast", "amundsen",
)  # fmt: skip


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureStack]:
    with deployed_stack(tmp_path_factory.mktemp(STACK), STACK, FILE) as made:
        yield made


def test_a_second_preview_wants_nothing_and_the_pack_is_content(deployed: AzureStack) -> None:
    said = deployed.project.settled(STACK, "--policy-pack", "policies")
    assert "[mandatory]" not in said and "[advisory]" not in said


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_essential_type_of_each_system_is_in_the_export(deployed: AzureStack, system: str) -> None:
    assert azureml.ROWS[system].essential_type in deployed.types_below(azureml.ROWS[system])


def test_a_refresh_finds_nothing(deployed: AzureStack) -> None:
    deployed.refresh_is_clean()


def test_what_holds_data_is_closed_and_has_a_private_way_in(deployed: AzureStack) -> None:
    joined = deployed.private_links()
    for token in ("dbforpostgresql:Server", "synapse:Workspace", "purview:Account", "storage:StorageAccount"):
        found = deployed.objects(token)
        assert found and set(found) <= joined, token
        for given in found.values():
            assert (given.get("network") or given)["publicNetworkAccess"] == "Disabled", token


def test_what_holds_data_is_under_the_stacks_key(deployed: AzureStack) -> None:
    (server,) = deployed.objects("dbforpostgresql:Server").values()
    assert server["dataEncryption"]["type"] == "AzureKeyVault"
    (workspace,) = deployed.objects("synapse:Workspace").values()
    assert workspace["encryption"]["cmk"]["key"]["name"] == "mlops" and workspace["azureADOnlyAuthentication"] is True
    for factory in deployed.objects("datafactory:Factory").values():
        assert factory["encryption"]["keyName"] == "mlops"


def test_hdfs_stands_in_a_subnet_of_its_own(deployed: AzureStack) -> None:
    (recorded,) = deployed.objects("hdinsight:Cluster").values()
    assert set(recorded["properties"]) == {"$secret"}, "its passwords are to be secret"
    (cluster,) = [r for r in deployed.project.resources(STACK, secrets=True) if r["type"].endswith(":hdinsight:Cluster")]
    given = cluster["inputs"]["properties"]
    given = json.loads(given["plaintext"]) if "plaintext" in given else given
    roles = given["computeProfile"]["roles"]
    assert {role["virtualNetworkProfile"]["subnet"].rpartition("/")[2] for role in roles} == {"hadoop"}
    assert given["networkProperties"]["privateLink"] == "Enabled"
    assert given["encryptionInTransitProperties"]["isEncryptionInTransitEnabled"] is True


def test_events_are_captured_by_the_brokers_hub_too(deployed: AzureStack) -> None:
    hubs = {id.rpartition("/")[2]: given for id, given in deployed.objects("eventhub:EventHub").items()}
    assert set(hubs) == {"events", "clicks"}
    assert all(hub["captureDescription"]["destination"]["blobContainer"] == "flume" for hub in hubs.values())


def test_nothing_runs_but_what_has_a_schedule(deployed: AzureStack) -> None:
    flows = {id.rpartition("/")[2] for id in deployed.objects("logic:Workflow")}
    assert flows == {"azuredata-spark-nightly", "azuredata-sqoop-orders"}
    assert not deployed.objects("machinelearningservices:Job")


def test_destroy_leaves_nothing(deployed: AzureStack) -> None:
    # the last of the module, for it takes away what the others look at
    deployed.project.destroy(STACK)
    assert deployed.objects() == {}
