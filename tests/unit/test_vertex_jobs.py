"""Trainings, searches, pipelines, Ray and registries on Vertex AI: templates that stand, with the stack's settings in them."""

import json
from pathlib import Path

import pulumi
import pytest

from components.vertex.kubeflow import pipeline
from tests.unit.vertex_stack import PROJECT, STORE, body, composed, no_lending, rights, workflow


def test_a_training_runs_in_the_network_under_the_key_as_its_own_account(tmp_path: Path) -> None:
    made = composed(
        tmp_path, STORE + "  mysql: {}\n  mlflow: {}\n  training: {values: {image: 'registry.example.com/train:1'}}\n"
    )
    no_lending(made)
    steps = workflow(made, "training-template")
    asked = body(steps)
    assert asked["encryptionSpec"]["kmsKeyName"].endswith("/platform")
    spec = asked["jobSpec"]
    assert spec["serviceAccount"] == f"demo-training@{PROJECT}.iam.gserviceaccount.com"
    assert spec["pscInterfaceConfig"]["networkAttachment"].endswith("/networkAttachments/demo-training")
    (pool,) = spec["workerPoolSpecs"]
    assert pool["containerSpec"]["env"][0]["name"] == "MLFLOW_TRACKING_URI"
    given = steps["given"]["assign"][1]["given"]
    assert given["image"] == "registry.example.com/train:1"
    assert steps["image_named"]["switch"][0]["raise"].startswith("image: missing")
    assert made.one("ServiceIamMember", "training-tracking").inputs["role"] == "roles/run.invoker"
    workflow_inputs = made.one("Workflow").inputs
    assert workflow_inputs["cryptoKeyName"].endswith("/platform") and workflow_inputs["deletionProtection"] is False
    assert set(rights(made, "-training-launch")) == {"roles/aiplatform.user", "roles/logging.logWriter"}


def test_vertexs_agent_may_enter_the_network_and_nothing_more(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  training: {}\n")
    role = made.one("IAMCustomRole").inputs
    assert all(right.startswith(("compute.networkAttachments.", "compute.regionOperations.")) for right in role["permissions"])
    (member,) = [m.inputs for m in made.all("gcp:projects/iAMMember:IAMMember") if "gcp-sa-aiplatform" in m.inputs["member"]]
    assert member["role"].endswith("/roles/demo_training_attach")
    assert made.one("NetworkAttachment").inputs["connectionPreference"] == "ACCEPT_MANUAL"


def test_a_search_has_every_parameter_with_a_default(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  katib: {}\n")
    steps = workflow(made, "katib-template")
    given = steps["given"]["assign"][1]["given"]
    assert given["trials"] == 20 and given["parameters"][0]["parameterId"] == "learning_rate"
    asked = body(steps)
    assert asked["studySpec"]["metrics"] == [{"metricId": "${job.metric}", "goal": "${job.goal}"}]
    assert asked["trialJobSpec"]["serviceAccount"].startswith("demo-katib@")


def test_optunas_workers_find_the_studies_and_log_in_by_iam(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  mysql: {}\n  optuna: {}\n")
    no_lending(made)
    service = made.one("gcp:cloudrunv2/service:Service").inputs
    assert service["ingress"] == "INGRESS_TRAFFIC_INTERNAL_ONLY"
    server, proxy = service["template"]["containers"]
    assert server["args"][0] == "mysql+pymysql://demo-optuna@127.0.0.1:3306/optuna" and "--auto-iam-authn" in proxy["args"]
    (pool,) = body(workflow(made, "optuna-template"))["jobSpec"]["workerPoolSpecs"]
    told = {item["name"]: item["value"] for item in pool["containerSpec"]["env"]}
    assert told["OPTUNA_DATABASE"] == "optuna" and told["OPTUNA_STUDY"] == "${job.study}"
    assert not [key for key in told if "PASSWORD" in key]


def test_automl_waits_for_its_dataset(tmp_path: Path) -> None:
    steps = workflow(composed(tmp_path, STORE + "  automl: {}\n"), "automl-template")
    order = list(steps)
    assert order.index("data") < order.index("look_data") < order.index("made")
    assert steps["look_data"]["next"] == "sleep_data" and steps["turn_data"]["next"] == "look_data"
    assert body(steps)["inputDataConfig"]["datasetId"] == '${text.split(data_response.name, "/")[5]}'
    assert body(steps, "data")["encryptionSpec"]["kmsKeyName"].endswith("/platform")


def test_versions_are_registered_as_the_next_of_their_model(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  modelRegistry: {}\n")
    steps = workflow(made, "modelRegistry-template")
    assert steps["version"]["assign"] == [{"parent": '${"projects/mlops-trial/locations/europe-west3/models/demo-" + job.model}'}]
    assert body(steps)["modelId"] == '${if(parent == "", id, null)}'
    assert made.all("NetworkAttachment") == []
    with pytest.raises(pulumi.RunError, match=r"modelRegistry\.readers: 210987654321"):
        composed(tmp_path, STORE + "  modelRegistry: {readers: ['210987654321']}\n")


def test_pipelines_stand_paused_and_single_trainings_can_be_left_out(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  kubeflow: {training: false, runtimes: {torch: 'docker.io/pytorch/pytorch:2.13.0'}}\n")
    no_lending(made)
    schedule = made.one("gcp:colab/schedule:Schedule").inputs
    job = schedule["createPipelineJobRequest"]["pipelineJob"]
    assert schedule["desiredState"] == "PAUSED" and job["serviceAccount"].startswith("demo-kubeflow@")
    assert job["runtimeConfig"]["parameterValues"]["script"] == f"/gcs/demo-pipelines-{PROJECT}/train.py"
    spec = json.loads(job["pipelineSpec"])
    assert spec == pipeline("torch", "docker.io/pytorch/pytorch:2.13.0")
    (executor,) = spec["deploymentSpec"]["executors"].values()
    assert executor["container"]["image"] == "docker.io/pytorch/pytorch:2.13.0"
    assert [w.name for w in made.all("Workflow")] == ["kubeflow-template"]
    assert made.one("gcp:artifactregistry/repository:Repository").inputs["format"] == "KFP"


def test_ray_keeps_the_machines_that_must_stand(tmp_path: Path) -> None:
    groups = "{cpu: {min: 2, max: 5, cpu: '6'}, gpu: {gpus: 1, max: 2}}"
    made = composed(tmp_path, STORE + f"  ray: {{workers: {groups}}}\n")
    resource = made.one("AiPersistentResource").inputs
    (pool,) = resource["resourcePools"]
    assert pool["machineSpec"] == {"machineType": "n1-standard-8"} and pool["replicaCount"] == "2"
    assert pool["autoscalingSpec"] == {"minReplicaCount": "2", "maxReplicaCount": "5"}
    assert resource["encryptionSpec"]["kmsKeyName"].endswith("/platform")
    assert resource["resourceRuntimeSpec"]["serviceAccountSpec"]["enableCustomServiceAccount"] is True
    asked = body(workflow(made, "ray-template"))
    assert [found["id"] for found in asked["resourcePools"]] == ["head-node", "cpu", "gpu"]
    assert asked["resourceRuntimeSpec"]["serviceAccountSpec"]["serviceAccount"].startswith("demo-ray@")


def test_experiments_are_under_the_key(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  experiments: {}\n", "environment: prod")
    for kind in ("AiMetadataStore", "AiTensorboard"):
        found = made.one(kind)
        assert found.inputs["encryptionSpec"]["kmsKeyName"].endswith("/platform") and found.protect
