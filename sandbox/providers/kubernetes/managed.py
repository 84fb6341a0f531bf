"""Who manages which field, as metadata.managedFields tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.providers.values import Path


def owned(live: dict[str, Any], manager: str) -> bool:
    """True when this field manager has made or applied the object."""
    return any(entry.get("manager") == manager for entry in entries_of(live))


def entries_of(live: dict[str, Any]) -> list[dict[str, Any]]:
    """metadata.managedFields."""
    found: list[dict[str, Any]] = (live.get("metadata") or {}).get("managedFields") or []
    return found


def manages(entry: dict[str, Any], path: Path) -> bool:
    """True when an entry names the field at this path, or fields below it. Paths through lists are never named here."""
    return fields_at(entry, path) is not None


def fields_at(entry: dict[str, Any], path: Path) -> dict[str, Any] | None:
    """What an entry says below a path; {} for a field that is managed as a whole."""
    fields: Any = entry.get("fieldsV1") or {}
    for step in path:
        fields = fields.get(f"f:{step}")
        if not isinstance(fields, dict):
            return None
    found: dict[str, Any] = fields
    return found


def atomic_in(live: dict[str, Any]) -> Callable[[Path], bool]:
    """Tells of a list whether one manager sets it as a whole (a Role's rules), not element by element (containers)."""
    entries = entries_of(live)
    return lambda path: any(fields_at(entry, path) == {} for entry in entries)
