"""Airflow, Sqoop and TFDV on AWS: private, by roles alone, launched and never rerun."""

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.sagemaker.tfdv import ACCOUNTS
from tests.unit.sagemaker_stack import actions, composed, no_wildcards, statements

STORE = "  minio: {}\n"
KEY = "arn:aws:kms:foundation-key"


def test_airflow_is_reached_from_inside_only_and_logs_everything(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  airflow: {}\n")
    no_wildcards(made)
    environment = made.one("Environment").inputs
    assert environment["webserverAccessMode"] == "PRIVATE_ONLY" and environment["kmsKey"] == KEY
    assert len(environment["networkConfiguration"]["subnetIds"]) == 2
    logs = environment["loggingConfiguration"]
    assert len(logs) == 5 and all(log["enabled"] for log in logs.values())
    assert environment["sourceBucketArn"].startswith("arn:aws:s3:::demo-airflow-") and environment["dagS3Path"] == "dags/"
    assert made.one("BucketObjectv2").inputs["key"] == "dags/.airflowignore"
    (trust,) = statements(made.one("aws:iam/role:Role", "airflow-role"))
    assert trust["Principal"] == {"Service": ["airflow.amazonaws.com", "airflow-env.amazonaws.com"]}
    assert {"airflow-run", "airflow-bucket-airflow"} <= made.waits_for("airflow-environment")
    services = {e.inputs["serviceName"].removeprefix("com.amazonaws.eu-central-1.") for e in made.all("VpcEndpoint")}
    assert {"sqs", "airflow.api", "airflow.env"} <= services


def test_dags_may_start_spark_jobs_where_there_is_spark(tmp_path: Path) -> None:
    policy = composed(tmp_path, STORE + "  airflow: {}\n  spark: {}\n").one("RolePolicy", "airflow-run")
    start = next(s for s in statements(policy) if "emr-serverless:StartJobRun" in s["Action"])
    assert start["Resource"] == ["arn:aws:emrserverless:spark-application"]
    passed = next(s for s in statements(policy) if s["Action"] == ["iam:PassRole"])
    assert passed["Resource"] == ["arn:aws:iam:spark-role"]
    other = tmp_path / "other"
    other.mkdir()
    alone = composed(other, STORE + "  airflow: {}\n").one("RolePolicy", "airflow-run")
    assert "iam:PassRole" not in actions(alone)


def test_airflow_follows_no_repository(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match="aws s3 sync"):
        composed(tmp_path, STORE + "  airflow: {dags: {repository: 'https://git.example/dags'}}\n")


JOB = "  sqoop: {jobs: {orders: {direction: import, table: orders%s}}}\n"


@pytest.mark.parametrize(("database", "engine", "schema"), [("mysql", "mysql", "sqoop"), ("postgres", "postgres", "public")])
def test_a_transfer_logs_in_by_role_over_tls_and_does_not_start(tmp_path: Path, database: str, engine: str, schema: str) -> None:
    made = composed(tmp_path, STORE + f"  {database}: {{}}\n" + JOB % ", columns: [id, total]")
    no_wildcards(made)
    source = made.one("aws:dms/endpoint:Endpoint").inputs
    assert source["engineName"] == engine and source["sslMode"] == "require" and "password" not in source
    assert source[f"{engine}Settings"] == {"authenticationMethod": "iam", "serviceAccessRoleArn": "arn:aws:iam:sqoop-role"}
    assert source["username"] == "sqoop" and source["kmsKeyArn"] == KEY
    target = made.one("S3Endpoint").inputs
    assert target["encryptionMode"] == "SSE_KMS" and target["serverSideEncryptionKmsKeyId"] == KEY
    assert target["dataFormat"] == "parquet" and target["bucketFolder"] == "orders"
    config = made.one("ReplicationConfig").inputs
    assert config["startReplication"] is False and config["computeConfig"]["kmsKeyId"] == KEY
    select, *columns = json.loads(config["tableMappings"])["rules"]
    assert select["object-locator"] == {"schema-name": schema, "table-name": "orders"}
    assert [c["object-locator"]["column-name"] for c in columns] == ["id", "total"]
    request = json.loads(made.one("Parameter").inputs["value"])
    assert request == {"ReplicationConfigArn": "arn:aws:dms:sqoop-orders", "StartReplicationType": "reload-target"}
    rights = [p for p in made.all("RolePolicy") if p.inputs["role"] == "demo-sqoop"]
    assert "rds-db:connect" in set().union(*(actions(p) for p in rights))
    assert not made.all("aws:scheduler/schedule:Schedule")


def test_a_transfer_with_a_schedule_is_started_by_it(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  mysql: {}\n" + JOB % ", schedule: '30 1 * * *'")
    schedule = made.one("aws:scheduler/schedule:Schedule").inputs
    assert schedule["target"]["arn"] == "arn:aws:scheduler:::aws-sdk:databasemigration:startReplication"
    assert actions(made.one("RolePolicy", "sqoop-launcher")) == {"dms:StartReplication", "kms:Decrypt"}


def test_a_certificate_verifies_the_server(tmp_path: Path) -> None:
    certificate = "arn:aws:dms:eu-central-1:123456789012:cert:RDS"
    section = f"  sqoop: {{certificate: '{certificate}', jobs: {{a: {{direction: import, table: t}}}}}}\n"
    source = composed(tmp_path, STORE + "  mysql: {}\n" + section).one("aws:dms/endpoint:Endpoint").inputs
    assert (source["sslMode"], source["certificateArn"]) == ("verify-full", certificate)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("direction: export", "direction"),
        ("direction: import, where: 'id > 1'", "where"),
        ("direction: import, mode: append", "mode"),
    ],
)
def test_sqoop_refuses_what_dms_cannot(tmp_path: Path, given: str, said: str) -> None:
    with pytest.raises(pulumi.RunError, match=rf"systems\.sqoop\.jobs\.a\.{said}"):
        composed(tmp_path, STORE + f"  mysql: {{}}\n  sqoop: {{jobs: {{a: {{{given}, table: t}}}}}}\n")


def request(made: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(made.one("Parameter", name).inputs["value"])
    return found


def test_tfdv_alone_describes_and_checks_a_prefix(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  tfdv: {}\n")
    no_wildcards(made)
    baseline, check = request(made, "tfdv-data-baseline"), request(made, "tfdv-data-check")
    for job in (baseline, check):
        network = job["NetworkConfig"]
        assert network["EnableNetworkIsolation"] and network["EnableInterContainerTrafficEncryption"]
        assert len(network["VpcConfig"]["Subnets"]) == 3
        assert job["ProcessingOutputConfig"]["KmsKeyId"] == KEY
        assert job["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == KEY
        assert job["AppSpecification"]["ImageUri"].startswith(f"{ACCOUNTS['eu-central-1']}.dkr.ecr.eu-central-1.")
    (written,) = baseline["ProcessingOutputConfig"]["Outputs"]
    (_, read) = check["ProcessingInputs"]
    assert written["S3Output"]["S3Uri"] == read["S3Input"]["S3Uri"]
    assert check["Environment"]["baseline_constraints"].startswith(read["S3Input"]["LocalPath"])
    assert "baseline_constraints" not in baseline["Environment"]
    assert not made.all("aws:scheduler/schedule:Schedule")


def test_a_datasets_check_is_launched_with_a_name_of_its_own(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  tfdv: {datasets: {sales: {data: in/sales, schedule: '0 4 * * *'}}}\n")
    schedule = made.one("aws:scheduler/schedule:Schedule").inputs
    job = json.loads(schedule["target"]["input"])
    assert job["ProcessingJobName"] == "demo-tfdv-<aws.scheduler.execution-id>"
    assert job["ProcessingInputs"][0]["S3Input"]["S3Uri"].endswith("/in/sales")
    launcher = statements(made.one("RolePolicy", "tfdv-launcher"))
    assert launcher[0]["Resource"] == ["arn:aws:sagemaker:eu-central-1:123456789012:processing-job/demo-tfdv-*"]


def test_a_region_without_a_known_analyzer_is_said(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r'"eu-south-2".*eu-central-1'):
        composed(tmp_path, STORE + "  tfdv: {}\n", "cloud: {region: eu-south-2}")
