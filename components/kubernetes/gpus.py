"""GPUs as pods ask for them: what a share is called, how many there are, which nodes have them."""

from collections.abc import Mapping
from typing import Any

from components.spec.team import Cluster, GpuPool, GpuSharing

GPU = "nvidia.com/gpu"
"""A whole GPU, or a time slice of one; also the taint of GPU nodes."""
PRODUCT = f"{GPU}.product"
TIME_SLICES = 4
MIG_SLICES = 7
"""Compute slices of a GPU that MIG can divide (A100, H100)."""


def resource(sharing: GpuSharing) -> str:
    """The extended resource of one share."""
    return f"nvidia.com/mig-{sharing.profile}" if sharing.mode == "mig" else GPU


def shares(sharing: GpuSharing) -> int:
    """Shares of one GPU."""
    if sharing.mode == "whole":
        return 1
    if sharing.mode == "timeSlice":
        return sharing.shares or TIME_SLICES
    return sharing.shares or MIG_SLICES // int(sharing.profile[0])


def capacity(pool: GpuPool, sharing: GpuSharing) -> int:
    """Shares of a whole pool."""
    return pool.most * pool.count * shares(sharing)


def product(pool: GpuPool, sharing: GpuSharing) -> str:
    """Label nvidia.com/gpu.product of its nodes."""
    return sharing.product(pool)


def only_product(cluster: Cluster) -> str | None:
    """The product of all pools where there is one; None where there are several or no pools."""
    found = {product(pool, cluster.gpu_sharing) for pool in cluster.gpu_pools.values()}
    return found.pop() if len(found) == 1 else None


def placement(gpus: int, wanted: str | None) -> dict[str, Any]:
    """Parts of a pod's spec: tolerations of GPU nodes' taint and the nodes of the `wanted` product (any GPU node if unset).

    Nothing without GPUs. The taint is nvidia.com/gpu whatever a share of a GPU is called.
    """
    if not gpus:
        return {}
    return {
        "tolerations": [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}],
        "nodeSelector": {PRODUCT: wanted} if wanted else {f"{GPU}.present": "true"},
    }


def inspect(
    pool: str, declared: GpuPool, sharing: GpuSharing, node: str, found: Mapping[str, Any], labelled: bool
) -> tuple[list[str], list[str]]:
    """What a live node lacks of what its pool is declared to be: (errors, notes), in words.

    `found` has the node's `labels`, `taints` and `allocatable`. `labelled` says that labels and GPUs must be there already; else
    an operator of ours puts them there after the first `up`, so that only what contradicts is an error.
    """
    labels, allocatable = found.get("labels") or {}, found.get("allocatable") or {}
    wanted, name = product(declared, sharing), resource(sharing)
    errors: list[str] = []
    notes: list[str] = []
    begin = f"mlops:spec.cluster.gpuPools.{pool}: node {node}"
    late = errors if labelled else notes
    have = labels.get(PRODUCT)
    if have is None:
        late.append(f'{begin} has no label {PRODUCT}; expected "{wanted}" (GPU feature discovery puts it there)')
    elif have != wanted and (labelled or have.removesuffix("-SHARED") != declared.accelerator):
        errors.append(f'{begin} is labelled {PRODUCT}="{have}", declared is "{wanted}"')
    expected, there = declared.count * shares(sharing), allocatable.get(name)
    if there is None:
        late.append(f"{begin} offers no {name}; declared are {expected} (a device plugin offers them)")
    elif int(there) != expected:
        late.append(f"{begin} offers {there} {name}, declared are {expected}")
    if not any(taint.get("key") == GPU for taint in found.get("taints") or ()):
        notes.append(f"{begin} has no taint {GPU}:NoSchedule, so pods without GPUs may take its cores")
    return errors, notes
