"""Secrets and ConfigMaps that are named: whether they stand in the namespace of who names them, with the key that is read."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cli.wiring.index import Index, Template
from cli.wiring.reading import CHART, NO_READERS, SECRET_NAME, TOLD_ITSELF
from cli.wiring.records import Place, Problem, nearest

SECRET_KEY = re.compile(
    r"(secretKeyRef|secretRef|secretKeySelector|passwordSecret|existingSecret|objectStorageConfig|credentials)$"
)
MAKES = {("Certificate", "secretName"), ("ExternalSecret", "name"), ("PerconaServerMySQL", "sslSecretName")}
"""Fields by which an object says what it makes."""
FOREIGN = {"ExternalSecret", "ClusterExternalSecret", "ClusterSecretStore", "ClusterIssuer", "Bundle", CHART}
"""Kinds whose references stand elsewhere than beside them, or are those of the objects made of them."""


@dataclass(frozen=True)
class Reference:
    """One name of a Secret or ConfigMap, and of a key in it."""

    at: Place
    where: str
    kind: str
    namespace: str
    name: str
    key: str = ""


def references(index: Index) -> Iterator[Reference]:
    """Every reference that must hold: of pods, then of custom resources. Optional ones are left out."""
    for template in index.templates:
        yield from of_pod(template)
    for kind in index.kinds():
        if kind in FOREIGN or (kind in NO_READERS and kind not in ("ServiceMonitor", "PodMonitor", "Gateway")):
            continue
        for obj in index.all(kind):
            place = Place(kind, str(obj["metadata"].get("namespace") or ""), str(obj["metadata"]["name"]))
            if place.namespace:
                yield from _fields(place, obj.get("spec"), "spec")


def of_pod(template: Template) -> Iterator[Reference]:
    """References of one pod template: variables, volumes, pull secrets."""
    place, space = template.place, template.place.namespace
    for container in template.containers:
        name = container.get("name")
        for variable in container.get("env") or ():
            for part, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
                ref = (variable.get("valueFrom") or {}).get(part)
                if ref and not ref.get("optional"):
                    yield Reference(place, f"env {variable['name']} of {name}", kind, space, str(ref["name"]), str(ref["key"]))
        for source in container.get("envFrom") or ():
            for part, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
                ref = source.get(part)
                if ref and not ref.get("optional"):
                    yield Reference(place, f"envFrom of {name}", kind, space, str(ref["name"]))
    for name, volume in template.volumes().items():
        for source in (volume, *((volume.get("projected") or {}).get("sources") or ())):
            for part, kind, key in (("secret", "Secret", "secretName"), ("configMap", "ConfigMap", "name")):
                body = source.get(part)
                if not isinstance(body, Mapping) or body.get("optional"):
                    continue
                found = str(body.get(key) or body.get("name") or "")
                items = [item["key"] for item in body.get("items") or ()]
                yield from (Reference(place, f"volume {name}", kind, space, found, item) for item in items or [""])


def _fields(place: Place, value: Any, path: str) -> Iterator[Reference]:
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _fields(place, item, f"{path}[{number}]")
    if not isinstance(value, Mapping):
        return
    for key, item in value.items():
        here = f"{path}.{key}"
        if (
            isinstance(item, str)
            and item
            and SECRET_NAME.match(key)
            and (place.kind, key) not in MAKES
            and not value.get("optional")
        ):
            yield Reference(place, here, "Secret", place.namespace, item)
        found = _selector(item) if SECRET_KEY.search(key) else None
        if found and not item.get("optional") and item.get("namespace", place.namespace) == place.namespace:
            yield Reference(place, here, "Secret", place.namespace, *found)
            continue
        if key in ("configMapKeyRef", "configMap") and (found := _selector(item)) and not item.get("optional"):
            yield Reference(place, here, "ConfigMap", place.namespace, *found)
            continue
        yield from _fields(place, item, here)


def _selector(item: Any) -> tuple[str, str] | None:
    """(name, key) of `{name, key}`; the key may be absent."""
    if isinstance(item, Mapping) and isinstance(item.get("name"), str) and item["name"]:
        key = item.get("key")
        return item["name"], key if isinstance(key, str) else ""
    return None


def problems(index: Index) -> Iterator[Problem]:
    """References that dangle."""
    for ref in references(index):
        if ref.name in TOLD_ITSELF:
            continue
        keys = index.keys(ref.kind, ref.namespace, ref.name)
        if keys is None:
            elsewhere = sorted(o["metadata"]["namespace"] for o in index.all(ref.kind) if o["metadata"]["name"] == ref.name)
            if elsewhere:
                said = f"{ref.kind} {ref.name} stands in namespace {', '.join(elsewhere[:3])}, not in {ref.namespace}"
                yield Problem("namespace", ref.at, ref.where, said)
            else:
                hint = nearest(ref.name, index.names(ref.kind, ref.namespace))
                yield Problem(ref.kind.lower(), ref.at, ref.where, f"no {ref.kind} {ref.namespace}/{ref.name}{hint}")
        elif ref.key and ref.key not in keys:
            said = f"{ref.kind} {ref.namespace}/{ref.name} has no key {ref.key}{nearest(ref.key, keys)}"
            yield Problem(f"{ref.kind.lower()}-key", ref.at, ref.where, said)
