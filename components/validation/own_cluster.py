"""What a stack says of the cluster that it makes: who makes it, its pools, and the machines that the cloud has for them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from components.mapping.accelerators import CATALOGUE, CLUSTER_LIMITS, OWN, POOL_LIMITS, PROVISIONERS, SYSTEM_POOL, pool_name
from components.spec.base import Target
from components.spec.stack import Tier
from components.spec.team import Cluster, GpuPool
from components.validation.problems import Path, nearest, one_of, shown

if TYPE_CHECKING:
    from components.validation.case import Case

Finding = tuple[Path, str]
OWN_KEYS = ("version", "allowed_ranges", "system_nodes")
POOL_KEYS = ("min", "max", "purchase", "reservation")
"""Keys that only a cluster of the stack's own has."""
SHORTEST = 20
"""Longest prefix of a network whose fourth quarter holds a cluster's nodes."""


def check(case: "Case") -> Iterator[Finding]:
    """Everything about it, in the order of the spec."""
    cluster, spec = case.spec.cluster, case.spec
    if spec.tier is Tier.TEAM:
        if cluster.provisioner != "existing":
            said = f"{shown(cluster.provisioner)}: a team's stack lives on its platform's cluster; leave it out"
            yield ("cluster", "provisioner"), said
        return
    if case.target is not Target.KUBERNETES and cluster.provisioner != "existing":
        yield ("cluster", "provisioner"), _other(case, cluster.provisioner)
        return
    provisioner = cluster.provisioner if case.target is Target.KUBERNETES else OWN[case.target.value]
    made = case.target is Target.KUBERNETES or bool(case.on_own_cluster())
    if provisioner == "existing":
        yield from _existing(cluster)
    elif made:
        yield from _made(case, provisioner)


def _other(case: "Case", given: str) -> str:
    own = OWN[case.target.value]
    if given == own:
        return f"{shown(given)}: a stack of target {case.target} makes this cluster where a system needs it; leave the key out"
    cloud = PROVISIONERS[given]
    return (
        f"{shown(given)}: makes a cluster on {cloud}'s cloud, and the target is {case.target}, whose own cluster is {own}; "
        f"leave the key out, or say mlops:target: kubernetes (everything on that cluster) or {cloud}"
    )


def _existing(cluster: Cluster) -> Iterator[Finding]:
    said = f"only for a cluster that the stack makes; leave it out, or say cluster.provisioner: {' or '.join(PROVISIONERS)}"
    for name in OWN_KEYS:
        if name in cluster.model_fields_set and getattr(cluster, name):
            yield ("cluster", Cluster.model_fields[name].alias or name), said
    for pool, declared in cluster.gpu_pools.items():
        for name in POOL_KEYS:
            if name in declared.model_fields_set:
                yield ("cluster", "gpuPools", pool, name), said


def _made(case: "Case", provisioner: str) -> Iterator[Finding]:
    cluster = case.spec.cluster
    for name in ("context", "identifier"):
        if getattr(cluster, name) is not None:
            yield ("cluster", name), f"only for an existing cluster; {provisioner} makes this stack's own"
    if len(case.stack) > (limit := CLUSTER_LIMITS[provisioner]):
        yield (), f"stack name {shown(case.stack)}: names its cluster, and {provisioner} takes at most {limit} characters"
    network = case.spec.cloud.network
    if provisioner == "eks" and network.zones == 4:
        said = "4: the cluster's nodes stand in the fourth quarter of the network; expected 2 or 3"
        yield ("cloud", "network", "zones"), said
    if provisioner in ("eks", "aks") and int(network.cidr.rpartition("/")[2]) > SHORTEST:
        said = (
            f"{shown(network.cidr)}: the cluster's nodes stand in its fourth quarter; expected a range of /{SHORTEST} or larger"
        )
        yield ("cloud", "network", "cidr"), said
    taken: dict[str, str] = {}
    for pool, declared in cluster.gpu_pools.items():
        if (other := taken.setdefault(pool_name(provisioner, pool), pool)) != pool:
            said = f"two pools, {shown(other)} and {shown(pool)}, are one name to {provisioner}, which takes no dashes"
            yield ("cluster", "gpuPools", pool), said
        for path, message in _pool(provisioner, pool, declared):
            yield ("cluster", "gpuPools", pool, *path), message


def _pool(provisioner: str, name: str, pool: GpuPool) -> Iterator[Finding]:
    known = CATALOGUE[provisioner]
    if name == SYSTEM_POOL:
        yield (), f"{shown(name)} is the pool without GPUs; expected another name, for no two pools have the same"
    flat = pool_name(provisioner, name)
    if len(flat) > POOL_LIMITS[provisioner]:
        yield (), f"pool name {shown(name)}: {provisioner} takes at most {POOL_LIMITS[provisioner]} characters, got {len(flat)}"
    found = known.get(pool.accelerator)
    if found is None:
        near = nearest(pool.accelerator, list(known))
        hint = f'; did you mean "{near}"?' if near else ""
        yield ("accelerator",), f"{shown(pool.accelerator)}: {provisioner} has no such GPU; {one_of(list(known))}{hint}"
    elif pool.count not in found.machines:
        counts = [str(count) for count in found.machines]
        yield ("count",), f"{pool.count}: {provisioner} has machines with {' or '.join(counts)} of {pool.accelerator}"
    if pool.members:
        yield ("members",), f"only for an existing cluster; the nodes of this one are made by {provisioner}"
