"""Typed configuration of teams and of the cluster they share."""

from typing import Literal

from pydantic import Field, model_validator

from components.spec.base import Cores, Model, Name, Quantity, TopicName


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
    """GPU nodes that the cluster is declared to have."""

    accelerator: str = Field(description='Product as the nodes are labelled, for example "NVIDIA-A100-SXM4-80GB".')
    count: int = Field(default=1, ge=1, le=16, description="GPUs of each node.")
    nodes: int = Field(default=1, ge=1, description="Nodes.")
    members: list[str] = Field(
        default_factory=list, description="Names of its nodes: each is looked at in every preview; none is looked at if empty."
    )

    @model_validator(mode="after")
    def _counted(self) -> "GpuPool":
        if self.members and len(self.members) != self.nodes:
            raise ValueError(f"nodes is {self.nodes}, but members names {len(self.members)}")
        return self


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


class Cluster(Model):
    """The Kubernetes cluster that the stack lives on."""

    provisioner: Literal["existing"] = Field(default="existing", description="existing: the cluster of the kubeconfig.")
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
