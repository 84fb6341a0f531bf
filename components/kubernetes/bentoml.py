"""Model services as Bentos: images that `bentoml containerize` made."""

from collections.abc import Mapping, Sequence
from typing import Optional

import pulumi

from components.contracts import Endpoint, Metrics, ObjectStore, Serving, Wants
from components.kubernetes import model_args
from components.kubernetes.model_args import NAMESPACE, ModelServicesArgs
from components.kubernetes.model_service import ModelFleet, Server
from components.spec.serving import Bentoml
from components.system import Site

SERVER = Server("bentoml", 3000, "/readyz", "/metrics")
"""A Bento's HTTP server: port 3000, /readyz and /metrics (docs.bentoml.com)."""


class BentomlServing(pulumi.ComponentResource):
    """Bentos.

    The image is yours; it listens on port 3000. Creates for each model a Deployment (and one for its canary), Service,
    PodDisruptionBudget, an autoscaler where it may grow, a ServiceMonitor where the stack has metrics; its files are copied
    from bucket `models` into the pod by an init container. The prefix of a model in the bucket is for Bentos that read their
    models from $MODEL_PATH; most carry them inside. Limits: Yatai is not used (licence ELv2, no longer kept), so nothing builds
    images here; the image must run as user 1000 with a read-only root filesystem.
    """

    needs = ()
    optional = (ObjectStore, Metrics)
    provides = (Serving,)
    tiers = ("all", "platform", "team")
    namespace = NAMESPACE
    essential_type = "apps/v1:Deployment"

    def __init__(self, name: str, args: ModelServicesArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:BentomlServing", name, None, opts)
        self._fleet = ModelFleet(self, name, args, SERVER)
        self.register_outputs({})

    @staticmethod
    def wants(config: Bentoml) -> Wants:
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
