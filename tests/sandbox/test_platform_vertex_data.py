"""The data systems on Vertex AI, end to end: up, the simulated cloud read back, nothing to change, nothing left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from components.mapping import vertex
from tests.sandbox.google_cloud import DATA, chosen, essential, stack_file, there
from tests.sandbox.platform_env import Project, project

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

STACK = "data"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with project(tmp_path_factory.mktemp("data")) as made:
        made.stack_file(STACK).write_text(stack_file(DATA))
        made.init(STACK)
        made.up(STACK)
        yield made


@pytest.fixture(scope="module")
def cloud(deployed: Project) -> dict[str, list[dict[str, Any]]]:
    return there(deployed.home)


def test_a_second_preview_wants_nothing_and_the_pack_is_content(deployed: Project) -> None:
    deployed.settled(STACK, "--refresh", "--policy-pack", "policies")


def test_the_essential_type_of_every_row_stands(deployed: Project) -> None:
    resources = deployed.resources(STACK)
    for system in chosen(DATA):
        assert essential(resources, system, vertex.ROWS[system].essential_type), system


def test_what_holds_data_is_under_the_stacks_key(deployed: Project, cloud: dict[str, list[dict[str, Any]]]) -> None:
    key = deployed.outputs(STACK)["foundation.kmsKey"]
    for kind, path in {
        "gcp:pubsub/topic:Topic": ("kmsKeyName",),
        "gcp:dataproc/cluster:Cluster": ("clusterConfig", "encryptionConfig", "kmsKeyName"),
        "gcp:dataproc/sessionTemplate:SessionTemplate": ("environmentConfig", "executionConfig", "kmsKey"),
        "gcp:composer/environment:Environment": ("config", "encryptionConfig", "kmsKeyName"),
        "gcp:workflows/workflow:Workflow": ("cryptoKeyName",),
        "gcp:bigquery/dataset:Dataset": ("defaultEncryptionConfiguration", "kmsKeyName"),
        "gcp:bigquery/table:Table": ("encryptionConfiguration", "kmsKeyName"),
        "gcp:vertex/aiFeatureOnlineStore:AiFeatureOnlineStore": ("encryptionSpec", "kmsKeyName"),
        "gcp:storage/bucketObject:BucketObject": ("kmsKeyName",),
        "gcp:sql/databaseInstance:DatabaseInstance": ("encryptionKeyName",),
        "gcp:storage/bucket:Bucket": ("encryption", "defaultKmsKeyName"),
    }.items():
        assert cloud[kind], kind
        for found in cloud[kind]:
            value: Any = found
            for step in path:
                value = value[step]
            assert value == key, kind


def test_machines_are_private_and_shielded(cloud: dict[str, list[dict[str, Any]]]) -> None:
    names = set()
    for cluster in cloud["gcp:dataproc/cluster:Cluster"]:
        names.add(cluster["name"])
        machines = cluster["clusterConfig"]["gceClusterConfig"]
        assert machines["internalIpOnly"] is True and machines["shieldedInstanceConfig"]["enableSecureBoot"] is True
        assert machines["serviceAccount"].startswith(cluster["name"])
    assert names == {"data-flink", "data-hadoop"}
    (airflow,) = cloud["gcp:composer/environment:Environment"]
    assert airflow["config"]["enablePrivateEnvironment"] is True and airflow["config"]["enablePrivateBuildsOnly"] is True
    engines = {server["databaseVersion"]: server["settings"] for server in cloud["gcp:sql/databaseInstance:DatabaseInstance"]}
    assert set(engines) == {"MYSQL_8_4", "POSTGRES_18"}
    for settings in engines.values():
        assert settings["connectorEnforcement"] == "REQUIRED" and settings["ipConfiguration"]["sslMode"] == "ENCRYPTED_ONLY"


def test_jobs_are_launched_in_time_by_an_account_that_may_run_workflows_and_no_more(
    cloud: dict[str, list[dict[str, Any]]],
) -> None:
    found = {job["name"]: job for job in cloud["gcp:cloudscheduler/job:Job"]}
    assert {name: job["schedule"] for name, job in found.items()} == {
        "data-spark-nightly": "0 2 * * 1-5",
        "data-sqoop-orders": "30 1 * * *",
    }
    for name, job in found.items():
        noun = name.rpartition("-")[0]
        who = job["httpTarget"]["oauthToken"]["serviceAccountEmail"]
        assert who.startswith(f"{noun}-clock@")
        (given,) = [m for m in cloud["gcp:projects/iAMMember:IAMMember"] if m["member"] == f"serviceAccount:{who}"]
        assert given["role"] == "roles/workflows.invoker"
        assert f"/workflows/{noun}/executions" in job["httpTarget"]["uri"]


def test_templates_are_workflows_that_name_their_jobs(cloud: dict[str, list[dict[str, Any]]]) -> None:
    found = {
        each["name"]: json.loads(each["sourceContents"])["main"]["steps"] for each in cloud["gcp:workflows/workflow:Workflow"]
    }
    assert set(found) == {"data-spark", "data-flink", "data-sqoop", "data-tfdv", "data-tfdv-profile"}
    (batches,) = [step["batches"]["assign"][0]["batches"] for step in found["data-spark"] if "batches" in step]
    assert set(batches) == {"events", "nightly"}
    assert batches["events"]["environmentConfig"]["executionConfig"]["serviceAccount"].startswith("data-spark@")
    (jobs,) = [step["jobs"]["assign"][0]["jobs"] for step in found["data-sqoop"] if "jobs" in step]
    assert jobs["orders"]["context"]["csvExportOptions"]["selectQuery"] == "SELECT * FROM orders"
    assert jobs["orders"]["folder"].startswith("gs://data-sqoop-")


def test_messages_become_files_or_records(cloud: dict[str, list[dict[str, Any]]]) -> None:
    subscriptions = {each["name"]: each for each in cloud["gcp:pubsub/subscription:Subscription"]}
    assert set(subscriptions) == {"data-flume-clicks", "data-flume-orders"}
    assert subscriptions["data-flume-clicks"]["cloudStorageConfig"]["filenamePrefix"] == "clicks/"
    connectors = {each["connectorId"]: each["configs"] for each in cloud["gcp:managedkafka/connector:Connector"]}
    assert connectors["flume-events"]["topics"] == connectors["flume-orders"]["kafka.topic"] == "events"
    lists = {acl["aclId"]: acl for acl in cloud["gcp:managedkafka/acl:Acl"]}
    principals = {entry["principal"].partition("@")[2] for entry in lists["topic/events"]["aclEntries"]}
    assert "gcp-sa-managedkafka.iam.gserviceaccount.com" in principals


def test_features_are_columns_of_a_table_that_is_served(cloud: dict[str, list[dict[str, Any]]]) -> None:
    (table,) = cloud["gcp:bigquery/table:Table"]
    assert {column["name"] for column in json.loads(table["schema"])} == {"id", "orders", "event_time", "feature_timestamp"}
    (view,) = cloud["gcp:vertex/aiFeatureOnlineStoreFeatureview:AiFeatureOnlineStoreFeatureview"]
    assert view["syncConfig"]["cron"] == "0 * * * *"
    (source,) = view["featureRegistrySource"]["featureGroups"]
    assert source["featureIds"] == ["orders"]


def test_files_are_looked_at_by_schedule(cloud: dict[str, list[dict[str, Any]]]) -> None:
    scans = {scan["dataScanId"]: scan for scan in cloud["gcp:dataplex/datascan:Datascan"]}
    assert set(scans) == {"data-tfdv-sales", *(f"data-catalog-{noun}" for noun in ("catalog", "flume", "sqoop", "spark"))}
    assert scans["data-tfdv-sales"]["executionSpec"]["trigger"]["schedule"]["cron"] == "0 4 * * *"
    assert scans["data-tfdv-sales"]["dataDiscoverySpec"]["storageConfig"]["includePatterns"] == ["sales/**"]


def test_no_account_has_a_basic_role(cloud: dict[str, list[dict[str, Any]]]) -> None:
    roles = {member["role"] for member in cloud["gcp:projects/iAMMember:IAMMember"]}
    assert not roles & {"roles/owner", "roles/editor", "roles/iam.serviceAccountUser", "roles/iam.serviceAccountTokenCreator"}
    assert "gcp:serviceaccount/key:Key" not in cloud


def test_destroy_leaves_nothing(deployed: Project) -> None:
    # the last of the module, for it takes away what the others look at
    deployed.destroy(STACK)
    assert there(deployed.home) == {}
