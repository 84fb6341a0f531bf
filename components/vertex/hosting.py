"""Model services on Google Cloud: a private Cloud Run service a model, as an account that reads the models' bucket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Optional

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.contracts import Serving, Wants
from components.spec.serving import ServedModel
from components.system import Site
from components.vertex import cloudrun, jobs
from components.vertex.cloudrun import RunPlaceArgs
from components.vertex.identity import member
from components.vertex.jobs import VertexGround
from components.vertex.names import dns

BUCKET = "models"
MOUNT = "/models"
GPU = "nvidia-l4"
"""One of it an instance, with 4 cores and 16 GiB at least (Cloud Run, "GPU support for services")."""


@dataclass
class RunModelArgs:
    """One served model."""

    place: RunPlaceArgs
    """Its size, and the most instances."""
    image: str
    least: int
    """Instances that always stand."""
    port: int
    health: str
    gpus: int = 0
    model: Optional[str] = None
    """Prefix of its files in bucket `models`, which it finds at $MODEL_PATH."""
    environment: dict[str, str] = field(default_factory=dict)


@dataclass
class RunModelsArgs:
    """The models of one system."""

    ground: VertexGround
    """Key, the account that models run as, and bucket `models`."""
    models: dict[str, RunModelArgs] = field(default_factory=dict)
    """Models by name."""


class RunModels(pulumi.ComponentResource):
    """A place for images and files, an account, and for each declared model a private Cloud Run service.

    Without a model: artifactregistry.Repository `<stack>-<system>` for a delivery of the user's own, which the account may pull,
    bucket `models`. With one: cloudrunv2.Service, inside the network, asked by IAM, scaled between its bounds; its files are a
    read-only volume of the bucket. Source: Cloud Run, "Cloud Storage volume mounts", "Maximum instances", "GPU support for
    services". Limits: a second version for a share of the requests is a revision that `gcloud run deploy --no-traffic` makes.
    """

    noun = "RunModels"
    port = 8080
    health = "/health"
    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = (Serving,)
    tiers = ("all", "platform")
    essential_type = "gcp:artifactregistry/repository:Repository"
    role_service = "run.googleapis.com"

    def __init__(self, name: str, args: RunModelsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(f"mlops:index:{self.noun}", name, {}, opts)
        self._args, self._name = args, name
        self._opts = pulumi.ResourceOptions(parent=self)
        place = args.ground
        self._images = repository(name, place, self._opts)
        self._services = {model: self._service(model, found) for model, found in sorted(args.models.items())}
        self.register_outputs({})

    def _service(self, model: str, args: RunModelArgs) -> gcp.cloudrunv2.Service:
        name, volumes, mounts = f"{self._name}-{model}", [], {}
        told: dict[str, pulumi.Input[str]] = dict(args.environment)
        if args.model is not None:
            told["MODEL_PATH"] = f"{MOUNT}/{args.model}"
            mounts[MOUNT] = "models"
            bucket = gcp.cloudrunv2.ServiceTemplateVolumeGcsArgs(bucket=self._args.ground.bucket, read_only=True)
            volumes.append(gcp.cloudrunv2.ServiceTemplateVolumeArgs(name="models", gcs=bucket))
        server = cloudrun.application(
            cloudrun.pulled(name, args.image, args.place, self._opts, f"{model}-images"),
            args.place,
            environment=told,
            health=args.health,
            mounts=mounts,
            port=args.port,
            beside=(),
            gpus=args.gpus,
        )
        return cloudrun.service(
            name,
            args.place,
            [server],
            self._opts,
            volumes=volumes,
            least=args.least,
            gpu=GPU if args.gpus else "",
            suffix=model,
        )

    @staticmethod
    def wants(config: Any) -> Wants:
        """The bucket of the models' files."""
        return Wants(buckets=(BUCKET,))

    @classmethod
    def plan(cls, site: Site) -> RunModelsArgs:
        """From the system's section of the spec."""
        return RunModelsArgs(
            jobs.ground(site, BUCKET), {model: cls._model(site, model, found) for model, found in site.config.models.items()}
        )

    @classmethod
    def _model(cls, site: Site, model: str, found: ServedModel) -> RunModelArgs:
        path = f"mlops:spec.systems.{site.key}.models.{model}"
        if found.image is None:
            raise pulumi.RunError(f"{path}.image: missing; on Vertex AI a model names the image that serves it")
        if found.canary is not None:
            raise pulumi.RunError(f"{path}.canary: leave it out; gcloud run deploy --no-traffic makes a second revision")
        if found.gpus > 1:
            raise pulumi.RunError(f"{path}.gpus: {found.gpus}: Cloud Run has one GPU an instance; use kserve for more")
        place = cloudrun.place(site, found.resources, found.max_replicas or found.replicas)
        if found.gpus:
            place = replace(place, cpu=str(max(4, int(place.cpu))), memory=f"{max(16, int(place.memory.removesuffix('Gi')))}Gi")
        return RunModelArgs(
            place=place,
            image=found.image,
            least=found.replicas,
            port=found.port or cls.port,
            health=found.health or cls.health,
            gpus=found.gpus,
            model=found.model,
            environment=dict(found.environment),
        )

    def contracts(self) -> Sequence[Serving]:
        """Serving: its first model's address, which wants a token of Google's; nothing where nothing is served."""
        return [Serving(next(iter(self._services.values())).uri)] if self._services else []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where images and files go, what models run as, and the addresses."""
        place = self._args.ground
        return {
            "repository": self._images.registry_uri,
            "artifacts": jobs.uri(place),
            "account": place.account,
            **{f"{model}.url": made.uri for model, made in self._services.items()},
        }


def repository(name: str, place: VertexGround, opts: pulumi.ResourceOptions) -> gcp.artifactregistry.Repository:
    """artifactregistry.Repository `<stack>-<system>`: our key, tags that never move, scanned; the ground's account may pull."""
    made = gcp.artifactregistry.Repository(
        f"{name}-repository",
        repository_id=dns(f"{place.stack}-{name}", 63),
        project=place.project,
        location=place.region,
        format="DOCKER",
        mode="STANDARD_REPOSITORY",
        description=f"Images that {name} serves",
        kms_key_name=place.kms_key,
        docker_config=gcp.artifactregistry.RepositoryDockerConfigArgs(immutable_tags=True),
        vulnerability_scanning_config=gcp.artifactregistry.RepositoryVulnerabilityScanningConfigArgs(
            enablement_config="INHERITED"
        ),
        opts=jobs.kept(place, opts),
    )
    gcp.artifactregistry.RepositoryIamMember(
        f"{name}-pull",
        repository=made.repository_id,
        project=place.project,
        location=place.region,
        role="roles/artifactregistry.reader",
        member=member(place.account),
        opts=opts,
    )
    return made
