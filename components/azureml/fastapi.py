"""FastAPI services on Azure: containers behind Azure Container Apps."""

from collections.abc import Mapping, Sequence

import pulumi

from components.azureml import apps
from components.azureml.apps import ContainerApps, ContainerAppsArgs
from components.contracts import Serving, Wants
from components.spec.serving import Fastapi
from components.system import Site

PORT, HEALTH = 8000, "/healthz"


class AzureFastapi(pulumi.ComponentResource):
    """FastAPI services in a Container Apps environment of their own; without a model the environment that a delivery needs.

    An image of yours listens on port 8000 and answers GET /healthz, or says otherwise.
    See apps.ContainerApps for what is made.
    """

    needs = apps.NEEDS
    optional = apps.OPTIONAL
    provides = (Serving,)
    tiers = ("all", "platform")
    essential_type = "azure-native:app:ManagedEnvironment"
    identity = True

    def __init__(self, name: str, args: ContainerAppsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AzureFastapi", name, {}, opts)
        self._apps = ContainerApps(self, name, args)
        self.register_outputs({})

    @staticmethod
    def wants(config: Fastapi) -> Wants:
        """The container of the models' files."""
        return apps.wants(config)

    @staticmethod
    def plan(site: Site) -> ContainerAppsArgs:
        """From `systems.fastapi` of the spec."""
        return apps.plan(site, PORT, HEALTH)

    def contracts(self) -> Sequence[Serving]:
        """Serving: its first model."""
        return self._apps.contracts()

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The environment, and each model's address."""
        return self._apps.exports()
