"""The data systems on SageMaker, end to end: up, read back through boto3 what moto implements, nothing to change, nothing left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.cloud_inventory import client, inventory
from tests.sandbox.platform_env import Project, project

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

STACK = "data"
FILE = """\
config:
  mlops:target: sagemaker
  mlops:spec:
    tier: all
    environment: dev
    owner: platform-team
    systems:
      minio: {}
      seaweedfs: {}
      mysql: {instanceClass: db.t4g.medium}
      postgres: {instanceClass: db.t4g.medium}
      kafka:
        topics:
          events: {partitions: 3, retention: 3d}
      flink: {topics: [events]}
      spark:
        streams: {events: {topic: events}}
        jobs: {nightly: {main: "s3a://spark/jobs/nightly.py", schedule: "0 2 * * 1-5"}}
      airflow: {}
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
MADE = (
    ("emr-serverless", "list_applications", "applications"),
    ("firehose", "list_delivery_streams", "DeliveryStreamNames"),
    ("glue", "get_databases", "DatabaseList"),
    ("glue", "get_crawlers", "Crawlers"),
    ("glue", "get_security_configurations", "SecurityConfigurations"),
    ("scheduler", "list_schedules", "Schedules"),
    ("dms", "describe_replication_subnet_groups", "ReplicationSubnetGroups"),
    ("ssm", "describe_parameters", "Parameters"),
)
"""What moto has of them, as the last test counts it: service, operation, key of the answer."""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, dict[str, list[str]]]]:
    with project(tmp_path_factory.mktemp("data")) as made:
        before = inventory(made.environment)
        made.stack_file(STACK).write_text(FILE)
        made.init(STACK)
        made.up(STACK)
        yield made, before


def api(deployed: tuple[Project, dict[str, list[str]]], service: str) -> Any:
    return client(deployed[0].environment, service)


def of_type(deployed: tuple[Project, dict[str, list[str]]], kind: str) -> list[dict[str, Any]]:
    return [r for r in deployed[0].resources(STACK) if r["type"] == kind]


def test_a_second_preview_wants_nothing_and_the_pack_is_content(deployed: tuple[Project, dict[str, list[str]]]) -> None:
    deployed[0].settled(STACK, "--policy-pack", "policies")


def test_spark_stands_in_the_private_network(deployed: tuple[Project, dict[str, list[str]]]) -> None:
    (listed,) = api(deployed, "emr-serverless").list_applications()["applications"]
    app = api(deployed, "emr-serverless").get_application(applicationId=listed["id"])["application"]
    assert app["releaseLabel"] == "emr-7.11.0" and len(app["networkConfiguration"]["subnetIds"]) == 3
    parameter = api(deployed, "ssm").get_parameter(Name="/mlops/data-spark/jobs/events")["Parameter"]
    assert json.loads(parameter["Value"])["applicationId"] == listed["id"]


def test_jobs_are_launched_by_schedules_that_pass_their_own_role(deployed: tuple[Project, dict[str, list[str]]]) -> None:
    scheduler = api(deployed, "scheduler")
    found = {s["Name"]: scheduler.get_schedule(Name=s["Name"]) for s in scheduler.list_schedules()["Schedules"]}
    assert set(found) == {"data-spark-nightly", "data-sqoop-orders", "data-tfdv-sales"}
    for name, schedule in found.items():
        assert schedule["KmsKeyArn"] and schedule["Target"]["RoleArn"].endswith(f"{name.rsplit('-', 1)[0]}-launcher")


def test_records_are_encrypted_on_their_way(deployed: tuple[Project, dict[str, list[str]]]) -> None:
    firehose = api(deployed, "firehose")
    assert set(firehose.list_delivery_streams()["DeliveryStreamNames"]) == {"data-flume-clicks", "data-flume-events"}
    facts = firehose.describe_delivery_stream(DeliveryStreamName="data-flume-clicks")["DeliveryStreamDescription"]
    assert facts["DeliveryStreamEncryptionConfiguration"]["KeyType"] == "CUSTOMER_MANAGED_CMK"
    (target,) = facts["Destinations"]
    assert target["ExtendedS3DestinationDescription"]["EncryptionConfiguration"]["KMSEncryptionConfig"]["AWSKMSKeyARN"]


def test_both_databases_are_encrypted_and_private(deployed: tuple[Project, dict[str, list[str]]]) -> None:
    servers = {d["Engine"]: d for d in api(deployed, "rds").describe_db_instances()["DBInstances"]}
    assert set(servers) == {"mysql", "postgres"}
    for server in servers.values():
        assert server["StorageEncrypted"] and not server["PubliclyAccessible"] and server["MasterUserSecret"]


def test_the_catalogue_is_encrypted_and_crawled(deployed: tuple[Project, dict[str, list[str]]]) -> None:
    glue = api(deployed, "glue")
    assert {d["Name"] for d in glue.get_databases()["DatabaseList"]} == {"data_catalog", "data_features"}
    settings = glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
    assert settings["EncryptionAtRest"]["CatalogEncryptionMode"] == "SSE-KMS"
    (crawler,) = glue.get_crawlers()["Crawlers"]
    assert len(crawler["Targets"]["S3Targets"]) == 4 and crawler["CrawlerSecurityConfiguration"] == "data-catalog"


def test_code_and_dags_lie_in_the_buckets(deployed: tuple[Project, dict[str, list[str]]]) -> None:
    s3 = api(deployed, "s3")
    for system, key in (("flink", "code/sql.zip"), ("spark", "scripts/stream.py"), ("airflow", "dags/.airflowignore")):
        (bucket,) = [b["Name"] for b in s3.list_buckets()["Buckets"] if b["Name"] == f"data-{system}-123456789012"]
        assert s3.head_object(Bucket=bucket, Key=key)["ServerSideEncryption"] == "aws:kms"
    config = api(deployed, "ssm").get_parameter(Name="/mlops/data/dvc/config")["Parameter"]["Value"]
    assert "s3://data-dvc-123456789012/versions" in config


def test_hdfs_is_encrypted_on_disk(deployed: tuple[Project, dict[str, list[str]]]) -> None:
    held = api(deployed, "emr").describe_security_configuration(Name="data-hadoop")["SecurityConfiguration"]
    assert json.loads(held)["EncryptionConfiguration"]["EnableAtRestEncryption"] is True


def test_what_moto_has_not_is_on_record(deployed: tuple[Project, dict[str, list[str]]]) -> None:
    (flink,) = of_type(deployed, "aws:kinesisanalyticsv2/application:Application")
    assert flink["outputs"]["startApplication"] is False
    (airflow,) = of_type(deployed, "aws:mwaa/environment:Environment")
    assert airflow["outputs"]["webserverAccessMode"] == "PRIVATE_ONLY"
    (hadoop,) = of_type(deployed, "aws:emr/cluster:Cluster")
    assert set(hadoop["outputs"]["kerberosAttributes"]) & {"4dabf18193072939515e22adb298388d"}, "not secret"
    (group,) = of_type(deployed, "aws:sagemaker/featureGroup:FeatureGroup")
    assert group["outputs"]["featureGroupName"] == "data-features-customers"
    assert of_type(deployed, "aws:dms/replicationConfig:ReplicationConfig")
    assert of_type(deployed, "aws:datazone/domain:Domain")


def test_destroy_leaves_nothing(deployed: tuple[Project, dict[str, list[str]]]) -> None:
    # the last of the module, for it takes away what the others look at
    made, before = deployed
    made.destroy(STACK)
    assert inventory(made.environment) == before
    for service, operation, key in MADE:
        left = getattr(client(made.environment, service), operation)()[key]
        assert [item for item in left if not isinstance(item, dict) or item.get("state") != "TERMINATED"] == [], operation
    with pytest.raises(ClientError):
        client(made.environment, "emr").describe_security_configuration(Name="data-hadoop")
