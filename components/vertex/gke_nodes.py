"""Node pools of a cluster on GKE: one without GPUs, one for each pool with GPUs."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.mapping.accelerators import SYSTEM_POOL
from components.nodes import GPU, GpuNodesArgs, gpu_labels, system_labels

OPERATOR_DRIVER = {"gke-no-default-nvidia-gpu-device-plugin": "true"}
"""Label by which GKE leaves driver and device plugin to the GPU operator (NVIDIA GPU operator, "Google GKE")."""


@dataclass
class Nodes:
    """What all node pools of a cluster share."""

    name: str
    cluster: pulumi.Input[str]
    """Id."""
    location: str
    zone: str
    """Zone of pools with GPUs, that their numbers are exact: a regional pool counts by zone."""
    account: pulumi.Input[str]
    """E-mail of the nodes' service account."""
    key: pulumi.Input[str]
    tag: str
    disk: int
    """GiB."""
    opts: pulumi.ResourceOptions


def config(nodes: Nodes, machine: str, labels: dict[str, str], gpu: GpuNodesArgs | None = None) -> dict[str, Any]:
    """Of one machine: disk encrypted by our key, an account of its own, the metadata server that hides it from pods."""
    accelerated: dict[str, Any] = {}
    if gpu is not None:
        driver = {"gpu_driver_version": "INSTALLATION_DISABLED"}
        accelerated = {
            # the one that the GPU operator has driver containers for
            "image_type": "UBUNTU_CONTAINERD",
            "guest_accelerators": [{"type": gpu.attached, "count": gpu.gpus, "gpu_driver_installation_config": driver}],
            "taints": [{"key": GPU, "value": "present", "effect": "NO_SCHEDULE"}],
            "spot": gpu.purchase == "spot",
        }
        if gpu.reservation:
            accelerated["reservation_affinity"] = {
                "consume_reservation_type": "SPECIFIC_RESERVATION",
                "key": "compute.googleapis.com/reservation-name",
                "values": [gpu.reservation],
            }
    return {
        "machine_type": machine,
        "disk_size_gb": nodes.disk,
        "disk_type": "pd-balanced",
        "boot_disk_kms_key": nodes.key,
        "service_account": nodes.account,
        # what the account may do is said by its roles alone
        "oauth_scopes": ["https://www.googleapis.com/auth/cloud-platform"],
        "metadata": {"disable-legacy-endpoints": "true"},
        "workload_metadata_config": {"mode": "GKE_METADATA"},
        # secure boot refuses the driver that the GPU operator builds
        "shielded_instance_config": {"enable_integrity_monitoring": True, "enable_secure_boot": gpu is None},
        "labels": labels,
        "tags": [nodes.tag],
        **accelerated,
    }


def system(nodes: Nodes, machine: str, least: int, most: int) -> gcp.container.NodePool:
    """The pool without GPUs, over the region's zones; `least` and `most` count all zones."""
    return _pool(nodes, SYSTEM_POOL, config(nodes, machine, system_labels()), (1, least, most), None)


def accelerated(nodes: Nodes, pool: str, args: GpuNodesArgs) -> gcp.container.NodePool:
    """A pool with GPUs, in one zone; its nodes take no pod that does not ask for GPUs."""
    labels = {**gpu_labels(pool, args), **OPERATOR_DRIVER}
    return _pool(nodes, pool, config(nodes, args.machine, labels, args), (args.nodes, args.least, args.most), [nodes.zone])


def _pool(
    nodes: Nodes, pool: str, settings: dict[str, Any], sizes: tuple[int, int, int], zones: list[str] | None
) -> gcp.container.NodePool:
    first, least, most = sizes
    return gcp.container.NodePool(
        f"{nodes.name}-{pool}",
        name=pool,
        cluster=nodes.cluster,
        location=nodes.location,
        node_locations=zones,
        initial_node_count=first,
        autoscaling={
            "total_min_node_count": least,
            "total_max_node_count": most,
            "location_policy": "ANY" if settings.get("spot") else "BALANCED",
        },
        management={"auto_repair": True, "auto_upgrade": True},
        upgrade_settings={"max_surge": 1, "max_unavailable": 0},
        network_config={"enable_private_nodes": True},
        node_config=settings,
        # the autoscaler's business, and a change of it would make the pool anew
        opts=pulumi.ResourceOptions.merge(nodes.opts, pulumi.ResourceOptions(ignore_changes=["initialNodeCount"])),
    )
