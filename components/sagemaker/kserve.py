"""Models by their format on AWS: SageMaker endpoints in the place of InferenceServices."""

import pulumi

from components.sagemaker import hosting, jobs
from components.sagemaker.endpoint import EndpointModelArgs
from components.sagemaker.hosting import EndpointServing, HostingArgs
from components.spec.serving import InferenceModel
from components.system import Site

FORMATS = {"xgboost": "sagemaker-xgboost"}
"""AWS' own image by the format of a model's files; other formats name an image."""


class SagemakerKserve(EndpointServing):
    """InferenceServices' models behind SageMaker endpoints; without one the role, repository, prefix and logs.

    A model in format xgboost runs in AWS' own image; others name theirs, which answers GET /ping and POST /invocations on port
    8080. See hosting.Hosting for what is made, endpoint.endpoint for each model.
    """

    def __init__(self, name: str, args: HostingArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(name, "kserve", args, opts)

    @staticmethod
    def plan(site: Site) -> HostingArgs:
        """From `systems.kserve` of the spec; its controller and runtimes mean nothing here."""
        models = {name: _model(name, found) for name, found in site.config.models.items()}
        return HostingArgs(jobs.ground(site, hosting.BUCKET), models)


def _model(name: str, found: InferenceModel) -> EndpointModelArgs:
    """A declared model; without an image of its own the format's."""
    path = f"mlops:spec.systems.kserve.models.{name}"
    if found.image is None and found.format not in FORMATS:
        raise pulumi.RunError(
            f'{path}.image: missing; on SageMaker format "{found.format}" has no image of AWS to serve it '
            f"(there is one for {', '.join(FORMATS)})"
        )
    return EndpointModelArgs(
        image=found.image,
        prebuilt=None if found.image else FORMATS[found.format],
        instance_type=hosting.instance(found.gpus, found.instance_type, path),
        replicas=found.replicas,
        max_replicas=found.max_replicas or found.replicas,
        target_cpu=70,
        model=found.model,
    )
