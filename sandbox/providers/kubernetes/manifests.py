"""YAML manifests as objects: read as Kubernetes reads them, lists taken apart, namespaces filled in, put in order."""

from __future__ import annotations

import graphlib
import re
from collections.abc import Iterable
from typing import Any, Final

import yaml

from sandbox.providers.kubernetes.discovery import canonical
from sandbox.providers.kubernetes.normalize import is_crd, without_nulls
from sandbox.providers.kubernetes.tables import group_of
from sandbox.providers.model import Failure

Object = dict[str, Any]
Key = tuple[str, str, str, str]
_DEPENDS_ON: Final = "config.kubernetes.io/depends-on"
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """YAML as Go's decoder reads it for Kubernetes: `yes` and `on` are texts, dates are texts, 1:30 is a text, 0644 is octal."""


_INT: Final = r"^[-+]?(?:0b[01_]+|0o?[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)$"
_FLOAT: Final = (
    r"^(?:[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9]+|[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", _INT, list("-+0123456789")),
    ("float", _FLOAT, list("-+.0123456789")),
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("merge", r"^<<$", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def _octal(loader: Any, node: Any) -> int:
    text = str(loader.construct_scalar(node)).replace("_", "")
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if re.fullmatch(r"0o?[0-7]+", digits):
        return sign * int(digits.removeprefix("0").removeprefix("o") or "0", 8)
    return sign * int(digits, 0)


_Loader.add_constructor("tag:yaml.org,2002:int", _octal)


def parse(text: str, origin: str = "YAML") -> list[Object]:
    """The objects of a YAML text; empty documents are skipped. Raises Failure with line and column."""
    try:
        documents = [document for document in yaml.load_all(text, Loader=_Loader) if document]
    except yaml.YAMLError as error:
        raise Failure(f"{origin}: {' '.join(str(error).split())}") from None
    for document in documents:
        if not isinstance(document, dict):
            raise Failure(f"{origin}: expected Kubernetes objects, found {_short(document)}")
    return documents


def expand(objects: Iterable[Object]) -> list[Object]:
    """The objects with every List (and ConfigMapList …) replaced by its items; apiVersion, kind and name are checked."""
    found: list[Object] = []
    for obj in objects:
        if str(obj.get("kind", "")).endswith("List") and isinstance(obj.get("items"), list):
            found += expand(obj["items"])
            continue
        if not obj.get("kind") or not obj.get("apiVersion"):
            raise Failure(f"Kubernetes resources require a kind and apiVersion: {_short(obj)}")
        if not (obj.get("metadata") or {}).get("name"):
            raise Failure(f"Kubernetes resources require a .metadata.name: {_short(obj)}")
        found.append({**without_nulls(obj), "apiVersion": canonical(str(obj["apiVersion"]))})
    return found


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 100 else text[:97] + "..."


def key_of(obj: Object) -> Key:
    """(group, kind, namespace, name): what makes it the same object for the API server."""
    metadata = obj["metadata"]
    return group_of(obj["apiVersion"]), str(obj["kind"]), str(metadata.get("namespace") or ""), str(metadata["name"])


def order(objects: list[Object]) -> tuple[list[Object], dict[Key, list[Key]]]:
    """The objects sorted so that each comes after those it needs, and what each needs.

    As the official provider: a custom resource needs its CRD, a namespaced object its Namespace, and the annotation
    config.kubernetes.io/depends-on names more; nothing else is ordered. Raises Failure for a duplicate or a circle.
    """
    by_key: dict[Key, Object] = {}
    for obj in objects:
        if key_of(obj) in by_key:
            group, kind, namespace, name = key_of(obj)
            raise Failure(f"duplicate object {group or 'v1'} {kind} {namespace + '/' if namespace else ''}{name}")
        by_key[key_of(obj)] = obj
    crds = {
        (obj["spec"].get("group"), (obj["spec"].get("names") or {}).get("kind")): key
        for key, obj in by_key.items()
        if is_crd(obj) and isinstance(obj.get("spec"), dict)
    }
    needs: dict[Key, list[Key]] = {}
    for key, obj in by_key.items():
        group, kind, namespace, _ = key
        wanted = [crds.get((group, kind)), ("", "Namespace", "", namespace) if namespace else None, *_explicit(obj)]
        needs[key] = [need for need in dict.fromkeys(wanted) if need in by_key and need != key and need is not None]
    try:
        ordered = list(graphlib.TopologicalSorter(needs).static_order())
    except graphlib.CycleError as error:
        circle = " -> ".join(f"{kind} {name}" for _, kind, _, name in error.args[1])
        raise Failure(f"objects depend on each other in a circle: {circle}") from None
    return [by_key[key] for key in ordered], needs


def _explicit(obj: Object) -> list[Key]:
    """<group>/namespaces/<namespace>/<kind>/<name> or <group>/<kind>/<name>, separated by commas; the core group is empty."""
    text = (obj["metadata"].get("annotations") or {}).get(_DEPENDS_ON) or ""
    found: list[Key] = []
    for reference in filter(None, (part.strip() for part in str(text).split(","))):
        parts = reference.split("/")
        if len(parts) == 5 and parts[1] == "namespaces":
            found.append((parts[0], parts[3], parts[2], parts[4]))
        elif len(parts) == 3:
            found.append((parts[0], parts[1], "", parts[2]))
        else:
            raise Failure(f"{obj['kind']} {obj['metadata']['name']}: cannot read {_DEPENDS_ON} {reference!r}")
    return found
