"""The cluster that a stack made for itself: who made it, and how a command logs in to it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from cli.engine import exported, sandbox_running

SERVICES = {
    "aws:eks/cluster:Cluster": ("EKS", "aws eks get-token"),
    "gcp:container/cluster:Cluster": ("GKE", "gke-gcloud-auth-plugin"),
    "azure-native:containerservice:ManagedCluster": ("AKS", "kubelogin"),
}
"""The service, and the command by which its kubeconfig logs in, by resource type."""
PROVIDER = "pulumi:providers:kubernetes"
Object = Mapping[str, Any]


def told(resources: Sequence[Object], plugins: Mapping[str, str]) -> dict[str, str]:
    """Who made the stack's cluster, how one logs in, and who stands in for that in the sandbox; {} on an existing cluster."""
    made = next((r for r in resources if r["type"] in SERVICES), None)
    if made is None:
        return {}
    service, command = SERVICES[made["type"]]
    found = {"made by": service, "logs in by": command}
    if sandbox_running() and plugins.get("kubernetes") == "simulated":
        found["simulated"] = f"the API server is the sandbox's own, and the kubernetes provider stands in for {command}"
    return found


def kubeconfig(stack: str, resources: Sequence[Object]) -> dict[str, Any] | None:
    """The kubeconfig of a cluster that the stack made, out of its state; None on an existing one, and in the sandbox, whose own
    API server stands for every such cluster. It holds no credential, but is a secret of the state all the same.
    """
    if sandbox_running() or not any(r["type"] in SERVICES for r in resources):
        return None
    plain = exported(stack, secrets=True).get("resources") or []
    given = next((r["inputs"].get("kubeconfig") for r in plain if r["type"] == PROVIDER), None)
    text = json.loads(given["plaintext"]) if isinstance(given, dict) else given
    found: dict[str, Any] | None = json.loads(text) if text else None
    return found
