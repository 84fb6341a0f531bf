"""GPUs by the name that nodes are labelled with, and the machine type of each cloud that has them.

A row is (GPUs of one machine -> machine type); the smallest machine with that many. Names are those of label
nvidia.com/gpu.product, as NVIDIA's GPU feature discovery writes them. Which regions and zones have a machine, and how many
an account may have, only the cloud knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

PROVISIONERS: Mapping[str, str] = {"eks": "sagemaker", "gke": "vertex", "aks": "azureml"}
"""Who makes a cluster -> the target whose network, key and identities it stands on."""
OWN: Mapping[str, str] = {cloud: provisioner for provisioner, cloud in PROVISIONERS.items()}
"""Target -> who makes the own cluster of its stacks."""


@dataclass(frozen=True)
class Accelerator:
    """One GPU product on one cloud."""

    machines: Mapping[int, str]
    """Machine type by its number of GPUs."""
    source: str
    checked: str
    attached: str = ""
    """What the machine has to be given by name (Google Cloud: accelerator type)."""


_EC2 = "EC2 DescribeInstanceTypes (GpuInfo), as recorded in moto 5.2.5"
_GCE = 'Compute Engine, "Accelerator-optimized machine family" and "GPU machine types"'
_GCE_N1 = 'Compute Engine, "GPU machine types" (GPUs that attach to N1 machines)'
_NC = "Microsoft Aspire, Azure Kubernetes VM sizes (StandardNCADSA100v4, StandardNCadsH100v5, StandardNDAMSv4A100)"
_ND = 'Azure Virtual Machines, "ND A100 v4", "ND H100 v5" size series'
_T4 = 'Azure Stack Edge and Virtual Machines, "NCasT4_v3" size series'
_DAY = "2026-11-23"

CATALOGUE: Mapping[str, Mapping[str, Accelerator]] = {
    "eks": {
        "Tesla-T4": Accelerator({1: "g4dn.xlarge", 4: "g4dn.12xlarge", 8: "g4dn.metal"}, _EC2, _DAY),
        "NVIDIA-A10G": Accelerator({1: "g5.xlarge", 4: "g5.12xlarge", 8: "g5.48xlarge"}, _EC2, _DAY),
        "NVIDIA-L4": Accelerator({1: "g6.xlarge", 4: "g6.12xlarge", 8: "g6.48xlarge"}, _EC2, _DAY),
        "NVIDIA-L40S": Accelerator({1: "g6e.xlarge", 4: "g6e.12xlarge", 8: "g6e.48xlarge"}, _EC2, _DAY),
        "NVIDIA-A100-SXM4-40GB": Accelerator({8: "p4d.24xlarge"}, _EC2, _DAY),
        "NVIDIA-A100-SXM4-80GB": Accelerator({8: "p4de.24xlarge"}, _EC2, _DAY),
        "NVIDIA-H100-80GB-HBM3": Accelerator({1: "p5.4xlarge", 8: "p5.48xlarge"}, _EC2, _DAY),
        "NVIDIA-H200": Accelerator({8: "p5en.48xlarge"}, _EC2, _DAY),
        "NVIDIA-B200": Accelerator({8: "p6-b200.48xlarge"}, _EC2, _DAY),
    },
    "gke": {
        "Tesla-T4": Accelerator({1: "n1-standard-8"}, _GCE_N1, _DAY, "nvidia-tesla-t4"),
        "NVIDIA-L4": Accelerator(
            {1: "g2-standard-4", 2: "g2-standard-24", 4: "g2-standard-48", 8: "g2-standard-96"}, _GCE, _DAY, "nvidia-l4"
        ),
        "NVIDIA-A100-SXM4-40GB": Accelerator(
            {1: "a2-highgpu-1g", 2: "a2-highgpu-2g", 4: "a2-highgpu-4g", 8: "a2-highgpu-8g", 16: "a2-megagpu-16g"},
            _GCE,
            _DAY,
            "nvidia-tesla-a100",
        ),
        "NVIDIA-A100-SXM4-80GB": Accelerator(
            {1: "a2-ultragpu-1g", 2: "a2-ultragpu-2g", 4: "a2-ultragpu-4g", 8: "a2-ultragpu-8g"}, _GCE, _DAY, "nvidia-a100-80gb"
        ),
        "NVIDIA-H100-80GB-HBM3": Accelerator({8: "a3-highgpu-8g"}, _GCE, _DAY, "nvidia-h100-80gb"),
        "NVIDIA-H200": Accelerator({8: "a3-ultragpu-8g"}, _GCE, _DAY, "nvidia-h200-141gb"),
    },
    "aks": {
        "Tesla-T4": Accelerator({1: "Standard_NC4as_T4_v3"}, _T4, _DAY),
        "NVIDIA-A100-80GB-PCIe": Accelerator(
            {1: "Standard_NC24ads_A100_v4", 2: "Standard_NC48ads_A100_v4", 4: "Standard_NC96ads_A100_v4"}, _NC, _DAY
        ),
        "NVIDIA-A100-SXM4-40GB": Accelerator({8: "Standard_ND96asr_v4"}, _ND, _DAY),
        "NVIDIA-A100-SXM4-80GB": Accelerator({8: "Standard_ND96amsr_A100_v4"}, _NC, _DAY),
        "NVIDIA-H100-NVL": Accelerator({1: "Standard_NC40ads_H100_v5", 2: "Standard_NC80adis_H100_v5"}, _NC, _DAY),
        "NVIDIA-H100-80GB-HBM3": Accelerator({8: "Standard_ND96isr_H100_v5"}, _ND, _DAY),
    },
}
"""Accelerators by who makes the cluster, then by product."""
DRIVER_ON_NODES = ("eks",)
"""Whose GPU nodes come with driver and container toolkit: EKS's accelerated Amazon Linux, which NVIDIA has no driver container
for (EKS user guide, "Use EKS-optimized accelerated AMIs for GPU instances"). The others' are left to the GPU operator."""
SYSTEM_MACHINES: Mapping[str, str] = {"eks": "m6i.2xlarge", "gke": "e2-standard-8", "aks": "Standard_D8s_v5"}
"""Machine of the nodes without GPUs where the stack names none: 8 cores and 32 GiB."""
POOL_LIMITS: Mapping[str, int] = {"eks": 63, "gke": 40, "aks": 12}
"""Longest name of a node pool in characters (EKS API reference, CreateNodegroup; GKE API reference, NodePool; AKS
documentation, "Create node pools": letters and digits alone)."""
CLUSTER_LIMITS: Mapping[str, int] = {"eks": 100, "gke": 40, "aks": 63}
"""Longest name of a cluster in characters (EKS API reference, CreateCluster; GKE API reference, Cluster; Azure naming rules)."""
SYSTEM_POOL = "system"
"""Name of the pool without GPUs; taken, so that no pool of a stack file may have it."""


def pool_name(provisioner: str, name: str) -> str:
    """A pool's name as the service takes it: AKS knows no dashes."""
    return name.replace("-", "") if provisioner == "aks" else name


def machine(provisioner: str, accelerator: str, count: int) -> tuple[str, str]:
    """(machine type, what it has to be given by name). KeyError where the cloud has none; validation has said so before."""
    found = CATALOGUE[provisioner][accelerator]
    return found.machines[count], found.attached
