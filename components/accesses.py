"""How one consumer reaches what it was granted: addresses and names of Secrets, never a secret value.

Accesses are also the nested Args of components, so they keep to types that the multi-language analyzer reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Optional, Protocol

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
    topic_prefixes: Sequence[str] = ()
    """Of topics that it makes itself while it runs: it may make, use and delete those whose names begin so."""


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
    account: Optional[pulumi.Input[str]] = None
    """Azure: id of the storage account; `bucket` is a container of it and `endpoint` its address."""


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


class TopicGrant(Protocol):
    """How a broker grants topics."""

    def __call__(self, topics: Sequence[str], consumer: Consumer, prefixes: Sequence[str] = ()) -> BrokerAccess:
        """Access with a user or role limited to `topics`, which are made, and to what it makes itself under `prefixes`."""
