"""What one system offers another, the same on every target.

A provider's contract is a frozen dataclass: addresses, and `grant`, the one call that makes a consumer's own credential
(a database and user, a bucket key, topic rights) and returns its access. An access holds addresses and the NAME of the
Secret (Kubernetes) or nothing secret at all (cloud: the consumer's role was given the right). Accesses are also the
nested Args of components, so they keep to types that the multi-language analyzer reads.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional

import pulumi

from components.accesses import BrokerAccess, BucketAccess, Consumer, DatabaseAccess, TopicGrant, Wants
from components.entrances import Endpoint, Gateway, Login

__all__ = [
    "CONTRACTS",
    "BatchCompute",
    "Broker",
    "BrokerAccess",
    "BucketAccess",
    "Catalog",
    "Certificates",
    "Compute",
    "ComputeCluster",
    "Consumer",
    "Dashboards",
    "Database",
    "DatabaseAccess",
    "Endpoint",
    "FeatureStore",
    "FileSystem",
    "Gateway",
    "Git",
    "ImageRegistry",
    "Login",
    "Logs",
    "LongTermMetrics",
    "Metrics",
    "Network",
    "ObjectStore",
    "Offer",
    "Pipelines",
    "Serving",
    "StreamProcessor",
    "Tracking",
    "Training",
    "Tuning",
    "Wants",
    "Workflows",
    "key",
]


@dataclass(frozen=True)
class Certificates:
    """TLS on Kubernetes: an issuer that signs for every service and the bundle that trusts it."""

    issuer: str
    """Name of the ClusterIssuer."""
    bundle: str
    """Name of the ConfigMap that stands in every labelled namespace, key `ca.crt`."""
    ready: Sequence[pulumi.Resource] = ()


@dataclass(frozen=True)
class Network:
    """The private network of a cloud stack, and the key that encrypts what stands in it."""

    network_id: pulumi.Output[str]
    subnet_ids: pulumi.Output[Sequence[str]]
    security_group_id: pulumi.Output[str]
    kms_key: pulumi.Output[str]
    """ARN of the stack's customer-managed key (Azure: its URI without a version)."""
    region: str
    account_id: pulumi.Output[str]
    """Azure: the subscription."""
    parts: Mapping[str, pulumi.Output[str]] = field(default_factory=dict)
    """What only the target's own systems ask for, by name (Azure: group, endpoints, logs, vault, private DNS zones …)."""


@dataclass(frozen=True)
class ObjectStore:
    """Buckets."""

    endpoint: Optional[pulumi.Input[str]]
    region: pulumi.Input[str]
    grant: Callable[[str, Consumer], BucketAccess]
    """(bucket, consumer) -> access with a key or role limited to that bucket."""


@dataclass(frozen=True)
class Database:
    """A relational server that gives each consumer a database and a user of its own."""

    engine: str
    """mysql or postgres."""
    host: pulumi.Input[str]
    port: pulumi.Input[int]
    grant: Callable[[str, Consumer], DatabaseAccess]
    """(database, consumer) -> access with a user limited to that database."""


@dataclass(frozen=True)
class Broker:
    """Kafka."""

    bootstrap: pulumi.Input[str]
    grant: TopicGrant
    arn: Optional[pulumi.Input[str]] = None
    """The managed cluster's ARN (AWS)."""
    protocol: str = "Kafka"
    """What it speaks: Kafka itself, or "Event Hubs (Kafka protocol)", which has no transactions and no topic prefixes."""


@dataclass(frozen=True)
class Metrics:
    """Where samples are queried and how targets are found."""

    query_url: pulumi.Input[str]
    remote_write_url: Optional[pulumi.Input[str]] = None
    workspace: Optional[pulumi.Input[str]] = None
    """Azure: id of the Azure Monitor workspace."""
    ready: Sequence[pulumi.Resource] = ()
    """What must exist before ServiceMonitors and rules are accepted (Kubernetes)."""


@dataclass(frozen=True)
class Tracking:
    """An MLflow tracking server."""

    uri: pulumi.Input[str]
    server: pulumi.Input[str]
    """Name of the server: the Service, or the managed server's ARN."""
    secret: Optional[pulumi.Input[str]] = None
    """Secret beside the server with keys `username` and `password` of its administrator (Kubernetes)."""
    grant: Optional[Callable[[Consumer], pulumi.Input[str]]] = None
    """(consumer) -> Secret in its namespace with keys `username` and `password` of a user of its own (Kubernetes)."""


@dataclass(frozen=True)
class Dashboards:
    """Grafana."""

    url: pulumi.Input[str]


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
    """Of the server that holds the studies: mysql or postgres; sagemaker where the service keeps them itself."""
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


CONTRACTS: dict[str, type] = {
    "objectStore": ObjectStore,
    "database": Database,
    "broker": Broker,
    "metrics": Metrics,
    "tracking": Tracking,
    "dashboards": Dashboards,
    "certificates": Certificates,
    "network": Network,
    "streamProcessor": StreamProcessor,
    "batchCompute": BatchCompute,
    "workflows": Workflows,
    "fileSystem": FileSystem,
    "featureStore": FeatureStore,
    "catalog": Catalog,
    "imageRegistry": ImageRegistry,
    "git": Git,
    "pipelines": Pipelines,
    "training": Training,
    "tuning": Tuning,
    "compute": Compute,
    "serving": Serving,
    "longTermMetrics": LongTermMetrics,
    "logs": Logs,
    "computeCluster": ComputeCluster,
    "gateway": Gateway,
    "login": Login,
}
"""Contract by the key that stack files and `mlops systems` use for it."""


def key(contract: type) -> str:
    """The key of a contract class in stack files ("objectStore" for ObjectStore)."""
    return next(k for k, v in CONTRACTS.items() if v is contract)
