"""The simulated autoscaler: which pods wait for room, and which node answers."""

from typing import Any

import pytest

from sandbox.controlplane.nodes import NodeSpec, Pool, node_of
from sandbox.operators.autoscale import fits, next_node, requests, waits_for_room

GENERAL = Pool(name="general", count=1, max=3, cpu=4, memory="8Gi")
GPU = Pool(name="gpu", count=0, max=1, cpu=8, memory="32Gi", gpus=2)
SPEC = NodeSpec(pools=(GENERAL, GPU))


def pod(
    cpu: str = "1", *, message: str = "0/3 nodes are available: 3 Insufficient cpu.", gpus: int = 0, **spec: Any
) -> dict[str, Any]:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    container = {"resources": {"requests": {"cpu": cpu, "memory": "1Gi", **({"nvidia.com/gpu": gpus} if gpus else {})}}}
    return {
        "metadata": {"name": "x", "namespace": "team"},
        "spec": {"containers": [container], **spec},
        "status": {"conditions": [condition]},
    }


def have(*indices: int) -> list[dict[str, Any]]:
    return [node_of("sandbox-1", GENERAL, index, index, "v1.36.1") for index in indices]


@pytest.mark.parametrize(
    ("message", "waits"),
    [
        ("0/3 nodes are available: 3 Insufficient cpu.", True),
        ("0/3 nodes are available: 1 node(s) didn't match pod anti-affinity rules.", True),
        ("0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.", False),
    ],
)
def test_only_room_is_a_reason(message: str, waits: bool) -> None:
    assert waits_for_room(pod(message=message)) is waits


def test_a_pod_that_stands_or_goes_waits_for_nothing() -> None:
    assert not waits_for_room(pod(nodeName="general-0"))
    going = pod()
    going["metadata"]["deletionTimestamp"] = "2026-11-23T00:00:00Z"
    assert not waits_for_room(going)


def test_the_next_free_node_of_the_first_pool_that_fits() -> None:
    assert next_node(SPEC, pod(), have(0))["metadata"]["name"] == "general-1"  # type: ignore[index]
    assert next_node(SPEC, pod(), have(0, 2))["metadata"]["name"] == "general-1"  # type: ignore[index]


def test_a_pod_too_large_or_a_pool_at_its_limit_gets_none() -> None:
    assert next_node(SPEC, pod("5"), have(0)) is None
    assert next_node(SPEC, pod(), have(0, 1, 2)) is None


def test_gpus_come_with_a_toleration_only() -> None:
    tolerates = [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert next_node(SPEC, pod(gpus=1), have(0)) is None
    assert next_node(SPEC, pod(gpus=1, tolerations=tolerates), have(0))["metadata"]["name"] == "gpu-0"  # type: ignore[index]


def test_a_node_selector_is_kept() -> None:
    node = node_of("sandbox-1", GENERAL, 0, 0, "v1.36.1")
    assert fits(pod(nodeSelector={"mlops.dev/pool": "general"}), node)
    assert not fits(pod(nodeSelector={"mlops.dev/pool": "gpu"}), node)


def test_requests_are_the_sum_or_the_largest_init_container() -> None:
    asked = pod("500m", initContainers=[{"resources": {"requests": {"cpu": "2"}}}])
    assert requests(asked) == {"pods": 1.0, "cpu": 2.0, "memory": float(2**30)}
