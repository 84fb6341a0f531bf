"""TensorFlow Serving: SavedModels from the object store."""

from typing import Optional

import pulumi

from components.kubernetes import model_scripts, model_service
from components.kubernetes.model_args import ModelServicesArgs
from components.kubernetes.model_service import Server
from components.kubernetes.model_serving import ModelServing
from components.kubernetes.place import Image

IMAGE = Image("docker.io/tensorflow/serving", "2.20.0", checked="2026-11-23")


def _command(model: str, port: int) -> list[str]:
    return [
        "tensorflow_model_server",
        "--port=8500",
        f"--rest_api_port={port}",
        f"--model_name={model}",
        f"--model_base_path={model_service.MODELS}/{model}",
        f"--monitoring_config_file={model_service.SCRIPTS}/monitoring.config",
    ]


SERVER = Server(
    "tfserving",
    8501,
    "/v1/models/{model}",
    "/monitoring/prometheus/metrics",
    image=f"{IMAGE.repository}:{IMAGE.tag}",
    command=_command,
    scripts=(("monitoring.config", model_scripts.MONITORING),),
    always=True,
)
"""REST on 8501 (gRPC on 8500 inside the pod); a model's own status answers 200 once a version is loaded."""


class TensorflowServing(ModelServing):
    """SavedModels behind TensorFlow Serving 2.20.

    A model's prefix in bucket `models` holds one directory a version (`<prefix>/1/saved_model.pb`); POST
    /v1/models/<model>:predict. What is made of each model, and its canary, stands at ModelServing. Limits: with GPUs name
    the image docker.io/tensorflow/serving:2.20.0-gpu or one of your own; a new version in the bucket is served after a
    restart (a canary, then a changed prefix, is the planned way); gRPC is not exposed.
    """

    def __init__(self, name: str, args: ModelServicesArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__(name, args, SERVER, opts)
