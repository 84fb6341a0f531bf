"""Flask services on AWS: models behind SageMaker endpoints."""

import pulumi

from components.sagemaker.hosting import EndpointServing, HostingArgs


class SagemakerFlask(EndpointServing):
    """Flask services behind SageMaker endpoints; without a model the role, repository, prefix and logs that a delivery needs.

    An image of yours with Flask (behind gunicorn) answers GET /ping and POST /invocations on port 8080.
    See hosting.Hosting for what is made, endpoint.endpoint for each model.
    """

    def __init__(self, name: str, args: HostingArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(name, "flask", args, opts)
