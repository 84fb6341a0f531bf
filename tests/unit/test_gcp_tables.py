"""What the simulated Google Cloud knows of data and machine learning: rules of each service, and what it computes inside inputs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.providers.gcp.provider import Gcp
from sandbox.providers.model import Failure
from sandbox.providers.values import UNKNOWN, bare
from tests.unit.test_gcp_provider import ACCOUNT, BUCKET, MAY_USE, PROJECT, REGION, Trial

TOPIC, SUBSCRIPTION = "gcp:pubsub/topic:Topic", "gcp:pubsub/subscription:Subscription"
CLUSTER, WORKFLOW = "gcp:dataproc/cluster:Cluster", "gcp:workflows/workflow:Workflow"
COMPOSER, SCAN = "gcp:composer/environment:Environment", "gcp:dataplex/datascan:Datascan"
DATASET, TABLE, CONNECTION = "gcp:bigquery/dataset:Dataset", "gcp:bigquery/table:Table", "gcp:bigquery/connection:Connection"
MACHINES, ENDPOINT = "gcp:vertex/aiPersistentResource:AiPersistentResource", "gcp:vertex/aiEndpoint:AiEndpoint"
ONLINE = "gcp:vertex/aiFeatureOnlineStore:AiFeatureOnlineStore"


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    monkeypatch.setenv("MLOPS_SANDBOX_HOME", str(tmp_path))
    made = Trial()
    yield made
    assert isinstance(made.provider, Gcp)
    made.provider.close()


def workflow(*steps: dict[str, Any]) -> str:
    return json.dumps({"main": {"params": ["args"], "steps": list(steps)}})


@pytest.mark.parametrize(
    ("token", "inputs", "path"),
    [
        (TOPIC, {"name": "goog-topic"}, "name"),
        (COMPOSER, {"name": "a", "config": {"softwareConfig": {"imageVersion": "composer-3"}}}, "config.softwareConfig.imageVersion"),
        (ENDPOINT, {"name": "churn", "displayName": "c", "location": REGION}, "name"),
        (ONLINE, {"name": "with-dash", "region": REGION}, "name"),
        ("gcp:cloudscheduler/job:Job", {"name": "j", "schedule": "every day"}, "schedule"),
        ("gcp:projects/iAMCustomRole:IAMCustomRole", {"roleId": "r-1", "title": "t", "permissions": []}, "roleId"),
        ("gcp:logging/projectSink:ProjectSink", {"name": "s", "destination": "bucket"}, "destination"),
    ],
    ids=["topic", "composer", "endpoint", "store", "cron", "role", "sink"],
)  # fmt: skip
def test_names_and_formats_are_the_services_own(trial: Trial, token: str, inputs: dict[str, Any], path: str) -> None:
    assert [where for where, _ in trial.failures(token, **inputs)] == [path]


def test_a_topic_is_encrypted_by_who_may_use_the_key(trial: Trial) -> None:
    key = trial.key()
    trial.enable("pubsub")
    with pytest.raises(Failure, match=r"gcp-sa-pubsub\.iam\.gserviceaccount\.com does not have roles/cloudkms"):
        trial.make(TOPIC, name="clicks", kmsKeyName=key)
    trial.make("gcp:projects/serviceIdentity:ServiceIdentity", service="pubsub.googleapis.com")
    member = f"serviceAccount:service-{number()}@gcp-sa-pubsub.iam.gserviceaccount.com"
    trial.make(MAY_USE, cryptoKeyId=key, role="roles/cloudkms.cryptoKeyEncrypterDecrypter", member=member)
    topic, _ = trial.make(TOPIC, name="clicks", kmsKeyName=key)
    with pytest.raises(Failure, match='there is no bucket "nowhere"'):
        trial.make(SUBSCRIPTION, name="clicks", topic=topic, cloudStorageConfig={"bucket": "nowhere"})
    trial.make(BUCKET, name="files", location=REGION)
    with pytest.raises(Failure, match="20 s: from 60 to 600"):
        trial.make(SUBSCRIPTION, name="clicks", topic=topic, cloudStorageConfig={"bucket": "files", "maxDuration": "20s"})
    trial.make(SUBSCRIPTION, name="clicks", topic=topic, cloudStorageConfig={"bucket": "files", "maxDuration": "60s"})


def number() -> str:
    from sandbox.providers.gcp.context import number_of

    return number_of(PROJECT)


@pytest.mark.parametrize(
    ("masters", "workers", "said"), [(2, 2, "masterConfig.numInstances: 2"), (1, 1, "workerConfig.numInstances: 1")]
)
def test_a_cluster_has_one_master_or_three_and_two_workers(trial: Trial, masters: int, workers: int, said: str) -> None:
    trial.enable("dataproc")
    config = {"masterConfig": {"numInstances": masters}, "workerConfig": {"numInstances": workers}}
    with pytest.raises(Failure, match=said):
        trial.make(CLUSTER, name="c", region=REGION, clusterConfig=config)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("main: {steps: []}", "not a workflow"),
        (workflow({"a": {"return": 1}}, {"a": {"return": 2}}), "two steps have one name"),
        (workflow({"a": {"assign": [], "next": "b"}}), "there is no step b"),
    ],
    ids=["text", "twice", "nowhere"],
)
def test_a_workflow_must_make_sense(trial: Trial, source: str, said: str) -> None:
    trial.enable("workflows")
    with pytest.raises(Failure, match=said):
        trial.make(WORKFLOW, name="w", region=REGION, sourceContents=source)
    trial.make(WORKFLOW, name="w", region=REGION, sourceContents=workflow({"a": {"assign": [], "next": "end"}}))


def test_a_scan_looks_at_one_thing_that_exists_in_one_way(trial: Trial) -> None:
    trial.enable("dataplex", "bigquery")
    scan = {"dataScanId": "s", "location": REGION, "executionSpec": {"trigger": {"schedule": {"cron": "0 3 * * *"}}}}
    where = f"//bigquery.googleapis.com/projects/{PROJECT}/datasets/d/tables/t"
    with pytest.raises(Failure, match="exactly one of"):
        trial.make(SCAN, **scan, data={"resource": where})
    with pytest.raises(Failure, match=f"there is no table projects/{PROJECT}/datasets/d/tables/t"):
        trial.make(SCAN, **scan, data={"resource": where}, dataProfileSpec={})
    trial.make(DATASET, datasetId="d", location=REGION)
    trial.make(TABLE, datasetId="d", tableId="t", schema=json.dumps([{"name": "id", "type": "STRING"}]))
    trial.make(SCAN, **scan, data={"resource": where}, dataProfileSpec={})
    with pytest.raises(Failure, match=r"timePartitioning\.field: day is no column"):
        trial.make(TABLE, "u", datasetId="d", tableId="u", schema="[]", timePartitioning={"type": "DAY", "field": "day"})


def test_a_connections_account_comes_with_it_and_is_unknown_before(trial: Trial) -> None:
    trial.enable("bigquery")
    inputs = {"connectionId": "c", "location": REGION, "cloudResource": {}}
    seen = trial.provider.create(trial.call("create", CONNECTION, inputs=inputs, preview=True)).outputs
    assert seen["cloudResource"]["serviceAccountId"] is UNKNOWN
    id, outputs = trial.make(CONNECTION, **inputs)
    account = outputs["cloudResource"]["serviceAccountId"]
    assert account.startswith("bqcx-") and account.endswith("@gcp-sa-bigquery-condel.iam.gserviceaccount.com")
    found = trial.provider.read(trial.call("read", CONNECTION, id=id, inputs=inputs))
    assert found is not None and bare(found.inputs)["cloudResource"] == {}
    assert bare(found.outputs)["cloudResource"]["serviceAccountId"] == account
    trial.make(BUCKET, name="files", location=REGION)
    role = "roles/storage.objectViewer"
    trial.make("gcp:storage/bucketIAMMember:BucketIAMMember", bucket="files", role=role, member=f"serviceAccount:{account}")


def test_machines_must_stand_and_an_endpoint_has_one_way_in(trial: Trial) -> None:
    trial.enable("aiplatform")
    with pytest.raises(Failure, match="at least one replica"):
        pool = {"machineSpec": {}, "autoscalingSpec": {"minReplicaCount": "0", "maxReplicaCount": "2"}, "replicaCount": "0"}
        trial.make(MACHINES, name="m", location=REGION, resourcePools=[pool])
    trial.enable("compute")
    network, _ = trial.make("gcp:compute/network:Network", name="n")
    with pytest.raises(Failure, match="mutually exclusive"):
        private = {"enablePrivateServiceConnect": True}
        trial.make(ENDPOINT, name="1", displayName="e", location=REGION, network=network, privateServiceConnectConfig=private)
    with pytest.raises(Failure, match="one of bigtable and optimized"):
        trial.make(ONLINE, name="o", region=REGION)


def test_the_logging_account_for_keys_is_the_projects(trial: Trial) -> None:
    ask = trial.call("invoke", "gcp:logging/getProjectCmekSettings:getProjectCmekSettings", inputs={"project": PROJECT})
    assert bare(trial.provider.invoke(ask))["serviceAccountId"] == f"cmek-p{number()}@gcp-sa-logging.iam.gserviceaccount.com"
    trial.enable("iam")
    assert trial.failures(ACCOUNT, accountId="fits-well") == []
