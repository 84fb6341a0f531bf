"""Stacks with a cluster of their own through the composer, under mocks."""

from pathlib import Path
from typing import Any

from components.platform import Platform
from tests.unit.recording import Recording, record
from tests.unit.sagemaker_stack import CALLS
from tests.unit.stackfiles import checked, stack

KNOWN: dict[str, dict[str, Any]] = {
    **CALLS,
    "gcp:organizations/getProject:getProject": {"projectId": "mlops-trial", "number": "123456789012"},
}
POOLS = {
    "eks": "gpu: {accelerator: NVIDIA-A10G, count: 4, nodes: 1, min: 0, max: 3, purchase: spot}",
    "gke": "gpu: {accelerator: NVIDIA-L4, count: 4, nodes: 1, min: 0, max: 3, purchase: spot}",
    "aks": "gpu: {accelerator: NVIDIA-A100-80GB-PCIe, count: 2, nodes: 1, min: 0, max: 3, purchase: spot}",
}
CLOUDS = {"eks": "sagemaker", "gke": "vertex", "aks": "azureml"}
FALLBACK = """
systems:
  kafka: {}
  seaweedfs: {target: kubernetes}
  mysql: {target: kubernetes}
  argo: {}
"""


def made_by(
    folder: Path, provisioner: str, cluster: str = "", more: str = "", systems: str = "{argo: {}, mysql: {}, seaweedfs: {}}"
) -> Recording[Platform]:
    """A stack of target kubernetes on its own cluster with a GPU pool; `cluster` and `more` are lines of those sections."""
    pools = POOLS[provisioner]
    spec = f"cluster:\n  provisioner: {provisioner}\n  gpuPools: {{{pools}}}\n{cluster}\n{more}\nsystems: {systems}"
    return composed(folder, spec)


def composed(folder: Path, spec: str, target: str = "kubernetes") -> Recording[Platform]:
    """Any stack."""
    made = stack(checked(folder, spec, target=target))
    return record(lambda: Platform("platform", made), calls=KNOWN)


def grounds(made: Recording[Platform]) -> dict[str, str]:
    """Noun of each system's component, by its key."""
    return {r.name: r.kind for r in made.resources if r.type.startswith("mlops:index:") and r.parent == "platform"}
