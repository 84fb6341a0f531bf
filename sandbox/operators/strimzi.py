"""What is peculiar to Strimzi: numbers of Kafka nodes across node pools, names of listener ports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.operators.functions import env


def restricted(operator: dict[str, Any]) -> dict[str, Any] | None:
    """The containers' security context that the operator gives where it is told to be restricted, else none.

    Source: strimzi-kafka-operator 1.2.0, RestrictedPodSecurityProvider (STRIMZI_POD_SECURITY_PROVIDER_CLASS).
    """
    if env(operator, "STRIMZI_POD_SECURITY_PROVIDER_CLASS") != "restricted":
        return None
    return {
        "allowPrivilegeEscalation": False,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def node_ids(pools: Iterable[Mapping[str, Any]]) -> dict[str, list[int]]:
    """The node numbers of each pool of one Kafka cluster, by pool name.

    A pool keeps the numbers in its status, drops the highest when it shrinks, and takes the lowest free ones when it grows
    (strimzi.io/docs/operators/latest/deploying, "Managing node pool IDs").
    """
    ordered = sorted(pools, key=lambda pool: pool["metadata"]["name"])
    ids = {pool["metadata"]["name"]: _kept(pool) for pool in ordered}
    taken = {number for numbers in ids.values() for number in numbers}
    for pool in ordered:
        numbers = ids[pool["metadata"]["name"]]
        free = (number for number in range(len(taken) + _size(pool) + 1) if number not in taken)
        new = [next(free) for _ in range(_size(pool) - len(numbers))]
        numbers.extend(new)
        numbers.sort()
        taken.update(new)
    return ids


def _size(pool: Mapping[str, Any]) -> int:
    return int(pool["spec"].get("replicas", 0))


def _kept(pool: Mapping[str, Any]) -> list[int]:
    return sorted((pool.get("status") or {}).get("nodeIds") or ())[: _size(pool)]


def port_name(listener: Mapping[str, Any]) -> str:
    """The name of a listener's port (ListenersUtils.backwardsCompatiblePortName of Strimzi 1.2.0)."""
    name, port, internal = listener["name"], listener["port"], listener["type"] == "internal"
    if (name, port, internal) in (("plain", 9092, True), ("tls", 9093, True)):
        return {"plain": "tcp-clients", "tls": "tcp-clientstls"}[name]
    return "tcp-external" if (name, port) == ("external", 9094) else f"tcp-{name}"
