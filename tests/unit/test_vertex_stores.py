"""PostgreSQL, the second object store, DVC, the feature store and the catalogue on Vertex AI."""

import json
from pathlib import Path

import pulumi
import pytest

from components.spec.base import Resources
from components.vertex.cloudsql_postgres import machine
from tests.unit.vertex_stack import PROJECT, STORE, composed, no_lending

KEY = "platform"


def test_postgres_is_as_closed_as_mysql_and_owned_by_the_consumer(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  postgres: {replicas: 3}\n  optuna: {}\n", "environment: prod")
    instance = made.one("DatabaseInstance")
    settings = instance.inputs["settings"]
    assert instance.inputs["databaseVersion"] == "POSTGRES_18" and instance.protect and instance.retain
    assert settings["ipConfiguration"]["ipv4Enabled"] is False and settings["ipConfiguration"]["sslMode"] == "ENCRYPTED_ONLY"
    assert settings["connectorEnforcement"] == "REQUIRED" and settings["availabilityType"] == "REGIONAL"
    assert {"name": "cloudsql.iam_authentication", "value": "on"} in settings["databaseFlags"]
    backup = settings["backupConfiguration"]
    assert backup["pointInTimeRecoveryEnabled"] is True and "binaryLogEnabled" not in backup
    user = made.one("gcp:sql/user:User", "optuna-database-optuna").inputs
    assert user["name"] == f"demo-optuna@{PROJECT}.iam" and user["databaseRoles"] == ["optuna_owner"]
    script = made.one("ProvisionScript").inputs
    assert script["database"] == "postgres" and 'ALTER DATABASE "optuna" OWNER TO "optuna_owner"' in script["script"]
    assert made.leaks() == []


@pytest.mark.parametrize(
    ("cpu", "memory", "expected"),
    [
        ("500m", "1Gi", "db-custom-1-3840"),
        ("3", "8Gi", "db-custom-4-8192"),
        ("1", "16Gi", "db-custom-4-16384"),
        ("8", "4Gi", "db-custom-8-7424"),
    ],
)
def test_a_server_is_the_smallest_machine_that_holds_its_resources(cpu: str, memory: str, expected: str) -> None:
    assert machine(Resources(cpu=cpu, memory=memory)) == expected


def test_one_stack_may_have_both_object_stores(tmp_path: Path) -> None:
    made = composed(tmp_path, "  minio: {buckets: {raw: {}}}\n  seaweedfs: {buckets: {raw: {}}}\n")
    found = {bucket.name: bucket.inputs for bucket in made.all("gcp:storage/bucket:Bucket")}
    assert (
        found["minio-raw"]["name"] == f"demo-raw-{PROJECT}" and found["seaweedfs-raw"]["name"] == f"demo-seaweedfs-raw-{PROJECT}"
    )
    assert all(bucket["publicAccessPrevention"] == "enforced" for bucket in found.values())


def test_dvc_is_a_file_that_points_at_its_own_bucket(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  dvc: {prefix: vv}\n")
    written = made.one("BucketObject").inputs
    assert f"url = gs://demo-dvc-{PROJECT}/vv\n" in written["content"] and "access_key" not in written["content"]
    assert written["kmsKeyName"].endswith(f"/cryptoKeys/{KEY}")
    granted = made.one("BucketIAMMember", "dvc-bucket-dvc").inputs
    assert granted["role"] == "roles/storage.objectUser" and granted["member"].startswith("serviceAccount:demo-dvc@")


def test_the_feature_store_stands_without_a_feature(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  feast: {}\n")
    no_lending(made)
    store = made.one("AiFeatureOnlineStore").inputs
    assert store["encryptionSpec"]["kmsKeyName"].endswith(KEY) and store["bigtable"]["autoScaling"]["minNodeCount"] == 1
    assert made.all("AiFeatureGroup") == [] and made.all("gcp:bigquery/table:Table") == []
    assert made.one("AiFeatureOnlineStoreIamMember").inputs["role"] == "roles/aiplatform.featurestoreDataViewer"


def test_a_declared_group_is_a_table_with_features_that_are_served(tmp_path: Path) -> None:
    features = "{customers: {key: id, columns: {id: string, age: integral}}, offline: {key: id, online: false, columns: {id: string, x: fractional}}}"
    made = composed(tmp_path, STORE + f"  feast: {{features: {features}}}\n", "environment: prod")
    table = made.one("gcp:bigquery/table:Table", "feast-customers")
    assert {(c["name"], c["type"], c["mode"]) for c in json.loads(table.inputs["schema"])} == {
        ("id", "STRING", "REQUIRED"), ("age", "INT64", "NULLABLE"), ("event_time", "TIMESTAMP", "NULLABLE"),
        ("feature_timestamp", "TIMESTAMP", "REQUIRED"),
    }  # fmt: skip
    assert table.protect and table.inputs["deletionProtection"] is True
    assert {f.name for f in made.all("AiFeatureGroupFeature")} == {"feast-customers-age", "feast-offline-x"}
    assert made.one("AiFeatureOnlineStoreFeatureview").name == "feast-customers-view"


def test_a_feast_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r"systems\.feast\.repository: .*leave it out"):
        composed(tmp_path, STORE + '  feast: {repository: "https://git.example/features"}\n')


def test_the_catalogue_looks_at_what_the_stacks_systems_write(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  spark: {}\n  amundsen: {}\n")
    no_lending(made)
    scans = {scan.inputs["dataScanId"]: scan.inputs for scan in made.all("Datascan")}
    assert set(scans) == {"demo-catalog-catalog", "demo-catalog-spark"}
    spark = scans["demo-catalog-spark"]["dataDiscoverySpec"]
    assert spark["storageConfig"]["includePatterns"] == ["streams/**"]
    assert spark["bigqueryPublishingConfig"]["tableType"] == "BIGLAKE"
    readers = {m.inputs["role"] for m in made.all("BucketIAMMember") if m.name.startswith("amundsen-")}
    assert readers == {"roles/dataplex.discoveryServiceAgent", "roles/dataplex.discoveryBigLakePublishingServiceAgent"}
    with pytest.raises(pulumi.RunError, match="databuilder jobs could fill"):
        ingestion = "{load: {image: 'registry.example.com/load:1', command: [run]}}"
        composed(tmp_path, STORE + f"  amundsen: {{ingestion: {ingestion}}}\n")
