"""TensorFlow Serving on Google Cloud: SavedModels behind Vertex AI endpoints."""

from components.spec.serving import InferenceModel, ServedModel
from components.system import Site
from components.vertex.endpoint import EndpointModels, VertexModelArgs, image_of, machine


class VertexTfserving(EndpointModels):
    """TensorFlow Serving behind private Vertex AI endpoints; without a model the account, repository and bucket.

    A model names its image, which answers TensorFlow Serving's REST API for model `model` on port 8501; the SavedModel lies below
    the model's prefix, which Vertex AI copies to AIP_STORAGE_URI. See EndpointModels for what is made.
    """

    noun = "VertexTfserving"
    port = 8501

    @classmethod
    def _served(cls, site: Site, model: str, found: ServedModel | InferenceModel) -> VertexModelArgs:
        assert isinstance(found, ServedModel)
        return VertexModelArgs(
            image=image_of(f"mlops:spec.systems.{site.key}.models.{model}", found.image),
            machine_type=machine(found.resources, found.gpus),
            least=found.replicas,
            most=found.max_replicas or found.replicas,
            model=found.model or "",
            gpus=found.gpus,
            target_cpu=found.target_cpu,
            port=found.port or cls.port,
            predict="/v1/models/model:predict",
            health=found.health or "/v1/models/model",
            environment=dict(found.environment),
        )
