"""What a Google resource type has beyond other clouds' ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.providers.cloud.spec import Computed, Json, Spec

RFC1035 = r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?"
"""Most names: begin with a letter, 1 to 63 small letters, digits and dashes."""


@dataclass(frozen=True, slots=True)
class GcpSpec(Spec):
    """One type of pulumi-gcp."""

    patterns: Mapping[str, str] = field(default_factory=dict)
    """Inputs whose whole text must match: path -> regular expression (documented in the type's own API reference)."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Inputs that name an encryption key: path -> domain of the service agent that must be allowed to use it, or the agent
    itself by the project's number ("bq-{number}@bigquery-encryption")."""
    inside: Mapping[str, Computed] = field(default_factory=dict)
    """Computed outputs inside of an input: path -> as in `outputs` (config.airflowUri)."""
    members: tuple[str, ...] = ()
    """Inputs that name IAM principals."""
    rule: Callable[[Json, Callable[[str, str], bool]], str | None] | None = None
    """(inputs, exists(kind, id)) -> what the API would say against them; None where nothing."""


def labels(values: Json) -> dict[str, Any]:
    """`effectiveLabels` of a resource: its own over the provider's."""
    own = values.get("labels") or values.get("userLabels")
    return {**values.get("defaultLabels", {}), **(own if isinstance(own, Mapping) else {})}


COMMON: dict[str, Any] = {"project": "{project}", "effectiveLabels": labels, "pulumiLabels": labels}
"""Outputs that most types have."""


def at(inputs: Any, *steps: str) -> Any:
    """The value at a path of nested inputs; None where it ends early."""
    for step in steps:
        inputs = inputs.get(step) if isinstance(inputs, Mapping) else None
    return inputs
