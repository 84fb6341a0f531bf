"""FastAPI services on Google Cloud: models on Cloud Run."""

from components.vertex.hosting import RunModels


class RunFastapi(RunModels):
    """FastAPI services that listen on port 8000 and answer GET /healthz, or say otherwise; each a private Cloud Run service.

    Without a model the account, the repository and the bucket that a delivery needs. See RunModels for what is made.
    """

    noun = "RunFastapi"
    port = 8000
    health = "/healthz"
