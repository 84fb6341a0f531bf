"""How many Azure resources the sandbox holds; none is behind a real API, for nobody publishes one to run."""

from __future__ import annotations

from sandbox import paths
from sandbox.providers.cloud import store


def counts(stack: str) -> dict[str, int]:
    """{"API-backed": 0, "schema-only": number} of one stack, for people; empty when it has nothing on Azure."""
    found = store.counts(paths.home() / "azure" / "state.db").get(stack)
    return {"API-backed": found["api"], "schema-only": found["schema-only"]} if found else {}
