"""Both object stores of the Kubernetes target as one table: what is asked of the contract is asked of each."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components import contracts
from components.kubernetes.minio import MinioStore
from components.kubernetes.place import Compute
from components.kubernetes.seaweedfs import SeaweedfsStore, SeaweedfsStoreArgs
from tests.unit.kubernetes_stack import COMPUTE, LABELS, MINIO, consumer
from tests.unit.recording import Recording, record

SEAWEEDFS = SeaweedfsStoreArgs(
    namespace="seaweedfs",
    labels=LABELS,
    issuer="mlops-ca",
    bundle="mlops-ca",
    compute=Compute("500m", "1Gi"),
    replicas=3,
    copies=2,
    masters=3,
    gateways=2,
    storage="10Gi",
    metadata_storage="5Gi",
    buckets=MINIO.buckets,
    monitored=True,
)
assert COMPUTE.memory == "1Gi"


@dataclass(frozen=True)
class Case:
    """One store."""

    cls: Any
    args: Any
    endpoint: str
    namespace: str
    secrets: tuple[str, ...]
    """Secrets of the administrator, which stay in the store's namespace."""
    servers: str
    """Resource that stands when the store does."""
    expected: Callable[[str], list[str]]
    """Lines of a grant's script that make a bucket of that name, versioned and kept for ever."""


CASES = {
    "minio": Case(
        MinioStore, MINIO, "https://minio.minio.svc:9000", "minio", ("minio-root",), "minio-servers",
        lambda bucket: [f"bucket {bucket} enable 0"],
    ),
    "seaweedfs": Case(
        SeaweedfsStore, SEAWEEDFS, "https://seaweedfs-s3.seaweedfs.svc:8333", "seaweedfs",
        ("seaweedfs-keys", "seaweedfs-identities"), "seaweedfs-chart",
        lambda bucket: [f"bucket {bucket} -enable 0"],
    ),
}  # fmt: skip


@dataclass
class Granted:
    """What a program with two consumers was given."""

    store: contracts.ObjectStore
    access: dict[str, contracts.BucketAccess] = field(default_factory=dict)
    ready: dict[str, list[pulumi.Resource]] = field(default_factory=dict)
    endpoints: list[Any] = field(default_factory=list)


def granted(key: str, args: Any = None) -> Recording[Granted]:
    """The store `key` alone, with grants to mlflow (its own bucket) and to dvc (one that the stack file declares)."""
    case = CASES[key]

    def build() -> Granted:
        store = case.cls(key, args or case.args).contracts()[0]
        made = Granted(store)
        for name, bucket in (("mlflow", "mlflow"), ("dvc", "datasets")):
            who = consumer(name, name)
            made.access[name] = store.grant(bucket, who)
            made.ready[name] = who.ready
            pulumi.Output.all(store.endpoint, made.access[name].endpoint).apply(made.endpoints.extend)
        return made

    return record(build)


def policy_of(made: Recording[Granted], key: str, access: str) -> dict[str, Any]:
    """The policy document of a grant's Job."""
    document: dict[str, Any] = json.loads(made.one("ConfigMap", f"{key}-{access}-script").inputs["data"]["policy.json"])
    return document
