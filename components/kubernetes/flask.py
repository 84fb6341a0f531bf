"""Model services in Flask: your images, or a server of ours for MLflow models."""

from collections.abc import Mapping, Sequence
from typing import Optional

import pulumi

from components.contracts import Endpoint, Metrics, ObjectStore, Serving, Wants
from components.kubernetes import model_args, model_scripts
from components.kubernetes.mlflow import IMAGE as MLFLOW
from components.kubernetes.model_args import NAMESPACE, ModelServicesArgs
from components.kubernetes.model_service import ModelFleet, Server
from components.spec.serving import Flask
from components.system import Site


def _command(model: str, port: int) -> list[str]:
    return ["gunicorn", "flask_server:app", "--bind", f"0.0.0.0:{port}", "--threads", "8", "--worker-tmp-dir", "/tmp"]


SERVER = Server(
    "flask",
    8000,
    "/healthz",
    "/metrics",
    image=f"{MLFLOW.repository}:{MLFLOW.tag}",
    command=_command,
    scripts=(("model_io.py", model_scripts.READ), ("flask_server.py", model_scripts.FLASK)),
)
"""Our own server runs in MLflow's image, which carries mlflow, Flask, gunicorn and what models of its usual flavours need."""


class FlaskServing(pulumi.ComponentResource):
    """Models behind Flask (gunicorn).

    An image of yours listens on port 8000 and answers GET /healthz and /metrics, or says otherwise; a model without one is an
    MLflow model that our server answers for, as FastapiServing does. Creates for each model a Deployment (and one for its
    canary), Service, PodDisruptionBudget, an autoscaler where it may grow, a ServiceMonitor where the stack has metrics; its
    files are copied from bucket `models` into the pod by an init container. Limits: one worker process a pod with eight
    threads: pods, not workers, are what is scaled.
    """

    needs = ()
    optional = (ObjectStore, Metrics)
    provides = (Serving,)
    tiers = ("all", "platform", "team")
    namespace = NAMESPACE
    essential_type = "apps/v1:Deployment"

    def __init__(self, name: str, args: ModelServicesArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:FlaskServing", name, None, opts)
        self._fleet = ModelFleet(self, name, args, SERVER)
        self.register_outputs({})

    @staticmethod
    def wants(config: Flask) -> Wants:
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
