"""GitHub Actions on Azure: workflows of one repository log in as an identity of their own, without any secret."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.identity import Role, assign
from components.azureml.place import AzurePlaceArgs, place_of
from components.spec.delivery import GithubActions
from components.system import Site

ISSUER = "https://token.actions.githubusercontent.com"
AUDIENCE = "api://AzureADTokenExchange"


@dataclass
class GithubIdentityArgs:
    """Who logs in."""

    repository: str
    """owner/name."""
    environments: list[str]
    """GitHub environments whose jobs may log in: their reviewers say which runs may."""
    principal_id: pulumi.Input[str]
    identity_id: pulumi.Input[str]
    place: AzurePlaceArgs
    workspaces: list[pulumi.Input[str]] = field(default_factory=list)
    """Ids of Azure ML workspaces that workflows submit jobs to."""


class GithubIdentity(pulumi.ComponentResource):
    """A FederatedIdentityCredential an environment of the repository, and the identity's roles.

    Jobs run on GitHub's runners or the user's own; what they get here is a login (`azure/login` with the identity's
    client id) that lives as long as the job, tied to repository and environment. Source: GitHub documentation,
    "Configuring OpenID Connect in Azure"; Microsoft Entra, "Workload identity federation".
    """

    identity_id: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = (contracts.Tracking,)
    provides = ()
    tiers = ("all", "platform")
    essential_type = "azure-native:managedidentity:FederatedIdentityCredential"
    identity = True

    def __init__(self, name: str, args: GithubIdentityArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:GithubIdentity", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        self.identity_id = pulumi.Output.from_input(args.identity_id)
        identity_name = self.identity_id.apply(lambda id: id.rpartition("/")[2])
        after: list[pulumi.Resource] = []
        for environment in args.environments:
            # one after the other: Entra refuses two changes of one identity at a time
            made = azure.managedidentity.FederatedIdentityCredential(
                f"{name}-{environment}",
                resource_group_name=args.place.group,
                resource_name_=identity_name,
                federated_identity_credential_resource_name=environment,
                issuer=ISSUER,
                audiences=[AUDIENCE],
                subject=f"repo:{args.repository}:environment:{environment}",
                opts=pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(depends_on=list(after))),
            )
            after = [made]
        for index, workspace in enumerate(args.workspaces):
            assign(f"{name}-jobs-{index}", Role.DATA_SCIENTIST, args.principal_id, workspace, mine)
        self.register_outputs({"identityId": self.identity_id})

    @staticmethod
    def wants(config: GithubActions) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> GithubIdentityArgs:
        """From `systems.github-actions` of the spec: its url must name a repository. RunError where it names an owner."""
        config: GithubActions = site.config
        owner_and_name = config.url.removeprefix("https://").split("/")[1:]
        if len(owner_and_name) != 2:
            raise pulumi.RunError(
                f'mlops:spec.systems.github-actions.url: "{config.url}": expected a repository '
                "(https://github.com/<owner>/<name>), for a login on Azure is tied to one"
            )
        if site.role is None or site.role_arn is None:
            raise pulumi.RunError("github-actions: the landing gave no identity")
        tracking = site.maybe(contracts.Tracking)
        return GithubIdentityArgs(
            repository="/".join(owner_and_name),
            environments=[site.spec.environment.value],
            principal_id=site.role,
            identity_id=site.role_arn,
            place=place_of(site.contract(contracts.Network), site.namespace),
            workspaces=[tracking.server] if tracking else [],
        )

    def contracts(self) -> Sequence[contracts.Tracking]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The identity that workflows log in as."""
        return {"identity": self.identity_id}
