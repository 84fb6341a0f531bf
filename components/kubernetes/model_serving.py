"""What the components fastapi, flask, bentoml and tfserving have in common: all but their server and what they say of it."""

from collections.abc import Mapping, Sequence
from typing import Optional

import pulumi

from components.contracts import Endpoint, Metrics, ObjectStore, Serving, Wants
from components.kubernetes import model_args
from components.kubernetes.model_args import NAMESPACE, ModelServicesArgs
from components.kubernetes.model_service import ModelFleet, Server
from components.spec.serving import ModelServices
from components.system import Site


class ModelServing(pulumi.ComponentResource):
    """Models behind one kind of server; each system is a subclass of it that names its server.

    Creates for each model a Deployment (and one for its canary), Service, PodDisruptionBudget, an autoscaler where it may grow,
    a ServiceMonitor where the stack has metrics; its files are copied from bucket `models` into the pod by an init container.
    """

    needs = ()
    optional = (ObjectStore, Metrics)
    provides = (Serving,)
    tiers = ("all", "platform", "team")
    namespace = NAMESPACE
    essential_type = "apps/v1:Deployment"

    def __init__(self, name: str, args: ModelServicesArgs, server: Server, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__(f"mlops:index:{type(self).__name__}", name, None, opts)
        self._fleet = ModelFleet(self, name, args, server)
        self.register_outputs({})

    @staticmethod
    def wants(config: ModelServices) -> Wants:
        """One bucket for the models' files."""
        return model_args.wants(config)

    @staticmethod
    def plan(site: Site) -> ModelServicesArgs:
        """The spec as constructor arguments. Raises pulumi.RunError where there is nothing to serve."""
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
