"""Which component each (target, system) pair is; a target's folder is imported only when it is chosen.

The facts of every row stand here as plain text, so that validation and `mlops systems` need no cloud SDK; a test holds
them against the classes.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

RESERVED = (
    "kafka",
    "flink",
    "spark",
    "airflow",
    "flume",
    "sqoop",
    "mysql",
    "postgres",
    "hadoop",
    "minio",
    "seaweedfs",
    "s3",
    "tfdv",
    "dvc",
    "feast",
    "amundsen",
    "openmetadata",
    "jupyterhub",
    "docker",
    "kubeflow",
    "katib",
    "optuna",
    "ray",
    "git",
    "mlflow",
    "github-actions",
    "jenkins",
    "prometheus",
    "grafana",
    "thanos",
    "loki",
    "fastapi",
    "flask",
    "bentoml",
    "tfserving",
    "seldon",
    "kserve",
    "argo",
    "cluster",
)
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
    holds: str = ""
    """What is lost with it, in words; empty where it keeps no data."""
    upstream: str = "active"
    successor: str = ""


_K = "components.kubernetes."
_S = "components.sagemaker."
_ALL = ("all", "platform", "team")

TABLE: Mapping[tuple[str, str], SystemFact] = {
    ("kubernetes", FOUNDATION): SystemFact(
        _K + "foundation:KubernetesFoundation", "helm.sh/v4:Chart", provides=("certificates",)
    ),
    ("kubernetes", "minio"): SystemFact(
        _K + "minio:MinioStore", "apps/v1:StatefulSet", needs=("certificates",), optional=("metrics",),
        provides=("objectStore",), holds="every bucket and its objects", upstream="retired", successor="seaweedfs",
    ),
    ("kubernetes", "mysql"): SystemFact(
        _K + "mysql:PerconaMysql", "ps.percona.com/v1:PerconaServerMySQL", needs=("certificates", "objectStore"),
        optional=("metrics",), provides=("database",), holds="every database",
    ),
    ("kubernetes", "kafka"): SystemFact(
        _K + "kafka:StrimziKafka", "kafka.strimzi.io/v1:Kafka", needs=("certificates",), optional=("metrics",),
        provides=("broker",), holds="every topic's records",
    ),
    ("kubernetes", "mlflow"): SystemFact(
        _K + "mlflow:MlflowServer", "apps/v1:Deployment", needs=("database", "objectStore"),
        optional=("metrics", "certificates"), provides=("tracking",), tiers=_ALL,
    ),
    ("kubernetes", "jupyterhub"): SystemFact(
        _K + "jupyterhub:JupyterHub", "helm.sh/v4:Chart",
        optional=("tracking", "objectStore", "database", "metrics", "certificates"), tiers=_ALL, holds="the users' home volumes",
    ),
    ("kubernetes", "prometheus"): SystemFact(
        _K + "prometheus:PrometheusStack", "helm.sh/v4:Chart", needs=("certificates",), provides=("metrics",),
        holds="the samples of its retention",
    ),
    ("kubernetes", "grafana"): SystemFact(
        _K + "grafana:Grafana", "helm.sh/v4:Chart", needs=("metrics",), optional=("database",), provides=("dashboards",),
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
    """The systems that a target offers, without the foundation."""
    return [system for (t, system) in TABLE if t == target and system != FOUNDATION]
