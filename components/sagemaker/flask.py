"""Flask services on AWS: models behind SageMaker endpoints."""

from collections.abc import Mapping, Sequence

import pulumi

from components.contracts import Serving, Wants
from components.sagemaker import hosting
from components.sagemaker.hosting import Hosting, HostingArgs
from components.spec.serving import Flask
from components.system import Site


class SagemakerFlask(pulumi.ComponentResource):
    """Flask services behind SageMaker endpoints; without a model the role, repository, prefix and logs that a delivery needs.

    An image of yours with Flask (behind gunicorn) answers GET /ping and POST /invocations on port 8080.
    See hosting.Hosting for what is made, endpoint.endpoint for each model.
    """

    needs = hosting.NEEDS
    optional = ()
    provides = (Serving,)
    tiers = ("all", "platform")
    essential_type = "aws:ecr/repository:Repository"
    role_service = "sagemaker.amazonaws.com"

    def __init__(self, name: str, args: HostingArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:SagemakerFlask", name, {}, opts)
        self._hosting = Hosting(self, name, "flask", args)
        self.register_outputs({})

    @staticmethod
    def wants(config: Flask) -> Wants:
        """The bucket of the models' files."""
        return hosting.wants(config)

    @staticmethod
    def plan(site: Site) -> HostingArgs:
        """From `systems.flask` of the spec."""
        return hosting.plan(site)

    def contracts(self) -> Sequence[Serving]:
        """Serving: its first model."""
        return self._hosting.contracts()

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where images and files go, and the endpoints."""
        return self._hosting.exports()
