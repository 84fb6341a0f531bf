"""Compare what a resource's inputs ask for with what the API says is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def project(given: Any, live: Any) -> Any:
    """`live` as the user would have written it: `given` itself where both mean the same.

    Only what `given` names is looked at, because APIs answer with many defaults; a None in `live` means "unset there".
    """
    if isinstance(given, Mapping) and isinstance(live, Mapping):
        return _mapping(given, live)
    if isinstance(given, list) and isinstance(live, list):
        if same_members(given, live):
            return given
        if len(given) == len(live):
            return [project(one, other) for one, other in zip(given, live, strict=True)]
        return live
    return given if same(given, live) else live


def _mapping(given: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for key, value in given.items():
        if key not in live:
            found[key] = value
        elif live[key] is not None:
            found[key] = project(value, live[key])
    return found


def same(one: Any, other: Any) -> bool:
    """Equal by value; texts that both hold JSON objects are equal when their content is."""
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    if one == other:
        return True
    left, right = parsed(one), parsed(other)
    return left is not None and left == right


def same_members(one: list[Any], other: list[Any]) -> bool:
    """Equal as sets: most lists of a cloud have no order."""
    return len(one) == len(other) and sorted(map(_key, one)) == sorted(map(_key, other))


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


def parsed(value: Any) -> Any:
    """The object that a text holds as JSON; None for anything else."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return None
    return None
