"""What stands in the simulated Google Cloud, read from its state file as nobody but a test would."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any


def there(home: Path) -> dict[str, list[dict[str, Any]]]:
    """Inputs by type."""
    found: dict[str, list[dict[str, Any]]] = {}
    with closing(sqlite3.connect(f"file:{home / 'gcp' / 'state.db'}?mode=ro", uri=True)) as state:
        for kind, inputs in state.execute("select type, inputs from objects where id <> ''"):
            found.setdefault(kind, []).append(json.loads(inputs))
    return found


def essential(resources: list[dict[str, Any]], system: str, kind: str) -> bool:
    """Whether a system's essential type stands below its own component, by a stack's exported resources."""
    own = [r["urn"] for r in resources if r["type"].startswith("mlops:index:") and r["urn"].endswith(f"::{system}")]
    return any(r["type"] == kind and r.get("parent") in own for r in resources)
