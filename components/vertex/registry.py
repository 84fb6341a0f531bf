"""Container images on Google Cloud: a repository of Artifact Registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.contracts import Consumer
from components.spec.data import Docker
from components.system import Site
from components.vertex.identity import member
from components.vertex.names import dns

READ, WRITE = "roles/artifactregistry.reader", "roles/artifactregistry.writer"
UNTAGGED = "2592000s"
"""30 days, after which an image that no tag names is deleted."""


@dataclass
class ArtifactRegistryDockerArgs:
    """One repository of container images."""

    repository_id: str
    """At most 63 characters."""
    project: pulumi.Input[str]
    region: str
    kms_key: pulumi.Input[str]
    production: bool
    """Protect and retain the images."""
    writers: list[str] = field(default_factory=list)
    """Who may push, as IAM names them."""


class ArtifactRegistryDocker(pulumi.ComponentResource):
    """artifactregistry.Repository with our key, tags that never move, scanning; nobody may pull without a role on it.

    `grant` lets a consumer's service account pull. Google builds no image of ours here: images/<name> are named under
    `images` of the stack file. Source: Artifact Registry, "Customer-managed encryption keys", "Prevent tag overwriting",
    "Configure cleanup policies", "Access control with IAM".
    """

    host: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.ImageRegistry,)
    tiers = ("all", "platform")
    essential_type = "gcp:artifactregistry/repository:Repository"

    def __init__(self, name: str, args: ArtifactRegistryDockerArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:ArtifactRegistryDocker", name, {}, opts)
        self._args = args
        self._opts = pulumi.ResourceOptions(parent=self)
        keep = pulumi.ResourceOptions(protect=args.production or None, retain_on_delete=args.production or None)
        self._repository = gcp.artifactregistry.Repository(
            f"{name}-repository",
            repository_id=args.repository_id,
            project=args.project,
            location=args.region,
            format="DOCKER",
            mode="STANDARD_REPOSITORY",
            description="The platform's images",
            kms_key_name=args.kms_key,
            docker_config=gcp.artifactregistry.RepositoryDockerConfigArgs(immutable_tags=True),
            vulnerability_scanning_config=gcp.artifactregistry.RepositoryVulnerabilityScanningConfigArgs(
                enablement_config="INHERITED"
            ),
            cleanup_policy_dry_run=False,
            cleanup_policies=[
                gcp.artifactregistry.RepositoryCleanupPolicyArgs(
                    id="untagged",
                    action="DELETE",
                    condition=gcp.artifactregistry.RepositoryCleanupPolicyConditionArgs(
                        tag_state="UNTAGGED", older_than=UNTAGGED
                    ),
                )
            ],
            opts=pulumi.ResourceOptions.merge(self._opts, keep),
        )
        for writer in args.writers:
            self._bind(f"{name}-writer-{writer.partition(':')[2].partition('@')[0]}", WRITE, writer)
        self.host = pulumi.Output.format("{0}-docker.pkg.dev/{1}/{2}", args.region, args.project, self._repository.repository_id)
        self.register_outputs({"host": self.host})

    def _bind(self, name: str, role: str, who: pulumi.Input[str]) -> gcp.artifactregistry.RepositoryIamMember:
        return gcp.artifactregistry.RepositoryIamMember(
            name,
            repository=self._repository.repository_id,
            project=self._args.project,
            location=self._args.region,
            role=role,
            member=who,
            opts=self._opts,
        )

    def grant(self, consumer: Consumer) -> pulumi.Input[str]:
        """The consumer's service account may pull; there is no Secret, so this is the address alone."""
        if consumer.role is not None:
            consumer.ready.append(self._bind(f"{consumer.name}-images", READ, member(consumer.role)))
        return self.host

    @staticmethod
    def wants(config: Docker) -> contracts.Wants:
        """Nothing: the service keeps the images itself."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> ArtifactRegistryDockerArgs:
        """From `systems.docker` of the spec; its users push where the stack says which domain they are of."""
        network = site.contract(contracts.Network)
        config: Docker = site.config
        domain = site.spec.cloud.identity_domain
        return ArtifactRegistryDockerArgs(
            repository_id=dns(f"{site.stack.name}-docker", 63),
            project=network.account_id,
            region=network.region,
            kms_key=network.kms_key,
            production=site.spec.environment == "prod",
            writers=[f"user:{user}@{domain}" for user in config.users] if domain else [],
        )

    def contracts(self) -> Sequence[contracts.ImageRegistry]:
        """The registry; `host` is how references to its images begin."""
        return [contracts.ImageRegistry(url=pulumi.Output.concat("https://", self.host), host=self.host, grant=self.grant)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """How references to its images begin."""
        return {"host": self.host}
