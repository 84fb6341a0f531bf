"""Constructor arguments of JupyterHub."""

from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components.accesses import BucketAccess, DatabaseAccess
from components.kubernetes import gpus


@dataclass
class NotebookProfileArgs:
    """One choice on the start page."""

    description: str
    cpu: str
    """Cores guaranteed; at most twice as many."""
    memory: str
    """Bytes guaranteed, and the limit."""
    gpus: int = 0
    image: Optional[str] = None


@dataclass
class JupyterHubArgs:
    """Users, profiles, and what notebooks find preset."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    users: list[str]
    """May log in, beside the administrators."""
    admins: list[str]
    profiles: dict[str, NotebookProfileArgs]
    """By name, the first is the default."""
    storage: str
    """Home volume of each user in bytes."""
    idle_seconds: int
    """Notebooks idle for this long are stopped."""
    storage_class: Optional[str] = None
    gpu_product: Optional[str] = None
    """Label nvidia.com/gpu.product of the nodes that GPU notebooks go to; any GPU node if unset."""
    gpu_resource: str = gpus.GPU
    """What a share of a GPU is called."""
    queue: Optional[str] = None
    """ClusterQueue that GPU notebooks wait in, where the platform has queues."""
    tracking_uri: Optional[pulumi.Input[str]] = None
    tracking_secret: Optional[pulumi.Input[str]] = None
    """Secret of this namespace with keys username and password of the notebooks' MLflow user."""
    bucket: Optional[BucketAccess] = None
    database: Optional[DatabaseAccess] = None
    """MySQL for the hub's own records; SQLite on a volume if unset."""
    studies: Optional[DatabaseAccess] = None
    """Database of Optuna's studies, which notebooks find as OPTUNA_STORAGE."""
    studies_engine: str = "mysql"
    bundle: Optional[pulumi.Input[str]] = None
    """ConfigMap of this namespace with the platform's CA bundle in key ca.crt."""
    monitored: bool = False
    """Makes a ServiceMonitor."""
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    values: Optional[dict[str, Any]] = None
    """Merged last into the chart's values."""
