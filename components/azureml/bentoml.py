"""Bentos on Azure: containers behind Azure Container Apps."""

from collections.abc import Mapping, Sequence

import pulumi

from components.azureml import apps
from components.azureml.apps import ContainerApps, ContainerAppsArgs
from components.contracts import Serving, Wants
from components.spec.serving import Bentoml
from components.system import Site

PORT, HEALTH = 3000, "/readyz"


class AzureBentoml(pulumi.ComponentResource):
    """Bentos in a Container Apps environment of their own; without a model the environment that a delivery needs.

    An image that `bentoml containerize` made listens on port 3000 and answers GET /readyz.
    See apps.ContainerApps for what is made.
    """

    needs = apps.NEEDS
    optional = apps.OPTIONAL
    provides = (Serving,)
    tiers = ("all", "platform")
    essential_type = "azure-native:app:ManagedEnvironment"
    identity = True

    def __init__(self, name: str, args: ContainerAppsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AzureBentoml", name, {}, opts)
        self._apps = ContainerApps(self, name, args)
        self.register_outputs({})

    @staticmethod
    def wants(config: Bentoml) -> Wants:
        """The container of the models' files."""
        return apps.wants(config)

    @staticmethod
    def plan(site: Site) -> ContainerAppsArgs:
        """From `systems.bentoml` of the spec."""
        return apps.plan(site, PORT, HEALTH)

    def contracts(self) -> Sequence[Serving]:
        """Serving: its first model."""
        return self._apps.contracts()

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The environment, and each model's address."""
        return self._apps.exports()
