"""Contracts of systems that others use as they are: an address, and what a client needs to know beside it.

Like those of contracts.py, which offers them all, they are frozen dataclasses of names and addresses.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional

import pulumi

from components.accesses import Consumer


@dataclass(frozen=True)
class Offer:
    """What every contract of an address alone holds."""

    url: pulumi.Input[str]
    """Inside the cluster or network, with scheme and port."""


@dataclass(frozen=True)
class StreamProcessor(Offer):
    """Flink: the REST address of the session cluster, or of the managed service's API."""


@dataclass(frozen=True)
class Workflows(Offer):
    """Airflow or Argo Workflows."""

    engine: str
    """airflow or argo."""
    ready: Sequence[pulumi.Resource] = ()
    """What must exist before its templates are accepted (Argo)."""


@dataclass(frozen=True)
class FeatureStore(Offer):
    """Feast: the online feature server."""

    config_map: Optional[pulumi.Input[str]] = None
    """ConfigMap beside it with `feature_store.yaml` of a client."""


@dataclass(frozen=True)
class Catalog(Offer):
    """Amundsen or OpenMetadata."""


@dataclass(frozen=True)
class Pipelines(Offer):
    """Kubeflow Pipelines' API."""


@dataclass(frozen=True)
class Tuning(Offer):
    """Hyperparameter search: the dashboard over the studies of one database."""

    engine: str = "mysql"
    """Of the server that holds the studies: mysql or postgres; sagemaker or vertex where the service keeps them itself."""
    database: Optional[str] = None
    """Name of the studies' database: a consumer asks its Database contract for a user of its own there."""


@dataclass(frozen=True)
class Compute(Offer):
    """Ray: the job server; `address` is the client's (ray://)."""

    address: pulumi.Input[str]


@dataclass(frozen=True)
class Serving(Offer):
    """A model server or the controller of such: the address that predictions are asked at."""

    endpoints: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Names of managed endpoints by model (cloud)."""
    captured: Optional[pulumi.Input[str]] = None
    """s3:// address below which they keep what they were asked (cloud)."""


@dataclass(frozen=True)
class LongTermMetrics(Offer):
    """Thanos: a PromQL address over all retained samples."""


@dataclass(frozen=True)
class Logs(Offer):
    """Loki: `url` is queried, `push_url` written."""

    push_url: pulumi.Input[str]


@dataclass(frozen=True)
class Git(Offer):
    """A git server. `grant`: (repository, consumer) -> Secret in its namespace with keys `username` and `password`; on a cloud
    the connection that its role may use for that repository."""

    grant: Callable[[str, Consumer], pulumi.Input[str]]


@dataclass(frozen=True)
class ImageRegistry(Offer):
    """A registry of container images."""

    host: pulumi.Input[str]
    """Host and port as image references begin."""
    grant: Callable[[Consumer], pulumi.Input[str]]
    """(consumer) -> Secret of type kubernetes.io/dockerconfigjson in its namespace, which may pull; on a cloud its role may, and
    push to the repository whose address is given."""
    registry: Optional[pulumi.Input[str]] = None
    """Azure: id of the registry, which a workspace's managed network reaches where it is the workspace's own."""
    build: Optional[Callable[[str], pulumi.Resource]] = None
    """(name of an image of ours) -> what has built and pushed it; a registry that builds nothing has none."""


@dataclass(frozen=True)
class BatchCompute:
    """Spark: the operator or the managed application, and where its jobs run."""

    namespaces: Sequence[str]
    """Kubernetes; none on a cloud."""
    service_account: pulumi.Input[str]
    """Of drivers, in each of these namespaces; on a cloud the identity that jobs run as (AWS: the job role's ARN)."""
    event_log: Optional[pulumi.Input[str]] = None
    """s3a:// address that the history server reads."""
    application: Optional[pulumi.Input[str]] = None
    """What jobs are started on (AWS: ARN of the EMR Serverless application)."""
    ready: Sequence[pulumi.Resource] = ()
    """What must exist before jobs are accepted (Kubernetes)."""


@dataclass(frozen=True)
class Training:
    """Kubeflow Trainer: the runtimes that TrainJobs name."""

    runtimes: Sequence[str]
    ready: Sequence[pulumi.Resource] = ()


@dataclass(frozen=True)
class FileSystem:
    """HDFS."""

    uri: pulumi.Input[str]
    """hdfs://<name service>; on a cloud hdfs://<the name node's host>:<port>."""
    config_map: Optional[pulumi.Input[str]] = None
    """Beside it, with core-site.xml and hdfs-site.xml (Kubernetes)."""
    namespace: Optional[pulumi.Input[str]] = None
    """Kubernetes."""


@dataclass(frozen=True)
class ComputeCluster:
    """The cluster's declared GPU pools as workloads ask for them."""

    gpu_resource: str
    """Extended resource of one share of a GPU ("nvidia.com/gpu", "nvidia.com/mig-1g.10gb")."""
    queues: Sequence[str] = ()
    """Kueue LocalQueues that exist in a team's namespace."""
    ready: Sequence[pulumi.Resource] = ()


@dataclass(frozen=True)
class KubernetesCluster:
    """A cluster that the stack made for itself on a cloud."""

    name: str
    endpoint: pulumi.Input[str]
    """https:// address of its API server."""
    kubeconfig: pulumi.Output[str]
    """JSON, secret; its user logs in by the cloud's own command, so that it holds no credential. Known once the nodes stand."""
    issuer: pulumi.Input[str]
    """What its ServiceAccounts' tokens are trusted by: OpenID Connect issuer (EKS, AKS) or workload identity pool (GKE)."""
    volumes: str
    """Provisioner of its volumes (CSI driver)."""
    volume_parameters: Mapping[str, pulumi.Input[str]]
    """Of the StorageClass that is the cluster's default: encrypted with the stack's key."""
