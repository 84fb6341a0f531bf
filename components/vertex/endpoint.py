"""Models behind Vertex AI endpoints: a private endpoint each, and a workflow that deploys to it."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi
import pulumi_gcp as gcp
import pulumi_random as random

from components import contracts
from components.contracts import Serving, Wants
from components.spec.base import Resources, quantity_value
from components.spec.serving import InferenceModel, ServedModel
from components.system import Site
from components.vertex import hosting, jobs
from components.vertex.identity import member, on_project
from components.vertex.jobs import VertexGround
from components.vertex.launched import RUN
from components.vertex.launcher import launcher, post, source, waited

BUCKET = hosting.BUCKET
SIZES, GIB_A_CORE, GPU_GIB = (2, 4, 8, 16, 32), 4, 3.75
GPU = "NVIDIA_TESLA_T4"
LOGGED = [
    {"name": "endpoint", "type": "STRING", "mode": "NULLABLE"},
    {"name": "deployed_model_id", "type": "STRING", "mode": "NULLABLE"},
    {"name": "logging_time", "type": "TIMESTAMP", "mode": "NULLABLE"},
    {"name": "request_id", "type": "NUMERIC", "mode": "NULLABLE"},
    {"name": "request_payload", "type": "STRING", "mode": "REPEATED"},
    {"name": "response_payload", "type": "STRING", "mode": "REPEATED"},
]
"""Table of requests and answers (Vertex AI, "Online prediction logging", request-response logs)."""


@dataclass
class VertexModelArgs:
    """One served model."""

    image: str
    """Image that serves it; an address of Vertex AI's own prebuilt images will do."""
    machine_type: str
    least: int
    most: int
    model: str = ""
    """Prefix of its files in bucket `models`; none if empty."""
    gpus: int = 0
    target_cpu: int = 60
    """Percent of a machine's CPU that the autoscaler aims at."""
    port: int = 8080
    predict: str = "/predict"
    health: str = "/health"
    environment: dict[str, str] = field(default_factory=dict)


@dataclass
class EndpointModelsArgs:
    """The models of one system."""

    ground: VertexGround
    """Network, key, the account that models run as, and bucket `models`."""
    models: dict[str, VertexModelArgs] = field(default_factory=dict)
    """Models by name."""


class EndpointModels(pulumi.ComponentResource):
    """A place for images and files, an account, and for each declared model a private vertex.AiEndpoint.

    Without a model: artifactregistry.Repository `<stack>-<system>`, bucket `models`. With one: an endpoint that only Private
    Service Connect of this project reaches, under our key, its requests and answers in a bigquery.Table; and workflow
    `<stack>-<system>-deploy`, for the provider has no resource of a deployed model: `gcloud workflows run <system>.deploy --data
    '{"model": "…"}'` uploads the declared model as a version, deploys it beside what serves, moves the requests to it, and leaves
    the earlier one for a way back. Source: Vertex AI, "Private endpoints based on Private Service Connect", models.upload,
    endpoints.deployModel. Limits: an endpoint is deleted once its models are undeployed (`gcloud ai endpoints undeploy-model`).
    """

    noun = "EndpointModels"
    port = 8080
    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = (Serving,)
    tiers = ("all", "platform")
    essential_type = "gcp:artifactregistry/repository:Repository"
    role_service = "aiplatform.googleapis.com"

    def __init__(self, name: str, args: EndpointModelsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(f"mlops:index:{self.noun}", name, {}, opts)
        self._args, self._name = args, name
        self._opts = pulumi.ResourceOptions(parent=self)
        place = args.ground
        self._images = hosting.repository(name, place, self._opts)
        self._deploy: pulumi.Output[str] | None = None
        self._endpoints: dict[str, gcp.vertex.AiEndpoint] = {}
        if args.models:
            works = on_project(f"{name}-log", "roles/logging.logWriter", place.account, place.project, self._opts)
            dataset = self._dataset()
            for model in sorted(args.models):
                self._endpoints[model] = self._endpoint(model, dataset)
            ready = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[works]))
            self._deploy = launcher(name, f"{name}-deploy", place, self._source(), [RUN], ready).name
        self.register_outputs({})

    def _dataset(self) -> gcp.bigquery.Dataset:
        place = self._args.ground
        made = gcp.bigquery.Dataset(
            f"{self._name}-asked",
            dataset_id=f"{place.stack}_{self._name}_asked".replace("-", "_"),
            project=place.project,
            location=place.region,
            description="Requests and answers of the models",
            default_table_expiration_ms=None,
            default_partition_expiration_ms=90 * 86400 * 1000,
            delete_contents_on_destroy=not place.production,
            default_encryption_configuration=gcp.bigquery.DatasetDefaultEncryptionConfigurationArgs(kms_key_name=place.kms_key),
            opts=jobs.kept(place, self._opts),
        )
        gcp.bigquery.DatasetIamMember(
            f"{self._name}-asked",
            dataset_id=made.dataset_id,
            project=place.project,
            role="roles/bigquery.dataViewer",
            member=member(place.account),
            opts=self._opts,
        )
        return made

    def _endpoint(self, model: str, dataset: gcp.bigquery.Dataset) -> gcp.vertex.AiEndpoint:
        place, name = self._args.ground, f"{self._name}-{model}"
        table = gcp.bigquery.Table(
            f"{name}-asked",
            dataset_id=dataset.dataset_id,
            table_id=model.replace("-", "_"),
            project=place.project,
            description=f"Requests and answers of {model}",
            schema=pulumi.Output.json_dumps(LOGGED),
            time_partitioning=gcp.bigquery.TableTimePartitioningArgs(type="DAY", field="logging_time"),
            deletion_protection=place.production,
            encryption_configuration=gcp.bigquery.TableEncryptionConfigurationArgs(kms_key_name=place.kms_key),
            opts=jobs.kept(place, self._opts),
        )
        # the API wants a number of at most ten digits
        number = random.RandomInteger(f"{name}-id", min=1_000_000_000, max=2_000_000_000, opts=self._opts)
        vertex = gcp.vertex
        return vertex.AiEndpoint(
            name,
            name=number.result.apply(str),
            display_name=f"{place.stack}-{model}",
            description=f"Model {model} of {self._name}",
            project=place.project,
            location=place.region,
            region=place.region,
            encryption_spec=vertex.AiEndpointEncryptionSpecArgs(kms_key_name=place.kms_key),
            private_service_connect_config=vertex.AiEndpointPrivateServiceConnectConfigArgs(
                enable_private_service_connect=True, project_allowlists=[place.project]
            ),
            predict_request_response_logging_config=vertex.AiEndpointPredictRequestResponseLoggingConfigArgs(
                enabled=True,
                sampling_rate=1.0,
                bigquery_destination=vertex.AiEndpointPredictRequestResponseLoggingConfigBigqueryDestinationArgs(
                    output_uri=pulumi.Output.format("bq://{0}.{1}.{2}", place.project, dataset.dataset_id, table.table_id)
                ),
            ),
            opts=self._opts,
        )

    def _source(self) -> pulumi.Output[str]:
        """Upload, then deploy, each awaited."""
        place = self._args.ground
        models = {
            model: {
                "endpoint": self._endpoints[model].name,
                "upload": self._model(model, found),
                "machine": {
                    "machineType": found.machine_type,
                    **({"acceleratorType": GPU, "acceleratorCount": found.gpus} if found.gpus else {}),
                },
                "least": found.least,
                "most": found.most,
                "cpu": found.target_cpu,
            }
            for model, found in sorted(self._args.models.items())
        }
        host = f"https://{place.region}-aiplatform.googleapis.com/v1/"
        scaled = {"metricName": "aiplatform.googleapis.com/prediction/online/cpu/utilization", "target": "${served.cpu}"}
        deploy = {
            "deployedModel": {
                "model": "${version_response.model}",
                "displayName": "${job.model}",
                "serviceAccount": place.account,
                "dedicatedResources": {
                    "machineSpec": "${served.machine}",
                    "minReplicaCount": "${served.least}",
                    "maxReplicaCount": "${served.most}",
                    "autoscalingMetricSpecs": [scaled],
                },
            },
            # 0 is the model of this very request
            "trafficSplit": {"0": 100},
        }
        url = pulumi.Output.concat('${"', jobs.vertex(place, "endpoints/"), '" + served.endpoint + ":deployModel"}')
        steps: list[dict[str, Any]] = [
            {"models": {"assign": [{"models": models}, {"served": "${models[job.model]}"}]}},
            post(jobs.vertex(place, "models:upload"), {"model": "${served.upload}", "serviceAccount": place.account}, "version"),
            *waited(host, "version"),
            post(url, deploy),
            *waited(host),
        ]
        return source({"model": next(iter(models))}, steps, "${made_response}")

    def _model(self, model: str, args: VertexModelArgs) -> dict[str, Any]:
        place = self._args.ground
        files = {"artifactUri": jobs.uri(place, args.model.rstrip("/"))} if args.model else {}
        return {
            "displayName": f"{place.stack}-{model}",
            "encryptionSpec": jobs.encrypted(place),
            **files,
            "containerSpec": {
                "imageUri": args.image,
                "ports": [{"containerPort": args.port}],
                "predictRoute": args.predict,
                "healthRoute": args.health,
                "env": [{"name": key, "value": value} for key, value in sorted(args.environment.items())],
            },
        }

    @staticmethod
    def wants(config: Any) -> Wants:
        """The bucket of the models' files."""
        return Wants(buckets=(BUCKET,))

    @classmethod
    def plan(cls, site: Site) -> EndpointModelsArgs:
        """From the system's section of the spec."""
        models = {model: cls._served(site, model, found) for model, found in site.config.models.items()}
        return EndpointModelsArgs(jobs.ground(site, BUCKET), models)

    @classmethod
    @abstractmethod
    def _served(cls, site: Site, model: str, found: ServedModel | InferenceModel) -> VertexModelArgs:
        """A declared model: its image, its machine, its paths."""

    def contracts(self) -> Sequence[Serving]:
        """Serving: its first model's address, and the endpoints by model."""
        if not self._endpoints:
            return []
        names = {model: made.name for model, made in self._endpoints.items()}
        url = pulumi.Output.concat(jobs.vertex(self._args.ground, "endpoints/"), next(iter(names.values())), ":predict")
        return [Serving(url, names, f"{self._args.ground.stack}_{self._name}_asked".replace("-", "_"))]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where images and files go, what models run as, what deploys them, and the endpoints."""
        place = self._args.ground
        found: dict[str, pulumi.Input[str]] = {
            "repository": self._images.registry_uri,
            "artifacts": jobs.uri(place),
            "account": place.account,
            **{f"{model}.endpoint": made.name for model, made in self._endpoints.items()},
        }
        return found | ({"deploy": self._deploy} if self._deploy is not None else {})


def machine(resources: Resources, gpus: int) -> str:
    """The smallest machine that holds the resources: n1-standard with GPUs, else e2-standard."""
    cores, gib = quantity_value(resources.cpu), quantity_value(resources.memory) / 2**30
    family, each = ("n1-standard", GPU_GIB) if gpus else ("e2-standard", GIB_A_CORE)
    return f"{family}-{next((size for size in SIZES if size >= cores and size * each >= gib), SIZES[-1])}"


def image_of(path: str, image: Optional[str], known: Optional[str] = None) -> str:
    """The image that is named, else the one that is known. RunError where there is neither."""
    if image is None and known is None:
        raise pulumi.RunError(f"{path}.image: missing; on Vertex AI a model names the image that serves it")
    return image or known or ""
