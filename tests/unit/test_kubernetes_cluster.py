"""The cluster's GPUs: what live nodes are held against, how sharing is carried everywhere, who is promised how much."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.contracts import ComputeCluster
from components.kubernetes import gpu_operator, gpus, kueue
from components.kubernetes.cluster import GpuClusterArgs, GpuComputeCluster, GpuPoolArgs, TeamQuotaArgs
from components.kubernetes.installed import OPERATORS
from components.kubernetes.place import Compute
from components.platform import Platform
from components.spec.compute import GpuCluster
from components.spec.stack import Tier
from components.spec.team import GpuPool, GpuSharing
from tests.unit.kubernetes_site import CERTIFICATES, METRICS, site
from tests.unit.operators_fake import Cluster, custom, deployment
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, only, stack

A100 = "NVIDIA-A100-SXM4-80GB"
ARGS = GpuClusterArgs(
    namespace="compute",
    labels={"mlops.dev/team": "platform"},
    issuer="mlops-ca",
    bundle="mlops-ca",
    pools={"train": GpuPoolArgs(A100, 4, 2, ["gpu-0", "gpu-1"]), "serve": GpuPoolArgs("NVIDIA-L4", 1, 3)},
    cpu="64",
    memory="256Gi",
    compute=Compute("250m", "512Mi"),
    namespaces=["jupyterhub"],
    teams={"fraud": TeamQuotaArgs("32", "128Gi", 6), "churn": TeamQuotaArgs("8", "32Gi", 0)},
    monitored=True,
)
QUEUES = OPERATORS["kueue"].crd
POOL = GpuPool(accelerator=A100, count=4, nodes=2)
SLICED = GpuSharing(mode="timeSlice", shares=3)
CUT = GpuSharing(mode="mig", profile="2g.20gb")
SPEC = """
tier: platform
cluster:
  gpuPools: {train: {accelerator: NVIDIA-A10G, count: 4, nodes: 2, members: [gpu-0, gpu-1]}}
  gpuSharing: {mode: timeSlice, shares: 2}
systems: {cluster: {}, prometheus: {}, jupyterhub: {}}
teams: {fraud: {quota: {gpus: 5}}, churn: {}}
"""


def node(product: str | None = A100, gpus: str | None = "4", taint: bool = True) -> dict[str, Any]:
    """A live node as the API gives it."""
    return {
        "metadata": {"name": "x", "labels": {"nvidia.com/gpu.product": product} if product else {}},
        "spec": {"taints": [{"key": "nvidia.com/gpu", "effect": "NoSchedule"}] if taint else []},
        "status": {"allocatable": {"cpu": "16"} | ({"nvidia.com/gpu": gpus} if gpus else {})},
    }


def cut() -> dict[str, Any]:
    """A live node that MIG has cut."""
    made = node()
    made["status"]["allocatable"]["nvidia.com/mig-2g.20gb"] = "12"
    return made


def build(args: GpuClusterArgs = ARGS, **nodes: dict[str, Any]) -> Recording[GpuComputeCluster]:
    live = {"gpu-0": node(), "gpu-1": node()} | {name.replace("_", "-"): found for name, found in nodes.items()}
    return record(lambda: GpuComputeCluster("cluster", args), reads=live, preview=True)


def seen(**found: Any) -> dict[str, Any]:
    made = node(**found)
    return {"labels": made["metadata"]["labels"], "taints": made["spec"]["taints"], "allocatable": made["status"]["allocatable"]}


def test_every_named_node_is_read_in_a_preview_and_a_contradiction_stops_it() -> None:
    made = build()
    assert [r.name for r in made.all("Node")] == ["cluster-node-gpu-0", "cluster-node-gpu-1"] and all(
        r.read for r in made.all("Node")
    )
    with pytest.raises(pulumi.RunError, match=r'gpuPools\.train: node gpu-1 is labelled nvidia.com/gpu.product="Tesla-T4"'):
        build(gpu_1=node("Tesla-T4"))
    with pytest.raises(pulumi.RunError, match=r"node gpu-0 offers no nvidia\.com/gpu"):
        build(replace(ARGS, operator="off"), gpu_0=node(gpus=None))


@pytest.mark.parametrize(
    ("sharing", "resource", "count", "product"),
    [
        (GpuSharing(), "nvidia.com/gpu", 8, A100),
        (GpuSharing(mode="timeSlice"), "nvidia.com/gpu", 32, f"{A100}-SHARED"),
        (SLICED, "nvidia.com/gpu", 24, f"{A100}-SHARED"),
        (CUT, "nvidia.com/mig-2g.20gb", 24, A100),
        (GpuSharing(mode="mig", profile="1g.20gb", shares=4), "nvidia.com/mig-1g.20gb", 32, A100),
    ],
)
def test_sharing_is_declared_once(sharing: GpuSharing, resource: str, count: int, product: str) -> None:
    assert (gpus.resource(sharing), gpus.capacity(POOL, sharing), gpus.product(POOL, sharing)) == (resource, count, product)


def test_sharing_is_carried_to_device_plugin_and_mig() -> None:
    assert gpu_operator.sharing_values(GpuSharing()) == {}
    plugin = gpu_operator.sharing_values(SLICED)["devicePlugin"]["config"]
    slices = json.loads(plugin["data"][plugin["default"]])["sharing"]["timeSlicing"]
    assert slices["resources"] == [{"name": "nvidia.com/gpu", "replicas": 3}]
    mig = gpu_operator.sharing_values(CUT)
    layouts = json.loads(mig["migManager"]["config"]["data"]["config.yaml"])["mig-configs"]
    assert layouts[gpu_operator.CONFIG][0]["mig-devices"] == {"2g.20gb": 3}
    assert mig["mig"]["strategy"] == "mixed" and "all-disabled" in layouts


def test_mig_cuts_the_nodes_that_pools_name_once_its_manager_is_there() -> None:
    args = replace(ARGS, sharing="mig", profile="2g.20gb")
    made = build(args)
    patches = {r.object_name: r for r in made.all("NodePatch")}
    assert set(patches) == {"gpu-0", "gpu-1"} and not build().all("NodePatch")
    for patch in patches.values():
        assert patch.inputs["metadata"]["labels"]["nvidia.com/mig.config"] == gpu_operator.CONFIG
        assert "cluster-gpu-operator" in patch.depends_on
    assert not build(replace(args, operator="off"), gpu_0=cut(), gpu_1=cut()).all("NodePatch")


def test_gpus_are_divided_by_promise_and_the_rest_is_shared() -> None:
    pools = {"train": 8, "serve": 3}
    assert kueue.divide(pools, {"fraud": 6, "churn": 3}) == {
        "churn": {"train": 3, "serve": 0},
        "fraud": {"train": 5, "serve": 1},
        kueue.SHARED: {"train": 0, "serve": 2},
    }
    with pytest.raises(ValueError, match="promised 12 GPUs, the pools have 11"):
        kueue.divide(pools, {"a": 6, "b": 6})
    assert kueue.divide({}, {"a": 0}) == {"a": {}, kueue.SHARED: {}}


def test_a_queue_a_team_in_one_cohort_waits_for_flavors_and_operator() -> None:
    made = build()
    queues = {r.object_name: r for r in made.all("ClusterQueue")}
    assert set(queues) == {"mlops-shared", "team-fraud", "team-churn"}
    fraud = queues["team-fraud"].inputs
    assert fraud["metadata"]["annotations"] == {"pulumi.com/waitFor": "condition=Active"} and "namespace" not in fraud["metadata"]
    assert {q.inputs["spec"]["cohortName"] for q in queues.values()} == {"mlops"}
    ordinary, accelerated = fraud["spec"]["resourceGroups"]
    assert [r["nominalQuota"] for r in ordinary["flavors"][0]["resources"]] == ["32", "128Gi"]
    assert {f["name"]: f["resources"][0]["nominalQuota"] for f in accelerated["flavors"]} == {"gpu-train": 6, "gpu-serve": 0}
    places = fraud["spec"]["namespaceSelector"]["matchExpressions"][0]
    assert (places["operator"], places["values"]) == ("In", ["fraud"])
    flavors = {r.object_name: r for r in made.all("ResourceFlavor")}
    assert flavors["gpu-train"].inputs["spec"]["nodeLabels"] == {"nvidia.com/gpu.product": A100}
    assert {"cluster-kueue", "cluster-flavor-gpu-train", "cluster-flavor-ordinary"} <= set(queues["team-fraud"].depends_on)


def test_kueue_looks_only_where_it_is_asked_and_every_flavor_exists() -> None:
    made = build()
    values = made.one("Chart", "cluster-kueue").inputs["values"]
    config = json.loads(values["managerConfig"]["controllerManagerConfigYaml"])
    assert config["managedJobsNamespaceSelector"]["matchExpressions"][0]["values"] == ["churn", "fraud", "jupyterhub"]
    assert config["manageJobsWithoutQueueName"] is False and "pod" in config["integrations"]["frameworks"]
    assert values["controllerManager"]["manager"]["image"]["repository"] == "registry.k8s.io/kueue/kueue"
    named = {f["name"] for q in made.all("ClusterQueue") for g in q.inputs["spec"]["resourceGroups"] for f in g["flavors"]}
    assert named == {r.object_name for r in made.all("ResourceFlavor")}
    bare = build(replace(ARGS, pools={}, teams={}, namespaces=[]))
    (queue,) = bare.all("ClusterQueue")
    assert len(queue.inputs["spec"]["resourceGroups"]) == 1
    assert queue.inputs["spec"]["namespaceSelector"]["matchExpressions"][0]["values"] == ["compute"]


@pytest.mark.parametrize(("operator", "charts"), [("managed", 2), ("off", 1)])
def test_an_operator_that_is_not_ours_is_not_installed(operator: str, charts: int) -> None:
    made = build(replace(ARGS, operator=operator, values={"driver": {"version": "580"}}))
    assert len(made.all("Chart")) == charts
    if charts == 2:
        assert made.one("Chart", "cluster-gpu-operator").inputs["values"]["driver"]["version"] == "580"


def test_an_operator_that_the_cluster_has_is_looked_at() -> None:
    served = {"spec": {"group": "x", "names": {"kind": "X", "plural": "xs"}, "scope": "Cluster", "versions": []}}

    def versions(name: str) -> dict[str, Any]:
        version = {"name": name, "served": True, "storage": True}
        return {"metadata": {"labels": {}}, "spec": {**served["spec"], "versions": [version]}}

    reads = {"gpu-0": node(), "gpu-1": node(), "clusterpolicies.nvidia.com": versions("v1"), QUEUES: versions("v1beta2")}
    args = replace(ARGS, operator="existing", queue_operator="existing")
    made = record(lambda: GpuComputeCluster("cluster", args), reads=reads, preview=True)
    assert made.all("Chart") == [] and {r.name for r in made.all("CustomResourceDefinition")} == {
        "cluster-gpu-operator",
        "cluster-kueue",
    }
    with pytest.raises(pulumi.RunError, match="this platform writes v1beta2"):
        old = reads | {QUEUES: versions("v1beta1")}
        record(lambda: GpuComputeCluster("cluster", args), reads=old, preview=True)


def promise(gpus: int) -> dict[str, Any]:
    return {"fraud": {"quota": {"gpus": gpus}}}


def test_the_plan_carries_the_declared_pools_and_refuses_promises_that_cannot_be_kept() -> None:
    pools = {"gpuPools": {"train": {"accelerator": A100, "count": 2}}}
    there = site("cluster", GpuCluster(), CERTIFICATES, METRICS, tier=Tier.PLATFORM, cluster=pools, teams=promise(2))
    args = GpuComputeCluster.plan(there)
    assert args.pools == {"train": GpuPoolArgs(A100, 2, 1)} and args.teams["fraud"].gpus == 2 and args.monitored
    with pytest.raises(pulumi.RunError, match=r"cluster\.gpuPools: teams are promised 3 GPUs, the pools have 2"):
        GpuComputeCluster.plan(site("cluster", GpuCluster(), CERTIFICATES, tier=Tier.PLATFORM, cluster=pools, teams=promise(3)))


def test_the_contract_says_what_a_share_is_called_and_which_queue() -> None:
    def contract() -> ComputeCluster:
        (found,) = GpuComputeCluster("cluster", replace(ARGS, pools={}, teams={}, sharing="mig", profile="3g.40gb")).contracts()
        return found

    found = record(contract).result
    assert (found.gpu_resource, found.queues) == ("nvidia.com/mig-3g.40gb", ["mlops"]) and found.ready


def test_in_a_platform_teams_and_notebooks_have_queues_and_ask_for_shares(tmp_path: Path) -> None:
    live = {f"gpu-{i}": node("NVIDIA-A10G-SHARED", "8") for i in range(2)}
    made = record(lambda: Platform("platform", stack(checked(tmp_path, SPEC))), reads=live)
    local = {(r.namespace, r.inputs["spec"]["clusterQueue"]) for r in made.all("LocalQueue")}
    assert local == {("jupyterhub", "mlops-shared"), ("fraud", "team-fraud"), ("churn", "team-churn")}
    assert {r.object_name for r in made.all("LocalQueue")} == {"mlops"}
    for queue in made.all("LocalQueue"):
        assert "cluster-kueue" in made.waits_for(queue.name), queue.name
    profiles = made.one("Chart", "jupyterhub-chart").inputs["values"]["singleuser"]["profileList"]
    gpu = next(p["kubespawner_override"] for p in profiles if p["slug"] == "gpu")
    assert gpu["extra_labels"][kueue.LABEL] == "mlops" and gpu["extra_resource_limits"] == {"nvidia.com/gpu": "1"}
    assert gpu["node_selector"] == {"nvidia.com/gpu.product": "NVIDIA-A10G-SHARED"}
    assert gpu["extra_labels"]["hub.jupyter.org/network-access-hub"] == "true"
    cpu = next(p["kubespawner_override"] for p in profiles if p["slug"] == "cpu")
    assert "extra_labels" not in cpu
    shared = made.one("ClusterQueue", "mlops-shared").inputs["spec"]["resourceGroups"][1]["flavors"]
    assert shared[0]["resources"][0]["nominalQuota"] == 16 - 5
    assert made.one("Namespace", "compute").inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
    assert made.leaks() == []


def test_a_teams_bound_counts_the_shares_that_it_asks_for(tmp_path: Path) -> None:
    text = SPEC.replace("mode: timeSlice, shares: 2", "mode: mig").replace("members: [gpu-0, gpu-1]", "members: []")
    made = record(lambda: Platform("platform", stack(checked(tmp_path, text))))
    quota = next(r for r in made.all("ResourceQuota") if r.namespace == "fraud").inputs["spec"]["hard"]
    assert quota["requests.nvidia.com/mig-1g.10gb"] == "5" and "requests.nvidia.com/gpu" not in quota


def test_a_pool_that_names_another_number_of_nodes_is_refused(tmp_path: Path) -> None:
    text = "cluster: {gpuPools: {a: {accelerator: x, nodes: 2, members: [one]}}}\nsystems: {cluster: {}}"
    assert "nodes is 2, but members names 1" in only(checked(tmp_path, text))


def test_the_simulated_queues_are_active_once_their_flavors_are_there() -> None:
    cluster = Cluster()
    cluster.put(deployment("kueue"))
    cluster.up("Deployment", "system", "kueue")
    spec = kueue.cluster_queue("8", "32Gi", "nvidia.com/gpu", {"train": 2}, ["team"])
    cluster.put(custom("ClusterQueue", "team-a", spec))
    cluster.put(custom("LocalQueue", "mlops", {"clusterQueue": "team-a"}))
    cluster.settle()

    def condition(kind: str, namespace: str, name: str) -> tuple[str, str]:
        (found,) = cluster.get(kind, namespace, name)["status"]["conditions"]
        return found["status"], found["reason"]

    assert condition("ClusterQueue", "", "team-a") == ("False", "FlavorNotFound")
    assert condition("LocalQueue", "team", "mlops") == ("False", "ClusterQueueIsInactive")
    assert "ordinary,gpu-train" in cluster.get("ClusterQueue", "", "team-a")["status"]["conditions"][0]["message"]
    for name in ("ordinary", "gpu-train"):
        cluster.put(custom("ResourceFlavor", name, {}))
    cluster.settle()
    assert condition("ClusterQueue", "", "team-a") == ("True", "Ready")
    assert condition("LocalQueue", "team", "mlops") == ("True", "Ready")
    cluster.remove("ClusterQueue", "", "team-a")
    cluster.settle()
    assert cluster.names("ClusterQueue") == [], "its finalizer is finished"
