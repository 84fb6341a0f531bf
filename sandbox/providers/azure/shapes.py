"""Outputs in the shape that the SDK expects: identities as a mapping, computed values inside of what was given."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sandbox.providers.azure.arm import Kind
from sandbox.providers.cloud.outputs import Outputs
from sandbox.providers.cloud.spec import Json, render
from sandbox.providers.values import UNKNOWN, Secret

_IDENTITIES = "userAssignedIdentities"
_PLACE = uuid.UUID("5f0c1e0e-6b7e-4b43-9c8e-2f6f8f6b0a55")


def guid(*parts: str) -> str:
    """A GUID that is the same at every run."""
    return str(uuid.uuid5(_PLACE, "/".join(parts)))


def shaped(value: Any) -> Any:
    """Identities given as a list of ids come back as a mapping from id to what Entra knows of each."""
    if isinstance(value, Mapping):
        return {key: _identities(item) if key == _IDENTITIES else shaped(item) for key, item in value.items()}
    return [shaped(item) for item in value] if isinstance(value, list) else value


def _identities(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    if UNKNOWN in value:
        return UNKNOWN
    return {id: {"clientId": guid(id, "client"), "principalId": guid(id, "principal")} for id in value}


class ArmOutputs(Outputs):
    """The outputs of one resource in one call."""

    kind: Kind | None = None

    def preview(self, inputs: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> Json:
        """What is known before the cloud answers; what it computes inside of given values is not."""
        found = super().preview(inputs, before)
        for path in self._inside():
            _put(found, path.split("."), UNKNOWN if before is None else _at(before, path))
        return self._system_identity(found, "", preview=True)

    def complete(
        self, id: str, inputs: Mapping[str, Any], live: Mapping[str, Any], before: Mapping[str, Any] | None = None
    ) -> Json:
        """All outputs of an object that exists."""
        found = super().complete(id, inputs, live, before)
        words = {**found, **self.words(self.context, inputs, id)}
        for path, template in self._inside().items():
            _put(found, path.split("."), render(template, words))
        return self._system_identity(found, id, preview=False)

    def _inside(self) -> Mapping[str, Any]:
        return self.kind.inside if self.kind else {}

    def _given(self, inputs: Mapping[str, Any]) -> Json:
        return {key: shaped(value) for key, value in super()._given(inputs).items()}

    def _system_identity(self, found: Json, id: str, *, preview: bool) -> Json:
        """A system-assigned identity gets its principal when the resource is made."""
        identity = found.get("identity")
        if isinstance(identity, Mapping) and "SystemAssigned" in str(identity.get("type")):
            known = {"principalId": guid(id, "principal"), "tenantId": self.context.values()["tenant"]}
            found["identity"] = {**identity, **(dict.fromkeys(known, UNKNOWN) if preview else known)}
        return found


def _put(found: Json, steps: list[str], value: Any) -> None:
    """Set a value at a path, unless a part of the way is unknown, secret or a value of another kind."""
    at = found
    for step in steps[:-1]:
        inner = at.get(step)
        if inner is None:
            inner = {}
        if not isinstance(inner, Mapping) or isinstance(inner, Secret):
            return
        at[step] = dict(inner)
        at = at[step]
    if at.get(steps[-1]) is None:
        at[steps[-1]] = value


def _at(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return UNKNOWN if value is None else value
