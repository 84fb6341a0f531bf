"""Models by their format on Azure: managed online endpoints in the place of InferenceServices."""

import pulumi

from components.azureml import hosting
from components.azureml.endpoint import OnlineModelArgs
from components.azureml.hosting import OnlineHosting, OnlineHostingArgs
from components.spec.serving import InferenceModel
from components.system import Site

PORT = 8080


class AzuremlKserve(OnlineHosting):
    """InferenceServices' models behind Azure ML managed online endpoints; without one the identity and data store.

    A model in format mlflow is served without an image; others name theirs, which listens on port 8080, answers GET
    /v2/health/ready and POST /v2/models/<name>/infer (the Open Inference Protocol, as KServe's own servers do) and finds the
    files at $AZUREML_MODEL_DIR. See OnlineHosting for what is made. Source: Azure Machine Learning documentation,
    "Deploy MLflow models to online endpoints". Limits: an MLflow model's environment is built from packages of the internet,
    which the workspace's network refuses unless a rule of yours lets it through.
    """

    noun = "AzuremlKserve"

    @staticmethod
    def plan(site: Site) -> OnlineHostingArgs:
        """From `systems.kserve` of the spec; its controller and runtimes mean nothing here."""
        models = {key: _model(key, found) for key, found in site.config.models.items()}
        return OnlineHostingArgs(hosting.ground(site), models)


def _model(key: str, found: InferenceModel) -> OnlineModelArgs:
    path = f"mlops:spec.systems.kserve.models.{key}"
    mlflow = found.format == "mlflow" and found.image is None
    if found.image is None and not mlflow:
        raise pulumi.RunError(
            f'{path}.image: missing; on Azure format "{found.format}" has no image to serve it (mlflow needs none)'
        )
    return OnlineModelArgs(
        vm_size=hosting.size(found.gpus, found.vm_size, path),
        replicas=found.replicas,
        max_replicas=found.max_replicas or found.replicas,
        target_cpu=70,
        model=found.model,
        mlflow=mlflow,
        image=found.image,
        port=PORT,
        health="/v2/health/ready",
        score=f"/v2/models/{key}/infer",
    )
