"""Model services as Bentos: images that `bentoml containerize` made."""

from typing import Optional

import pulumi

from components.kubernetes.model_args import ModelServicesArgs
from components.kubernetes.model_service import Server
from components.kubernetes.model_serving import ModelServing

SERVER = Server(
    "bentoml",
    3000,
    "/readyz",
    "/metrics",
    # the image's own, /home/bentoml, is of another user and read-only here; every worker keeps its counts there, and stores
    environment=(("BENTOML_HOME", "/tmp/bentoml"), ("BENTOML_DO_NOT_TRACK", "true")),
)
"""A Bento's HTTP server: port 3000, /readyz and /metrics (docs.bentoml.com)."""


class BentomlServing(ModelServing):
    """Bentos.

    The image is yours; it listens on port 3000. What is made of each model, and its canary, stands at ModelServing. The
    prefix of a model in the bucket is for Bentos that read their models from $MODEL_PATH; most carry them inside. Limits:
    Yatai is not used (licence ELv2, no longer kept), so nothing builds images here; the image must run as user 1000 with a
    read-only root filesystem.
    """

    def __init__(self, name: str, args: ModelServicesArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__(name, args, SERVER, opts)
