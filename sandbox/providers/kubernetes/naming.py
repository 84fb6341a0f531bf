"""Names that the same program makes again after a crash: deterministic auto-names and one field manager a resource."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from sandbox.providers.kubernetes.normalize import is_secret
from sandbox.providers.kubernetes.tables import force_new, pick
from sandbox.providers.values import UNKNOWN

AUTONAMED: Final = "pulumi.com/autonamed"
_LONGEST: Final = 253  # characters of a DNS-1123 subdomain
_HASH: Final = 7


def field_manager(urn: str) -> str:
    """The manager this resource's fields are owned by; it tells our object from another's after a crash."""
    return "pulumi-kubernetes-" + hashlib.sha256(urn.encode()).hexdigest()[:8]


def auto_name(urn: str, inputs: dict[str, Any], taken: str = "") -> str:
    """`<logical name>-<7 hex>`: the same for the same resource and the same replace-forcing inputs.

    `taken` is the name of an object that is being replaced although none of those inputs changed: the new one must differ.
    """
    left_out = (
        {"metadata.name", "data", "stringData"} if is_secret(inputs) else {"metadata.name"}
    )  # a name must not tell of a secret
    forcing = {key: value for key, value in pick(inputs, force_new(inputs)).items() if key not in left_out}
    text = json.dumps([urn, forcing, taken], sort_keys=True, separators=(",", ":"), default=_unknown)
    suffix = "-" + hashlib.sha256(text.encode()).hexdigest()[:_HASH]
    return urn.rpartition("::")[2][: _LONGEST - len(suffix)] + suffix


def _unknown(value: Any) -> str:
    if value is UNKNOWN:
        return "<unknown>"
    raise TypeError(f"no JSON for a {type(value).__name__}")


def annotations_of(obj: dict[str, Any]) -> dict[str, Any]:
    """metadata.annotations, empty where there are none or they are unknown."""
    metadata = obj.get("metadata")
    found = metadata.get("annotations") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def annotation(obj: dict[str, Any], key: str) -> str:
    """One annotation as text, "" where it is absent or unknown."""
    value = annotations_of(obj).get(key, "")
    return value if isinstance(value, str) else ""


def is_autonamed(obj: dict[str, Any]) -> bool:
    """True when the name was given by us."""
    return annotation(obj, AUTONAMED) == "true"


def set_name(obj: dict[str, Any], name: str) -> None:
    """Gives the object a name and marks it as ours; unknown metadata cannot be marked and is left alone."""
    metadata = obj.setdefault("metadata", {})
    if not isinstance(metadata, dict):
        return
    metadata["name"] = name
    existing = metadata.get("annotations")
    if existing is not UNKNOWN:
        metadata["annotations"] = {**(existing or {}), AUTONAMED: "true"}


def is_named(obj: dict[str, Any]) -> bool:
    """True when the user gave a name, known or not."""
    metadata = obj.get("metadata")
    return metadata is UNKNOWN or (isinstance(metadata, dict) and bool(metadata.get("name")))


def full_name(obj: dict[str, Any]) -> str:
    """The id of a resource: namespace/name, or the name of a cluster-wide object."""
    metadata = obj.get("metadata") or {}
    namespace = metadata.get("namespace")
    return f"{namespace}/{metadata.get('name')}" if namespace else str(metadata.get("name"))


def split_name(identifier: str) -> tuple[str, str]:
    """(namespace or "", name) of an id."""
    namespace, _, name = identifier.rpartition("/")
    return namespace, name
