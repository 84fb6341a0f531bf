"""The systems for models on Azure, through the composer: what is launched, what runs as whom, what is served."""

from pathlib import Path
from typing import Any

import pulumi
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
  docker: {}
  mlflow: {}
  fastapi:
    models:
      churn: {image: "registry.example.com/churn:1", model: churn/1, replicas: 2, maxReplicas: 6}
      fraud: {image: "registry.example.com/fraud:1", gpus: 1, canary: {weight: 10, image: "registry.example.com/fraud:2"}}
  flask: {}
  bentoml: {}
  tfserving:
    models: {scores: {image: "registry.example.com/tf:2", model: nets/scores, maxReplicas: 5, canary: {weight: 20, model: next/scores}}}
  kserve: {models: {risk: {format: mlflow, model: risk/3}}}
  kubeflow: {}
  katib: {}
  training: {}
  automl: {}
  experiments: {}
  modelRegistry: {groups: [churn]}
  modelMonitoring: {endpoints: {scores: {schedule: "cron(0 */6 ? * * *)", baseline: base}}, uses: {serving: tfserving}}
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
        "demo-automl-classification", "demo-modelmonitoring-scores",
    }  # fmt: skip


def test_a_workspaces_vault_has_a_name_that_azure_takes(made: Recording[Any]) -> None:
    # the provider adds eight digits to the resource's name, and a vault has 24 characters at most
    vaults = [vault for vault in made.all("Vault") if "vaultName" not in vault.inputs]
    assert vaults and all(len(vault.name) <= 16 for vault in vaults), [vault.name for vault in vaults]


def test_without_tracking_a_system_has_a_workspace_of_its_own(tmp_path: Path) -> None:
    made = composed(tmp_path, "systems: {minio: {}, training: {}}")
    assert made.one("azure-native:machinelearningservices:Workspace").inputs["workspaceName"] == "demo-training"
    assert made.one("Schedule").inputs["workspaceName"] == "demo-training"


def test_nothing_runs_by_itself(made: Recording[Any]) -> None:
    runs = {s.inputs["name"] for s in made.all("Schedule") if s.inputs["properties"]["isEnabled"]}
    assert runs == {"demo-modelmonitoring-scores"}
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


def test_container_apps_stand_inside_the_network_in_subnets_of_their_own(made: Recording[Any]) -> None:
    environments = {item.name: item.inputs for item in made.all("ManagedEnvironment")}
    assert set(environments) == {"fastapi-environment", "flask-environment", "bentoml-environment"}
    for name, given in environments.items():
        system = name.partition("-")[0]
        assert given["vnetConfiguration"]["internal"] is True and given["publicNetworkAccess"] == "Disabled"
        assert given["vnetConfiguration"]["infrastructureSubnetId"].endswith(f"/subnets/{system}")
        assert given["peerAuthentication"]["mtls"]["enabled"] is True and given["zoneRedundant"] is True
        subnet = made.one("Subnet", f"foundation-network-{system}").inputs
        assert subnet["delegations"][0]["serviceName"] == "Microsoft.App/environments"
        record = made.one("PrivateRecordSet", f"{system}-zone").inputs
        assert record["relativeRecordSetName"] == "*" and record["recordType"] == "A"
    ranges = {s.inputs["addressPrefix"] for s in made.all("Subnet")}
    assert len(ranges) == len(made.all("Subnet"))


def test_a_container_runs_as_its_identity_and_scales_by_cpu(made: Recording[Any]) -> None:
    app = made.one("ContainerApp", "fastapi-churn").inputs
    assert app["configuration"]["ingress"]["allowInsecure"] is False and app["configuration"]["ingress"]["targetPort"] == 8000
    scale = app["template"]["scale"]
    assert (scale["minReplicas"], scale["maxReplicas"]) == (2, 6)
    assert scale["rules"][0]["custom"] == {"type": "cpu", "metadata": {"type": "Utilization", "value": "70"}}
    (container,) = app["template"]["containers"]
    variables = {item["name"]: item["value"] for item in container["env"]}
    assert variables["MODEL_URI"].endswith("/models/churn/1") and variables["AZURE_CLIENT_ID"]
    assert container["resources"] == {"cpu": 0.5, "memory": "1Gi"}
    (registry,) = app["configuration"]["registries"]
    assert registry["identity"].endswith("/demo-fastapi") and "passwordSecretRef" not in registry
    _, principal = identity(made, "fastapi-identity")
    assert set(roles(made, principal).values()) == {Role.BLOB_DATA_CONTRIBUTOR.value, Role.PULL_IMAGES.value}


def test_a_canary_gets_its_share_by_a_route(made: Recording[Any]) -> None:
    (rule,) = made.one("HttpRouteConfig").inputs["properties"]["rules"]
    assert {t["containerApp"]: t["weight"] for t in rule["targets"]} == {
        "demo-fastapi-fraud": 90,
        "demo-fastapi-fraud-canary": 10,
    }
    assert made.one("ContainerApp", "fastapi-fraud").inputs["workloadProfileName"].startswith("Consumption-GPU")


def test_endpoints_are_closed_and_ask_for_entra(made: Recording[Any]) -> None:
    endpoints = {item.inputs["endpointName"]: item.inputs for item in made.all("OnlineEndpoint")}
    assert set(endpoints) == {"demo-tfserving-scores", "demo-kserve-risk"}
    for given in endpoints.values():
        assert given["properties"]["authMode"] == "AADToken" and given["properties"]["publicNetworkAccess"] == "Disabled"
        assert given["identity"]["type"] == "UserAssigned" and "traffic" not in given["properties"]


def test_deployments_collect_what_they_are_asked_and_share_it_out(made: Recording[Any]) -> None:
    main, second = (made.one("OnlineDeployment", f"tfserving-scores-{which}") for which in ("main", "canary"))
    for one in (main, second):
        collected = one.inputs["properties"]["dataCollector"]["collections"]
        assert {noun: item["dataCollectionMode"] for noun, item in collected.items()} == {
            "model_inputs": "Enabled",
            "model_outputs": "Enabled",
        }
    model = made.one("ModelVersion", "tfserving-scores-main-model").inputs
    assert model["properties"]["modelUri"] == "azureml://datastores/models_tfserving/paths/nets/scores/"
    base = main.inputs["properties"]["environmentVariables"]
    assert base["MODEL_NAME"] == "scores" and base["MODEL_BASE_PATH"].endswith(f"{model['name']}/{model['version']}")
    shared = made.one("Deployment", "tfserving-scores-traffic")
    (endpoint,) = shared.inputs["properties"]["template"]["resources"]
    assert endpoint["properties"]["traffic"] == {"main": 80, "canary": 20}
    assert {main.name, second.name} <= set(shared.depends_on)
    scale = made.one("AutoscaleSetting", "tfserving-scores-scale").inputs
    assert scale["profiles"][0]["capacity"] == {"default": "2", "minimum": "2", "maximum": "5"}
    assert scale["targetResourceUri"].endswith("/deployments/main")


def test_an_mlflow_model_is_served_without_an_image(made: Recording[Any]) -> None:
    deployment = made.one("OnlineDeployment", "kserve-risk-main").inputs["properties"]
    assert "environmentId" not in deployment
    assert made.one("ModelVersion", "kserve-risk-main-model").inputs["properties"]["modelType"] == "mlflow_model"


def test_the_workspace_has_the_stacks_registry(made: Recording[Any]) -> None:
    workspace = next(w for w in made.all("Workspace") if w.inputs.get("workspaceName") == "demo-mlflow")
    assert "/registries/demoimages" in workspace.inputs["containerRegistry"]


def test_a_model_is_watched_where_it_is_served(made: Recording[Any]) -> None:
    watch = made.one("Schedule", "modelMonitoring-scores").inputs["properties"]
    assert watch["trigger"]["expression"] == "0 */6 * * *"
    (signal,) = watch["action"]["monitorDefinition"]["signals"].values()
    assert signal["productionData"]["uri"].endswith("/modelDataCollector/demo-tfserving-scores/main/model_inputs/")
    assert signal["referenceData"]["uri"] == "azureml://datastores/monitoring/paths/base/"


@pytest.mark.parametrize("system", ["fastapi", "flask", "bentoml", "tfserving", "kserve"])
def test_without_a_model_there_is_what_a_delivery_needs_and_nothing_served(tmp_path: Path, system: str) -> None:
    from components.mapping import azureml

    made = composed(tmp_path, f"systems: {{minio: {{}}, {system}: {{}}}}")
    assert made.all(azureml.ROWS[system].essential_type)
    assert not made.all("ContainerApp") and not made.all("OnlineEndpoint")
    _, principal = identity(made, f"{system}-identity")
    assert Role.BLOB_DATA_CONTRIBUTOR.value in roles(made, principal).values()


@pytest.mark.parametrize(
    ("systems", "said"),
    [
        ("{minio: {}, fastapi: {models: {a: {image: 'x.io/a:1', gpus: 2}}}}", r"models.a.gpus: 2"),
        ("{minio: {}, flask: {models: {a: {image: 'x.io/a:1', resources: {cpu: '8', memory: 4Gi}}}}}", r"models.a.resources"),
        ("{minio: {}, kserve: {models: {a: {format: onnx, model: a/1}}}}", r"a.image: missing; on Azure format .onnx."),
        ("{minio: {}, tfserving: {models: {a: {image: 'x.io/a:1'}}}}", r"models.a.model: missing"),
        ("{minio: {}, kserve: {models: {a: {format: mlflow, model: a/1, gpus: 4}}}}", r"a.vmSize: missing"),
        ("{minio: {}, modelMonitoring: {endpoints: {a: {}}}}", r"modelMonitoring.endpoints.a: no such model"),
    ],
)
def test_what_cannot_be_served_is_refused_with_advice(tmp_path: Path, systems: str, said: str) -> None:
    with pytest.raises(pulumi.RunError, match=said):
        composed(tmp_path, f"systems: {systems}")
