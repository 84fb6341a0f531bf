"""Nodes of a cluster of the stack's own, as every cloud's component is told of them."""

from dataclasses import dataclass, field
from typing import Optional

import pulumi

from components.mapping.accelerators import SYSTEM_MACHINES, SYSTEM_POOL, machine
from components.spec.team import GpuPool
from components.system import Site

GPU = "nvidia.com/gpu"
"""Taint of nodes with GPUs, and the resource that pods ask for."""
POOL_LABEL = "mlops.dev/pool"


@dataclass
class GpuNodesArgs:
    """One pool of nodes with GPUs of one product."""

    machine: str
    """Machine type."""
    gpus: int
    """Of each node."""
    product: str
    """Label nvidia.com/gpu.product of its nodes."""
    nodes: int
    """Nodes at first; the autoscaler's business from then on."""
    least: int
    most: int
    purchase: str = "onDemand"
    """onDemand, spot or reserved."""
    reservation: Optional[str] = None
    """What reserved nodes come out of."""
    attached: str = ""
    """The cloud's own name of the GPU, where a machine has to be given it."""


@dataclass
class NodesArgs:
    """All nodes of one cluster."""

    machine: str
    """Machine type of the nodes without GPUs."""
    least: int
    most: int
    disk: int
    """GiB of each node's disk."""
    pools: dict[str, GpuNodesArgs] = field(default_factory=dict)
    """Pools with GPUs, by name."""
    allowed_ranges: list[str] = field(default_factory=list)
    """Address ranges that reach the API server from outside of the network; none: it has no public address."""
    version: Optional[str] = None
    """Kubernetes version; the service's default if unset."""


def gpu_labels(pool: str, args: GpuNodesArgs) -> dict[str, str]:
    """Labels that the nodes have from the beginning, so that an autoscaler knows what a pool without nodes would offer."""
    return {POOL_LABEL: pool, f"{GPU}.present": "true", f"{GPU}.product": args.product}


def system_labels() -> dict[str, str]:
    """Labels of the nodes without GPUs."""
    return {POOL_LABEL: SYSTEM_POOL}


def from_spec(site: Site) -> NodesArgs:
    """From `cluster` of the spec."""
    cluster, provisioner = site.spec.cluster, site.stack.provisioner

    def gpu(pool: GpuPool) -> GpuNodesArgs:
        kind, attached = machine(provisioner, pool.accelerator, pool.count)
        product = cluster.gpu_sharing.product(pool)
        return GpuNodesArgs(
            kind, pool.count, product, pool.nodes, pool.least, pool.most, pool.purchase, pool.reservation, attached
        )

    system = cluster.system_nodes
    return NodesArgs(
        machine=system.machine or SYSTEM_MACHINES[provisioner],
        least=system.min,
        most=system.max,
        disk=system.disk,
        pools={name: gpu(pool) for name, pool in cluster.gpu_pools.items()},
        allowed_ranges=list(cluster.allowed_ranges),
        version=cluster.version,
    )


def protected(opts: pulumi.ResourceOptions, production: bool) -> pulumi.ResourceOptions:
    """`opts`, with Pulumi's own protection in production."""
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=production or None))
