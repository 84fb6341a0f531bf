"""The simulated cluster autoscaler: a pod that no node has room for brings another node of a pool that it fits on.

Requests are never lowered for the sandbox, so a platform of three replicas that must not share a node needs three nodes. As a
real autoscaler does, it asks only whether a fresh node of the pool would take the pod, and never goes beyond the pool's `max`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import httpx

from sandbox.controlplane.nodes import POOL_LABEL, NodeSpec, Pool, load, node_of, spec_path
from sandbox.operators.client import Client, Refused
from sandbox.operators.functions import get
from sandbox.operators.kinds import Resource
from sandbox.operators.store import Object, Store
from sandbox.providers.kubernetes.normalize import quantity

NODES = Resource("Node", "v1", "nodes", namespaced=False)
REASONS = ("Insufficient", "anti-affinity", "untolerated taint", "topology spread", "Too many pods", "affinity/selector")
"""Words of the scheduler that another node can answer; a claim that is not bound is no such thing."""
# a fresh node takes pods a moment after it is there: the scheduler is given time to say whether one was enough
SETTLE_SECONDS = 1.5
logger = logging.getLogger("operators")


def number(value: Any) -> float:
    """Cores, bytes or pieces of a quantity; 0 where it is none."""
    return float(quantity(value) or 0)


def waits_for_room(pod: Object) -> bool:
    """Whether the scheduler said that no node takes the pod, for a reason that another node could answer."""
    if pod["metadata"].get("deletionTimestamp") or get(pod, "spec.nodeName"):
        return False
    for item in get(pod, "status.conditions", []):
        if item["type"] == "PodScheduled" and item["status"] == "False" and item.get("reason") == "Unschedulable":
            return any(word in item.get("message", "") for word in REASONS)
    return False


def requests(pod: Object) -> dict[str, float]:
    """What the pod asks of a node, by resource: the sum of its containers, or one init container where that is more."""
    total: dict[str, float] = {"pods": 1.0}
    for container in get(pod, "spec.containers", []):
        for name, value in get(container, "resources.requests", {}).items():
            total[name] = total.get(name, 0.0) + number(value)
    for container in get(pod, "spec.initContainers", []):
        for name, value in get(container, "resources.requests", {}).items():
            total[name] = max(total.get(name, 0.0), number(value))
    return total


def fits(pod: Object, node: Object) -> bool:
    """Whether an empty node would take the pod: room, taints and the pod's node selector."""
    room = {name: number(value) for name, value in node["status"]["allocatable"].items()}
    if any(wanted > room.get(name, 0.0) for name, wanted in requests(pod).items()):
        return False
    if not (get(pod, "spec.nodeSelector") or {}).items() <= node["metadata"]["labels"].items():
        return False
    tolerated = get(pod, "spec.tolerations", [])
    return all(any(_tolerates(item, taint) for item in tolerated) for taint in get(node, "spec.taints", []))


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("operator", "Equal") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    return (toleration.get("key"), toleration.get("value", "")) == (taint["key"], taint.get("value", ""))


def next_node(spec: NodeSpec, pod: Object, have: list[Object]) -> Object | None:
    """The node to add for a pod: of the first pool that it fits on and that is not at its `max`; None where there is none."""
    version = get(have[0], "status.nodeInfo.kubeletVersion", "") if have else ""
    for pool in spec.pools:
        used = {item["metadata"]["name"] for item in have if item["metadata"]["labels"].get(POOL_LABEL) == pool.name}
        free = [index for index in range(pool.limit()) if f"{pool.name}-{index}" not in used]
        if free:
            made = node_of(spec.region, pool, free[0], _position(have, pool, free[0]), version)
            if fits(pod, made):
                return made
    return None


def _position(have: list[Object], pool: Pool, index: int) -> int:
    # addresses of the nodes of the spec come first; these count from a hundred on
    return 100 + len(have) + index


class Autoscaler:
    """Adds nodes while pods wait for room."""

    def __init__(self, client: Client, store: Store) -> None:
        self._client, self._store = client, store
        self.look = asyncio.Event()
        """Set by whoever sees a pod change."""
        self._told: set[str] = set()

    async def run(self) -> None:
        """Looks after each change, for ever."""
        while True:
            await self.look.wait()
            await asyncio.sleep(SETTLE_SECONDS)
            self.look.clear()
            try:
                await self._grow()
            except (httpx.HTTPError, Refused) as error:
                logger.warning("autoscaler: %s", error)
                self.look.set()

    async def _grow(self) -> None:
        waiting = [pod for pod in self._store.all("Pod") if waits_for_room(pod)]
        if not waiting:
            return
        have, _ = await self._client.fetch(NODES)
        spec = load(spec_path())
        for pod in waiting:
            added = next_node(spec, pod, have)
            if added is None:
                self._say(pod)
                continue
            body = {key: value for key, value in added.items() if key != "status"}
            await self._client.apply(NODES, body, "mlops-sandbox")
            await self._client.apply(NODES, added, "mlops-sandbox", "status")
            logger.warning("autoscaler: node %s for pod %s", added["metadata"]["name"], pod["metadata"]["name"])
            # one at a time: the next pod may fit on this very node
            self.look.set()
            return

    def _say(self, pod: Object) -> None:
        name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        if name not in self._told:
            self._told.add(name)
            logger.warning("autoscaler: no pool of the node spec has room for pod %s", name)
