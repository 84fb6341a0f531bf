"""What one system offers another, the same on every target.

A provider's contract is a frozen dataclass: addresses, and `grant`, the one call that makes a consumer's own credential
(a database and user, a bucket key, topic rights) and returns its access. An access holds addresses and the NAME of the
Secret (Kubernetes) or nothing secret at all (cloud: the consumer's role was given the right). Accesses are also the
nested Args of components, so they keep to types that the multi-language analyzer reads.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Optional

import pulumi


@dataclass
class Consumer:
    """Who asks for a grant.

    `name` is unique in the platform ("mlflow", "fraud-mlflow"); `namespace` is where its Secrets are to stand
    (Kubernetes); `role` is the name of the IAM role or the like that is given the right (cloud). A grant appends to
    `ready` what must exist before the access works.
    """

    name: str
    namespace: Optional[pulumi.Input[str]] = None
    role: Optional[pulumi.Input[str]] = None
    opts: Optional[pulumi.ResourceOptions] = None
    ready: list[pulumi.Resource] = field(default_factory=list)


@dataclass(frozen=True)
class Wants:
    """What a system asks its needs for, as plain names: the platform grants them ahead to a team's systems."""

    databases: Sequence[str] = ()
    buckets: Sequence[str] = ()
    topics: Sequence[str] = ()


@dataclass
class DatabaseAccess:
    """How one consumer reaches one database."""

    host: pulumi.Input[str]
    port: pulumi.Input[int]
    database: pulumi.Input[str]
    username: pulumi.Input[str]
    secret: Optional[pulumi.Input[str]] = None
    """Secret in the consumer's namespace with keys `username` and `password`; unset with IAM authentication."""
    ca_config_map: Optional[pulumi.Input[str]] = None
    """ConfigMap in the consumer's namespace with the CA bundle in key `ca.crt`."""


@dataclass
class BucketAccess:
    """How one consumer reaches one bucket."""

    bucket: pulumi.Input[str]
    region: pulumi.Input[str]
    endpoint: Optional[pulumi.Input[str]] = None
    """URL of an S3-compatible store; unset for the cloud's own."""
    secret: Optional[pulumi.Input[str]] = None
    """Secret in the consumer's namespace with keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; unset with a role."""
    ca_config_map: Optional[pulumi.Input[str]] = None
    """ConfigMap in the consumer's namespace with the CA bundle in key `ca.crt`."""
    kms_key: Optional[pulumi.Input[str]] = None
    """ARN of the key that encrypts the objects (cloud)."""


@dataclass
class BrokerAccess:
    """How one consumer reaches its topics."""

    bootstrap: pulumi.Input[str]
    mechanism: pulumi.Input[str]
    """SASL mechanism: SCRAM-SHA-512 or AWS_MSK_IAM."""
    topics: list[str]
    username: Optional[pulumi.Input[str]] = None
    secret: Optional[pulumi.Input[str]] = None
    """Secret in the consumer's namespace with keys `username`, `password` and `sasl.jaas.config`; unset with IAM."""
    ca_config_map: Optional[pulumi.Input[str]] = None
    """ConfigMap in the consumer's namespace with the CA bundle in key `ca.crt`."""


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
    """ARN of the stack's customer-managed key."""
    region: str
    account_id: pulumi.Output[str]


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
    host: pulumi.Input[str]
    port: pulumi.Input[int]
    grant: Callable[[str, Consumer], DatabaseAccess]
    """(database, consumer) -> access with a user limited to that database."""


@dataclass(frozen=True)
class Broker:
    """Kafka."""

    bootstrap: pulumi.Input[str]
    grant: Callable[[Sequence[str], Consumer], BrokerAccess]
    """(topics, consumer) -> access with a user or role limited to those topics."""


@dataclass(frozen=True)
class Metrics:
    """Where samples are queried and how targets are found."""

    query_url: pulumi.Input[str]
    remote_write_url: Optional[pulumi.Input[str]] = None
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


CONTRACTS = {
    "objectStore": ObjectStore,
    "database": Database,
    "broker": Broker,
    "metrics": Metrics,
    "tracking": Tracking,
    "dashboards": Dashboards,
    "certificates": Certificates,
    "network": Network,
}
"""Contract by the key that stack files and `mlops systems` use for it."""

Contract = ObjectStore | Database | Broker | Metrics | Tracking | Dashboards | Certificates | Network


def key(contract: type) -> str:
    """The key of a contract class in stack files ("objectStore" for ObjectStore)."""
    return next(k for k, v in CONTRACTS.items() if v is contract)
