"""The key under which sources.lock.json holds a render: a hash of the values we gave the chart."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

RUNTIME = "<runtime>"
"""Stands for what is known only while a stack runs: secrets, unknown values, outputs of resources."""


def canonical(value: Any, is_runtime: Callable[[Any], bool] = lambda leaf: False) -> Any:
    """The value as plain JSON: leaves (or subtrees) that `is_runtime` names become RUNTIME, 1.0 becomes 1, nulls of maps go."""
    if is_runtime(value):
        return RUNTIME
    if isinstance(value, Mapping):
        return {str(key): canonical(item, is_runtime) for key, item in value.items() if item is not None}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [canonical(item, is_runtime) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return RUNTIME


def values_hash(values: Mapping[str, Any] | None, is_runtime: Callable[[Any], bool] = lambda leaf: False) -> str:
    """First 16 hex digits of the sha256 of the canonical values; the same for no values and for an empty map.

    Anything that is no JSON value (an Output, an asset) counts as runtime, whatever `is_runtime` says.
    """
    text = json.dumps(canonical(values or {}, is_runtime), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
