"""TensorFlow Serving on Azure: SavedModels behind managed online endpoints."""

import pulumi

from components.azureml import hosting
from components.azureml.endpoint import OnlineModelArgs
from components.azureml.hosting import OnlineHosting, OnlineHostingArgs
from components.spec.serving import ServedModel
from components.system import Site

PORT = 8501
MOUNT = "/var/azureml-app/models"


class AzuremlTfserving(OnlineHosting):
    """SavedModels behind Azure ML managed online endpoints; without a model the identity and data store that a delivery needs.

    The image is TensorFlow Serving (or one built from it) in a registry that the workspace reaches; the model's folder
    `<prefix>/<version>/saved_model.pb` of container `models` is mounted, and the server is told of it by MODEL_BASE_PATH and
    MODEL_NAME, which is the last word of the prefix: a canary's prefix ends in the same one. Predictions are asked as of
    TensorFlow Serving. See OnlineHosting for what is made. Source: Azure Machine Learning documentation, "Use a custom
    container to deploy a model to an online endpoint".
    """

    noun = "AzuremlTfserving"

    @staticmethod
    def plan(site: Site) -> OnlineHostingArgs:
        """From `systems.tfserving` of the spec; ports of yours, Secrets and logins mean nothing here."""
        models = {key: _model(key, found) for key, found in site.config.models.items()}
        return OnlineHostingArgs(hosting.ground(site), models)


def _model(key: str, found: ServedModel) -> OnlineModelArgs:
    path = f"mlops:spec.systems.tfserving.models.{key}"
    wanted = (("image", found.image, "TensorFlow Serving's image"), ("model", found.model, "a SavedModel's prefix"))
    for missing, given, what in wanted:
        if given is None:
            raise pulumi.RunError(f"{path}.{missing}: missing; on Azure a model names {what}")
    # a registered folder keeps its name below the mount, and the server looks for a folder of the model's name
    name = (found.model or "").rstrip("/").rpartition("/")[2]
    canary = found.canary
    return OnlineModelArgs(
        vm_size=hosting.size(found.gpus, found.vm_size, path),
        replicas=found.replicas,
        max_replicas=found.max_replicas or found.replicas,
        target_cpu=found.target_cpu,
        model=found.model,
        image=found.image,
        port=PORT,
        health=f"/v1/models/{name}",
        score=f"/v1/models/{name}:predict",
        mount=MOUNT,
        base_variable="MODEL_BASE_PATH",
        environment={"MODEL_NAME": name, **found.environment},
        canary_weight=canary.weight if canary else 0,
        canary_image=canary.image if canary else None,
        canary_model=canary.model if canary else None,
        canary_replicas=canary.replicas if canary else 1,
    )
