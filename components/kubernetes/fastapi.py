"""Model services in FastAPI: your images, or a server of ours for MLflow models."""

from collections.abc import Mapping, Sequence
from typing import Optional

import pulumi

from components.contracts import Endpoint, Metrics, ObjectStore, Serving, Wants
from components.kubernetes import model_args, model_scripts
from components.kubernetes.mlflow import IMAGE as MLFLOW
from components.kubernetes.model_args import NAMESPACE, ModelServicesArgs
from components.kubernetes.model_service import ModelFleet, Server
from components.spec.serving import Fastapi
from components.system import Site


def _command(model: str, port: int) -> list[str]:
    return ["uvicorn", "fastapi_server:app", "--host", "0.0.0.0", "--port", str(port), "--no-access-log"]


SERVER = Server(
    "fastapi",
    8000,
    "/healthz",
    "/metrics",
    image=f"{MLFLOW.repository}:{MLFLOW.tag}",
    command=_command,
    scripts=(("model_io.py", model_scripts.READ), ("fastapi_server.py", model_scripts.FASTAPI)),
)
"""Our own server runs in MLflow's image, which carries mlflow, FastAPI, uvicorn and what models of its usual flavours need."""


class FastapiServing(pulumi.ComponentResource):
    """Models behind FastAPI.

    An image of yours listens on port 8000 and answers GET /healthz and /metrics, or says otherwise; a model without one is an
    MLflow model (a directory with MLmodel) that our server answers for: POST /predict with dataframe_split, dataframe_records
    or inputs. Creates for each model a Deployment (and one for its canary), Service, PodDisruptionBudget, an autoscaler where
    it may grow, a ServiceMonitor where the stack has metrics; its files are copied from bucket `models` into the pod by an init
    container. Limits: our server loads what the image can import: models with packages of their own need an image of their own.
    """

    needs = ()
    optional = (ObjectStore, Metrics)
    provides = (Serving,)
    tiers = ("all", "platform", "team")
    namespace = NAMESPACE
    essential_type = "apps/v1:Deployment"

    def __init__(self, name: str, args: ModelServicesArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:FastapiServing", name, None, opts)
        self._fleet = ModelFleet(self, name, args, SERVER)
        self.register_outputs({})

    @staticmethod
    def wants(config: Fastapi) -> Wants:
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
