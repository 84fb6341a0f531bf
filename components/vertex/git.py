"""Git on Google Cloud: a private Secure Source Manager instance with protected branches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.contracts import Consumer
from components.spec.model import Git
from components.system import Site
from components.vertex import jobs
from components.vertex.identity import member
from components.vertex.jobs import VertexGround
from components.vertex.names import dns

FIRST = "platform"
"""The repository that stands where none is declared."""
READ_WRITE, ENTER = "roles/securesourcemanager.repoWriter", "roles/securesourcemanager.instanceAccessor"


@dataclass
class SourceManagerArgs:
    """One instance."""

    ground: VertexGround
    repositories: dict[str, str] = field(default_factory=dict)
    """Protected branch by repository."""
    users: list[str] = field(default_factory=list)
    """Who may enter the instance, as IAM names them."""


class SourceManager(pulumi.ComponentResource):
    """securesourcemanager.Instance, reached by Private Service Connect alone, under our key, with repositories and branch rules.

    Each repository's branch takes changes by pull request alone, approved once, with its comments resolved; pushed secrets are
    looked for. `grant` makes a repository if it is not there and lets the consumer's service account read and write it.
    Source: Secure Source Manager, "Create a private instance", "Branch protection overview", "Customer-managed encryption keys".
    Limits: a declared repository is made empty: what stands at its `url` is pushed by whoever moves it; `gitea` things (actions,
    volumes) mean nothing here; the instance takes up to an hour to make.
    """

    url: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.Git,)
    tiers = ("all", "platform")
    essential_type = "gcp:securesourcemanager/instance:Instance"
    role_service = "securesourcemanager.googleapis.com"

    def __init__(self, name: str, args: SourceManagerArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:SourceManager", name, {}, opts)
        self._name, self._args = name, args
        self._opts = pulumi.ResourceOptions(parent=self)
        place = args.ground
        self._repositories: dict[str, gcp.securesourcemanager.Repository] = {}
        self._entered: set[str] = set()
        self._kept = jobs.kept(place, self._opts)
        self._instance = gcp.securesourcemanager.Instance(
            f"{name}-instance",
            instance_id=dns(f"{place.stack}-git", 63),
            project=place.project,
            location=place.region,
            kms_key=place.kms_key,
            private_config=gcp.securesourcemanager.InstancePrivateConfigArgs(is_private=True),
            opts=self._kept,
        )
        self.url = self._instance.host_configs.apply(lambda hosts: f"https://{hosts[0].html}" if hosts and hosts[0].html else "")
        for repository, branch in sorted(args.repositories.items()):
            self._repository(repository, branch)
        for who in args.users:
            self._enter(who.partition(":")[2].partition("@")[0], who)
        self.register_outputs({"url": self.url})

    def _repository(self, repository: str, branch: str = "main") -> gcp.securesourcemanager.Repository:
        place = self._args.ground
        if repository not in self._repositories:
            made = gcp.securesourcemanager.Repository(
                f"{self._name}-{repository}",
                repository_id=repository,
                instance=self._instance.name,
                project=place.project,
                location=place.region,
                description=f"Repository {repository}",
                initial_config=gcp.securesourcemanager.RepositoryInitialConfigArgs(default_branch=branch),
                scan_config=gcp.securesourcemanager.RepositoryScanConfigArgs(
                    secret_scan_config=gcp.securesourcemanager.RepositoryScanConfigSecretScanConfigArgs(enabled=True)
                ),
                opts=self._kept,
            )
            gcp.securesourcemanager.BranchRule(
                f"{self._name}-{repository}",
                branch_rule_id=dns(f"{repository}-{branch}", 63),
                repository_id=made.repository_id,
                project=place.project,
                location=place.region,
                include_pattern=branch,
                require_pull_request=True,
                minimum_approvals_count=1,
                minimum_reviews_count=1,
                require_comments_resolved=True,
                opts=self._opts,
            )
            self._repositories[repository] = made
        return self._repositories[repository]

    def _enter(self, noun: str, who: pulumi.Input[str]) -> gcp.securesourcemanager.InstanceIamMember:
        place = self._args.ground
        return gcp.securesourcemanager.InstanceIamMember(
            f"{self._name}-enter-{noun}",
            instance_id=self._instance.instance_id,
            project=place.project,
            location=place.region,
            role=ENTER,
            member=who,
            opts=self._opts,
        )

    def grant(self, repository: str, consumer: Consumer) -> pulumi.Input[str]:
        """The consumer's service account may read and write the repository; there is no Secret, so this is its address."""
        place, made = self._args.ground, self._repository(repository)
        if consumer.role is not None:
            who = member(consumer.role)
            if consumer.name not in self._entered:
                self._entered.add(consumer.name)
                consumer.ready.append(self._enter(consumer.name, who))
            consumer.ready.append(
                gcp.securesourcemanager.RepositoryIamMember(
                    f"{consumer.name}-repository-{repository}",
                    repository_id=made.repository_id,
                    project=place.project,
                    location=place.region,
                    role=READ_WRITE,
                    member=who,
                    opts=self._opts,
                )
            )
        return self._address(made)

    @staticmethod
    def _address(made: gcp.securesourcemanager.Repository) -> pulumi.Output[str]:
        found: pulumi.Output[str] = made.uris.apply(lambda uris: str(uris[0].git_https or "") if uris else "")
        return found

    @staticmethod
    def wants(config: Git) -> contracts.Wants:
        """Nothing: the service keeps the repositories."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> SourceManagerArgs:
        """From `systems.git` of the spec; the teams' people enter where the stack says which domain they are of."""
        config: Git = site.config
        domain = site.spec.cloud.identity_domain
        people = sorted({user for team in site.spec.teams.values() for user in team.users})
        return SourceManagerArgs(
            ground=jobs.ground(site),
            repositories={key: found.branch for key, found in config.repositories.items()} or {FIRST: "main"},
            users=[f"user:{user}@{domain}" for user in people] if domain else [],
        )

    def contracts(self) -> Sequence[contracts.Git]:
        """The server."""
        return [contracts.Git(self.url, self.grant)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses."""
        return {"url": self.url, **{f"repository.{key}": self._address(made) for key, made in self._repositories.items()}}
