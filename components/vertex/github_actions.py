"""GitHub Actions on Google Cloud: workflows that take an identity of ours without a key (Workload Identity Federation)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

import pulumi
import pulumi_gcp as gcp
import pulumi_random as random

from components import contracts
from components.spec.delivery import GithubActions
from components.system import Site
from components.vertex.identity import member
from components.vertex.names import dns
from components.vertex.registry import WRITE

ISSUER = "https://token.actions.githubusercontent.com"
"""GitHub documentation, "OpenID Connect in cloud providers"; GitHub Enterprise Server has <host>/_services/token."""


@dataclass
class GithubFederationArgs:
    """Whose workflows come in, and as whom."""

    prefix: str
    """Beginning of the pool's id."""
    project: pulumi.Input[str]
    region: str
    issuer: str
    """Who signs the workflows' tokens."""
    owner: str
    """Organisation or user."""
    repository: str
    """<owner>/<name> where one repository alone may come in; empty for all of the owner."""
    account: pulumi.Input[str]
    """E-mail of the service account that workflows become."""
    account_name: pulumi.Input[str]
    """Its full name: projects/…/serviceAccounts/…"""
    owner_id: str = ""
    """Number of the owner, which, unlike its name, nobody can take over."""
    registry_host: Optional[pulumi.Input[str]] = None
    """The stack's registry, <region>-docker.pkg.dev/<project>/<repository>, which workflows push to."""


class GithubFederation(pulumi.ComponentResource):
    """iam.WorkloadIdentityPool and its provider, which believe GitHub's tokens of one owner or repository alone.

    A workflow passes `workload_identity_provider` and `service_account` (the exports) to google-github-actions/auth and has
    the account's rights for an hour; there is no key. It may push to the stack's registry where there is one. The pool's id
    ends in random letters, for a deleted one's is taken for 30 days. Runners are GitHub's own. Source: IAM, "Configure
    Workload Identity Federation with deployment pipelines".
    """

    provider_name: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = (contracts.ImageRegistry,)
    provides = ()
    tiers = ("all", "platform")
    essential_type = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
    role_service = "sts.googleapis.com"

    def __init__(self, name: str, args: GithubFederationArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:GithubFederation", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        self._account = args.account
        ending = random.RandomId(f"{name}-pool", byte_length=2, opts=mine)
        pool = gcp.iam.WorkloadIdentityPool(
            f"{name}-pool",
            workload_identity_pool_id=pulumi.Output.format("{0}-{1}", dns(f"{args.prefix}-github", 27), ending.hex),
            project=args.project,
            display_name="GitHub Actions",
            description=f"Workflows of {args.repository or args.owner}",
            disabled=False,
            opts=mine,
        )
        provider = gcp.iam.WorkloadIdentityPoolProvider(
            f"{name}-provider",
            workload_identity_pool_id=pool.workload_identity_pool_id,
            workload_identity_pool_provider_id="github",
            project=args.project,
            display_name="GitHub Actions",
            attribute_mapping={
                "google.subject": "assertion.sub",
                "attribute.repository": "assertion.repository",
                "attribute.repository_owner": "assertion.repository_owner",
            },
            attribute_condition=condition(args.owner, args.repository, args.owner_id),
            oidc=gcp.iam.WorkloadIdentityPoolProviderOidcArgs(issuer_uri=args.issuer),
            opts=mine,
        )
        whose = f"attribute.repository/{args.repository}" if args.repository else f"attribute.repository_owner/{args.owner}"
        gcp.serviceaccount.IAMMember(
            f"{name}-workflows",
            service_account_id=args.account_name,
            role="roles/iam.workloadIdentityUser",
            member=pulumi.Output.format("principalSet://iam.googleapis.com/{0}/{1}", pool.name, whose),
            opts=mine,
        )
        if args.registry_host is not None:
            gcp.artifactregistry.RepositoryIamMember(
                f"{name}-images",
                repository=pulumi.Output.from_input(args.registry_host).apply(lambda host: str(host).rpartition("/")[2]),
                project=args.project,
                location=args.region,
                role=WRITE,
                member=member(args.account),
                opts=mine,
            )
        self.provider_name = provider.name
        self.register_outputs({"providerName": self.provider_name})

    @staticmethod
    def wants(config: GithubActions) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> GithubFederationArgs:
        """From `systems.github-actions` of the spec: its `url`; runners, secret and prefix are of Kubernetes alone."""
        config: GithubActions = site.config
        network = site.contract(contracts.Network)
        registry = site.maybe(contracts.ImageRegistry)
        if site.role is None or site.role_arn is None:
            raise pulumi.RunError("github-actions: the landing gave no service account")
        host, _, path = config.url.removeprefix("https://").partition("/")
        return GithubFederationArgs(
            prefix=site.stack.name,
            project=network.account_id,
            region=network.region,
            issuer=ISSUER if host == "github.com" else f"https://{host}/_services/token",
            owner=path.partition("/")[0],
            repository=path if "/" in path else "",
            account=site.role,
            account_name=site.role_arn,
            owner_id=config.owner_id or "",
            registry_host=registry.host if registry else None,
        )

    def contracts(self) -> Sequence[contracts.ImageRegistry]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What a workflow passes to google-github-actions/auth."""
        return {"workloadIdentityProvider": self.provider_name, "serviceAccount": self._account}


def condition(owner: str, repository: str, owner_id: str) -> str:
    """The CEL expression that a token must meet."""
    tests = [f"assertion.repository_owner == '{owner}'"]
    tests += [f"assertion.repository == '{repository}'"] if repository else []
    tests += [f"assertion.repository_owner_id == '{owner_id}'"] if owner_id else []
    return " && ".join(tests)
