"""Outputs of Google's resources where the API adds to what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.providers.cloud.outputs import Outputs
from sandbox.providers.cloud.spec import Json, render
from sandbox.providers.gcp.spec import GcpSpec
from sandbox.providers.values import UNKNOWN


class GcpOutputs(Outputs):
    """With what `GcpSpec.inside` computes: unknown in the preview of a new resource, else a template's."""

    def preview(self, inputs: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> Json:
        """As before, where something was there."""
        found = super().preview(inputs, before)
        for path in self._inside():
            found = _laid(found, path.split("."), _at(before or {}, path.split("."), UNKNOWN))
        return found

    def complete(
        self, id: str, inputs: Mapping[str, Any], live: Mapping[str, Any], before: Mapping[str, Any] | None = None
    ) -> Json:
        """As computed."""
        found = super().complete(id, inputs, live, before)
        for path, template in self._inside().items():
            found = _laid(found, path.split("."), render(template, {**found, **self.words(self.context, inputs, id)}))
        return found

    def _inside(self) -> Mapping[str, Any]:
        return self.spec.inside if isinstance(self.spec, GcpSpec) else {}


def _at(values: Any, steps: list[str], default: Any) -> Any:
    for step in steps:
        if not isinstance(values, Mapping) or step not in values:
            return default
        values = values[step]
    return values


def _laid(values: Json, steps: list[str], value: Any) -> Json:
    """A copy with the value at a path, where the way there is known."""
    first, *rest = steps
    if not rest:
        return {**values, first: values.get(first, value)}
    below = values.get(first)
    return {**values, first: _laid(below, rest, value)} if isinstance(below, dict) else values
