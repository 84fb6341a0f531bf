"""Constructor arguments of the MLflow server."""

from dataclasses import dataclass
from typing import Optional

import pulumi

from components.contracts import (
    BucketAccess,
    DatabaseAccess,
)
from components.kubernetes.place import Compute


@dataclass
class MlflowServerArgs:
    """What the server stands on; accesses are grants made ahead."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    """Of every object."""
    database: DatabaseAccess
    artifacts: BucketAccess
    replicas: int
    compute: Compute
    """Of one server."""
    hosts: list[str]
    """Host names beside the Service's own under which the server is addressed."""
    issuer: Optional[str] = None
    """ClusterIssuer of the server's certificate; plain HTTP if unset."""
    bundle: Optional[str] = None
    """ConfigMap with the bundle (key ca.crt) that trusts that issuer; unset without issuer."""
    monitored: bool = False
    """Exposes /metrics and makes a ServiceMonitor."""
    registry_mirror: Optional[str] = None
    environment: Optional[dict[str, str]] = None
    """Further variables of the server (MLFLOW_…): the stack file's `values:`."""
