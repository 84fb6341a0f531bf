"""What a type of pulumi-random is, as data: inputs with types and defaults, outputs, rules, how a value comes to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.providers.values import UNKNOWN, path_text

Settings = Mapping[str, Any]
Drawn = tuple[str, dict[str, Any]]
Adopted = tuple[str, dict[str, Any], dict[str, Any]]
_TYPES = {"int": int, "bool": bool, "str": str, "map": dict, "list": list}


@dataclass(frozen=True)
class Kind:
    """One resource type."""

    inputs: Mapping[str, tuple[str, Any]]
    """Property -> (type, default). A default of None: absent unless given; `...`: required."""
    outputs: tuple[str, ...]
    draw: Callable[[Settings], Drawn]
    """Settings -> (id, computed outputs)."""
    adopt: Callable[[str], Adopted]
    """Import id -> (id, inputs, computed outputs); ValueError says what is accepted."""
    rules: Callable[[Settings], list[tuple[str, str]]] = lambda settings: []
    secret: frozenset[str] = frozenset()

    def settings(self, inputs: Settings) -> dict[str, Any]:
        """Inputs with the defaults filled in."""
        filled = {key: default for key, (_, default) in self.inputs.items() if default is not None and default is not ...}
        return {**filled, **{key: value for key, value in inputs.items() if value is not None}}

    def problems(self, inputs: Settings) -> list[tuple[str, str]]:
        """(property path, reason) for everything wrong with the inputs; values not known yet are not judged."""
        found = [
            (key, f"unknown property; accepted: {', '.join(self.inputs)}")
            for key in inputs
            if key not in self.inputs and not key.startswith("__")
        ]
        for key, (kind, default) in self.inputs.items():
            value = inputs.get(key)
            if value is None:
                if default is ...:
                    found.append((key, "missing required property"))
            elif value is not UNKNOWN:
                found += _ill_typed(key, kind, value)
        return found or self.rules(self.settings(inputs))


def _ill_typed(key: str, kind: str, value: Any) -> list[tuple[str, str]]:
    right = isinstance(value, _TYPES[kind]) and not (kind == "int" and isinstance(value, bool))
    if not right:
        return [(key, f"{value!r} is not of type {kind}")]
    items = value.items() if kind == "map" else enumerate(value) if kind == "list" else ()
    return [
        (path_text((key, name)), f"{item!r} is not of type str")
        for name, item in items
        if not isinstance(item, str) and item is not UNKNOWN
    ]
