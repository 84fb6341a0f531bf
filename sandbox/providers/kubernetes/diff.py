"""What changed between the recorded live object and new inputs, and which changes need a replacement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.providers.kubernetes.normalize import same
from sandbox.providers.kubernetes.tables import Fields, forces
from sandbox.providers.values import UNKNOWN, Path


def changes(old: Any, new: Any, path: Path = ()) -> dict[Path, str]:
    """path -> "add", "delete" or "update" from the pruned live object to the normalized inputs; an unknown value is a change."""
    found: dict[Path, str] = {}
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in new.items():
            if key not in old:
                found[(*path, key)] = "add"
            elif value is not old[key]:
                found |= changes(old[key], value, (*path, key))
        found |= {(*path, key): "delete" for key in old if key not in new}
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            if index >= len(old) or index >= len(new):
                found[(*path, index)] = "add" if index >= len(old) else "delete"
            else:
                found |= changes(old[index], new[index], (*path, index))
    elif new is UNKNOWN or not same(old, new, path):
        found[path] = "update"
    return found


def at(obj: Any, path: Path) -> Any:
    """The value at a path, None where there is none."""
    for step in path:
        if isinstance(step, int):
            obj = obj[step] if isinstance(obj, list) and step < len(obj) else None
        else:
            obj = obj.get(step) if isinstance(obj, dict) else None
    return obj


def replacing(found: dict[Path, str], new: dict[str, Any], old: dict[str, Any], fields: Fields) -> set[Path]:
    """Those of the changes that cannot be made in place."""
    replace = set()
    for path, kind in found.items():
        value = at(old if kind == "delete" else new, path)
        if forces(path, value, fields) or (kind == "delete" and path == ("metadata",)):
            replace.add(path)
    return replace


def without_ignored(found: dict[Path, str], ignored: Iterable[str]) -> dict[Path, str]:
    """The changes that no entry of ignoreChanges covers."""
    prefixes = [parse_path(text) for text in ignored]
    return {path: kind for path, kind in found.items() if not any(_covers(prefix, path) for prefix in prefixes)}


def _covers(prefix: Path, path: Path) -> bool:
    if len(prefix) > len(path):
        return False
    return all(wanted in ("*", step) for wanted, step in zip(prefix, path, strict=False))


def parse_path(text: str) -> Path:
    """A property path of the engine as steps: spec.ports[0].name, metadata.annotations["a/b"], spec.*."""
    steps: list[str | int] = []
    rest = text
    while rest:
        if rest.startswith("["):
            inner, _, rest = rest[1:].partition('"]' if rest.startswith('["') else "]")
            steps.append(inner[1:].replace('\\"', '"') if inner.startswith('"') else int(inner) if inner.isdigit() else inner)
        else:
            rest = rest.removeprefix(".")
            end = min((place for place in (rest.find("."), rest.find("[")) if place >= 0), default=len(rest))
            steps.append(rest[:end])
            rest = rest[end:]
    return tuple(step for step in steps if step != "")
