"""The simulated `random` provider: values are drawn by Python's `secrets`, kept in the stack's state and nowhere else.

Shapes (ids, outputs, defaults, import ids) are those of pulumi-random 4.21, read from the installed SDK's classes and docs. What
differs: a `seed` gives the same value every time here, but not the value that the official provider gives for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.providers.random.kinds import KINDS
from sandbox.providers.random.model import Kind
from sandbox.providers.serve import UNKNOWN, Call, Changes, Checked, Created, Failure, Found, Provider, Secret, has_unknown


class Random(Provider):
    """One class for all types: `kinds.KINDS` says what each takes and makes."""

    name = "random"

    def _kind(self, call: Call) -> Kind:
        kind = KINDS.get(call.type)
        if kind is None:
            raise Failure(f"{call.type}: unknown type; the simulated random provider has {', '.join(sorted(KINDS))}")
        return kind

    async def check(self, call: Call) -> Checked:
        """Unknown, missing and ill-typed properties, and values out of range."""
        return Checked(call.inputs, self._kind(call).problems(call.inputs))

    async def diff(self, call: Call) -> Changes:
        """Whatever changes, keepers included, a new value must be drawn."""
        old = {key: value for key, value in call.old_inputs.items() if not key.startswith("__")}
        return Changes.between(old, call.inputs, replaces=lambda path: True)

    def create(self, call: Call) -> Created:
        """Draw the value; unknown in a preview."""
        kind = self._kind(call)
        settings = kind.settings(call.inputs)
        if call.preview:
            unknown = {key: UNKNOWN for key in kind.outputs}
            return Created("", _sealed(kind, {**settings, **unknown}))
        if has_unknown(settings):
            raise Failure(f"{call.type} {call.name}: inputs are not known yet")
        id, drawn = kind.draw(settings)
        return Created(id, _sealed(kind, {**settings, **drawn}))

    async def read(self, call: Call) -> Found:
        """What the state holds; without state the id is the value to import."""
        kind = self._kind(call)
        if call.old_outputs:
            return Found(call.id, _sealed(kind, call.old_outputs), call.inputs)
        try:
            id, inputs, drawn = kind.adopt(call.id)
        except ValueError as error:
            raise Failure(f"{call.type} {call.name}: cannot import: {error}") from None
        return Found(id, _sealed(kind, {**kind.settings(inputs), **drawn}), inputs)

    async def update(self, call: Call) -> Mapping[str, Any]:
        """Reached only with ignored or aliased differences: the value stays."""
        kind = self._kind(call)
        return _sealed(kind, {**call.old_outputs, **kind.settings(call.inputs)})

    async def delete(self, call: Call) -> None:
        """There is nothing outside the state."""


def _sealed(kind: Kind, outputs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: Secret(value) if key in kind.secret else value for key, value in outputs.items()}
