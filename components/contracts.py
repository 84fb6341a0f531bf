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
from components.offers import (
    BatchCompute,
    Catalog,
    Compute,
    ComputeCluster,
    FeatureStore,
    FileSystem,
    Git,
    ImageRegistry,
    KubernetesCluster,
    Logs,
    LongTermMetrics,
    Offer,
    Pipelines,
    Serving,
    StreamProcessor,
    Training,
    Tuning,
    Workflows,
)

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
    "KubernetesCluster",
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
    account: Optional[pulumi.Input[str]] = None
    """Google Cloud: e-mail of the server's own service account, by which it reads and writes files of a bucket."""
    server: Optional[pulumi.Input[str]] = None
    """Azure: id of the server, for services that reach it by private endpoints of their own."""


@dataclass(frozen=True)
class Broker:
    """Kafka."""

    bootstrap: pulumi.Input[str]
    grant: TopicGrant
    arn: Optional[pulumi.Input[str]] = None
    """The managed cluster's ARN (AWS), or its full name projects/…/clusters/… (Google Cloud)."""
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
    "kubernetesCluster": KubernetesCluster,
    "gateway": Gateway,
    "login": Login,
}
"""Contract by the key that stack files and `mlops systems` use for it."""


def key(contract: type) -> str:
    """The key of a contract class in stack files ("objectStore" for ObjectStore)."""
    return next(k for k, v in CONTRACTS.items() if v is contract)
