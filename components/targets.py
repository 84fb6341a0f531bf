"""Which component each (target, system) pair is; a target's folder is imported only when it is chosen.

The facts of every row stand here as plain text, so that validation and `mlops systems` need no cloud SDK; a test holds
them against the classes.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from components.spec.stack import PARTS

RESERVED = (
    "kafka", "flink", "spark", "airflow", "flume", "sqoop", "mysql", "postgres", "hadoop", "minio", "seaweedfs", "s3", "tfdv",
    "dvc", "feast", "amundsen", "openmetadata", "jupyterhub", "docker", "kubeflow", "katib", "optuna", "ray", "git", "mlflow",
    "github-actions", "jenkins", "prometheus", "grafana", "thanos", "loki", "fastapi", "flask", "bentoml", "tfserving",
    "seldon", "kserve", "argo", "cluster",
)  # fmt: skip
"""Every system key, built or planned."""

FOUNDATION = "foundation"
"""What a target needs before any system: certificates on Kubernetes, network and keys on a cloud."""


@dataclass(frozen=True)
class SystemFact:
    """What is known of a (target, system) pair without importing it; contracts by their key in stack files."""

    path: str
    essential_type: str
    needs: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ("all", "platform")
    managed: bool = False
    """A cloud's own service (else self-managed)."""
    engine: str = ""
    """What a provider of `database` is: mysql or postgres."""
    engines: tuple[str, ...] = ()
    """What a consumer of `database` can use; any where empty."""
    images: tuple[str, ...] = ()
    """Images of our own (images/<name>) that it runs."""
    holds: str = ""
    """What is lost with it, in words; empty where it keeps no data."""
    upstream: str = "active"
    successor: str = ""

    def meets(self, contract: str, consumer: "SystemFact") -> bool:
        """Whether a consumer can use what this system provides."""
        fits = contract != "database" or not consumer.engines or not self.engine or self.engine in consumer.engines
        return contract in self.provides and fits


INSTEAD: Mapping[str, str] = {
    "s3": (
        "a store that stands already is not deployed but brought: leave systems.s3 out and say bringYourOwn.objectStore: "
        "{address: https://…, region: …, credentials: {<system>: <Secret with its key>}}; who owns the store makes buckets "
        "and keys. On AWS, systems.minio is S3"
    ),
}
"""Reserved keys that are no system, and what to say in their place."""

_K = "components.kubernetes."
_S = "components.sagemaker."
_ALL = ("all", "platform", "team")

TABLE: Mapping[tuple[str, str], SystemFact] = {
    ("kubernetes", FOUNDATION): SystemFact(
        _K + "foundation:KubernetesFoundation", "helm.sh/v4:Chart", provides=("certificates",)
    ),
    ("kubernetes", "gateway"): SystemFact(
        _K + "gateway:EnvoyGateway", "gateway.networking.k8s.io/v1:Gateway", needs=("certificates",), optional=("metrics",),
        provides=("gateway",),
    ),
    ("kubernetes", "login"): SystemFact(
        _K + "login:SingleSignOn", "helm.sh/v4:Chart", needs=("certificates", "gateway"), optional=("metrics",),
        provides=("login",),
    ),
    ("kubernetes", "external-secrets"): SystemFact(
        _K + "external_secrets:ExternalSecretsOperator", "helm.sh/v4:Chart", needs=("certificates",), optional=("metrics",),
    ),
    ("kubernetes", "velero"): SystemFact(
        _K + "velero:VeleroBackups", "velero.io/v1:Schedule", needs=("objectStore",), optional=("metrics", "certificates"),
    ),
    ("kubernetes", "minio"): SystemFact(
        _K + "minio:MinioStore", "apps/v1:StatefulSet", needs=("certificates",), optional=("metrics",),
        provides=("objectStore",), holds="every bucket and its objects", upstream="retired", successor="seaweedfs",
    ),
    ("kubernetes", "seaweedfs"): SystemFact(
        _K + "seaweedfs:SeaweedfsStore", "helm.sh/v4:Chart", needs=("certificates",), optional=("metrics",),
        provides=("objectStore",), holds="every bucket and its objects",
    ),
    ("kubernetes", "mysql"): SystemFact(
        _K + "mysql:PerconaMysql", "ps.percona.com/v1:PerconaServerMySQL", needs=("certificates", "objectStore"),
        optional=("metrics",), provides=("database",), engine="mysql", holds="every database",
    ),
    ("kubernetes", "postgres"): SystemFact(
        _K + "postgres:CloudNativePostgres", "postgresql.cnpg.io/v1:Cluster", needs=("certificates",),
        optional=("objectStore", "metrics"), provides=("database",), engine="postgres", holds="every database",
    ),
    ("kubernetes", "kafka"): SystemFact(
        _K + "kafka:StrimziKafka", "kafka.strimzi.io/v1:Kafka", needs=("certificates",), optional=("metrics",),
        provides=("broker",), holds="every topic's records",
    ),
    ("kubernetes", "docker"): SystemFact(
        _K + "docker:ZotRegistry", "helm.sh/v4:Chart", needs=("certificates", "objectStore"), optional=("metrics",),
        provides=("imageRegistry",),
    ),
    ("kubernetes", "dvc"): SystemFact(
        _K + "dvc:DvcRemote", "core/v1:ConfigMap", needs=("objectStore",), optional=("imageRegistry",), tiers=_ALL,
        images=("dvc",),
    ),
    ("kubernetes", "tfdv"): SystemFact(
        _K + "tfdv:DataValidation", "batch/v1:CronJob", needs=("objectStore",), optional=("imageRegistry", "workflows"),
        tiers=_ALL, images=("tfdv",),
    ),
    ("kubernetes", "mlflow"): SystemFact(
        _K + "mlflow:MlflowServer", "apps/v1:Deployment", needs=("database", "objectStore"),
        optional=("metrics", "certificates"), provides=("tracking",), tiers=_ALL, engines=("mysql",),
    ),
    ("kubernetes", "jupyterhub"): SystemFact(
        _K + "jupyterhub:JupyterHub", "helm.sh/v4:Chart",
        optional=("tracking", "objectStore", "database", "metrics", "certificates", "tuning", "computeCluster"), tiers=_ALL,
        engines=("mysql",), holds="the users' home volumes",
    ),
    ("kubernetes", "prometheus"): SystemFact(
        _K + "prometheus:PrometheusStack", "helm.sh/v4:Chart", needs=("certificates",), provides=("metrics",),
        holds="the samples of its retention",
    ),
    ("kubernetes", "grafana"): SystemFact(
        _K + "grafana:Grafana", "helm.sh/v4:Chart", needs=("metrics",),
        optional=("database", "longTermMetrics", "logs"), provides=("dashboards",), engines=("mysql",),
    ),
    ("kubernetes", "thanos"): SystemFact(
        _K + "thanos:ThanosStore", "helm.sh/v4:Chart", needs=("objectStore", "metrics"), optional=("certificates",),
        provides=("longTermMetrics",),
    ),
    ("kubernetes", "loki"): SystemFact(
        _K + "loki:LokiStore", "helm.sh/v4:Chart", needs=("objectStore",), optional=("metrics", "certificates"),
        provides=("logs",), holds="the logs that are not in the object store yet",
    ),
    ("kubernetes", "jenkins"): SystemFact(
        _K + "jenkins:JenkinsController", "helm.sh/v4:Chart",
        optional=("imageRegistry", "git", "metrics", "certificates"), images=("jenkins", "jenkins-agent"),
        holds="the records and logs of builds",
    ),
    ("kubernetes", "flink"): SystemFact(
        _K + "flink:FlinkCluster", "flink.apache.org/v1beta1:FlinkDeployment", needs=("objectStore", "certificates"),
        optional=("broker", "metrics"), provides=("streamProcessor",),
    ),
    ("kubernetes", "spark"): SystemFact(
        _K + "spark:SparkOperator", "helm.sh/v4:Chart", needs=("objectStore",),
        optional=("broker", "metrics", "certificates", "imageRegistry"), provides=("batchCompute",), images=("spark",),
    ),
    ("kubernetes", "argo"): SystemFact(
        _K + "argo:ArgoWorkflows", "helm.sh/v4:Chart", needs=("database", "objectStore"), optional=("metrics", "certificates"),
        provides=("workflows",),
    ),
    ("kubernetes", "optuna"): SystemFact(
        _K + "optuna:OptunaDashboard", "apps/v1:Deployment", needs=("database",), provides=("tuning",), tiers=_ALL,
    ),
    ("kubernetes", "ray"): SystemFact(
        _K + "ray:RayPlatform", "ray.io/v1:RayCluster", optional=("objectStore", "metrics", "computeCluster", "certificates"),
        provides=("compute",), holds="the state of running jobs and actors",
    ),
    ("kubernetes", "git"): SystemFact(
        _K + "gitea:GiteaServer", "apps/v1:StatefulSet", needs=("database", "objectStore"), optional=("metrics", "certificates"),
        provides=("git",), holds="every repository",
    ),
    ("kubernetes", "flume"): SystemFact(
        _K + "flume:FlumeAgents", "apps/v1:StatefulSet",
        optional=("broker", "objectStore", "certificates", "imageRegistry"), images=("flume",),
        holds="the events that wait in its channels", upstream="retired", successor="Kafka Connect (kafka)",
    ),
    ("kubernetes", "sqoop"): SystemFact(
        _K + "sqoop:SqoopTransfers", "core/v1:ConfigMap", needs=("database",),
        optional=("objectStore", "fileSystem", "certificates", "imageRegistry"), images=("sqoop",), upstream="retired",
        successor="Spark's JDBC source (spark)",
    ),
    ("kubernetes", "airflow"): SystemFact(
        _K + "airflow:ApacheAirflow", "helm.sh/v4:Chart", needs=("database", "objectStore"), optional=("metrics",),
        provides=("workflows",),
    ),
    ("kubernetes", "katib"): SystemFact(
        _K + "katib:KatibSearch", "apps/v1:Deployment", needs=("database", "certificates"), optional=("metrics",),
        provides=("tuning",),
    ),
    ("kubernetes", "kubeflow"): SystemFact(
        _K + "kubeflow:KubeflowPlatform", "apps/v1:Deployment", needs=("database", "objectStore"),
        optional=("metrics", "certificates", "workflows"), provides=("pipelines", "training"), engines=("mysql",),
    ),
    ("kubernetes", "feast"): SystemFact(
        _K + "feast:FeastStore", "feast.dev/v1:FeatureStore", needs=("database", "objectStore", "certificates"),
        optional=("metrics",), provides=("featureStore",),
    ),
    ("kubernetes", "amundsen"): SystemFact(
        _K + "amundsen:AmundsenCatalog", "apps/v1:Deployment", needs=("certificates",), provides=("catalog",),
        holds="the graph of all metadata, and its index", upstream="retired", successor="openmetadata",
    ),
    ("kubernetes", "openmetadata"): SystemFact(
        _K + "openmetadata:OpenMetadata", "helm.sh/v4:Chart", needs=("database", "certificates"), optional=("metrics",),
        provides=("catalog",), holds="the search index, which a reindex makes again",
    ),
    ("kubernetes", "fastapi"): SystemFact(
        _K + "fastapi:FastapiServing", "apps/v1:Deployment", optional=("objectStore", "metrics"), provides=("serving",),
        tiers=_ALL,
    ),
    ("kubernetes", "flask"): SystemFact(
        _K + "flask:FlaskServing", "apps/v1:Deployment", optional=("objectStore", "metrics"), provides=("serving",),
        tiers=_ALL,
    ),
    ("kubernetes", "bentoml"): SystemFact(
        _K + "bentoml:BentomlServing", "apps/v1:Deployment", optional=("objectStore", "metrics"), provides=("serving",),
        tiers=_ALL,
    ),
    ("kubernetes", "tfserving"): SystemFact(
        _K + "tfserving:TensorflowServing", "apps/v1:Deployment", optional=("objectStore", "metrics"), provides=("serving",),
        tiers=_ALL,
    ),
    ("kubernetes", "github-actions"): SystemFact(
        _K + "github_actions:ActionsRunners", "helm.sh/v4:Chart", optional=("imageRegistry", "metrics"),
    ),
    ("kubernetes", "cluster"): SystemFact(
        _K + "cluster:GpuComputeCluster", "kueue.x-k8s.io/v1beta2:ClusterQueue", needs=("certificates",), optional=("metrics",),
        provides=("computeCluster",),
    ),
    ("kubernetes", "kserve"): SystemFact(
        _K + "kserve:KserveServing", "helm.sh/v4:Chart", needs=("gateway", "certificates"), optional=("objectStore", "metrics"),
        provides=("serving",),
    ),
    ("kubernetes", "seldon"): SystemFact(
        _K + "seldon:SeldonServing", "mlops.seldon.io/v1alpha1:SeldonRuntime", needs=("broker", "objectStore"),
        optional=("metrics",), provides=("serving",),
    ),
    ("kubernetes", "hadoop"): SystemFact(
        _K + "hadoop:StackableHdfs", "hdfs.stackable.tech/v1alpha1:HdfsCluster", needs=("certificates",), optional=("metrics",),
        provides=("fileSystem",), holds="every file of HDFS",
    ),
    ("sagemaker", FOUNDATION): SystemFact(
        _S + "foundation:AwsFoundation", "aws:ec2/vpc:Vpc", provides=("network",), managed=True
    ),
    ("sagemaker", "minio"): SystemFact(
        _S + "s3:S3Buckets", "aws:s3/bucket:Bucket", needs=("network",), provides=("objectStore",), managed=True,
        holds="every bucket and its objects",
    ),
    ("sagemaker", "mysql"): SystemFact(
        _S + "rds:RdsMysql", "aws:rds/instance:Instance", needs=("network",), provides=("database",), managed=True,
        holds="every database",
    ),
    ("sagemaker", "kafka"): SystemFact(
        _S + "msk:MskKafka", "aws:msk/cluster:Cluster", needs=("network",), provides=("broker",), managed=True,
        holds="every topic's records",
    ),
    ("sagemaker", "mlflow"): SystemFact(
        _S + "mlflow:SagemakerMlflow", "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer",
        needs=("network", "objectStore"), provides=("tracking",), tiers=_ALL, managed=True, holds="the experiments' records",
    ),
    ("sagemaker", "jupyterhub"): SystemFact(
        _S + "studio:StudioDomain", "aws:sagemaker/domain:Domain", needs=("network",), optional=("tracking", "objectStore"),
        tiers=_ALL, managed=True, holds="the users' home file system",
    ),
    ("sagemaker", "prometheus"): SystemFact(
        _S + "amp:ManagedPrometheus", "aws:amp/workspace:Workspace", needs=("network",), provides=("metrics",), managed=True,
        holds="the samples of its retention",
    ),
    ("sagemaker", "grafana"): SystemFact(
        _S + "amg:ManagedGrafana", "aws:grafana/workspace:Workspace", needs=("network", "metrics"), provides=("dashboards",),
        managed=True,
    ),
}  # fmt: skip

LANDINGS = {"kubernetes": _K + "landing:KubernetesLanding", "sagemaker": _S + "landing:SagemakerLanding"}
"""How a target prepares the ground (providers, namespaces or roles, teams, published contracts)."""


def load(path: str) -> Any:
    """The class that a row's "module:Class" names."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def find(target: str, system: str) -> type[Any]:
    """The component class of a pair. Raises KeyError where the pair does not exist; validation has said so before."""
    return cast("type[Any]", load(TABLE[target, system].path))


def systems(target: str) -> list[str]:
    """The systems that a target offers, without the foundation and its parts."""
    return [system for (t, system) in TABLE if t == target and system not in (FOUNDATION, *PARTS)]
