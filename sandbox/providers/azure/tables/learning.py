"""Azure Machine Learning: workspaces, computes, endpoints, assets."""

from __future__ import annotations

from sandbox.providers.azure.arm import WORDS, Kind, NameRule, kind
from sandbox.providers.azure.shapes import guid

_ML = "Microsoft.MachineLearningServices"
_WORKSPACES = f"{_ML}/workspaces"
_COMPUTE = NameRule(3, 24, r"[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?", "letters, digits and dashes, beginning with a letter")
_ENDPOINT = NameRule(3, 32, r"[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?", "letters, digits and dashes, beginning with a letter")
_ASSET = NameRule(1, 254, *WORDS)


def _child(collection: str, name: str, rule: NameRule = _ASSET, **more: bool) -> Kind:
    return kind(
        f"{_WORKSPACES}/{collection}",
        name,
        rule,
        path=f"{_WORKSPACES}/{{workspaceName}}/{collection}/{{{name}}}",
        located=more.get("located", False),
    )


def _version(collection: str) -> Kind:
    """A version of an asset, which the service never changes but by its tags and description."""
    return kind(
        f"{_WORKSPACES}/{collection}/versions",
        "version",
        path=f"{_WORKSPACES}/{{workspaceName}}/{collection}/{{name}}/versions/{{version}}",
        auto="copy",
        located=False,
    )


KINDS = {
    "machinelearningservices:Workspace": kind(
        _WORKSPACES,
        "workspaceName",
        NameRule(3, 33, *WORDS),
        outputs={
            "workspaceId": lambda values: guid(values["id"], "workspace"),
            "tenantId": "{tenant}",
            "mlFlowTrackingUri": "azureml://{location}.api.azureml.ms/mlflow/v1.0{id}",
        },
        replace=("kind", "storageAccount", "encryption.status", "hbiWorkspace"),
    ),
    "machinelearningservices:Compute": _child("computes", "computeName", _COMPUTE, located=True),
    "machinelearningservices:WorkspaceConnection": _child("connections", "connectionName"),
    "machinelearningservices:Datastore": _child("datastores", "name"),
    "machinelearningservices:Schedule": _child("schedules", "name"),
    "machinelearningservices:OnlineEndpoint": _child("onlineEndpoints", "endpointName", _ENDPOINT, located=True),
    "machinelearningservices:OnlineDeployment": kind(
        f"{_WORKSPACES}/onlineEndpoints/deployments",
        "deploymentName",
        _ENDPOINT,
        path=_WORKSPACES + "/{workspaceName}/onlineEndpoints/{endpointName}/deployments/{deploymentName}",
    ),
    "machinelearningservices:ComponentContainer": _child("components", "name"),
    "machinelearningservices:ModelContainer": _child("models", "name"),
    "machinelearningservices:ComponentVersion": _version("components"),
    "machinelearningservices:ModelVersion": _version("models"),
    "machinelearningservices:EnvironmentContainer": _child("environments", "name"),
    "machinelearningservices:EnvironmentVersion": _version("environments"),
    "machinelearningservices:FeaturestoreEntityContainerEntity": _child("featurestoreEntities", "name"),
    "machinelearningservices:FeaturestoreEntityVersion": _version("featurestoreEntities"),
    "machinelearningservices:FeaturesetContainerEntity": _child("featuresets", "name"),
    "machinelearningservices:FeaturesetVersion": _version("featuresets"),
    "machinelearningservices:Registry": kind(
        f"{_ML}/registries",
        "registryName",
        NameRule(2, 33, *WORDS),
        outputs={
            "discoveryUrl": "https://{location}.api.azureml.ms/registrymanagement/v1.0/registries/{registryName}/discovery",
            "mlFlowRegistryUri": "azureml://{location}.api.azureml.ms/mlflow/v1.0{id}",
        },
    ),
    "machinelearningservices:RegistryModelContainer": kind(
        f"{_ML}/registries/models",
        "modelName",
        _ASSET,
        path=f"{_ML}/registries/{{registryName}}/models/{{modelName}}",
        located=False,
    ),
}
