"""Models by their format on Google Cloud: Vertex AI endpoints in the place of InferenceServices."""

from components.spec.serving import InferenceModel, ServedModel
from components.system import Site
from components.vertex.endpoint import EndpointModels, VertexModelArgs, image_of, machine

PREBUILT = {"sklearn": "sklearn-cpu.1-5", "xgboost": "xgboost-cpu.2-1", "tensorflow": "tf2-cpu.2-15"}
"""Google's own images by format (Vertex AI, "Prebuilt containers for inference"); read in public programs that use them on
2026-11-23, not pulled; Google keeps fixing what stands under a minor version, so it is named by `latest`."""
CONTINENTS = ("us", "europe", "asia")
"""Where they stand: a region elsewhere takes them from the first."""
PREDICT, HEALTH = "/predict", "/health"


class VertexKserve(EndpointModels):
    """InferenceServices' models behind private Vertex AI endpoints; without one the account, repository and bucket.

    A model in format sklearn, xgboost or tensorflow runs in Google's own image; others name theirs, which answers POST /predict
    and GET /health on port 8080. See EndpointModels for what is made.
    """

    noun = "VertexKserve"

    @classmethod
    def _served(cls, site: Site, model: str, found: ServedModel | InferenceModel) -> VertexModelArgs:
        assert isinstance(found, InferenceModel)
        near = site.stack.region.partition("-")[0]
        host = f"{near if near in CONTINENTS else CONTINENTS[0]}-docker.pkg.dev/vertex-ai/prediction/"
        known = f"{host}{PREBUILT[found.format]}:latest" if found.format in PREBUILT else None
        return VertexModelArgs(
            image=image_of(f"mlops:spec.systems.kserve.models.{model}", found.image, known),
            machine_type=machine(found.resources, found.gpus),
            least=found.replicas,
            most=found.max_replicas or found.replicas,
            model=found.model,
            gpus=found.gpus,
            predict=PREDICT,
            health=HEALTH,
        )
