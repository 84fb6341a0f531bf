"""Bentos on Azure: containers behind Azure Container Apps."""

from components.azureml.apps import ContainerApps


class AzureBentoml(ContainerApps):
    """Bentos in a Container Apps environment of their own; without a model the environment that a delivery needs.

    An image that `bentoml containerize` made listens on port 3000 and answers GET /readyz.
    See ContainerApps for what is made.
    """

    noun = "AzureBentoml"
    port = 3000
    health = "/readyz"
