"""How many Google Cloud resources are only entries of the state file: all of them, for nothing emulates these APIs."""

from __future__ import annotations

from sandbox import paths
from sandbox.providers.cloud import store


def counts(stack: str) -> dict[str, int]:
    """{"API-backed": number, "schema-only": number} of one stack, for people; empty when it has nothing there."""
    found = store.counts(paths.home() / "gcp" / "state.db").get(stack)
    return {"API-backed": found["api"], "schema-only": found["schema-only"]} if found else {}
