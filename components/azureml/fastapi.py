"""FastAPI services on Azure: containers behind Azure Container Apps."""

from components.azureml.apps import ContainerApps


class AzureFastapi(ContainerApps):
    """FastAPI services in a Container Apps environment of their own; without a model the environment that a delivery needs.

    An image of yours listens on port 8000 and answers GET /healthz, or says otherwise.
    See ContainerApps for what is made.
    """

    noun = "AzureFastapi"
    port = 8000
    health = "/healthz"
