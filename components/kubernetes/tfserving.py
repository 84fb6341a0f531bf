"""TensorFlow Serving: SavedModels from the object store."""

from collections.abc import Mapping, Sequence
from typing import Optional

import pulumi

from components.contracts import Endpoint, Metrics, ObjectStore, Serving, Wants
from components.kubernetes import model_args, model_scripts, model_service
from components.kubernetes.model_args import NAMESPACE, ModelServicesArgs
from components.kubernetes.model_service import ModelFleet, Server
from components.kubernetes.place import Image
from components.spec.serving import Tfserving
from components.system import Site

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


class TensorflowServing(pulumi.ComponentResource):
    """SavedModels behind TensorFlow Serving 2.20.

    A model's prefix in bucket `models` holds one directory a version (`<prefix>/1/saved_model.pb`); POST
    /v1/models/<model>:predict. Creates for each model a Deployment (and one for its canary), Service, PodDisruptionBudget, an
    autoscaler where it may grow, a ServiceMonitor where the stack has metrics; its files are copied from bucket `models` into
    the pod by an init container. Limits: with GPUs name the image docker.io/tensorflow/serving:2.20.0-gpu or one of your own; a
    new version in the bucket is served after a restart (a canary, then a changed prefix, is the planned way); gRPC is not
    exposed.
    """

    needs = ()
    optional = (ObjectStore, Metrics)
    provides = (Serving,)
    tiers = ("all", "platform", "team")
    namespace = NAMESPACE
    essential_type = "apps/v1:Deployment"

    def __init__(self, name: str, args: ModelServicesArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:TensorflowServing", name, None, opts)
        self._fleet = ModelFleet(self, name, args, SERVER)
        self.register_outputs({})

    @staticmethod
    def wants(config: Tfserving) -> Wants:
        """One bucket for the models' files."""
        return model_args.wants(config)

    @staticmethod
    def plan(site: Site) -> ModelServicesArgs:
        """The spec as constructor arguments."""
        return model_args.plan(site)

    def contracts(self) -> Sequence[Serving]:
        """Serving: its first model."""
        return self._fleet.contracts()

    def endpoints(self) -> Sequence[Endpoint]:
        """Each model."""
        return self._fleet.endpoints()

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where each model is asked inside the cluster."""
        return {f"{model}.url": url for model, url in self._fleet.urls().items()}
