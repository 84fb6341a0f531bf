"""Bento services on Google Cloud: models on Cloud Run."""

from components.vertex.hosting import RunModels


class RunBentoml(RunModels):
    """Images that `bentoml containerize` made (port 3000, GET /readyz, or what the model says); each a private Cloud Run service.

    Without a model the account, the repository and the bucket that a delivery needs. See RunModels for what is made.
    """

    noun = "RunBentoml"
    port = 3000
    health = "/readyz"
