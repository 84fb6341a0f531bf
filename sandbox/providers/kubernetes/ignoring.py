"""ignoreChanges under server-side apply: leave other managers their fields, keep ours as they are live."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from sandbox.providers.kubernetes.diff import at, parse_path
from sandbox.providers.kubernetes.managed import entries_of, manages
from sandbox.providers.values import Path


def applied(obj: dict[str, Any], live: dict[str, Any], manager: str, ignored: Iterable[str]) -> dict[str, Any]:
    """The object to apply: an ignored field that only others manage is left out, any other ignored one keeps its live value.

    Paths into lists are left to the engine, which puts the recorded input there.
    """
    paths = [path for path in map(parse_path, ignored) if path and all(isinstance(step, str) and step != "*" for step in path)]
    if not paths:
        return obj
    result: dict[str, Any] = copy.deepcopy(obj)
    entries = entries_of(live)
    for path in paths:
        ours = any(manages(entry, path) for entry in entries if entry.get("manager") == manager)
        theirs = any(manages(entry, path) for entry in entries if entry.get("manager") != manager)
        value = at(live, path)
        if theirs and not ours:
            _put(result, path, None)
        elif value is not None:
            _put(result, path, value)
    return result


def _put(obj: dict[str, Any], path: Path, value: Any) -> None:
    """Sets the value, or removes it when None."""
    target: Any = obj
    for step in path[:-1]:
        if not isinstance(target.get(step), dict):
            if value is None:
                return
            target[step] = {}
        target = target[step]
    if value is None:
        target.pop(path[-1], None)
    else:
        target[path[-1]] = value
