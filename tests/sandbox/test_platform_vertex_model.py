"""The model and serving systems on Vertex AI, end to end: up, the simulated cloud read back, nothing to change, nothing left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from components.mapping import vertex
from tests.sandbox.google_cloud import MODEL, chosen, essential, stack_file, there
from tests.sandbox.platform_env import Project, project

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

STACK = "models"
LAUNCHED = {"kubeflow", "kubeflow-training", "katib", "optuna", "ray", "training", "automl", "modelregistry", "modelmonitoring", "kserve-deploy"}  # fmt: skip


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with project(tmp_path_factory.mktemp("models")) as made:
        made.stack_file(STACK).write_text(stack_file(MODEL))
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
    for system in chosen(MODEL):
        assert essential(resources, system, vertex.ROWS[system].essential_type), system


def test_everything_of_vertex_is_under_the_stacks_key(deployed: Project, cloud: dict[str, list[dict[str, Any]]]) -> None:
    key = deployed.outputs(STACK)["foundation.kmsKey"]
    kinds = ("aiEndpoint:AiEndpoint", "aiMetadataStore:AiMetadataStore", "aiTensorboard:AiTensorboard",
             "aiPersistentResource:AiPersistentResource")  # fmt: skip
    for kind in kinds:
        (found,) = cloud[f"gcp:vertex/{kind}"]
        assert found["encryptionSpec"] == {"kmsKeyName": key}, kind
    for found in cloud["gcp:workflows/workflow:Workflow"]:
        assert found["cryptoKeyName"] == key, found["name"]
    for found in cloud["gcp:cloudrunv2/service:Service"]:
        assert found["template"]["encryptionKey"] == key, found["name"]
    for found in cloud["gcp:logging/projectBucketConfig:ProjectBucketConfig"]:
        assert found["cmekSettings"]["kmsKeyName"] == key, found["bucketId"]
    (schedule,) = cloud["gcp:colab/schedule:Schedule"]
    assert schedule["createPipelineJobRequest"]["pipelineJob"]["encryptionSpec"] == {"kmsKeyName": key}
    (git,) = cloud["gcp:securesourcemanager/instance:Instance"]
    assert git["kmsKey"] == key


def test_services_answer_the_network_alone(cloud: dict[str, list[dict[str, Any]]]) -> None:
    found = {service["name"]: service for service in cloud["gcp:cloudrunv2/service:Service"]}
    assert set(found) == {f"models-{noun}" for noun in ("mlflow", "grafana", "optuna", "fastapi-churn", "fastapi-fraud")}
    for service in found.values():
        assert service["ingress"] == "INGRESS_TRAFFIC_INTERNAL_ONLY" and service["invokerIamDisabled"] is False
    churn, fraud = (found[f"models-fastapi-{model}"]["template"] for model in ("churn", "fraud"))
    assert churn["scaling"] == {"minInstanceCount": 2, "maxInstanceCount": 4}
    assert churn["volumes"][0]["gcs"]["readOnly"] is True
    assert fraud["nodeSelector"] == {"accelerator": "nvidia-l4"}
    assert fraud["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"


def test_an_endpoint_is_private_and_logs_what_it_is_asked(cloud: dict[str, list[dict[str, Any]]]) -> None:
    (endpoint,) = cloud["gcp:vertex/aiEndpoint:AiEndpoint"]
    assert endpoint["privateServiceConnectConfig"]["enablePrivateServiceConnect"] is True
    logged = endpoint["predictRequestResponseLoggingConfig"]
    assert logged["enabled"] is True and logged["bigqueryDestination"]["outputUri"].endswith(".models_kserve_asked.scores")
    (scan,) = cloud["gcp:dataplex/datascan:Datascan"]
    assert scan["data"]["resource"].endswith("/datasets/models_kserve_asked/tables/scores")
    assert scan["executionSpec"]["trigger"]["schedule"]["cron"] == "0 */6 * * *"


def test_templates_stand_and_nothing_has_run(cloud: dict[str, list[dict[str, Any]]]) -> None:
    found = {each["name"]: json.loads(each["sourceContents"]) for each in cloud["gcp:workflows/workflow:Workflow"]}
    assert set(found) == {f"models-{noun}" for noun in LAUNCHED}
    (schedule,) = cloud["gcp:colab/schedule:Schedule"]
    assert schedule["desiredState"] == "PAUSED"
    assert "gcp:cloudscheduler/job:Job" not in cloud


def test_each_launcher_lends_one_account_and_no_other(cloud: dict[str, list[dict[str, Any]]]) -> None:
    lent = [m for m in cloud["gcp:serviceaccount/iAMMember:IAMMember"] if m["role"] == "roles/iam.serviceAccountUser"]
    for member in lent:
        who = member["member"].partition(":")[2].partition("@")[0]
        account = member["serviceAccountId"].rpartition("/")[2].partition("@")[0]
        assert who.startswith(account[:15]), (who, account)
    assert len(lent) >= 8


def test_branches_and_logs_are_kept(cloud: dict[str, list[dict[str, Any]]]) -> None:
    (git,) = cloud["gcp:securesourcemanager/instance:Instance"]
    assert git["privateConfig"]["isPrivate"] is True
    (rule,) = cloud["gcp:securesourcemanager/branchRule:BranchRule"]
    assert rule["requirePullRequest"] is True and rule["minimumApprovalsCount"] == 1
    days = {each["bucketId"]: each["retentionDays"] for each in cloud["gcp:logging/projectBucketConfig:ProjectBucketConfig"]}
    assert days == {"models-platform-logs": 30, "models-fraud-logs": 90}


def test_destroy_leaves_nothing(deployed: Project) -> None:
    # the last of the module, for it takes away what the others look at
    deployed.destroy(STACK)
    assert there(deployed.home) == {}
