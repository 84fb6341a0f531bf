"""Flume, Spark, Flink, Hadoop and Airflow on Vertex AI: private, encrypted by our key, and nothing runs before it is launched."""

from pathlib import Path

import pulumi
import pytest

from components import spark_stream
from components.vertex import spark_jobs
from tests.unit.vertex_stack import KAFKA, PROJECT, STORE, body, composed, no_lending, rights, workflow


def test_an_agent_is_a_topic_whose_messages_become_files(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  flume: {agents: {clicks: {}}}\n")
    no_lending(made)
    topic = made.one("gcp:pubsub/topic:Topic").inputs
    assert topic["kmsKeyName"].endswith("/platform")
    assert topic["messageStoragePolicy"] == {"allowedPersistenceRegions": ["europe-west3"], "enforceInTransit": True}
    files = made.one("Subscription").inputs
    assert files["cloudStorageConfig"]["serviceAccountEmail"] == f"demo-flume@{PROJECT}.iam.gserviceaccount.com"
    assert files["expirationPolicy"] == {"ttl": ""} and files["cloudStorageConfig"]["filenamePrefix"] == "clicks/"
    assert made.all("ConnectCluster") == []
    lent = made.one("gcp:serviceaccount/iAMMember:IAMMember", "flume-as").inputs
    assert "gcp-sa-pubsub" in lent["member"] and lent["serviceAccountId"].endswith(lent["serviceAccountId"].rpartition("/")[2])


def test_kafka_is_reached_by_connectors_that_its_lists_let_in(tmp_path: Path) -> None:
    agents = "{read: {source: kafka, sourceTopic: events}, write: {sink: kafka, topic: events}}"
    made = composed(tmp_path, STORE + KAFKA + f"  flume: {{agents: {agents}}}\n")
    configs = {c.inputs["connectorId"]: c.inputs["configs"] for c in made.all("Connector")}
    assert configs["flume-read"]["connector.class"].endswith("GcsSinkConnector") and configs["flume-read"]["topics"] == "events"
    assert configs["flume-write"]["connector.class"].endswith("CloudPubSubSourceConnector")
    assert len(made.all("ConnectCluster")) == 1
    lists = {acl.inputs["aclId"]: acl.inputs["aclEntries"] for acl in made.all("Acl")}
    assert any("gcp-sa-managedkafka" in entry["principal"] for entry in lists["topic/events"])
    assert "consumerGroupPrefixed/connect-flume" in lists
    (subscribed,) = made.all("SubscriptionIAMMember")
    assert subscribed.inputs["role"] == "roles/pubsub.subscriber"


@pytest.mark.parametrize(
    ("agents", "said"),
    [
        ("{a: {source: kafka, sourceTopic: events, sink: kafka, topic: other}}", "moves nothing from Kafka to Kafka"),
        ("{a: {sink: kafka, topic: events}}", "needs a Managed Kafka cluster; add systems.kafka"),
    ],
)
def test_agents_that_cannot_be_are_refused(tmp_path: Path, agents: str, said: str) -> None:
    with pytest.raises(pulumi.RunError, match=said):
        composed(tmp_path, STORE + f"  flume: {{agents: {agents}}}\n")


def test_spark_alone_has_sessions_and_a_stream_that_needs_nothing(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  spark: {}\n")
    no_lending(made)
    where = made.one("SessionTemplate").inputs["environmentConfig"]["executionConfig"]
    assert where["kmsKey"].endswith("/platform") and where["networkTags"] == ["demo-members"]
    assert where["serviceAccount"] == f"demo-spark@{PROJECT}.iam.gserviceaccount.com"
    steps = workflow(made, "spark-template")
    (held, _) = steps["batches"]["assign"]
    stream = held["batches"]["sample-stream"]
    assert stream["pysparkBatch"]["mainPythonFileUri"] == f"gs://demo-spark-{PROJECT}/{spark_stream.SCRIPT}"
    assert stream["environmentConfig"]["executionConfig"]["subnetworkUri"].endswith("demo-private")
    assert "ttl" not in stream["environmentConfig"]["executionConfig"]
    assert made.all("gcp:cloudscheduler/job:Job") == [] and made.all("gcp:dataproc/batch:Batch") == []
    compile(spark_jobs.STREAM, "stream.py", "exec")


def test_a_job_with_a_schedule_runs_in_time_and_a_stream_reads_its_topic(tmp_path: Path) -> None:
    section = '{streams: {clicks: {topic: events}}, jobs: {nightly: {main: "s3a://spark/jobs/a.jar", mainClass: org.A, schedule: "0 2 * * *"}}}'
    made = composed(tmp_path, STORE + KAFKA + f"  spark: {section}\n")
    steps = workflow(made, "spark-template")
    batches = steps["batches"]["assign"][0]["batches"]
    assert batches["nightly"]["sparkBatch"]["mainClass"] == "org.A"
    assert batches["clicks"]["pysparkBatch"]["args"][3] == "events"
    job = made.one("gcp:cloudscheduler/job:Job").inputs
    assert job["schedule"] == "0 2 * * *" and job["timeZone"] == "Etc/UTC"
    assert job["httpTarget"]["uri"].endswith("/workflows/demo-spark/executions")
    assert set(rights(made, "-spark-clock")) == {"roles/workflows.invoker"}
    assert set(rights(made, "-spark-launch")) == {"roles/dataproc.editor", "roles/logging.logWriter"}
    assert "spark-kafka" in made.waits_for("spark-template")


def test_flink_keeps_its_state_in_the_bucket_and_submits_what_a_launch_names(tmp_path: Path) -> None:
    jobs = "{topics: [events], checkpointInterval: 30s, jobs: {clicks: {jar: 'https://jars.example/c.jar', entryClass: C, parallelism: 4}}}"
    made = composed(tmp_path, STORE + KAFKA + f"  flink: {jobs}\n")
    no_lending(made)
    config = made.one("gcp:dataproc/cluster:Cluster").inputs["clusterConfig"]
    assert config["softwareConfig"]["optionalComponents"] == ["FLINK"]
    told = config["softwareConfig"]["overrideProperties"]
    assert told["flink:state.checkpoints.dir"] == f"gs://demo-flink-{PROJECT}/checkpoints"
    assert told["flink:execution.checkpointing.interval"] == "30s"
    assert config["masterConfig"]["numInstances"] == 3 and config["gceClusterConfig"]["internalIpOnly"] is True
    steps = workflow(made, "flink-template")
    job = steps["jobs"]["assign"][0]["jobs"]["clicks"]
    assert job["mainClass"] == "C" and job["jarFileUris"] == [f"gs://demo-flink-{PROJECT}/jars/clicks.jar"]
    assert job["properties"]["parallelism.default"] == "4" and ":9092" in job["properties"]["mlops.kafka.bootstrap"]
    assert body(steps)["job"]["placement"]["clusterName"] == "demo-flink"


def test_hdfs_is_highly_available_and_kept_in_production(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  hadoop: {dataNodes: 5, storage: 300Gi}\n", "environment: prod")
    cluster = made.one("gcp:dataproc/cluster:Cluster")
    config = cluster.inputs["clusterConfig"]
    assert cluster.protect and cluster.retain
    assert config["masterConfig"]["numInstances"] == 3 and config["workerConfig"]["numInstances"] == 5
    assert config["workerConfig"]["diskConfig"]["bootDiskSizeGb"] == 300
    assert config["encryptionConfig"]["kmsKeyName"].endswith("/platform")
    assert config["gceClusterConfig"]["shieldedInstanceConfig"]["enableSecureBoot"] is True
    assert config["gceClusterConfig"]["metadata"]["enable-oslogin"] == "true"
    assert config["endpointConfig"] == {"enableHttpPortAccess": False}
    with pytest.raises(pulumi.RunError, match="kerberosSecretClass"):
        composed(tmp_path, STORE + "  hadoop: {kerberosSecretClass: realm}\n")


def test_airflow_is_private_and_may_start_sparks_batches_alone(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  spark: {}\n  airflow: {keepFor: 10d}\n", "environment: prod")
    no_lending(made)
    config = made.one("Environment").inputs["config"]
    assert config["enablePrivateEnvironment"] is True and config["enablePrivateBuildsOnly"] is True
    assert config["encryptionConfig"]["kmsKeyName"].endswith("/platform") and config["resilienceMode"] == "HIGH_RESILIENCE"
    (kept,) = config["dataRetentionConfig"]["airflowMetadataRetentionConfigs"]
    assert kept["retentionDays"] == 30  # the least that the service takes
    assert made.one("Environment").inputs["storageConfig"] == {"bucket": f"demo-airflow-{PROJECT}"}
    assert set(rights(made, "demo-airflow")) == {"roles/composer.worker", "roles/dataproc.editor"}
    lent = made.one("gcp:serviceaccount/iAMMember:IAMMember", "airflow-spark-as").inputs
    assert lent["serviceAccountId"] == f"projects/{PROJECT}/serviceAccounts/demo-spark@{PROJECT}.iam.gserviceaccount.com"
    with pytest.raises(pulumi.RunError, match="follows no git repository"):
        composed(tmp_path, STORE + '  airflow: {dags: {repository: "https://git.example/dags"}}\n')
