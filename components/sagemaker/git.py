"""Versioning of code on AWS: a connection to a hosted git, and the repositories that notebooks clone."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components import contracts
from components.contracts import Consumer, Wants
from components.naming import fit
from components.sagemaker.identity import allow, attach
from components.spec.model import Git
from components.system import Site

HOSTS = {"GitHub": "https://github.com", "GitLab": "https://gitlab.com", "Bitbucket": "https://bitbucket.org"}


@dataclass
class CodeRepositoryArgs:
    """One repository."""

    url: str
    """For cloning, https."""
    branch: str


@dataclass
class CodeConnectionArgs:
    """Arguments of CodeConnection."""

    stack: str
    provider: str
    """GitHub, GitLab or Bitbucket."""
    kms_key: pulumi.Input[str]
    """ARN of the key for the repositories' credentials."""
    production: bool
    """Keep deleted credentials for thirty days."""
    repositories: dict[str, CodeRepositoryArgs] = field(default_factory=dict)


class CodeConnection(pulumi.ComponentResource):
    """codeconnections.Connection to a hosted git; a sagemaker.CodeRepository and a Secret for its credential a repository.

    The connection stays PENDING until somebody approves it once in the console, which only who owns the repositories can do.
    A Secret is made empty: its owner puts `{"username": …, "password": <token>}` there (SageMaker AI developer guide, "Associate
    Git repositories with SageMaker AI notebook instances"). A grant lets a consumer's role use the connection for one repository
    and read that repository's Secret. Source: Developer Tools console user guide, "What are connections?". Limits: the host
    of the repositories is the user's; AWS has no git server of its own to make here.
    """

    arn: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.Git,)
    tiers = ("all", "platform")
    essential_type = "aws:codeconnections/connection:Connection"

    def __init__(self, name: str, args: CodeConnectionArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:CodeConnection", name, {}, opts)
        self._name, self._args = name, args
        self._opts = pulumi.ResourceOptions(parent=self)
        connection = aws.codeconnections.Connection(
            f"{name}-connection", name=fit(f"{args.stack}-git", 32), provider_type=args.provider, opts=self._opts
        )
        self.arn = connection.arn
        self._secrets: dict[str, aws.secretsmanager.Secret] = {}
        self._repositories: dict[str, aws.sagemaker.CodeRepository] = {}
        for repository, found in args.repositories.items():
            self._offer(repository, found)
        self.register_outputs({"arn": self.arn})

    def _offer(self, repository: str, args: CodeRepositoryArgs) -> None:
        name, stack = f"{self._name}-{repository}", self._args.stack
        credential = aws.secretsmanager.Secret(
            f"{name}-credential",
            # SageMaker's own roles read Secrets whose names begin so
            name=f"AmazonSageMaker-{stack}-{repository}",
            description=f"Token that may read {args.url}: put there by its owner",
            kms_key_id=self._args.kms_key,
            recovery_window_in_days=30 if self._args.production else 0,
            opts=self._opts,
        )
        self._secrets[full_name(args.url)] = credential
        self._repositories[repository] = aws.sagemaker.CodeRepository(
            f"{name}-repository",
            code_repository_name=fit(f"{stack}-{repository}", 63),
            git_config=aws.sagemaker.CodeRepositoryGitConfigArgs(
                repository_url=args.url, branch=args.branch, secret_arn=credential.arn
            ),
            opts=self._opts,
        )

    def grant(self, repository: str, consumer: Consumer) -> pulumi.Input[str]:
        """(`organisation/name`, consumer) -> the connection, which the consumer's role may use for that repository alone."""
        if consumer.role is not None:
            only = {"StringEquals": {"codeconnections:FullRepositoryId": repository}}
            statements = [allow(["codeconnections:UseConnection"], [self.arn], only)]
            if repository in self._secrets:
                statements.append(allow(["secretsmanager:GetSecretValue"], [self._secrets[repository].arn]))
                statements.append(allow(["kms:Decrypt"], [self._args.kms_key]))
            noun = re.sub(r"[^A-Za-z0-9-]", "-", repository)
            consumer.ready.append(attach(f"{consumer.name}-git-{noun}", consumer.role, statements, self._opts))
        return self.arn

    @staticmethod
    def wants(config: Git) -> Wants:
        """Nothing."""
        return Wants()

    @staticmethod
    def plan(site: Site) -> CodeConnectionArgs:
        """From `systems.git` of the spec; its volume and resources mean nothing here."""
        config: Git = site.config
        return CodeConnectionArgs(
            stack=site.stack.name,
            provider=config.provider,
            kms_key=site.contract(contracts.Network).kms_key,
            production=site.spec.environment == "prod",
            repositories={name: CodeRepositoryArgs(found.url, found.branch) for name, found in config.repositories.items()},
        )

    def contracts(self) -> Sequence[contracts.Git]:
        """The hosted git, by the connection."""
        return [contracts.Git(HOSTS[self._args.provider], self.grant)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The connection, and what it is called in notebooks."""
        names = {f"repository.{name}": made.code_repository_name for name, made in self._repositories.items()}
        return {"connection": self.arn, **names}


def full_name(url: str) -> str:
    """`organisation/name` of an address for cloning."""
    return url.partition("://")[2].partition("/")[2].removesuffix(".git").strip("/")
