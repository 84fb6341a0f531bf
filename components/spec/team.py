"""Typed configuration of teams and of the cluster they share."""

from typing import Literal

from pydantic import Field, model_validator

from components.spec.base import Cores, Model, Name, Quantity, Range, TopicName


class Quota(Model):
    """What all pods of a team may request together."""

    cpu: Cores = Field(default="32", description="Cores.")
    memory: Quantity = Field(default="128Gi", description="Bytes.")
    gpus: int = Field(default=0, ge=0, description="NVIDIA GPUs.")
    storage: Quantity = Field(default="500Gi", description="Bytes of all claims.")
    pods: int = Field(default=100, ge=1, description="Pods.")


class Team(Model):
    """A tenant of a platform: its fence and what it is granted."""

    systems: list[str] = Field(
        default_factory=list, description="Systems that the team may run; the databases and buckets they need are granted."
    )
    topics: list[TopicName] = Field(default_factory=list, description="Kafka topics that the team may read and write.")
    quota: Quota = Field(default_factory=Quota, description="Upper bounds of the team's namespace.")
    users: list[Name] = Field(default_factory=list, description="People of the team.")


class GpuPool(Model):
    """GPU nodes that the cluster is declared to have, or (a cluster of the stack's own) is given."""

    accelerator: str = Field(description='Product as the nodes are labelled, for example "NVIDIA-A100-SXM4-80GB".')
    count: int = Field(default=1, ge=1, le=16, description="GPUs of each node.")
    nodes: int = Field(default=1, ge=1, description="Nodes.")
    min: int | None = Field(default=None, ge=0, description="Own cluster: fewest nodes, as few as 0; `nodes` if unset.")
    max: int | None = Field(default=None, ge=1, description="Own cluster: most nodes; `nodes` if unset.")
    purchase: Literal["onDemand", "spot", "reserved"] = Field(
        default="onDemand",
        description="Own cluster: onDemand; spot: taken back at any time; reserved: out of `reservation`.",
    )
    reservation: str | None = Field(
        default=None,
        description="Own cluster: EC2 capacity reservation or its resource group's ARN, Compute Engine reservation, or Azure "
        "capacity reservation group's id.",
    )
    members: list[str] = Field(
        default_factory=list, description="Names of its nodes: each is looked at in every preview; none is looked at if empty."
    )

    @model_validator(mode="after")
    def _counted(self) -> "GpuPool":
        if self.members and len(self.members) != self.nodes:
            raise ValueError(f"nodes is {self.nodes}, but members names {len(self.members)}")
        if not self.least <= self.nodes <= self.most:
            raise ValueError(f"nodes is {self.nodes}, but min is {self.least} and max {self.most}; expected min <= nodes <= max")
        if (self.purchase == "reserved") != (self.reservation is not None):
            raise ValueError("purchase: reserved and reservation: <its name> go together")
        return self

    @property
    def least(self) -> int:
        """Fewest nodes."""
        return self.nodes if self.min is None else self.min

    @property
    def most(self) -> int:
        """Most nodes."""
        return self.nodes if self.max is None else self.max


class GpuSharing(Model):
    """How the GPUs of every pool are shared, declared once for the cluster."""

    mode: Literal["whole", "timeSlice", "mig"] = Field(
        default="whole",
        description="whole: one pod a GPU; timeSlice: pods take turns, memory is not divided; mig: hardware partitions.",
    )
    shares: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Shares of each GPU; 4 for timeSlice if unset, for mig as many as the profile's compute slices allow.",
    )
    profile: str = Field(default="1g.10gb", pattern=r"^[1-7]g\.\d+gb$", description="MIG profile of every share.")

    def product(self, pool: GpuPool) -> str:
        """Label nvidia.com/gpu.product of a pool's nodes: feature discovery adds -SHARED where GPUs are time-sliced."""
        return f"{pool.accelerator}-SHARED" if self.mode == "timeSlice" else pool.accelerator


class SystemNodes(Model):
    """Nodes without GPUs of a cluster of the stack's own."""

    machine: str | None = Field(default=None, description="Machine type; one of 8 cores and 32 GiB if unset.")
    min: int = Field(default=3, ge=1, le=100, description="Fewest nodes.")
    max: int = Field(default=12, ge=1, le=100, description="Most nodes.")
    disk: int = Field(default=128, ge=50, le=2000, description="Size of each node's disk in GiB.")

    @model_validator(mode="after")
    def _ordered(self) -> "SystemNodes":
        if self.max < self.min:
            raise ValueError(f"max is {self.max}, but min is {self.min}; expected min <= max")
        return self


class Cluster(Model):
    """The Kubernetes cluster that the stack lives on."""

    provisioner: Literal["existing", "eks", "gke", "aks"] = Field(
        default="existing",
        description="existing: the cluster of the kubeconfig; eks, gke, aks: the stack's own on AWS, Google Cloud, Azure.",
    )
    version: str | None = Field(
        default=None, pattern=r"^1\.\d{2}$", description="Own cluster: Kubernetes version; the service's default if unset."
    )
    allowed_ranges: list[Range] = Field(
        default_factory=list,
        description="Own cluster: address ranges outside of the network that reach the API server; the network alone if empty.",
    )
    system_nodes: SystemNodes = Field(default_factory=SystemNodes, description="Own cluster: its nodes without GPUs.")
    context: str | None = Field(default=None, description="kubeconfig context; the current one if unset.")
    identifier: str | None = Field(
        default=None,
        description="Stable name of the cluster, so that a changed kubeconfig replaces nothing; the stack's name if unset.",
    )
    storage_class: str | None = Field(default=None, description="StorageClass of all volumes; the cluster's default if unset.")
    gpu_pools: dict[Name, GpuPool] = Field(default_factory=dict, description="GPU pools by name.")
    gpu_sharing: GpuSharing = Field(default_factory=GpuSharing, description="How GPUs are shared, on every pool alike.")


Ownership = Literal["managed", "existing"]


class Operators(Model):
    """Which operators are ours (managed) and which the cluster already has (existing)."""

    cert_manager: Ownership = Field(default="managed", description="managed or existing.")
    trust_manager: Ownership = Field(default="managed", description="managed or existing.")
    strimzi: Ownership = Field(default="managed", description="managed or existing.")
    percona: Ownership = Field(default="managed", description="managed or existing.")
    cloudnative_pg: Ownership = Field(default="managed", description="managed or existing.")
    prometheus_operator: Ownership = Field(default="managed", description="managed or existing.")
    gateway_api: Ownership = Field(
        default="managed", description="managed or existing: whose the Gateway API's definitions are; the gateway itself is ours."
    )
    gpu_operator: Literal["managed", "existing", "off"] = Field(
        default="managed", description="managed; existing; off: the nodes have drivers and a device plugin without it."
    )
    kueue: Ownership = Field(default="managed", description="managed or existing.")
    keda: Literal["existing", "off"] = Field(
        default="off", description="existing: the cluster has KEDA, in namespace keda; models may be scaled by requests. off."
    )
    describe_crds: bool = Field(
        default=False, description="Keep the descriptions in custom resource definitions (kubectl explain); triples the state."
    )
    keep_crds: bool = Field(default=True, description="Leave custom resource definitions in the cluster on destroy.")
