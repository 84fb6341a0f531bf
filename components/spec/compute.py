"""Typed configuration of the cluster's GPUs and queues; the pools themselves are mlops:spec.cluster.gpuPools."""

from pydantic import Field

from components.spec.base import Cores, Quantity, Resources, System


class GpuCluster(System):
    """GPU operator and Kueue over the declared pools, on Kubernetes."""

    driver: bool = Field(default=True, description="Install the NVIDIA driver; off where the nodes' image has it.")
    toolkit: bool = Field(default=True, description="Install the container toolkit; off where the nodes' image has it.")
    cpu: Cores = Field(default="64", description="Cores that queued work may take together beyond the teams' quotas.")
    memory: Quantity = Field(default="256Gi", description="Bytes that queued work may take together beyond the teams' quotas.")
    resources: Resources = Field(default=Resources(cpu="250m", memory="512Mi"), description="Requests and limits of Kueue.")
