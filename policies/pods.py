"""Pods wherever they hide: in workloads, and in custom resources whose operator makes the pods."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.model import UNKNOWN, Resource, walk

CONTAINER_KEYS = ("containers", "initContainers", "ephemeralContainers")
DATA_KINDS = {"ConfigMap", "Secret", "CustomResourceDefinition"}
"""Kinds whose content only looks like pods."""


def is_kubernetes(resource: Resource) -> bool:
    """A Kubernetes object that may hold pods (providers, charts and definitions do not)."""
    return (
        resource.type.startswith("kubernetes:")
        and not resource.type.startswith("kubernetes:helm.sh")
        and resource.kind not in DATA_KINDS
    )


def pod_specs(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every pod spec in the resource with its path: a mapping with a list of containers."""
    if is_kubernetes(resource):
        for path, value in walk(resource.props):
            if isinstance(value.get("containers"), list | tuple):
                yield path, value


def containers(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every container of every pod spec, init containers too."""
    for path, spec in pod_specs(resource):
        for key in CONTAINER_KEYS:
            for index, item in enumerate(spec.get(key) or ()):
                if isinstance(item, Mapping):
                    yield f"{path}.{key}[{index}]", item


def images(resource: Resource) -> Iterator[tuple[str, Any]]:
    """Every image reference: containers' images, and `image` keys of custom resources (Kafka, RayCluster, Prometheus …)."""
    if is_kubernetes(resource):
        for path, value in walk(resource.props):
            found = value.get("image")
            if found is UNKNOWN or (isinstance(found, str) and found):
                yield f"{path}.image", found


REQUIRED_RESOURCES: Mapping[str, Sequence[str]] = {
    "KafkaNodePool": ("spec.resources",),
    "PerconaServerMySQL": ("spec.mysql.resources",),
    "Prometheus": ("spec.resources",),
    "Alertmanager": ("spec.resources",),
}
"""Custom resources that ask for pods without naming containers, and where they say how large these are."""


def replicas(mapping: Mapping[str, Any]) -> int:
    """Copies that a mapping asks for: replicas, or the upper bound of an autoscaled group; 1 where it says nothing."""
    for key in ("maxReplicas", "replicas", "size", "parallelism"):
        found = mapping.get(key)
        if isinstance(found, int | float) and not isinstance(found, bool):
            return int(found)
    return 1


def gpus(value: Any, copies: int = 1) -> int:
    """NVIDIA GPUs (and MIG slices) that all pods in `value` ask for together."""
    if isinstance(value, Mapping):
        copies *= replicas(value)
        limits = value.get("limits") or value.get("requests")
        if isinstance(limits, Mapping) and any(str(k).startswith("nvidia.com/") for k in limits):
            return copies * sum(_count(v) for k, v in limits.items() if str(k).startswith("nvidia.com/"))
        return sum(gpus(item, copies) for item in value.values())
    if isinstance(value, list | tuple):
        return sum(gpus(item, copies) for item in value)
    return 0


def _count(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
