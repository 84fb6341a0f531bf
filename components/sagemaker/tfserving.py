"""TensorFlow Serving on AWS: models behind SageMaker endpoints."""

import pulumi

from components.sagemaker.hosting import EndpointServing, HostingArgs


class SagemakerTfserving(EndpointServing):
    """TensorFlow Serving behind SageMaker endpoints; without a model the role, repository, prefix and logs that a delivery needs.

    An image with TensorFlow Serving that answers GET /ping and POST /invocations on port 8080, as AWS' deep learning
    containers do; the SavedModel is below the model's prefix.
    See hosting.Hosting for what is made, endpoint.endpoint for each model.
    """

    def __init__(self, name: str, args: HostingArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(name, "tfserving", args, opts)
