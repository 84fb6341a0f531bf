"""What the templates of the data files may call: small functions over objects of the cluster, texts and maps."""

from __future__ import annotations

import base64
import datetime
import gzip
import hashlib
import json
import secrets
import string
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import certifi
import yaml

from sandbox.operators.store import Object

LETTERS = string.ascii_letters + string.digits


def get(value: Any, path: Any, default: Any = None) -> Any:
    """A field by its dotted path, or by a list of keys where a key has dots; the default where it is absent or null."""
    for part in path.split(".") if isinstance(path, str) else path:
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return default
    return default if value is None else value


def controlled_by(obj: Object | None, uid: str) -> bool:
    """Whether the owner with that uid is the object's controller."""
    return any(owner.get("controller") and owner["uid"] == uid for owner in get(obj, "metadata.ownerReferences", ()))


def condition(obj: Object | None, type_: str) -> bool:
    """Whether a condition of an object's status is true."""
    return any(item["type"] == type_ and item["status"] == "True" for item in get(obj, "status.conditions", ()))


def is_ready(obj: Object | None) -> bool:
    """Whether a workload is up in its present generation; anything else is ready when its Ready condition says so."""
    if obj is None or obj["metadata"].get("deletionTimestamp"):
        return False
    status, generation = obj.get("status") or {}, obj["metadata"].get("generation", 0)
    if obj["kind"] in ("Deployment", "StatefulSet"):
        wanted = get(obj, "spec.replicas", 1)
        seen = status.get("observedGeneration", 0) >= generation
        # an OnDelete set never updates its pods by itself
        updated = get(obj, "spec.updateStrategy.type") == "OnDelete" or status.get("updatedReplicas", 0) >= wanted
        return bool(seen and updated and status.get("readyReplicas", 0) >= wanted)
    if obj["kind"] == "StrimziPodSet":
        return bool(status.get("observedGeneration", 0) >= generation and status.get("readyPods") == status.get("pods"))
    return condition(obj, "Ready")


def unready(objects: Iterable[Object | None]) -> list[Object | None]:
    """Those of some workloads that are missing or not up."""
    return [obj for obj in objects if not is_ready(obj)]


def names_of(items: Iterable[Mapping[str, Any]]) -> list[str]:
    """The `name` of each."""
    return [item["name"] for item in items]


def total(lists: Mapping[str, list[Any]]) -> int:
    """How many items the lists of a map hold together."""
    return sum(len(items) for items in lists.values())


def b64(text: str) -> str:
    """Base64 of a text, as Secrets hold it."""
    return base64.b64encode(text.encode()).decode()


def unb64(text: str | None) -> str | None:
    """The text behind base64, null for null; bytes that are not UTF-8 are replaced."""
    return None if text is None else base64.b64decode(text).decode(errors="replace")


def gzip64(text: str) -> str:
    """Base64 of the compressed text; the same text gives the same bytes."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def data(obj: Object | None, key: str) -> str | None:
    """A key of a Secret or ConfigMap as text; null where there is none."""
    if obj is None:
        return None
    value = (obj.get("data") or {}).get(key)
    return unb64(value) if obj["kind"] == "Secret" or value is None else str(value)


def password(obj: Object | None, key: str, length: int) -> str:
    """The password a Secret holds under this key, else a new one."""
    return data(obj, key) or "".join(secrets.choice(LETTERS) for _ in range(length))


def digest(value: Any) -> str:
    """Eight hex digits that change with the value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:8]


def uuid22(value: str) -> str:
    """An id in the 22 characters Kafka uses, always the same for the same value."""
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).decode().rstrip("=")


def merge(*maps: Mapping[str, Any] | None) -> dict[str, Any]:
    """Maps on top of each other, later ones winning; null counts as empty."""
    merged: dict[str, Any] = {}
    for item in maps:
        merged.update(item or {})
    return merged


def overlay(base: Any, patch: Any) -> Any:
    """A strategic merge as operators do with pod parts: maps merge, lists of named things merge by name, else replace."""
    if isinstance(base, Mapping) and isinstance(patch, Mapping):
        return {key: overlay(base.get(key), patch[key]) if key in patch else base[key] for key in [*base, *(patch.keys() - base)]}
    lists = isinstance(base, list) and isinstance(patch, list)
    if lists and all(isinstance(item, Mapping) and "name" in item for item in [*base, *patch]):
        named = {item["name"]: item for item in base}
        for item in patch:
            named[item["name"]] = overlay(named.get(item["name"]), item)
        return list(named.values())
    return base if patch is None else patch


def pod_spec(deployment: Object) -> dict[str, Any]:
    """The pod spec of a workload."""
    found: dict[str, Any] = get(deployment, "spec.template.spec", {})
    return found


def env(deployment: Object, name: str) -> str | None:
    """A variable of a workload's containers; its namespace where the variable is a reference to that."""
    for container in pod_spec(deployment).get("containers", ()):
        for variable in container.get("env") or ():
            if variable["name"] == name:
                own = get(variable, "valueFrom.fieldRef.fieldPath") == "metadata.namespace"
                found: str | None = deployment["metadata"]["namespace"] if own else variable.get("value")
                return found
    return None


def arg(deployment: Object, name: str) -> str | None:
    """The value of a flag `--name=value`, or of `--name` and `value` after it, of a workload's containers."""
    for container in pod_spec(deployment).get("containers", ()):
        items = [*(container.get("command") or ()), *(container.get("args") or ())]
        for item, after in zip(items, [*items[1:], ""], strict=False):
            flag, equals, value = item.partition("=")
            if flag.startswith("-") and flag.lstrip("-") == name:
                return str(value if equals or after.startswith("-") else after)
    return None


def pairs(text: str | None) -> dict[str, str]:
    """Lines of `key=value` as a map."""
    lines = (line.strip().partition("=") for line in (text or "").splitlines())
    return {key: value for key, _, value in lines if key}


def parsed(text: str | None) -> Any:
    """A YAML or JSON text as data; an empty map where there is none."""
    return yaml.safe_load(text or "{}")


def selected(labels: Mapping[str, str] | None, selector: Mapping[str, Any] | None) -> bool:
    """Whether labels meet a label selector; no selector meets everything."""
    labels, selector = labels or {}, selector or {}
    if not (selector.get("matchLabels") or {}).items() <= labels.items():
        return False
    tests: dict[str, Callable[[str, list[str]], bool]] = {
        "In": lambda key, values: labels.get(key) in values,
        "NotIn": lambda key, values: labels.get(key) not in values,
        "Exists": lambda key, values: key in labels,
        "DoesNotExist": lambda key, values: key not in labels,
    }
    expressions = selector.get("matchExpressions") or ()
    return all(tests[item["operator"]](item["key"], item.get("values") or []) for item in expressions)


def join_labels(labels: Mapping[str, str]) -> str:
    """Labels as a selector in one line."""
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def public_authorities() -> str:
    """The public certificate authorities, in place of the package that trust-manager's chart brings as an image."""
    return certifi.contents()


def now() -> str:
    """This moment as the API writes times."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(duration: str | None) -> int | None:
    """A Go duration of hours, minutes and seconds (2160h, 90m, 1h30m) in seconds."""
    total, number = 0.0, ""
    for character in duration or "":
        if character in "hms":
            total += float(number) * {"h": 3600, "m": 60, "s": 1}[character]
            number = ""
        else:
            number += character
    return int(total) if duration else None
