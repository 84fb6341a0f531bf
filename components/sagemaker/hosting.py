"""Model services on SageMaker: what fastapi, flask, bentoml, tfserving and kserve have in common, which is nearly everything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components.contracts import Network, ObjectStore, Serving, Wants
from components.sagemaker import jobs
from components.sagemaker.ecr import repository
from components.sagemaker.endpoint import EndpointModelArgs, endpoint
from components.sagemaker.identity import allow, attach
from components.sagemaker.jobs import JobGround
from components.spec.serving import ServedModel
from components.system import Site

BUCKET = "models"
GPU_INSTANCE, CPU_INSTANCE = "ml.g4dn.xlarge", "ml.m5.large"
"""One GPU, and none (Amazon EC2 instance types)."""


@dataclass
class HostingArgs:
    """Arguments of a system that serves models."""

    ground: JobGround
    """Network, key, bucket `models` and role of the models."""
    models: dict[str, EndpointModelArgs] = field(default_factory=dict)


class Hosting:
    """The resources of a system's models below `parent`; the systems' components hand everything to it.

    Without a model: the execution role's rights, ECR repository `<stack>/<system>`, prefix `<system>/` of bucket `models`, and
    the log group that an endpoint `<stack>-<system>` of a delivery of the user's own writes to. With one: its endpoint
    (endpoint.py). An image answers GET /ping and POST /invocations on port 8080 (developer guide, "Custom inference code with
    hosting services").
    """

    def __init__(self, parent: pulumi.ComponentResource, name: str, system: str, args: HostingArgs):
        self._system, self._args, place = system, args, args.ground
        opts = pulumi.ResourceOptions(parent=parent)
        self._repository = repository(f"{name}-images", f"{place.stack}/{system}", place.kms_key, place.production, opts)
        aws.cloudwatch.LogGroup(
            f"{name}-log",
            name=f"/aws/sagemaker/Endpoints/{place.stack}-{system}",
            kms_key_id=place.kms_key,
            retention_in_days=365 if place.production else 30,
            opts=opts,
        )
        watch = allow(["cloudwatch:DescribeAlarms"], [jobs.arn(place, "cloudwatch", f"alarm:{place.stack}-{system}-*")])
        rights = attach(f"{name}-run", place.role_name, [*jobs.run_rights(place), watch], opts)
        ready = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[rights]))
        self._endpoints = {
            model: endpoint(
                f"{name}-{model}", f"{system}-{model}", system, place, found, self._image(parent, model, found), ready
            ).name
            for model, found in args.models.items()
        }

    def _image(self, parent: pulumi.Resource, model: str, args: EndpointModelArgs) -> pulumi.Input[str]:
        if args.image is not None:
            return args.image
        if args.prebuilt is None:
            raise pulumi.RunError(f"{self._system}: model {model} names neither an image nor one of AWS")
        return jobs.prebuilt(args.prebuilt, self._args.ground.region, parent)

    def contracts(self) -> Sequence[Serving]:
        """Serving: its first model's address, which wants SigV4; nothing where nothing is served."""
        if not self._endpoints:
            return []
        place = self._args.ground
        url = f"https://runtime.sagemaker.{place.region}.amazonaws.com/endpoints/"
        first = pulumi.Output.concat(url, next(iter(self._endpoints.values())), "/invocations")
        return [Serving(first, self._endpoints, jobs.uri(place, f"{self._system}/captured"))]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where images and files go, what models run as, and the endpoints."""
        place = self._args.ground
        found: dict[str, pulumi.Input[str]] = {
            "repository": self._repository.repository_url,
            "artifacts": jobs.uri(place, f"{self._system}/"),
            "role": place.role_arn,
        }
        return found | {f"{model}.endpoint": name for model, name in self._endpoints.items()}


def instance(gpus: int, named: str | None, path: str) -> str:
    """The instance type that is named, else by GPUs. Raises pulumi.RunError where several are asked for and no type is."""
    if named is None and gpus > 1:
        raise pulumi.RunError(
            f"{path}.instanceType: missing; expected a SageMaker instance type with {gpus} GPUs, for example ml.g4dn.12xlarge"
        )
    return named or (GPU_INSTANCE if gpus else CPU_INSTANCE)


def served(site: Site, model: str, found: ServedModel) -> EndpointModelArgs:
    """A model of the shared `models` section; ports, paths, Secrets and logins mean nothing here."""
    path = f"mlops:spec.systems.{site.key}.models.{model}"
    if found.image is None:
        raise pulumi.RunError(f"{path}.image: missing; on SageMaker a model names the image that serves it")
    canary = found.canary
    return EndpointModelArgs(
        image=found.image,
        instance_type=instance(found.gpus, found.instance_type, path),
        replicas=found.replicas,
        max_replicas=found.max_replicas or found.replicas,
        target_cpu=found.target_cpu,
        model=found.model,
        environment=dict(found.environment),
        canary_weight=canary.weight if canary else 0,
        canary_image=canary.image if canary else None,
        canary_model=canary.model if canary else None,
        canary_replicas=canary.replicas if canary else 1,
    )


class EndpointServing(pulumi.ComponentResource):
    """Models behind SageMaker endpoints; each system that serves models is a subclass of it.

    See Hosting for what is made, endpoint.endpoint for each model.
    """

    needs = (Network, ObjectStore)
    optional = ()
    provides = (Serving,)
    tiers = ("all", "platform")
    essential_type = "aws:ecr/repository:Repository"
    role_service = "sagemaker.amazonaws.com"

    def __init__(self, name: str, system: str, args: HostingArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(f"mlops:index:{type(self).__name__}", name, {}, opts)
        self._hosting = Hosting(self, name, system, args)
        self.register_outputs({})

    @staticmethod
    def wants(config: Any) -> Wants:
        """The bucket of the models' files and of what was captured."""
        return Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> HostingArgs:
        """From `models` of the system in the spec. Raises pulumi.RunError where a model names no image."""
        ground = jobs.ground(site, BUCKET)
        return HostingArgs(ground, {model: served(site, model, found) for model, found in site.config.models.items()})

    def contracts(self) -> Sequence[Serving]:
        """Serving: its first model."""
        return self._hosting.contracts()

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where images and files go, and the endpoints."""
        return self._hosting.exports()
