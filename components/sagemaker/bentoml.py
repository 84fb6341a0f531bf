"""Bentos on AWS: models behind SageMaker endpoints."""

import pulumi

from components.sagemaker.hosting import EndpointServing, HostingArgs


class SagemakerBentoml(EndpointServing):
    """Bentos behind SageMaker endpoints; without a model the role, repository, prefix and logs that a delivery needs.

    A Bento's image whose service answers GET /ping and POST /invocations, started on port 8080.
    See hosting.Hosting for what is made, endpoint.endpoint for each model.
    """

    def __init__(self, name: str, args: HostingArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(name, "bentoml", args, opts)
