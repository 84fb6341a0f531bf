"""Model services in FastAPI: your images, or a server of ours for MLflow models."""

from typing import Optional

import pulumi

from components.kubernetes import model_drift, model_scripts
from components.kubernetes.mlflow import IMAGE as MLFLOW
from components.kubernetes.model_args import ModelServicesArgs
from components.kubernetes.model_service import Server
from components.kubernetes.model_serving import ModelServing


def _command(model: str, port: int) -> list[str]:
    return ["uvicorn", "fastapi_server:app", "--host", "0.0.0.0", "--port", str(port), "--no-access-log"]


SERVER = Server(
    "fastapi",
    8000,
    "/healthz",
    "/metrics",
    image=f"{MLFLOW.repository}:{MLFLOW.tag}",
    command=_command,
    scripts=(
        ("model_io.py", model_scripts.READ),
        ("model_drift.py", model_drift.SCRIPT),
        ("fastapi_server.py", model_scripts.FASTAPI),
    ),
)
"""Our own server runs in MLflow's image, which carries mlflow, FastAPI, uvicorn and what models of its usual flavours need."""


class FastapiServing(ModelServing):
    """Models behind FastAPI.

    An image of yours listens on port 8000 and answers GET /healthz and /metrics, or says otherwise; a model without one is
    an MLflow model (a directory with MLmodel) that our server answers for: POST /predict with dataframe_split,
    dataframe_records or inputs, and exports how far they drift (model_drift.py). What is made of each model, and its
    canary, stands at ModelServing. Limits: our server loads what the image can import: models with packages of their own
    need an image of their own.
    """

    def __init__(self, name: str, args: ModelServicesArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__(name, args, SERVER, opts)
