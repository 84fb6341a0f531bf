"""The systems for models on Azure, through the composer: what is launched, what runs as whom, what is served."""

from pathlib import Path
from typing import Any

import pytest

from components.azureml.identity import Role
from components.azureml.model_monitoring import cron
from components.platform import Platform
from tests.unit.azure_stack import composed, identity, roles
from tests.unit.recording import Recording

SPEC = """
environment: prod
systems:
  minio: {}
  mlflow: {}
  kubeflow: {}
  katib: {}
  training: {}
  automl: {}
  experiments: {}
  modelRegistry: {groups: [churn]}
  modelMonitoring: {}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Recording[Platform]:
    return composed(tmp_path_factory.mktemp("model"), SPEC)


def test_jobs_share_the_workspace_that_tracks(made: Recording[Any]) -> None:
    workspaces = {w.inputs["workspaceName"] for w in made.all("azure-native:machinelearningservices:Workspace")}
    assert workspaces == {"demo-mlflow", "demo-experiments"}
    schedules = made.all("Schedule")
    assert {s.inputs["workspaceName"] for s in schedules} == {"demo-mlflow"}
    assert {s.inputs["name"] for s in schedules} == {
        "demo-kubeflow-pipeline", "demo-kubeflow-train", "demo-katib-sweep", "demo-training-train", "demo-automl-regression",
        "demo-automl-classification", "demo-modelmonitoring-sample",
    }  # fmt: skip


def test_without_tracking_a_system_has_a_workspace_of_its_own(tmp_path: Path) -> None:
    made = composed(tmp_path, "systems: {minio: {}, training: {}}")
    assert made.one("azure-native:machinelearningservices:Workspace").inputs["workspaceName"] == "demo-training"
    assert made.one("Schedule").inputs["workspaceName"] == "demo-training"


def test_nothing_runs_by_itself(made: Recording[Any]) -> None:
    assert all(s.inputs["properties"]["isEnabled"] is False for s in made.all("Schedule"))
    assert not made.all("azure-native:machinelearningservices:Job")


def test_jobs_run_as_their_own_identity_on_clusters_without_a_public_address(made: Recording[Any]) -> None:
    for system, key in (("training", "train"), ("katib", "sweep"), ("automl", "regression")):
        job = made.one("Schedule", f"{system}-{key}").inputs["properties"]["action"]["jobDefinition"]
        user, principal = identity(made, f"{system}-identity")
        assert job["identity"]["resourceId"].endswith(user.inputs["resourceName"])
        cluster = made.one("Compute", f"{system}-cluster").inputs
        assert cluster["properties"]["properties"]["enableNodePublicIp"] is False
        assert cluster["properties"]["properties"]["scaleSettings"]["minNodeCount"] == 0
        assert job["computeId"].endswith(cluster["computeName"])
        assert set(roles(made, principal).values()) == {Role.DATA_SCIENTIST.value, Role.BLOB_DATA_CONTRIBUTOR.value}


def test_a_training_reads_its_container_and_brings_its_script(made: Recording[Any]) -> None:
    job = made.one("Schedule", "training-train").inputs["properties"]["action"]["jobDefinition"]
    assert job["inputs"]["data"]["uri"] == "azureml://datastores/training/paths/training/input/"
    compile(job["environmentVariables"]["SCRIPT"], "script", "exec")
    assert "${{inputs.data}}" in job["command"] and "${{outputs.model}}" in job["command"]
    store = made.one("Datastore", "training-data").inputs["properties"]
    assert store["credentials"]["credentialsType"] == "None" and store["filesystem"] == "training"


def test_a_search_asks_for_the_metric_that_the_script_logs(made: Recording[Any]) -> None:
    job = made.one("Schedule", "katib-sweep").inputs["properties"]["action"]["jobDefinition"]
    metric = job["objective"]["primaryMetric"]
    assert f'log_metric("{metric}"' in job["trial"]["environmentVariables"]["SCRIPT"]
    for name in job["searchSpace"]:
        assert f"${{{{search_space.{name}}}}}" in job["trial"]["command"]
    assert job["limits"]["maxTotalTrials"] == 20


def test_a_pipeline_is_made_of_a_registered_step(made: Recording[Any]) -> None:
    step = made.one("ComponentVersion").inputs
    given = step["properties"]["componentSpec"]
    assert step["name"] == "demo-kubeflow-train" and set(given["inputs"]) == {"data", "rate", "depth"}
    pipeline = made.one("Schedule", "kubeflow-pipeline").inputs["properties"]["action"]["jobDefinition"]
    assert pipeline["jobs"]["train"]["componentId"].endswith("/components/demo-kubeflow-train/versions/1")


def test_the_registry_is_closed_and_holds_the_models(made: Recording[Any]) -> None:
    registry = made.one("azure-native:machinelearningservices:Registry")
    assert registry.inputs["publicNetworkAccess"] == "Disabled" and registry.protect
    (region,) = registry.inputs["regionDetails"]
    (files,) = region["storageAccountDetails"]
    assert files["systemCreatedStorageAccount"]["allowBlobPublicAccess"] is False
    assert made.one("RegistryModelContainer").inputs["modelName"] == "churn"
    assert made.one("PrivateEndpoint", "modelRegistry-registry")


@pytest.mark.parametrize(("given", "said"), [("cron(0 * ? * * *)", "0 * * * *"), ("cron(0 */6 ? * * *)", "0 */6 * * *")])
def test_a_schedule_of_every_cloud_in_five_fields(given: str, said: str) -> None:
    assert cron(given) == said
