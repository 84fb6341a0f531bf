"""How many AWS resources are real API calls against moto, and how many only entries of the state file."""

from __future__ import annotations

from sandbox import paths
from sandbox.providers.cloud import store


def by_stack() -> dict[str, dict[str, int]]:
    """stack -> {"api": number, "schema-only": number} of what exists now in this sandbox; empty without a cloud."""
    return store.counts(paths.home() / "aws" / "state.db")


def counts(stack: str) -> dict[str, int]:
    """{"API-backed": number, "schema-only": number} of one stack, for people; empty when it has nothing on AWS."""
    found = by_stack().get(stack)
    return {"API-backed": found["api"], "schema-only": found["schema-only"]} if found else {}
