"""FastAPI services on AWS: models behind SageMaker endpoints."""

from collections.abc import Mapping, Sequence

import pulumi

from components.contracts import Serving, Wants
from components.sagemaker import hosting
from components.sagemaker.hosting import Hosting, HostingArgs
from components.spec.serving import Fastapi
from components.system import Site


class SagemakerFastapi(pulumi.ComponentResource):
    """FastAPI services behind SageMaker endpoints; without a model the role, repository, prefix and logs that a delivery needs.

    An image of yours with FastAPI answers GET /ping and POST /invocations on port 8080.
    See hosting.Hosting for what is made, endpoint.endpoint for each model.
    """

    needs = hosting.NEEDS
    optional = ()
    provides = (Serving,)
    tiers = ("all", "platform")
    essential_type = "aws:ecr/repository:Repository"
    role_service = "sagemaker.amazonaws.com"

    def __init__(self, name: str, args: HostingArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:SagemakerFastapi", name, {}, opts)
        self._hosting = Hosting(self, name, "fastapi", args)
        self.register_outputs({})

    @staticmethod
    def wants(config: Fastapi) -> Wants:
        """The bucket of the models' files."""
        return hosting.wants(config)

    @staticmethod
    def plan(site: Site) -> HostingArgs:
        """From `systems.fastapi` of the spec."""
        return hosting.plan(site)

    def contracts(self) -> Sequence[Serving]:
        """Serving: its first model."""
        return self._hosting.contracts()

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where images and files go, and the endpoints."""
        return self._hosting.exports()
