"""Pods wherever they hide: in workloads, and in custom resources whose operator makes the pods."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.model import UNKNOWN, Resource, at, items, join

CONTAINER_KEYS = ("containers", "initContainers")
DATA_KINDS = {"ConfigMap", "Secret", "CustomResourceDefinition"}
"""Kinds whose content only looks like pods."""
NOT_OBJECTS = ("kubernetes:helm.sh", "kubernetes:yaml", "kubernetes:kustomize")
"""Resources that stand for several objects, each of which is judged by itself."""
HOLDERS = {"spec", "template", "podTemplate", "podTemplateSpec", "jobTemplate", *CONTAINER_KEYS}
"""Keys that lead to pods: a value unknown under one of them could be anything."""
SINGLE = re.compile(
    r"(name|namespace|names|host|hosts|address|endpoint|servers?|url|uri|bucket|prefix|region|port|key|id|arn|class|version|"
    r"value|password|data|bundle|certificate|domain|schedule|storage|size|image|type|privileged|user|root|replicas|escalation)$",
    re.IGNORECASE,
)
"""Keys of custom resources whose values hold no pods; those among them that matter have a look of their own."""
IMAGE_KEY = re.compile(r"^image$|[a-z]Image$|^imageName$")
IMAGE_VARIABLE = re.compile(r"(^|_)IMAGES?(_|$)")
IMAGE_ARGUMENT = re.compile(r"^--?[\w-]*(?:image|reloader)[\w-]*=(?P<ref>\S+)$", re.IGNORECASE)
_REFERENCE = re.compile(r"[\w.-]+(?::\d+)?/[\w./-]+(?::[\w][\w.-]*)?(?:@[\w:+.-]+)?")
_NOT_IMAGES = {"imagePullPolicy"}


def is_kubernetes(resource: Resource) -> bool:
    """A Kubernetes object that may hold pods (charts stand for their objects; data only looks like pods)."""
    return (
        resource.type.startswith("kubernetes:") and not resource.type.startswith(NOT_OBJECTS) and resource.kind not in DATA_KINDS
    )


def is_custom(resource: Resource) -> bool:
    """A custom resource, whose operator decides what becomes of it."""
    group = resource.type.removeprefix("kubernetes:").partition("/")[0]
    return is_kubernetes(resource) and "." in group and not group.endswith("k8s.io")


def hidden(resource: Resource, keys: frozenset[str] | set[str] = frozenset()) -> Iterator[str]:
    """Paths at which a pod (or a value under one of `keys`) could stand, and whose value preview does not know.

    In a custom resource that is any key which does not speak of a name, an address or another single value.
    """
    if not is_kubernetes(resource):
        return
    watched, custom = HOLDERS | keys, is_custom(resource)
    for path, mapping in resource.mappings:
        for key, value in mapping.items():
            unknown = value is UNKNOWN or (isinstance(value, list | tuple) and UNKNOWN in value)
            if unknown and (key in watched or (custom and path.startswith("spec") and not SINGLE.search(key))):
                yield join(path, key)


def pod_specs(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every pod spec in the resource with its path: a mapping with a list of containers."""
    if is_kubernetes(resource):
        for path, value in resource.mappings:
            if isinstance(value.get("containers"), list | tuple):
                yield path, value


def containers(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Every container of every pod spec, init containers too: path, container, pod spec."""
    for path, spec in pod_specs(resource):
        for key in CONTAINER_KEYS:
            for index, item in enumerate(items(spec.get(key))):
                if isinstance(item, Mapping):
                    yield join(path, f"{key}[{index}]"), item, spec


def variables(resource: Resource) -> Iterator[tuple[str, str, Any]]:
    """Environment variables with a value of their own, wherever a list or map of them stands: path, name, value."""
    if not is_kubernetes(resource):
        return
    for path, mapping in resource.mappings:
        for key, value in mapping.items():
            if not key.lower().endswith(("env", "envs", "envvars", "environment", "variables")):
                continue
            if isinstance(value, Mapping):
                for name, item in value.items():
                    if item is UNKNOWN or isinstance(item, str):
                        yield join(path, f"{key}.{name}"), str(name), item
            for index, item in enumerate(items(value)):
                if isinstance(item, Mapping) and item.get("name") is not None and "value" in item:
                    yield join(path, f"{key}[{index}].value"), str(item["name"]), item["value"]


def texts(resource: Resource) -> Iterator[tuple[str, Any]]:
    """Commands and arguments of containers, one by one."""
    if is_kubernetes(resource):
        for path, mapping in resource.mappings:
            for key in ("command", "args"):
                for index, item in enumerate(items(mapping.get(key))):
                    if item is UNKNOWN or isinstance(item, str):
                        yield join(path, f"{key}[{index}]"), item


def images(resource: Resource) -> Iterator[tuple[str, Any]]:
    """Every image reference with its path.

    `image` keys (of containers and of custom resources: Kafka, RayCluster, Prometheus …), images that are told to an
    operator by variable or argument, and images that a helm.v3.Release names in its values.
    """
    if resource.type == "kubernetes:helm.sh/v3:Release":
        yield from _in_values(resource)
        return
    if not is_kubernetes(resource):
        return
    for path, mapping in resource.mappings:
        for key, value in mapping.items():
            if IMAGE_KEY.search(key) and key not in _NOT_IMAGES:
                if value is UNKNOWN:
                    yield join(path, key), UNKNOWN
                elif isinstance(value, str) and value.strip():
                    yield join(path, key), value.strip()
                elif isinstance(value, Mapping) and (ref := _assembled(value)) is not None:
                    yield join(path, key), ref
    for path, name, value in variables(resource):
        if IMAGE_VARIABLE.search(name) and isinstance(value, str):
            yield from ((path, ref) for ref in _REFERENCE.findall(value))
    for path, value in texts(resource):
        if isinstance(value, str) and (found := IMAGE_ARGUMENT.match(value)) and "/" in found["ref"]:
            yield path, found["ref"]


def _assembled(value: Mapping[str, Any]) -> Any:
    """The reference that `{registry, repository, tag, digest}` stands for; None where it names no repository."""
    parts = [value.get(key) for key in ("registry", "repository", "tag", "digest")]
    if UNKNOWN in parts:
        return UNKNOWN
    registry, repository, tag, digest = (str(part) if part else "" for part in parts)
    if not repository:
        return None
    return "/".join(filter(None, (registry, repository))) + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def _in_values(release: Resource) -> Iterator[tuple[str, Any]]:
    for path, mapping in release.mappings:
        value = mapping.get("image")
        if path.startswith("values") and isinstance(value, Mapping):
            ref = _assembled(value)
            # a chart fills in the tag that its values leave out
            if ref is UNKNOWN or (ref is not None and value.get("tag")):
                yield join(path, "image"), ref
        elif path.startswith("values") and isinstance(value, str) and value:
            yield join(path, "image"), value


REQUIRED_RESOURCES: Mapping[str, Sequence[tuple[str, str]]] = {
    "Kafka": (("spec.entityOperator.topicOperator", "resources"), ("spec.entityOperator.userOperator", "resources"),
              ("spec.cruiseControl", "resources"), ("spec.kafkaExporter", "resources")),
    "KafkaNodePool": (("spec", "resources"),),
    "KafkaConnect": (("spec", "resources"),),
    "PerconaServerMySQL": (("spec.mysql", "resources"), ("spec.orchestrator", "resources"),
                           ("spec.proxy.haproxy", "resources"), ("spec.proxy.router", "resources")),
    "Prometheus": (("spec", "resources"),),
    "Alertmanager": (("spec", "resources"),),
    "ThanosRuler": (("spec", "resources"),),
}  # fmt: skip
"""Custom resources that ask for pods without naming containers: the section that asks, and its key for their size."""

COUNTS = {
    "replicas",
    "maxReplicas",
    "minReplicas",
    "maxReplicaCount",
    "parallelism",
    "instances",
    "numberOfBrokerNodes",
    "shards",
}
"""Keys that say how many copies there are to be (at most)."""
SIZES = {"PerconaServerMySQL"}
"""Kinds whose copies are called `size`."""


def replicas(mapping: Mapping[str, Any]) -> int:
    """Copies that a mapping asks for: replicas, or the upper bound of an autoscaled group; 1 where it says nothing."""
    for key in ("maxReplicas", "replicas", "parallelism", "instances", "size"):
        found = mapping.get(key)
        if isinstance(found, int | float) and not isinstance(found, bool):
            return max(int(found), 0)
    return 1


ACCELERATOR = re.compile(r"^(nvidia\.com/|amd\.com/gpu|gpu\.intel\.com/|habana\.ai/gaudi|aws\.amazon\.com/neuron)")


def gpus(value: Any, copies: int = 1) -> int:
    """GPUs (and slices of them, and other accelerators) that all pods in `value` ask for together."""
    if isinstance(value, Mapping):
        copies *= replicas(value)
        asked = {}
        for key in ("requests", "limits"):
            if isinstance(section := value.get(key), Mapping):
                asked.update({k: _count(v) for k, v in section.items() if ACCELERATOR.match(str(k))})
        rest = sum(gpus(item, copies) for key, item in value.items() if key not in ("requests", "limits"))
        return copies * sum(asked.values()) + rest
    if isinstance(value, list | tuple):
        return sum(gpus(item, copies) for item in value)
    return 0


def unknown_gpus(resource: Resource) -> Iterator[str]:
    """Paths of accelerator counts that preview does not know."""
    if is_kubernetes(resource):
        for path, mapping in resource.mappings:
            yield from (join(path, k) for k, v in mapping.items() if v is UNKNOWN and ACCELERATOR.match(k))


def _count(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def section(resource: Resource, path: str) -> Any:
    """A section of a custom resource; None where it is absent or switched off."""
    found = at(resource.props, path)
    return None if isinstance(found, Mapping) and found.get("enabled") is False else found
