"""Model services as Bentos: images that `bentoml containerize` made."""

from typing import Optional

import pulumi

from components.kubernetes.model_args import ModelServicesArgs
from components.kubernetes.model_service import Server
from components.kubernetes.model_serving import ModelServing

SERVER = Server("bentoml", 3000, "/readyz", "/metrics")
"""A Bento's HTTP server: port 3000, /readyz and /metrics (docs.bentoml.com)."""


class BentomlServing(ModelServing):
    """Bentos.

    The image is yours; it listens on port 3000. Creates for each model a Deployment (and one for its canary), Service,
    PodDisruptionBudget, an autoscaler where it may grow, a ServiceMonitor where the stack has metrics; its files are copied
    from bucket `models` into the pod by an init container. The prefix of a model in the bucket is for Bentos that read their
    models from $MODEL_PATH; most carry them inside. Limits: Yatai is not used (licence ELv2, no longer kept), so nothing builds
    images here; the image must run as user 1000 with a read-only root filesystem.
    """

    def __init__(self, name: str, args: ModelServicesArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__(name, args, SERVER, opts)
