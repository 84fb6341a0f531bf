"""PostgreSQL and the second object store on AWS, and what schedules and networks are made of."""

from pathlib import Path

import pulumi
import pytest

from components.sagemaker import launch, surroundings
from tests.unit.sagemaker_stack import actions, composed, no_wildcards, statements

KEY = "arn:aws:kms:foundation-key"


@pytest.mark.parametrize(
    ("key", "engine", "port", "tls"),
    [("mysql", "mysql", 3306, ("require_secure_transport", "ON")), ("postgres", "postgres", 5432, ("rds.force_ssl", "1"))],
)
def test_both_engines_are_private_encrypted_and_demand_tls(
    tmp_path: Path, key: str, engine: str, port: int, tls: tuple[str, str]
) -> None:
    made = composed(tmp_path, f"  {key}: {{}}\n", "environment: prod")
    server = made.one("aws:rds/instance:Instance")
    given = server.inputs
    assert (given["engine"], given["port"], given["identifier"]) == (engine, port, f"demo-{key}")
    assert given["storageEncrypted"] and given["kmsKeyId"] == KEY and given["publiclyAccessible"] is False
    assert given["manageMasterUserPassword"] and given["iamDatabaseAuthenticationEnabled"] and "password" not in given
    assert given["deletionProtection"] and given["multiAz"] and server.protect and server.retain
    parameters = {p["name"]: p["value"] for p in made.one("ParameterGroup").inputs["parameters"]}
    assert parameters[tls[0]] == tls[1]


def test_of_two_engines_each_consumer_gets_the_one_it_names(tmp_path: Path) -> None:
    systems = "  minio: {}\n  mysql: {}\n  postgres: {}\n  sqoop: {uses: {database: postgres}, jobs: {a: {direction: import, table: t}}}\n"
    made = composed(tmp_path, systems)
    granted = made.one("RolePolicy", "sqoop-postgres-database-sqoop")
    (statement,) = statements(granted)
    assert statement["Action"] == ["rds-db:connect"] and statement["Resource"][0].endswith("/sqoop")
    assert made.one("aws:dms/endpoint:Endpoint").inputs["engineName"] == "postgres"


def test_seaweedfs_is_s3_under_names_of_its_own(tmp_path: Path) -> None:
    made = composed(tmp_path, "  minio: {buckets: {raw: {}}}\n  seaweedfs: {buckets: {raw: {expireAfter: 30d}}}\n")
    names = [bucket.inputs["bucket"] for bucket in made.all("aws:s3/bucket:Bucket")]
    assert len(names) == len(set(names)) == 4
    assert "demo-seaweedfs-raw-123456789012" in names and "demo-raw-123456789012" in names
    rules = made.all("BucketServerSideEncryptionConfiguration")
    assert len(rules) == 4 and len(made.all("BucketPublicAccessBlock")) == 4
    assert made.one("mlops:index:S3Store", "seaweedfs")


def test_seaweedfs_alone_grants_as_s3_does(tmp_path: Path) -> None:
    made = composed(tmp_path, "  seaweedfs: {}\n  dvc: {}\n")
    no_wildcards(made)
    assert "s3:PutObject" in actions(made.one("RolePolicy", "dvc-bucket-dvc"))


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 2 * * *", "cron(0 2 * * ? *)"),
        ("30 1 1 * *", "cron(30 1 1 * ? *)"),
        ("0 4 * * 0", "cron(0 4 ? * SUN *)"),
        ("0 4 * * 1-5", "cron(0 4 ? * MON-FRI *)"),
        ("*/15 * * * 7", "cron(*/15 * ? * SUN *)"),
    ],
)
def test_a_cron_expression_is_written_as_aws_reads_it(cron: str, expected: str) -> None:
    assert launch.schedule_expression(cron) == expected


def test_a_day_and_a_weekday_are_too_many() -> None:
    with pytest.raises(pulumi.RunError, match="make it two entries"):
        launch.schedule_expression("0 4 1 * 1")


def test_the_network_has_the_endpoints_of_the_chosen_systems_once() -> None:
    assert surroundings.endpoints(["spark", "hadoop", "minio"]) == ["elasticmapreduce", "emr-serverless", "glue"]
    assert surroundings.key_users(["spark"]) == []
