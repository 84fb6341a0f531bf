"""Clusters of a stack's own on each cloud: made by EKS, GKE and AKS for a stack of Kubernetes, or for a cloud stack's fallbacks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.platform_env import Project, project

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

CLUSTERS = {
    "eks": ("aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup", "aws eks get-token"),
    "gke": ("gcp:container/cluster:Cluster", "gcp:container/nodePool:NodePool", "gke-gcloud-auth-plugin"),
    "aks": ("azure-native:containerservice:ManagedCluster", "azure-native:containerservice:AgentPool", "kubelogin"),
}
FALLBACKS = {
    "sagemaker": ("eks", "kafka: {brokers: 3, instanceType: kafka.t3.small}", "aws:msk/cluster:Cluster"),
    "vertex": ("gke", "kafka: {}", "gcp:managedkafka/cluster:Cluster"),
    "azureml": ("aks", "kafka: {}", "azure-native:eventhub:Namespace"),
}
STACK = """
config:
  mlops:target: {target}
  mlops:spec:
    tier: all
    environment: dev
    owner: platform-team
    cluster: {{allowedRanges: [203.0.113.0/24]}}
    operators: {{keepCrds: false}}
    systems:
      {managed}
      minio: {{target: kubernetes}} # what argo needs, on its own side
      postgres: {{target: kubernetes}}
      argo: {{}} # no managed form: on the stack's own cluster
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with project(tmp_path_factory.mktemp("own-cluster")) as made:
        yield made


def types(resources: list[dict[str, Any]]) -> list[str]:
    return [str(r["type"]) for r in resources]


def below(resources: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Everything that stands below the component of a system."""
    root = next(r["urn"] for r in resources if r["urn"].endswith(f"::{name}") and r["type"].startswith("mlops:index:"))
    parents = {r["urn"]: r.get("parent", "") for r in resources}

    def inside(urn: str) -> bool:
        while urn and urn != root:
            urn = parents.get(urn, "")
        return bool(urn)

    return [r for r in resources if r["urn"] != root and inside(r["urn"])]


def status(clone: Project, stack: str) -> dict[str, Any]:
    told = clone.mlops("status", stack, "--format", "json")
    assert told.code == 0, told.text
    found: dict[str, Any] = json.loads(told.text)
    return found


@pytest.mark.parametrize("provisioner", sorted(CLUSTERS))
def test_a_stack_of_kubernetes_makes_its_cluster_with_gpu_pools(clone: Project, provisioner: str) -> None:
    stack, (cluster, pool, command) = f"sandbox-{provisioner}", CLUSTERS[provisioner]
    clone.up(stack)
    clone.settled(stack, "--policy-pack", "policies")
    resources = clone.resources(stack)
    assert types(resources).count(cluster) == 1 and pool in types(resources)
    told = status(clone, stack)
    assert {"own-cluster", "cloud-base", "foundation", "cluster", "argo", "mysql"} <= {r["system"] for r in told["systems"]}
    assert all(row["isReady"] for row in told["systems"])
    assert told["ownCluster"]["logs in by"] == command and "sandbox's own" in told["ownCluster"]["simulated"]
    # the API server's own word: the queue over the pool, the default class of encrypted volumes
    flavors = [item["metadata"]["name"] for item in clone.get("resourceflavors.kueue.x-k8s.io")["items"]]
    assert len(flavors) == 2
    (storage,) = [c for c in clone.get("storageclasses")["items"] if c["metadata"]["name"] == "mlops"]
    assert storage["provisioner"] != "sandbox.mlops.dev"
    given = next(r for r in resources if r["type"] == "pulumi:providers:kubernetes")["inputs"]["kubeconfig"]
    assert "ciphertext" in given
    clone.destroy(stack)


@pytest.mark.parametrize("target", sorted(FALLBACKS))
def test_a_fallback_runs_on_the_cloud_stacks_own_cluster(clone: Project, target: str) -> None:
    provisioner, managed, essential = FALLBACKS[target]
    stack, cluster = f"fallback-{target}", CLUSTERS[provisioner][0]
    clone.stack_file(stack).write_text(STACK.format(target=target, managed=managed))
    clone.init(stack)
    said = clone.good("preview", stack, "--policy-pack", "policies")
    assert f"on this stack's own {provisioner} cluster: " in said and "argo (fallback)" in said
    clone.up(stack)
    clone.settled(stack, "--policy-pack", "policies")
    resources = clone.resources(stack)
    assert cluster in types(resources) and essential in types(resources)
    argo = types(below(resources, "argo"))
    assert "kubernetes:helm.sh/v4:Chart" in argo and "kubernetes:apps/v1:Deployment" in argo
    assert all(row["isReady"] for row in status(clone, stack)["systems"])
    clone.destroy(stack)
