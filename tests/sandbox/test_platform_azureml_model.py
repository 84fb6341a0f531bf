"""The model and serving systems on Azure ML, end to end: up, nothing to change, what is closed read back, nothing left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from components.mapping import azureml
from tests.sandbox.azure_env import AzureStack, deployed_stack

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

STACK = "azuremodels"
FILE = """\
config:
  mlops:target: azureml
  mlops:spec:
    tier: all
    environment: dev
    owner: platform-team
    systems:
      minio: {}
      docker: {}
      mlflow: {}
      kubeflow: {}
      katib: {}
      fastapi:
        models:
          churn: {image: "registry.example.com/churn:1", model: churn/1, maxReplicas: 4}
          fraud: {image: "registry.example.com/fraud:1", gpus: 1, canary: {weight: 10, image: "registry.example.com/fraud:2"}}
      flask: {}
      bentoml: {}
      tfserving:
        models:
          scores:
            image: "registry.example.com/tf:2"
            model: nets/scores
            maxReplicas: 5
            canary: {weight: 20, model: next/scores}
      kserve: {models: {risk: {format: mlflow, model: risk/3}}}
      training: {}
      automl: {}
      experiments: {}
      modelRegistry: {groups: [churn]}
      modelMonitoring: {endpoints: {scores: {baseline: base}}, uses: {serving: tfserving}}
"""
SYSTEMS = (
    "kubeflow", "katib", "fastapi", "flask", "bentoml", "tfserving", "kserve", "training", "automl", "experiments",
    "modelRegistry", "modelMonitoring",
)  # fmt: skip


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureStack]:
    with deployed_stack(tmp_path_factory.mktemp(STACK), STACK, FILE) as made:
        yield made


def test_a_second_preview_wants_nothing_and_the_pack_is_content(deployed: AzureStack) -> None:
    said = deployed.project.settled(STACK, "--policy-pack", "policies")
    assert "[mandatory]" not in said and "[advisory]" not in said


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_essential_type_of_each_system_is_in_the_export(deployed: AzureStack, system: str) -> None:
    assert azureml.ROWS[system].essential_type in deployed.types_below(azureml.ROWS[system])


def test_a_refresh_finds_nothing(deployed: AzureStack) -> None:
    deployed.refresh_is_clean()


def test_endpoints_are_closed_and_their_requests_shared_out(deployed: AzureStack) -> None:
    endpoints = deployed.objects("machinelearningservices:OnlineEndpoint").values()
    assert len(endpoints) == 2
    for endpoint in endpoints:
        assert endpoint["properties"]["authMode"] == "AADToken" and endpoint["properties"]["publicNetworkAccess"] == "Disabled"
    shares = [
        resource["properties"]["traffic"]
        for given in deployed.objects("resources:Deployment").values()
        for resource in given["properties"]["template"]["resources"]
    ]
    assert sorted(shares, key=len) == [{"main": 100}, {"main": 80, "canary": 20}]


def test_containers_stand_inside_the_network(deployed: AzureStack) -> None:
    environments = deployed.objects("app:ManagedEnvironment").values()
    subnets = {item["vnetConfiguration"]["infrastructureSubnetId"].rpartition("/")[2] for item in environments}
    assert subnets == {"fastapi", "flask", "bentoml"}
    assert all(item["vnetConfiguration"]["internal"] is True for item in environments)
    apps = deployed.objects("app:ContainerApp")
    assert len(apps) == 3 and all(app["configuration"]["ingress"]["allowInsecure"] is False for app in apps.values())


def test_the_registry_of_models_and_the_workspaces_are_closed(deployed: AzureStack) -> None:
    joined = deployed.private_links()
    for token in ("machinelearningservices:Registry", "machinelearningservices:Workspace", "containerregistry:Registry"):
        found = deployed.objects(token)
        assert found and set(found) <= joined, token
        assert all(given["publicNetworkAccess"] == "Disabled" for given in found.values()), token


def test_nothing_runs_but_the_watch_over_a_model(deployed: AzureStack) -> None:
    schedules = deployed.objects("machinelearningservices:Schedule")
    assert {id.rpartition("/")[2] for id, given in schedules.items() if given["properties"]["isEnabled"]} == {
        "azuremodels-modelmonitoring-scores"
    }
    assert not deployed.objects("machinelearningservices:Job")


def test_destroy_leaves_nothing(deployed: AzureStack) -> None:
    # the last of the module, for it takes away what the others look at
    deployed.project.destroy(STACK)
    assert deployed.objects() == {}
