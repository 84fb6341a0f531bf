"""Bentos on AWS: models behind SageMaker endpoints."""

from collections.abc import Mapping, Sequence

import pulumi

from components.contracts import Serving, Wants
from components.sagemaker import hosting
from components.sagemaker.hosting import Hosting, HostingArgs
from components.spec.serving import Bentoml
from components.system import Site


class SagemakerBentoml(pulumi.ComponentResource):
    """Bentos behind SageMaker endpoints; without a model the role, repository, prefix and logs that a delivery needs.

    A Bento's image whose service answers GET /ping and POST /invocations, started on port 8080.
    See hosting.Hosting for what is made, endpoint.endpoint for each model.
    """

    needs = hosting.NEEDS
    optional = ()
    provides = (Serving,)
    tiers = ("all", "platform")
    essential_type = "aws:ecr/repository:Repository"
    role_service = "sagemaker.amazonaws.com"

    def __init__(self, name: str, args: HostingArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:SagemakerBentoml", name, {}, opts)
        self._hosting = Hosting(self, name, "bentoml", args)
        self.register_outputs({})

    @staticmethod
    def wants(config: Bentoml) -> Wants:
        """The bucket of the models' files."""
        return hosting.wants(config)

    @staticmethod
    def plan(site: Site) -> HostingArgs:
        """From `systems.bentoml` of the spec."""
        return hosting.plan(site)

    def contracts(self) -> Sequence[Serving]:
        """Serving: its first model."""
        return self._hosting.contracts()

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where images and files go, and the endpoints."""
        return self._hosting.exports()
