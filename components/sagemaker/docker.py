"""Registry of container images on AWS: ECR repositories, and a CodeBuild project that builds the images of our own."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

import pulumi
import pulumi_aws as aws

from components import contracts
from components.contracts import Consumer, Wants
from components.naming import LIMITS, fit
from components.sagemaker.ecr import push, repository
from components.sagemaker.identity import allow, attach
from components.sagemaker.jobs import pull
from components.spec.data import Docker
from components.system import Site

FOLDER = Path(__file__).parents[2] / "images"
"""The Dockerfiles of the checkout; the wheel has none."""
BUCKET = "builds"
BUILD_IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:5.0"
"""CodeBuild's own (CodeBuild user guide, "Docker images provided by CodeBuild")."""
BUILDSPEC = """version: 0.2
phases:
  build:
    commands:
      - test -f "$IMAGE/Dockerfile"
      - TAG=$(find "$IMAGE" -type f | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -c1-12)
      - aws ecr get-login-password | docker login --username AWS --password-stdin "$REGISTRY"
      - docker build --tag "$REGISTRY/$PREFIX/$IMAGE:$TAG" "$IMAGE"
      - docker push "$REGISTRY/$PREFIX/$IMAGE:$TAG"
"""
"""The tag is a hash of the build's files, so that an immutable tag is pushed once and a changed Dockerfile is a new image."""


@dataclass
class EcrRegistryArgs:
    """Arguments of EcrRegistry."""

    stack: str
    """First part of every repository's name."""
    region: str
    account_id: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    """ARN of the key for images, builds and logs."""
    production: bool
    """Protect and retain repositories; keep logs for a year."""
    repositories: list[str] = field(default_factory=list)
    """Repositories that stand although nobody asked for them."""
    builder: bool = True
    """Makes the CodeBuild project."""
    images: dict[str, dict[str, str]] = field(default_factory=dict)
    """Files of the images of our own (path -> text), by image."""
    bucket: Optional[pulumi.Input[str]] = None
    """Bucket where the build finds them."""
    role_name: Optional[pulumi.Input[str]] = None
    role_arn: Optional[pulumi.Input[str]] = None
    """Role of the builds; its right to the bucket is granted beforehand."""


class EcrRegistry(pulumi.ComponentResource):
    """ECR repositories `<stack>/<name>`: our key, scan on push, immutable tags, lifecycle; and the builder of our images.

    Creates a repository for each image of images/, each name of `users` and each consumer that is granted one; the Dockerfiles
    as objects of bucket `builds`; a CodeBuild project that builds one of them (variable IMAGE), launched by
    `aws codebuild start-build --project-name … --environment-variables-override name=IMAGE,value=dvc`: never by an `up`.
    A grant lets the consumer's role pull everything of the stack and push to the repository of its name. Builds run outside of
    the stack's network, which has no way to the internet that Dockerfiles fetch from; privileged, for they run Docker, each on
    a machine of its own that is thrown away (CodeBuild user guide, "Docker in custom image sample").
    """

    registry: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = (contracts.ImageRegistry,)
    tiers = ("all", "platform")
    essential_type = "aws:ecr/repository:Repository"
    role_service = "codebuild.amazonaws.com"

    def __init__(self, name: str, args: EcrRegistryArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:EcrRegistry", name, {}, opts)
        self._name, self._args = name, args
        self._opts = pulumi.ResourceOptions(parent=self)
        self._repositories: dict[str, aws.ecr.Repository] = {}
        self.registry = pulumi.Output.format("{0}.dkr.ecr.{1}.amazonaws.com", args.account_id, args.region)
        for wanted in sorted({*args.images, *args.repositories}):
            self._ensure(wanted)
        self._project: aws.codebuild.Project | None = None
        if args.builder and args.bucket is not None and args.role_name is not None and args.role_arn is not None:
            self._project = self._build(args.bucket, args.role_name, args.role_arn)
        self.register_outputs({"registry": self.registry})

    def _ensure(self, wanted: str) -> aws.ecr.Repository:
        if wanted not in self._repositories:
            self._repositories[wanted] = repository(
                f"{self._name}-{wanted}", f"{self._args.stack}/{wanted}", self._args.kms_key, self._args.production, self._opts
            )
        return self._repositories[wanted]

    def _sources(self, bucket: pulumi.Input[str]) -> list[pulumi.Resource]:
        """The files of every image, as objects `images/<image>/<path>`."""
        return [
            aws.s3.BucketObjectv2(
                f"{self._name}-source-{image}-{hashlib.sha256(path.encode()).hexdigest()[:8]}",
                bucket=bucket,
                key=f"images/{image}/{path}",
                content=text,
                content_type="text/plain; charset=utf-8",
                server_side_encryption="aws:kms",
                kms_key_id=self._args.kms_key,
                opts=self._opts,
            )
            for image, files in sorted(self._args.images.items())
            for path, text in sorted(files.items())
        ]

    def _build(self, bucket: pulumi.Input[str], role: pulumi.Input[str], role_arn: pulumi.Input[str]) -> aws.codebuild.Project:
        args, name = self._args, self._name
        logs = aws.cloudwatch.LogGroup(
            f"{name}-builds",
            name=f"/mlops/{args.stack}/builds",
            kms_key_id=args.kms_key,
            retention_in_days=365 if args.production else 30,
            opts=self._opts,
        )
        own: list[pulumi.Input[str]] = [self._repositories[image].arn for image in sorted(args.images)]
        statements = [
            *(push(own) if own else []),
            allow(["logs:CreateLogStream", "logs:PutLogEvents"], [logs.arn, pulumi.Output.concat(logs.arn, ":*")]),
            allow(["kms:Decrypt", "kms:GenerateDataKey"], [args.kms_key]),
        ]
        rights = attach(f"{name}-build", role, statements, self._opts)
        variable = aws.codebuild.ProjectEnvironmentEnvironmentVariableArgs
        return aws.codebuild.Project(
            f"{name}-project",
            name=fit(f"{args.stack}-images", LIMITS["iam-role"]),
            description="Builds one image of images/ (variable IMAGE) and pushes it",
            service_role=role_arn,
            encryption_key=args.kms_key,
            build_timeout=60,
            concurrent_build_limit=2,
            project_visibility="PRIVATE",
            artifacts=aws.codebuild.ProjectArtifactsArgs(type="NO_ARTIFACTS"),
            source=aws.codebuild.ProjectSourceArgs(
                type="S3", location=pulumi.Output.concat(bucket, "/images/"), buildspec=BUILDSPEC
            ),
            environment=aws.codebuild.ProjectEnvironmentArgs(
                compute_type="BUILD_GENERAL1_MEDIUM",
                type="LINUX_CONTAINER",
                image=BUILD_IMAGE,
                privileged_mode=True,
                environment_variables=[
                    variable(name="REGISTRY", value=self.registry),
                    variable(name="PREFIX", value=args.stack),
                    variable(name="IMAGE", value=sorted(args.images)[0]),
                ],
            ),
            logs_config=aws.codebuild.ProjectLogsConfigArgs(
                cloudwatch_logs=aws.codebuild.ProjectLogsConfigCloudwatchLogsArgs(status="ENABLED", group_name=logs.name)
            ),
            opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[rights, *self._sources(bucket)])),
        )

    def grant(self, consumer: Consumer) -> pulumi.Input[str]:
        """The address of the repository of the consumer's name; its role may push there and pull everything of the stack."""
        made = self._ensure(consumer.name)
        if consumer.role is not None:
            statements = [
                *pull(self._args.region, self._args.account_id, f"{self._args.stack}/*"),
                *push([made.arn])[1:],
            ]
            consumer.ready.append(attach(f"{consumer.name}-images", consumer.role, statements, self._opts))
        return made.repository_url

    @staticmethod
    def wants(config: Docker) -> Wants:
        """A bucket for the builds' files."""
        return Wants(buckets=(BUCKET,) if config.builder else ())

    @staticmethod
    def plan(site: Site) -> EcrRegistryArgs:
        """From `systems.docker` of the spec; its host is the service's own."""
        config: Docker = site.config
        network = site.contract(contracts.Network)
        images = sources(FOLDER)
        return EcrRegistryArgs(
            stack=site.stack.name,
            region=network.region,
            account_id=network.account_id,
            kms_key=network.kms_key,
            production=site.spec.environment == "prod",
            repositories=sorted(config.users),
            builder=config.builder is not None and bool(images),
            images=images,
            bucket=site.buckets[BUCKET].bucket if config.builder else None,
            role_name=site.role,
            role_arn=site.role_arn,
        )

    def contracts(self) -> Sequence[contracts.ImageRegistry]:
        """The registry; it builds nothing by itself, for a build is launched."""
        url = pulumi.Output.concat("https://", self.registry)
        return [contracts.ImageRegistry(url=url, host=self.registry, grant=self.grant)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses, and the project that a build is launched from."""
        found: dict[str, pulumi.Input[str]] = {"host": self.registry}
        found |= {f"repository.{name}": made.repository_url for name, made in sorted(self._repositories.items())}
        return found | ({"buildProject": self._project.name} if self._project else {})


def sources(folder: Path) -> dict[str, dict[str, str]]:
    """The text files of every image below `folder` that has a Dockerfile, by image and path."""
    found = {}
    for dockerfile in sorted(folder.glob("*/Dockerfile")):
        root = dockerfile.parent
        files = [p for p in sorted(root.rglob("*")) if p.is_file() and "__pycache__" not in p.parts and p.name[0] != "."]
        found[root.name] = {p.relative_to(root).as_posix(): p.read_text(encoding="utf-8") for p in files}
    return found
