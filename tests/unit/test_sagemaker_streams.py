"""Flink, Spark and Flume on AWS: private, encrypted by our key, limited to their topics, and nothing reruns."""

import base64
import io
import json
import zipfile
from pathlib import Path

import pulumi
import pytest

from components.sagemaker import flink_code
from components.spec.processing import Flink
from tests.unit.recording import Recording
from tests.unit.sagemaker_stack import actions, composed, no_wildcards, statements

STORE = "  minio: {}\n"
KAFKA = "  kafka: {topics: {events: {}}}\n"
KEY = "arn:aws:kms:foundation-key"


def test_flink_alone_stands_with_an_application_that_can_be_started(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  flink: {}\n")
    no_wildcards(made)
    app = made.one("Application").inputs
    assert app["runtimeEnvironment"] == "FLINK-2_2" and app["startApplication"] is False
    config = app["applicationConfiguration"]
    assert config["applicationEncryptionConfiguration"] == {"keyType": "CUSTOMER_MANAGED_KEY", "keyId": KEY}
    assert config["applicationSnapshotConfiguration"] == {"snapshotsEnabled": True}
    assert config["flinkApplicationConfiguration"]["checkpointConfiguration"]["checkpointInterval"] == 60000
    assert len(config["vpcConfiguration"]["subnetIds"]) == 3
    groups = {g["propertyGroupId"]: g["propertyMap"] for g in config["environmentProperties"]["propertyGroups"]}
    assert groups["kinesis.analytics.flink.run.options"] == {"python": "main.py"}
    assert "s3a://demo-flink-" in groups["mlops.sql"]["2"]
    place = config["applicationCodeConfiguration"]["codeContent"]["s3ContentLocation"]
    assert place["fileKey"] == made.one("BucketObjectv2").inputs["key"] == "code/sql.zip"
    assert made.one("LogGroup", "flink-logs").inputs["kmsKeyId"] == KEY


def test_flinks_archive_is_the_same_each_time_and_runs_every_statement() -> None:
    assert flink_code.package() == flink_code.package()
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(flink_code.package()))) as archive:
        assert archive.namelist() == ["main.py"]
        compile(archive.read("main.py"), "main.py", "exec")
    assert f'groups["{flink_code.GROUP}"]' in flink_code.MAIN


def test_flinks_key_is_open_to_the_service_for_this_account_alone(tmp_path: Path) -> None:
    key = composed(tmp_path, STORE + "  flink: {}\n").one("aws:kms/key:Key")
    (service,) = [s for s in statements(key) if "kinesisanalytics.amazonaws.com" in s["Principal"].get("Service", ())]
    assert service["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    other = tmp_path / "other"
    other.mkdir()
    plain = composed(other, STORE).one("aws:kms/key:Key")
    assert "kinesisanalytics" not in plain.inputs["policy"]


def test_a_flink_job_runs_from_the_latest_snapshot_and_reads_its_topics(tmp_path: Path) -> None:
    jobs = "  flink: {topics: [events], jobs: {clicks: {jar: 'https://jars.example/clicks.jar', parallelism: 4}}}\n"
    made = composed(tmp_path, STORE + KAFKA + jobs)
    app = made.one("Application", "flink-clicks").inputs
    assert app["startApplication"] is True
    config = app["applicationConfiguration"]
    restore = config["runConfiguration"]["applicationRestoreConfiguration"]
    assert restore == {"applicationRestoreType": "RESTORE_FROM_LATEST_SNAPSHOT"}
    assert config["flinkApplicationConfiguration"]["parallelismConfiguration"]["parallelism"] == 4
    granted = made.one("RolePolicy", "flink-topics")
    assert granted.inputs["role"] == "demo-flink"
    assert "kafka-cluster:ReadData" in actions(granted)
    assert "flink-topics" in made.waits_for("flink-clicks")


def spark(tmp_path: Path, section: str = "{}", more: str = "") -> Recording[object]:
    made = composed(tmp_path, STORE + more + f"  spark: {section}\n")
    no_wildcards(made)
    return made  # type: ignore[return-value]


def test_spark_alone_has_a_template_of_a_stream_that_needs_nothing(tmp_path: Path) -> None:
    made = spark(tmp_path)
    app = made.one("Application").inputs
    assert app["type"] == "spark" and len(app["networkConfiguration"]["subnetIds"]) == 3
    logs = app["monitoringConfiguration"]
    assert logs["s3MonitoringConfiguration"]["encryptionKeyArn"] == KEY
    assert logs["cloudwatchLoggingConfiguration"]["encryptionKeyArn"] == KEY
    parameter = made.one("Parameter").inputs
    assert parameter["name"] == "/mlops/demo-spark/jobs/sample-stream"
    request = json.loads(parameter["value"])
    assert request["mode"] == "STREAMING" and request["executionRoleArn"] == "arn:aws:iam:spark-role"
    submit = request["jobDriver"]["sparkSubmit"]
    assert submit["entryPoint"].endswith(made.one("BucketObjectv2").inputs["key"])
    assert len(submit["entryPointArguments"]) == 3
    assert "spark.eventLog.dir=s3://demo-spark-" in submit["sparkSubmitParameters"]
    assert not made.all("aws:scheduler/schedule:Schedule")


def test_sparks_streaming_script_is_python(tmp_path: Path) -> None:
    compile(spark(tmp_path).one("BucketObjectv2").inputs["content"], "stream.py", "exec")


def test_a_spark_stream_reads_its_topic_and_a_job_is_launched_by_its_schedule(tmp_path: Path) -> None:
    section = (
        "{streams: {events: {topic: events, trigger: 30s}}, "
        "jobs: {nightly: {main: 's3a://demo-spark/n.jar', mainClass: org.N, schedule: '0 2 * * 1-5'}}}"
    )
    made = spark(tmp_path, section, KAFKA)
    stream = json.loads(made.one("Parameter", "spark-job-events").inputs["value"])
    assert stream["jobDriver"]["sparkSubmit"]["entryPointArguments"][2:4] == ["30", "events"]
    assert "spark.jars=s3://" in stream["jobDriver"]["sparkSubmit"]["sparkSubmitParameters"]
    schedule = made.one("aws:scheduler/schedule:Schedule").inputs
    assert schedule["scheduleExpression"] == "cron(0 2 ? * MON-FRI *)" and schedule["kmsKeyArn"] == KEY
    assert schedule["target"]["arn"] == "arn:aws:scheduler:::aws-sdk:emrserverless:startJobRun"
    request = json.loads(schedule["target"]["input"])
    assert request["ClientToken"] == "<aws.scheduler.execution-id>"
    assert request["JobDriver"]["SparkSubmit"]["EntryPoint"] == "s3://demo-spark/n.jar"
    assert request["JobDriver"]["SparkSubmit"]["SparkSubmitParameters"].startswith("--class org.N --conf ")
    launcher = made.one("RolePolicy", "spark-launcher")
    passed = next(s for s in statements(launcher) if s["Action"] == ["iam:PassRole"])
    assert passed["Resource"] == ["arn:aws:iam:spark-role"]


def test_spark_refuses_what_aws_has_no_place_for(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match="there is no image of yours"):
        spark(tmp_path, "{jobs: {a: {main: 'local:///opt/a.py'}}}")


def test_flumes_agents_put_encrypted_files_by_hour(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  flume: {agents: {clicks: {}}}\n")
    no_wildcards(made)
    stream = made.one("FirehoseDeliveryStream").inputs
    assert stream["serverSideEncryption"] == {"enabled": True, "keyType": "CUSTOMER_MANAGED_CMK", "keyArn": KEY}
    target = stream["extendedS3Configuration"]
    assert target["kmsKeyArn"] == KEY and target["roleArn"] == "arn:aws:iam:flume-role"
    assert target["prefix"].startswith("clicks/!{timestamp:yyyy}/")
    assert target["errorOutputPrefix"].startswith("failed/clicks/")
    assert target["bucketArn"].startswith("arn:aws:s3:::demo-flume-")
    assert not made.all("ClusterPolicy")
    granted = made.one("RolePolicy", "flume-bucket-flume")
    assert granted.inputs["role"] == "demo-flume" and "s3:PutObject" in actions(granted)


def test_an_agent_that_reads_a_topic_reaches_the_cluster_by_private_link(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + KAFKA + "  flume: {agents: {events: {source: kafka, sourceTopic: events}}}\n")
    stream = made.one("FirehoseDeliveryStream").inputs
    assert stream["mskSourceConfiguration"]["topicName"] == "events"
    assert stream["mskSourceConfiguration"]["authenticationConfiguration"]["connectivity"] == "PRIVATE"
    assert "serverSideEncryption" not in stream
    link = made.one("aws:msk/cluster:Cluster").inputs["brokerNodeGroupInfo"]["connectivityInfo"]
    assert link == {"vpcConnectivity": {"clientAuthentication": {"sasl": {"iam": True}}}}
    (statement,) = statements(made.one("ClusterPolicy"))
    assert statement["Principal"] == {"Service": "firehose.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert {"flume-topics", "flume-reach"} <= made.waits_for("flume-events")


def test_kafka_without_such_an_agent_is_closed_to_services(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + KAFKA + "  flume: {agents: {clicks: {}}}\n")
    assert "connectivityInfo" not in made.one("aws:msk/cluster:Cluster").inputs["brokerNodeGroupInfo"]


@pytest.mark.parametrize(
    ("kafka", "agent", "said"),
    [
        ("  kafka: {topics: {events: {}}}\n", "{sink: kafka, topic: events}", "writes to store alone"),
        ("", "{source: kafka, sourceTopic: events}", "needs an MSK cluster"),
        ("  kafka: {instanceType: kafka.t3.small}\n", "{source: kafka, sourceTopic: events}", "kafka.m7g.large"),
    ],
)
def test_flume_refuses_what_firehose_cannot(tmp_path: Path, kafka: str, agent: str, said: str) -> None:
    with pytest.raises(pulumi.RunError, match=said):
        composed(tmp_path, STORE + kafka + f"  flume: {{agents: {{a: {agent}}}}}\n")


def test_flinks_wants_are_as_on_kubernetes() -> None:
    from components.sagemaker.flink import ManagedFlink

    assert ManagedFlink.wants(Flink(topics=["events"])).topics == ("events",)
