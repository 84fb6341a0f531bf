"""The objects of a cluster by what the resolver asks for: names, selectors, pod templates, ports, keys."""

import base64
import binascii
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.wiring.records import Place

Object = Mapping[str, Any]
WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod")
MADE_OF = {"ReplicaSet": "Deployment"}
"""Kinds between a pod and its workload."""


@dataclass(frozen=True, eq=False)
class Template:
    """Pods of one kind: where they stand, their labels and their spec."""

    place: Place
    labels: Mapping[str, str]
    spec: Mapping[str, Any]
    owners: tuple[tuple[str, str], ...]
    """(kind, name) of the objects of which the workload was made, the nearest first."""

    @property
    def containers(self) -> list[Mapping[str, Any]]:
        """Init containers, then the others."""
        return [*(self.spec.get("initContainers") or ()), *(self.spec.get("containers") or ())]

    def ports(self) -> Iterator[tuple[str, int, str]]:
        """(name, number, protocol) of the declared container ports."""
        for container in self.containers:
            for port in container.get("ports") or ():
                yield str(port.get("name") or ""), int(port["containerPort"]), str(port.get("protocol") or "TCP")

    def volumes(self) -> dict[str, Mapping[str, Any]]:
        """Volumes by name."""
        return {volume["name"]: volume for volume in self.spec.get("volumes") or ()}


@dataclass(frozen=True)
class Opening:
    """A port of a Service and the port of its pods."""

    name: str
    number: int
    target: int | str
    protocol: str
    app: str


class Index:
    """A look at a list of objects."""

    def __init__(self, objects: Iterable[Object]):
        self._objects: dict[str, dict[tuple[str, str], Object]] = defaultdict(dict)
        for obj in objects:
            metadata = obj.get("metadata") or {}
            self._objects[str(obj["kind"])][str(metadata.get("namespace") or ""), str(metadata.get("name"))] = obj
        known = {namespace for by in self._objects.values() for namespace, _ in by if namespace}
        self.namespaces = known | {name for _, name in self._objects["Namespace"]} | {"default", "kube-system"}
        self.templates = list(self._templates())
        self._at: dict[str, list[Template]] = defaultdict(list)
        for template in self.templates:
            self._at[template.place.namespace].append(template)

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """An object, or None."""
        return self._objects[kind].get((namespace, name))

    def all(self, kind: str, namespace: str | None = None) -> list[Object]:
        """The objects of a kind."""
        return [obj for (where, _), obj in sorted(self._objects[kind].items()) if namespace in (None, where)]

    def kinds(self) -> list[str]:
        """The kinds there are."""
        return sorted(kind for kind, found in self._objects.items() if found)

    def names(self, kind: str, namespace: str) -> list[str]:
        """Names of the objects of a kind in a namespace."""
        return sorted(name for where, name in self._objects[kind] if where == namespace)

    def namespace_labels(self, name: str) -> Mapping[str, str]:
        """Labels of a namespace, with the one that the API server gives it."""
        found = self.get("Namespace", "", name) or {}
        return {**((found.get("metadata") or {}).get("labels") or {}), "kubernetes.io/metadata.name": name}

    def keys(self, kind: str, namespace: str, name: str) -> set[str] | None:
        """Keys of a Secret or ConfigMap; None where there is none of that name."""
        found = self.get(kind, namespace, name)
        if found is None:
            return None
        return {key for part in ("data", "stringData", "binaryData") for key in found.get(part) or {}}

    def text(self, kind: str, namespace: str, name: str, key: str) -> str:
        """A key's text; "" where there is none or it is no text."""
        found = self.get(kind, namespace, name) or {}
        value = str((found.get("data") or {}).get(key) or "")
        if kind != "Secret":
            return value
        try:
            return base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""

    def in_namespace(self, namespace: str) -> Sequence[Template]:
        """Pod templates of a namespace."""
        return self._at[namespace]

    def selected(self, namespace: str, labels: Mapping[str, str] | None) -> list[Template]:
        """Pod templates of a namespace that carry the labels; none where there are no labels to carry."""
        return [t for t in self._at[namespace] if labels and labels.items() <= t.labels.items()]

    def owned(self, kind: str, namespace: str, name: str) -> list[Template]:
        """Pod templates made of an object."""
        return [t for t in self._at[namespace] if (kind, name) in t.owners]

    def _templates(self) -> Iterator[Template]:
        for kind in WORKLOADS:
            for obj in self.all(kind):
                owners = tuple(self._owners(obj))
                if any(MADE_OF.get(above, above) in WORKLOADS for above, _ in owners):
                    continue
                spec = obj.get("spec") or {}
                template = spec if kind != "CronJob" else ((spec.get("jobTemplate") or {}).get("spec") or {})
                pod: Mapping[str, Any] = obj if kind == "Pod" else template.get("template") or {}
                place = Place(kind, str(obj["metadata"].get("namespace") or ""), str(obj["metadata"]["name"]))
                labels = (pod.get("metadata") or {}).get("labels") or {}
                if kind == "StatefulSet":
                    labels = {
                        **labels,
                        "apps.kubernetes.io/pod-index": "0",
                        "statefulset.kubernetes.io/pod-name": f"{place.name}-0",
                    }
                if kind in ("Job", "CronJob"):
                    # the controller's own labels
                    labels = {**labels, "job-name": place.name, "batch.kubernetes.io/job-name": place.name}
                yield Template(place, labels, pod.get("spec") or {}, owners)

    def _owners(self, obj: Object) -> Iterator[tuple[str, str]]:
        namespace, seen = str(obj["metadata"].get("namespace") or ""), set()
        while True:
            above = next(iter((obj.get("metadata") or {}).get("ownerReferences") or ()), None)
            if above is None or (key := (str(above["kind"]), str(above["name"]))) in seen:
                return
            seen.add(key)
            yield key
            obj = self.get(key[0], namespace, key[1]) or self.get(key[0], "", key[1]) or {}


def openings(service: Object) -> list[Opening]:
    """The ports of a Service."""
    found = []
    for port in (service.get("spec") or {}).get("ports") or ():
        number = int(port["port"])
        target = port.get("targetPort", number)
        target = int(target) if str(target).isdecimal() else str(target)
        found.append(
            Opening(
                str(port.get("name") or ""),
                number,
                target,
                str(port.get("protocol") or "TCP"),
                str(port.get("appProtocol") or ""),
            )
        )
    return found


def pod_port(template: Template, target: int | str) -> int | None:
    """The number behind a target port; None where the template has no port of that name, or declares ports but not this one."""
    declared = list(template.ports())
    if isinstance(target, str):
        return next((number for name, number, _ in declared if name == target), None)
    return target if not declared or any(number == target for _, number, _ in declared) else None


def matches(labels: Mapping[str, str], selector: Mapping[str, Any] | None) -> bool:
    """Whether labels meet a label selector; an empty selector meets everything, None nothing."""
    if selector is None:
        return False
    if not (selector.get("matchLabels") or {}).items() <= labels.items():
        return False
    for test in selector.get("matchExpressions") or ():
        key, values = test["key"], test.get("values") or ()
        held = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }[test["operator"]]
        if not held:
            return False
    return True
