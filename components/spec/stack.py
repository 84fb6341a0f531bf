"""The whole of a stack's typed configuration: what `mlops:spec`, the blueprint and `mlops:target` come to."""

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pydantic import Field, create_model

from components.mapping import azureml, kubernetes, sagemaker, vertex
from components.mapping.accelerators import OWN, PROVISIONERS
from components.mapping.fact import HIDDEN
from components.spec.base import Cidr, Domain, Image, LabelValue, Model, Name, System, Target
from components.spec.compute import GpuCluster
from components.spec.data import Amundsen, Docker, Dvc, Feast, Kafka, Minio, Mysql, Openmetadata, Postgres, Seaweedfs, Tfdv
from components.spec.delivery import GithubActions, Jenkins
from components.spec.flows import Airflow, Argo, Katib, Kubeflow
from components.spec.managed import ModelMonitoring, ModelRegistry
from components.spec.model import Git, Jupyterhub, Mlflow, Optuna, Ray
from components.spec.monitoring import Loki, Thanos
from components.spec.processing import Flink, Flume, Hadoop, Spark, Sqoop
from components.spec.serving import Bentoml, Fastapi, Flask, Grafana, Kserve, Prometheus, Seldon, Tfserving
from components.spec.shared import Backups, ExternalSecrets, Gateway, Lineage, Login
from components.spec.team import Cluster, Operators, Team

__all__ = [
    "BringYourOwn",
    "Budget",
    "Cloud",
    "Environment",
    "Network",
    "SecurityLevel",
    "Stack",
    "StackSpec",
    "Systems",
    "Target",
    "Tier",
]


class Tier(StrEnum):
    """Who owns the stack: everything in one, the shared platform, or one team on it."""

    ALL = "all"
    PLATFORM = "platform"
    TEAM = "team"


class SecurityLevel(StrEnum):
    """How strict the policy pack is: baseline advises, standard requires, hardened also refuses retired upstreams."""

    BASELINE = "baseline"
    STANDARD = "standard"
    HARDENED = "hardened"


class Environment(StrEnum):
    """Which life the stack leads; prod protects and retains what holds data."""

    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"


class BringYourOwn(Model):
    """A service that exists already and meets a need in place of one of our systems."""

    address: str = Field(description="host:port, or the service's URL.")
    region: str | None = Field(default=None, description="Region, for an S3-compatible store.")
    credentials: dict[str, str] = Field(
        default_factory=dict, description="Name of the Secret that holds a consumer's credentials in its namespace, by consumer."
    )
    ca_config_map: str | None = Field(
        default=None, description="ConfigMap with the CA bundle in key ca.crt, if its CA is private."
    )
    after: list[str] = Field(default_factory=list, description="Systems of this stack that must stand before it can be reached.")


class Budget(Model):
    """Upper bounds that the policy pack holds a stack to."""

    gpus: int = Field(default=16, ge=0, description="GPUs requested by all workloads of the stack.")
    replicas: int = Field(default=20, ge=1, description="Replicas of any one workload.")


class Network(Model):
    """Addresses of a cloud stack's own network."""

    cidr: Cidr = Field(default="10.64.0.0/16", description="IPv4 range of the VPC; subnets are cut from it.")
    zones: int = Field(default=3, ge=2, le=4, description="Availability zones.")


REGIONS = {Target.SAGEMAKER: "eu-central-1", Target.VERTEX: "europe-west3", Target.AZUREML: "westeurope"}
"""Region of a cloud stack that names none, by target."""


class Cloud(Model):
    """Where a cloud stack stands."""

    region: str | None = Field(
        default=None,
        description="Region of the cloud's resources; if unset eu-central-1 (sagemaker), europe-west3 (vertex) or westeurope "
        "(azureml).",
    )
    project: str | None = Field(
        default=None,
        pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$",
        description="Google Cloud project id (vertex only); that of the provider's environment (GOOGLE_PROJECT) if unset.",
    )
    zone: str = Field(default="b", pattern=r"^[a-f]$", description="Zone of machines that stand in one alone (vertex only).")
    subscription: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
        description="Azure subscription; that of the credentials if unset (azureml only).",
    )
    identity_domain: Domain | None = Field(
        default=None,
        description="Domain of the users' Google accounts (vertex only): people of the stack file come in as <name>@<it>.",
    )
    network: Network = Field(default_factory=Network, description="The stack's own network.")


class _Known(Model):
    """The systems of the stack; a key with {} takes every default, a missing key is not deployed."""

    minio: Minio | None = Field(default=None, description="Object storage.")
    seaweedfs: Seaweedfs | None = Field(default=None, description="Object storage, the maintained choice on Kubernetes.")
    mysql: Mysql | None = Field(default=None, description="Relational database.")
    postgres: Postgres | None = Field(default=None, description="Relational database for systems that cannot use MySQL.")
    kafka: Kafka | None = Field(default=None, description="Event broker.")
    flink: Flink | None = Field(default=None, description="Stream processing.")
    spark: Spark | None = Field(default=None, description="Batch processing.")
    docker: Docker | None = Field(default=None, description="Registry of container images, and their builder.")
    flume: Flume | None = Field(default=None, description="Ingestion.")
    hadoop: Hadoop | None = Field(default=None, description="Distributed file system.")
    sqoop: Sqoop | None = Field(default=None, description="Bulk transfer between databases and files.")
    dvc: Dvc | None = Field(default=None, description="Versions of data.")
    tfdv: Tfdv | None = Field(default=None, description="Validation of data.")
    mlflow: Mlflow | None = Field(default=None, description="Experiment tracking.")
    jupyterhub: Jupyterhub | None = Field(default=None, description="Notebooks.")
    argo: Argo | None = Field(default=None, description="Workflows on Kubernetes.")
    airflow: Airflow | None = Field(default=None, description="Workflows in Python.")
    katib: Katib | None = Field(default=None, description="Hyperparameter search.")
    kubeflow: Kubeflow | None = Field(default=None, description="Machine learning pipelines.")
    prometheus: Prometheus | None = Field(default=None, description="Metrics.")
    grafana: Grafana | None = Field(default=None, description="Dashboards.")
    optuna: Optuna | None = Field(default=None, description="Hyperparameter search.")
    ray: Ray | None = Field(default=None, description="Distributed computing.")
    git: Git | None = Field(default=None, description="Git server.")
    thanos: Thanos | None = Field(default=None, description="Long-term metrics.")
    loki: Loki | None = Field(default=None, description="Logs.")
    jenkins: Jenkins | None = Field(default=None, description="Builds.")
    feast: Feast | None = Field(default=None, description="Feature store.")
    amundsen: Amundsen | None = Field(default=None, description="Data catalogue (retired upstream).")
    openmetadata: Openmetadata | None = Field(default=None, description="Data catalogue.")
    fastapi: Fastapi | None = Field(default=None, description="Model services in FastAPI.")
    flask: Flask | None = Field(default=None, description="Model services in Flask.")
    bentoml: Bentoml | None = Field(default=None, description="Model services as Bentos.")
    kserve: Kserve | None = Field(default=None, description="Model serving by InferenceServices.")
    tfserving: Tfserving | None = Field(default=None, description="TensorFlow Serving.")
    seldon: Seldon | None = Field(default=None, description="Model serving by Seldon Core 2 (Business Source License).")
    github_actions: GithubActions | None = Field(default=None, alias="github-actions", description="Runners for GitHub Actions.")
    cluster: GpuCluster | None = Field(default=None, description="GPUs and queues of the cluster.")
    model_registry: ModelRegistry | None = Field(default=None, description="Registry of model versions (managed targets).")
    model_monitoring: ModelMonitoring | None = Field(default=None, description="Checks of served models (managed targets).")

    def chosen(self) -> dict[str, Any]:
        """The systems that are deployed, in the order of this class, by key."""
        fields = type(self).model_fields
        return {field.alias or name: value for name, field in fields.items() if (value := getattr(self, name)) is not None}

    @classmethod
    def keys(cls) -> list[str]:
        """Every system's key."""
        return [field.alias or name for name, field in cls.model_fields.items()]


PARTS = {
    "gateway": "gateway",
    "login": "login",
    "external-secrets": "external_secrets",
    "velero": "backups",
    "lineage": "lineage",
}
"""Parts of the foundation that stand only where the spec has their section: the part, and the field that holds it."""


def _plain() -> dict[str, Any]:
    """Systems of the mapping that have no class of their own here: their section has what every system's has."""
    known = {*HIDDEN, *PARTS, *_Known.keys()}
    rows = {
        key: fact.what
        for rows in (kubernetes.ROWS, sagemaker.ROWS, vertex.ROWS, azureml.ROWS)
        for key, fact in rows.items()
        if key not in known
    }
    return {
        key.replace("-", "_"): (System | None, Field(default=None, alias=key if "-" in key else None, description=what))
        for key, what in rows.items()
    }


if TYPE_CHECKING:
    Systems = _Known
else:
    Systems = create_model("Systems", __base__=_Known, __doc__=_Known.__doc__, **_plain())


class StackSpec(Model):
    """One stack: `mlops:spec` over its blueprint, with `mlops:target` beside it."""

    tier: Tier = Field(default=Tier.ALL, description="all, platform or team.")
    platform_stack: dict[Target, Name] = Field(
        default_factory=dict, description="Tier team: the platform stack that it lives on, by target."
    )
    team: Name | None = Field(default=None, description="Tier team and all: the team that owns the stack.")
    teams: dict[Name, Team] = Field(default_factory=dict, description="Tier platform: the tenants, by name.")
    environment: Environment = Field(default=Environment.DEV, description="dev, staging or prod.")
    owner: LabelValue = Field(default="platform-team", description="Who answers for the stack: written on every resource.")
    domain: Domain = Field(default="mlops.internal", description="DNS domain of the platform's endpoints.")
    security_level: SecurityLevel = Field(default=SecurityLevel.STANDARD, description="baseline, standard or hardened.")
    cluster: Cluster = Field(default_factory=Cluster, description="The Kubernetes cluster.")
    cloud: Cloud = Field(default_factory=Cloud, description="Region and network of a cloud stack.")
    operators: Operators = Field(default_factory=Operators, description="Which operators are ours.")
    gateway: Gateway | None = Field(default=None, description="The way in from outside: off if unset.")
    login: Login | None = Field(default=None, description="Single sign-on in front of what the gateway exposes: off if unset.")
    external_secrets: ExternalSecrets | None = Field(
        default=None, description="Secrets from a store outside of the cluster: off if unset."
    )
    backups: Backups | None = Field(default=None, description="Backups of the stack's namespaces: off if unset.")
    lineage: Lineage | None = Field(
        default=None, description="A job that tries the stack's connections from a topic to a prediction: off if unset."
    )
    systems: Systems = Field(default_factory=Systems, description="The systems of the stack.")
    bring_your_own: dict[str, BringYourOwn] = Field(
        default_factory=dict,
        description="Needs met by a service that exists already, by contract (objectStore, database, broker, metrics).",
    )
    images: dict[Name, Image] = Field(
        default_factory=dict,
        description="References of images that we else build from images/<name> (flume, sqoop, tfdv), by that name.",
    )
    budget: Budget = Field(default_factory=Budget, description="Upper bounds held by the policy pack.")
    registry_mirror: str | None = Field(default=None, description="Registry host (and path) that every image is pulled through.")
    chart_mirror: str | None = Field(default=None, description="OCI or HTTP repository that every chart is taken from.")
    manifest_mirror: str | None = Field(default=None, description="Directory or URL that every foreign manifest is taken from.")

    def parts(self) -> dict[str, System]:
        """The chosen parts of the foundation, by their name in targets.TABLE."""
        return {part: value for part, name in PARTS.items() if (value := getattr(self, name)) is not None}

    def cloud_of(self, target: Target) -> Target | None:
        """The cloud that a stack of that target stands on; None on an existing cluster."""
        if target is not Target.KUBERNETES:
            return target
        made = PROVISIONERS.get(self.cluster.provisioner)
        return Target(made) if made else None

    def chosen(self) -> dict[str, Any]:
        """Everything that is deployed by its section: parts of the foundation and systems."""
        return {**self.parts(), **self.systems.chosen()}


class Stack(Model):
    """What the program runs on: the stack's name, its target and its spec."""

    name: str = Field(description="Pulumi stack name.")
    target: Target = Field(description="What the systems become.")
    blueprint: str | None = Field(default=None, description="Blueprint that the spec was merged over.")
    spec: StackSpec = Field(description="The merged and validated configuration.")

    @property
    def region(self) -> str:
        """Region of the cloud's resources: as the spec says, else the cloud's own default; empty where there is no cloud."""
        return self.spec.cloud.region or (REGIONS[self.cloud] if self.cloud else "")

    @property
    def cloud(self) -> Target | None:
        """The cloud that the stack stands on: its target, or that of the cluster it makes; None on an existing cluster."""
        return self.spec.cloud_of(self.target)

    @property
    def provisioner(self) -> str:
        """Who makes the cluster of the stack: existing, eks, gke or aks."""
        return self.spec.cluster.provisioner if self.target is Target.KUBERNETES else OWN[self.target.value]
