"""GitHub Actions on AWS: roles that workflows take by OIDC, with no key to keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components import contracts
from components.contracts import Wants
from components.naming import LIMITS, fit
from components.sagemaker.ecr import push
from components.sagemaker.identity import allow, attach
from components.spec.delivery import GithubActions
from components.system import Site

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


@dataclass
class GithubRolesArgs:
    """Arguments of GithubRoles."""

    stack: str
    region: str
    account_id: pulumi.Input[str]
    repositories: list[str] = field(default_factory=list)
    """`organisation/name` each."""
    subject: str = "ref:refs/heads/main"
    """What follows the repository in the token's subject: a branch or an environment."""
    images: bool = False
    """Whether the stack has a registry that workflows push to."""
    launches: bool = False
    """Whether it has pipelines or templates that they start."""


class GithubRoles(pulumi.ComponentResource):
    """iam.OpenIdConnectProvider of GitHub, and a role a repository that its workflows take without a stored key.

    A role trusts tokens of one repository on one branch (or of one environment) for AWS' audience, nothing wider. It may push
    images to the stack's repositories, start the stack's pipelines and templates, and look at them: what delivery needs; it
    changes no infrastructure. Limits: an account has one such provider; where it stands already, import it. Source: IAM user
    guide, "Create a role for OpenID Connect federation"; GitHub documentation, "Configuring OpenID Connect in AWS".
    """

    provider_arn: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = (contracts.ImageRegistry, contracts.Pipelines, contracts.Training)
    provides = ()
    tiers = ("all", "platform")
    essential_type = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"

    def __init__(self, name: str, args: GithubRolesArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:GithubRoles", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        provider = aws.iam.OpenIdConnectProvider(
            f"{name}-provider", url=f"https://{ISSUER}", client_id_lists=[AUDIENCE], opts=mine
        )
        self.provider_arn = provider.arn
        self._roles: dict[str, pulumi.Output[str]] = {}
        for repository in args.repositories:
            noun = repository.replace("/", "-").replace(".", "-").replace("_", "-")
            role = aws.iam.Role(
                f"{name}-{noun}",
                name=fit(f"{args.stack}-github-{noun}", LIMITS["iam-role"]),
                description=f"Deliveries of {repository} ({args.subject})",
                assume_role_policy=trust(provider.arn, repository, args.subject),
                max_session_duration=3600,
                opts=mine,
            )
            attach(f"{name}-{noun}", role.name, _deliver(args), mine)
            self._roles[repository] = role.arn
        self.register_outputs({"providerArn": self.provider_arn})

    @staticmethod
    def wants(config: GithubActions) -> Wants:
        """Nothing."""
        return Wants()

    @staticmethod
    def plan(site: Site) -> GithubRolesArgs:
        """From `systems.github-actions` of the spec; runners and their GitHub App mean nothing here."""
        config: GithubActions = site.config
        network = site.contract(contracts.Network)
        path = config.url.removeprefix("https://").partition("/")[2]
        repositories = config.repositories or ([path] if "/" in path else [])
        if not repositories:
            raise pulumi.RunError(
                f'mlops:spec.systems.github-actions.repositories: missing, and url "{config.url}" is an organisation; '
                "expected organisation/name of each repository that delivers"
            )
        return GithubRolesArgs(
            stack=site.stack.name,
            region=network.region,
            account_id=network.account_id,
            repositories=list(repositories),
            subject=f"environment:{config.environment}" if config.environment else f"ref:refs/heads/{config.branch}",
            images=site.maybe(contracts.ImageRegistry) is not None,
            launches=site.maybe(contracts.Pipelines) is not None or site.maybe(contracts.Training) is not None,
        )

    def contracts(self) -> Sequence[Any]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What workflows write after role-to-assume, by repository."""
        return {"provider": self.provider_arn, **{f"role.{name}": arn for name, arn in self._roles.items()}}


def trust(provider: pulumi.Input[str], repository: str, subject: str) -> pulumi.Output[str]:
    """Tokens of GitHub's for AWS, of one repository and one branch or environment: exactly, no pattern."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{ISSUER}:aud": AUDIENCE, f"{ISSUER}:sub": f"repo:{repository}:{subject}"}},
    }
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]})


def _deliver(args: GithubRolesArgs) -> list[Any]:
    """Push, start, look: within the stack's own names."""

    def own(service: str, kind: str) -> pulumi.Output[str]:
        return pulumi.Output.format(f"arn:aws:{service}:{{0}}:{{1}}:{kind}", args.region, args.account_id)

    statements = [allow(["ssm:GetParameter"], [own("ssm", f"parameter/mlops/{args.stack}/*/template")])]
    if args.images:
        statements += push([own("ecr", f"repository/{args.stack}/*")])
        statements.append(
            allow(["codebuild:StartBuild", "codebuild:BatchGetBuilds"], [own("codebuild", f"project/{args.stack}-*")])
        )
    if args.launches:
        pipelines = [own("sagemaker", f"pipeline/{args.stack}-*"), own("sagemaker", f"pipeline/{args.stack}-*/execution/*")]
        machines, runs = own("states", f"stateMachine:{args.stack}-*"), own("states", f"execution:{args.stack}-*:*")
        starts = ["sagemaker:StartPipelineExecution", "sagemaker:DescribePipeline", "sagemaker:DescribePipelineExecution"]
        statements += [
            allow(starts, pipelines),
            allow(["states:StartExecution", "states:DescribeStateMachine"], [machines]),
            allow(["states:DescribeExecution", "states:StopExecution"], [runs]),
        ]
    return statements
