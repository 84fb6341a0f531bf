"""Model services in Flask: your images, or a server of ours for MLflow models."""

from typing import Optional

import pulumi

from components.kubernetes import model_drift, model_scripts
from components.kubernetes.mlflow import IMAGE as MLFLOW
from components.kubernetes.model_args import ModelServicesArgs
from components.kubernetes.model_service import Server
from components.kubernetes.model_serving import ModelServing


def _command(model: str, port: int) -> list[str]:
    return ["gunicorn", "flask_server:app", "--bind", f"0.0.0.0:{port}", "--threads", "8", "--worker-tmp-dir", "/tmp"]


SERVER = Server(
    "flask",
    8000,
    "/healthz",
    "/metrics",
    image=f"{MLFLOW.repository}:{MLFLOW.tag}",
    command=_command,
    scripts=(
        ("model_io.py", model_scripts.READ),
        ("model_drift.py", model_drift.SCRIPT),
        ("flask_server.py", model_scripts.FLASK),
    ),
)
"""Our own server runs in MLflow's image, which carries mlflow, Flask, gunicorn and what models of its usual flavours need."""


class FlaskServing(ModelServing):
    """Models behind Flask (gunicorn).

    An image of yours listens on port 8000 and answers GET /healthz and /metrics, or says otherwise; a model without one is
    an MLflow model that our server answers for, and measures the drift of, as FastapiServing does. What is made of each
    model, and its canary, stands at ModelServing. Limits: one worker process a pod with eight threads: pods, not workers,
    are what is scaled.
    """

    def __init__(self, name: str, args: ModelServicesArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__(name, args, SERVER, opts)
