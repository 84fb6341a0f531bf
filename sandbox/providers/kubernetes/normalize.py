"""One form for what the API server treats as the same: quantities, Secret texts, read-only metadata, nulls."""

from __future__ import annotations

import base64
import binascii
import re
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from sandbox.providers.kubernetes.tables import words
from sandbox.providers.values import Path, has_unknown

_READ_ONLY: Final = words(
    "creationTimestamp deletionGracePeriodSeconds deletionTimestamp generation managedFields resourceVersion uid selfLink"
)
_QUANTITY: Final = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([KMGTPE]i|[numkMGTPE])?)")
_SUFFIX: Final = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1), "k": Decimal(1000), "M": Decimal(10**6),
    "G": Decimal(10**9), "T": Decimal(10**12), "P": Decimal(10**15), "E": Decimal(10**18), "Ki": Decimal(2**10),
    "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40), "Pi": Decimal(2**50), "Ei": Decimal(2**60),
}  # fmt: skip
_LITERAL: Final = frozenset(words("default example enum"))
_KEPT_EMPTY: Final = _LITERAL | frozenset(
    words("additionalProperties items served storage subresources status x-kubernetes-preserve-unknown-fields")
)
# Maps whose values are resource.Quantity in the built-in API, and single fields that are.
_QUANTITY_MAPS: Final = frozenset(
    words("limits requests hard capacity allocatable default defaultRequest max min maxLimitRequestRatio overhead podFixed")
)
_QUANTITY_FIELDS: Final = frozenset(words("sizeLimit averageValue divisor"))


def quantity(value: Any) -> Decimal | None:
    """The number a Kubernetes quantity stands for ("500m", "1Gi", 2), None for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    match = _QUANTITY.fullmatch(str(value).strip())
    if not match:
        return None
    number, exponent, suffix = match.groups()
    try:
        return Decimal(number + exponent) if exponent else Decimal(number) * _SUFFIX[suffix or ""]
    except InvalidOperation:
        return None


def same(old: Any, new: Any, path: Path) -> bool:
    """True when two leaves mean the same to the API server: equal, or equal quantities where a quantity stands."""
    if old == new and isinstance(old, bool) == isinstance(new, bool):
        return True
    names = [step for step in path[-2:] if isinstance(step, str)]
    if not names or (names[-1] not in _QUANTITY_FIELDS and names[0] not in _QUANTITY_MAPS):
        return False
    first = quantity(old)
    return first is not None and first == quantity(new)


def is_crd(obj: dict[str, Any]) -> bool:
    """True for a CustomResourceDefinition."""
    return obj.get("kind") == "CustomResourceDefinition" and str(obj.get("apiVersion", "")).startswith("apiextensions.k8s.io/")


def is_secret(obj: dict[str, Any]) -> bool:
    """True for a core Secret."""
    return obj.get("kind") == "Secret" and obj.get("apiVersion") in ("v1", "core/v1")


def normalize(obj: dict[str, Any]) -> dict[str, Any]:
    """A copy in the form that inputs and live objects are compared in.

    Read-only metadata and nulls go; Secret texts become base64 data, as in the API server; a CRD loses its status.
    """
    result: dict[str, Any] = without_nulls(obj)
    if is_secret(result) and not has_unknown(result):
        _secret(result)
    if is_crd(result):
        result.pop("status", None)
        if isinstance(result.get("spec"), dict):
            result["spec"] = _stored(result["spec"])
    metadata = result.get("metadata")
    if isinstance(metadata, dict):
        result["metadata"] = {key: value for key, value in metadata.items() if key not in _READ_ONLY}
    return result


def _stored(value: Any) -> Any:
    """A CRD's spec without the empty values that the API server does not store."""
    if isinstance(value, list):
        return [_stored(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: item if key in _LITERAL else _stored(item) for key, item in value.items()}
    return {key: item for key, item in found.items() if key in _KEPT_EMPTY or not (item in ({}, [], "") or item is False)}


def without_nulls(value: Any) -> Any:
    """A copy without map entries that are null; the API server drops them too."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def _secret(obj: dict[str, Any]) -> None:
    data = {key: _recoded(value) for key, value in (obj.get("data") or {}).items()}
    for key, text in (obj.pop("stringData", None) or {}).items():
        data[key] = base64.b64encode(str(text).encode()).decode()
    if data:
        obj["data"] = data


def _recoded(value: Any) -> Any:
    """Base64 as the API server would write it again (it drops line breaks); anything else is left for the server to refuse."""
    try:
        return base64.b64encode(base64.b64decode("".join(str(value).split()), validate=True)).decode()
    except (binascii.Error, ValueError):
        return value
