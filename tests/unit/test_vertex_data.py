"""Cloud Storage, Cloud SQL and Managed Kafka: what a grant makes, and the settings that nobody can turn off."""

from typing import Any

import pytest

from components.spec.data import Kafka, Minio, Mysql
from components.vertex.cloudsql import CloudSqlMysql
from components.vertex.foundation import GoogleFoundation, halves
from components.vertex.gcs import GcsBuckets
from components.vertex.kafka import GoogleManagedKafka
from tests.unit.recording import record
from tests.unit.vertex_site import KEY, NETWORK, PROJECT, REGION, SUBNET, consumer, site

APP = f"serviceAccount:test-app@{PROJECT}.iam.gserviceaccount.com"


def buckets(environment: str = "dev") -> Any:
    def build() -> GcsBuckets:
        config = Minio.model_validate({"buckets": {"raw": {"expireAfter": "30d"}}})
        made = GcsBuckets("minio", GcsBuckets.plan(site("minio", config, environment=environment)))
        for who in ("app", "other"):
            made.grant("models", consumer(who))
        return made

    return record(build)


def test_every_bucket_is_closed_encrypted_and_kept_apart() -> None:
    made = buckets()
    found = {bucket.name: bucket.inputs for bucket in made.all("Bucket")}
    assert set(found) == {"minio-access-logs", "minio-raw", "minio-models"}
    for bucket in found.values():
        assert bucket["publicAccessPrevention"] == "enforced" and bucket["uniformBucketLevelAccess"] is True
        assert bucket["encryption"] == {"defaultKmsKeyName": KEY} and bucket["location"] == "EUROPE-WEST3"
        assert bucket["softDeletePolicy"]["retentionDurationSeconds"] == 7 * 86400
    assert found["minio-raw"]["lifecycleRules"][-1] == {"action": {"type": "Delete"}, "condition": {"age": 30}}
    assert found["minio-raw"]["name"] == f"test-raw-{PROJECT}"
    assert found["minio-models"]["logging"]["logBucket"] == f"test-access-logs-{PROJECT}"
    assert "logging" not in found["minio-access-logs"]


def test_a_consumer_gets_a_role_on_its_bucket_alone() -> None:
    made = buckets()
    granted = made.one("BucketIAMMember", "app-bucket-models").inputs
    assert granted == {"bucket": f"test-models-{PROJECT}", "role": "roles/storage.objectUser", "member": APP}
    assert len([m for m in made.all("BucketIAMMember") if m.inputs["role"] == "roles/storage.objectUser"]) == 2
    assert made.all("IAMMember") == []  # nothing on the project


@pytest.mark.parametrize(("environment", "kept"), [("dev", False), ("prod", True)])
def test_production_keeps_its_buckets(environment: str, kept: bool) -> None:
    for bucket in buckets(environment).all("Bucket"):
        assert (bucket.protect, bucket.retain, bucket.inputs["forceDestroy"]) == (kept, kept, not kept)


def database(**config: Any) -> Any:
    def build() -> CloudSqlMysql:
        made = CloudSqlMysql("mysql", CloudSqlMysql.plan(site("mysql", Mysql.model_validate(config), environment="prod")))
        app = consumer()
        made.result = made.grant("feature-store", app)  # type: ignore[attr-defined]
        made.grant("runs", app)
        return made

    return record(build)


def test_the_database_is_private_encrypted_and_asks_for_tls_and_iam() -> None:
    instance = database().one("DatabaseInstance")
    settings = instance.inputs["settings"]
    assert instance.inputs["databaseVersion"] == "MYSQL_8_4" and instance.inputs["encryptionKeyName"] == KEY
    assert settings["ipConfiguration"] == {"ipv4Enabled": False, "privateNetwork": NETWORK, "sslMode": "ENCRYPTED_ONLY"}
    assert settings["connectorEnforcement"] == "REQUIRED" and settings["availabilityType"] == "REGIONAL"
    assert {"name": "cloudsql_iam_authentication", "value": "on"} in settings["databaseFlags"]
    assert settings["backupConfiguration"]["enabled"] and settings["backupConfiguration"]["binaryLogEnabled"]
    assert instance.inputs["deletionProtection"] and settings["deletionProtectionEnabled"] and settings["retainBackupsOnDelete"]
    assert instance.protect and instance.retain
    assert settings["userLabels"]["owner"] == "platform-team"


def test_a_grant_is_a_database_a_role_that_owns_it_and_a_user_by_iam() -> None:
    made = database()
    assert made.one("Database", "mysql-feature-store").inputs["name"] == "feature_store"
    script = made.one("ProvisionScript", "mysql-feature-store-role").inputs["script"]
    assert script == (
        "CREATE ROLE IF NOT EXISTS 'feature_store_owner'; GRANT ALL PRIVILEGES ON `feature_store`.* TO 'feature_store_owner';"
    )
    user = made.one("User", "app-database-feature-store").inputs
    assert user["type"] == "CLOUD_IAM_SERVICE_ACCOUNT" and user["databaseRoles"] == ["feature_store_owner"]
    assert user["name"] == APP.removeprefix("serviceAccount:") and "password" not in user
    assert "mysql-feature-store-role" in made.waits_for("app-database-feature-store")
    roles = {m.inputs["role"]: m.inputs["condition"]["expression"] for m in made.all("IAMMember")}
    assert set(roles) == {"roles/cloudsql.client", "roles/cloudsql.instanceUser"}  # once, for both databases
    assert all("resource.name == 'projects/mlops-trial/instances/" in only for only in roles.values())


def test_the_administrators_password_is_generated_write_only_and_never_plain() -> None:
    made = database()
    assert made.leaks() == []
    admin = made.one("User", "mysql-admin")
    assert admin.inputs["passwordWo"] == made.passwords["mysql-admin"] and "passwordWo" in admin.secrets
    secret = made.one("RegionalSecret")
    assert secret.inputs["customerManagedEncryption"] == {"kmsKeyName": KEY} and secret.inputs["location"] == REGION
    assert "secretDataWo" in made.one("RegionalSecretVersion").secrets


def cluster(**config: Any) -> Any:
    def build() -> GoogleManagedKafka:
        topics = {"topics": {"events": {"partitions": 6, "retention": "3d"}}}
        made = GoogleManagedKafka("kafka", GoogleManagedKafka.plan(site("kafka", Kafka.model_validate({**topics, **config}))))
        made.grant(["events"], consumer("app"))
        made.grant(["events"], consumer("other"), prefixes=["other."])
        made.exports()
        made.exports()
        return made

    return record(build)


def test_the_cluster_is_private_encrypted_and_of_a_size_that_the_service_takes() -> None:
    inputs = cluster(brokers=3, resources={"cpu": "500m", "memory": "2Gi"}).one("Cluster").inputs
    assert inputs["gcpConfig"] == {"kmsKey": KEY, "accessConfig": {"networkConfigs": [{"subnet": SUBNET}]}}
    assert inputs["capacityConfig"] == {"vcpuCount": "3", "memoryBytes": str(6 * 2**30)}
    large = cluster(brokers=3, resources={"cpu": "2", "memory": "64Gi"}).one("Cluster").inputs["capacityConfig"]
    assert large == {"vcpuCount": "6", "memoryBytes": str(48 * 2**30)}


def test_an_access_list_names_everybody_who_was_granted_the_topic() -> None:
    made = cluster()
    lists = {acl.inputs["aclId"]: acl for acl in made.all("Acl")}
    assert set(lists) == {
        "topic/events",
        "topicPrefixed/other.",
        "consumerGroupPrefixed/app",
        "consumerGroupPrefixed/other",
    }
    entries = {(e["principal"].partition("@")[0], e["operation"]) for e in lists["topic/events"].inputs["aclEntries"]}
    assert entries == {(f"User:test-{who}", operation) for who in ("app", "other") for operation in ("DESCRIBE", "READ", "WRITE")}
    assert all(e["host"] == "*" and e["permissionType"] == "ALLOW" for e in lists["topic/events"].inputs["aclEntries"])
    assert "kafka-topic-events" in made.waits_for("kafka-acl-topic-events")
    assert {m.inputs["role"] for m in made.all("IAMMember")} == {"roles/managedkafka.client"}


def test_the_foundation_closes_the_network_and_lets_agents_use_the_key() -> None:
    def build() -> GoogleFoundation:
        chosen = site("mysql", Mysql(), systems={"minio": {}, "kafka": {}})
        made = GoogleFoundation("foundation", GoogleFoundation.plan(chosen))
        made.contracts()
        return made

    made = record(build)
    assert made.one("Network").inputs["autoCreateSubnetworks"] is False
    subnet = made.one("Subnetwork").inputs
    assert subnet["privateIpGoogleAccess"] is True and subnet["logConfig"] and subnet["ipCidrRange"] == "10.64.0.0/17"
    assert made.one("Firewall", "foundation-refuse").inputs["denies"] == [{"protocol": "all"}]
    assert made.one("Firewall", "foundation-members").inputs["sourceRanges"] == ["10.64.0.0/17"]
    assert made.one("RouterNat").inputs["natIpAllocateOption"] == "AUTO_ONLY"
    assert made.one("GlobalAddress").inputs["address"] == "10.64.128.0"
    assert made.one("CryptoKey").inputs["rotationPeriod"] == "7776000s"
    agents = {m.name for m in made.all("CryptoKeyIAMMember")}
    assert {f"foundation-{noun}-key" for noun in ("storage", "sqladmin", "managedkafka", "compute", "secretmanager")} == agents
    apis = {s.inputs["service"] for s in made.all("Service")}
    assert "sqladmin.googleapis.com" in apis and "run.googleapis.com" not in apis
    assert not any(s.inputs["disableOnDestroy"] for s in made.all("Service"))


def test_a_range_is_halved() -> None:
    assert halves("10.0.0.0/16") == ("10.0.0.0/17", "10.0.128.0/17")
    with pytest.raises(ValueError, match="expected a range of /23 or larger"):
        halves("10.0.0.0/24")
