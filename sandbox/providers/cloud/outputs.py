"""A resource's outputs: its inputs, what the API answered, templates for the rest, in the shape that the SDK expects."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sandbox.providers.cloud.spec import Context, Json, Spec, render
from sandbox.providers.schema import Resource, Type
from sandbox.providers.values import UNKNOWN, Secret

_NEUTRAL: dict[str, Any] = {"string": "", "boolean": False, "integer": 0, "number": 0, "array": [], "map": {}}


class Outputs:
    """The outputs of one resource in one call. `tags` are all its tags with the provider's own."""

    def __init__(self, resource: Resource, spec: Spec, context: Context, tags: dict[str, Any] | None) -> None:
        self.resource = resource
        self.spec = spec
        self.context = context
        self.tags = tags

    def preview(self, inputs: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> Json:
        """What is known before the cloud answers. In an update computed outputs keep their last value."""
        found = self._given(inputs)
        for name, item in self.resource.outputs.items():
            if name in found or name in self.spec.write_only:
                continue
            if before is not None:
                if name in before and name not in self.resource.inputs:
                    found[name] = before[name]
            elif name not in self.resource.inputs or item.required:
                found[name] = UNKNOWN
        if self.tags is not None:
            found["tagsAll"] = self.tags
        return self._sealed(found)

    def complete(
        self, id: str, inputs: Mapping[str, Any], live: Mapping[str, Any], before: Mapping[str, Any] | None = None
    ) -> Json:
        """All outputs of an object that exists.

        Inputs first, then what the API says, what the record had `before`, templates, neutral values of the right type.
        """
        found = self._given(inputs)
        computed = {name: value for name, value in live.items() if name in self.resource.outputs and name not in found}
        found |= {name: value for name, value in computed.items() if value is not None}
        for name, value in (before or {}).items():
            if name in self.resource.outputs and (name not in self.resource.inputs or self.resource.outputs[name].required):
                found.setdefault(name, value)
        if "region" in self.resource.outputs:
            found.setdefault("region", self.context.region)
        for name, template in self.spec.outputs.items():
            if name in self.resource.outputs and name not in found:
                found[name] = render(template, {**found, **self.words(self.context, inputs, id)})
        for name, item in self.resource.outputs.items():
            if name not in found and item.required and name not in self.spec.write_only:
                neutral = self._neutral(item.type)
                if neutral is not None:
                    found[name] = neutral
        if self.tags is not None:
            found["tagsAll"] = self.own_tags(live.get("tagsAll")) if "tagsAll" in live else self.tags
        return self._sealed(found)

    def own_tags(self, tags: Any) -> dict[str, Any]:
        """Tags without those that only the provider's settings or the simulation put there."""
        return dict(tags) if isinstance(tags, Mapping) else {}

    @staticmethod
    def words(context: Context, inputs: Mapping[str, Any], id: str) -> Json:
        """Everything a template may name. `hash` differs between two objects of one URN, as in a replacement."""
        hashed = hashlib.sha256(f"{context.urn}{id}".encode()).hexdigest()
        return {**inputs, **context.values(), "id": id, "hash": hashed}

    def _given(self, inputs: Mapping[str, Any]) -> Json:
        return {
            name: value for name, value in inputs.items() if name in self.resource.outputs and name not in self.spec.write_only
        }

    def _neutral(self, kind: Type) -> Any:
        return _NEUTRAL.get(kind.kind)

    def _sealed(self, found: Json) -> Json:
        return {name: Secret(value) if name in self.resource.secret_outputs else value for name, value in found.items()}
