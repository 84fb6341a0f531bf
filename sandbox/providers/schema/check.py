"""Say what is wrong with a resource's inputs, by its schema: each problem with the path of its property."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz, process, utils

from sandbox.providers.schema.model import ANY, Properties, Resource, Type
from sandbox.providers.values import SIGNATURE, UNKNOWN, Path, path_text

_WORDS = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "map": "a map",
    "object": "an object",
    "asset": "an asset",
    "archive": "an archive",
}
_LONGEST_LIST = 12  # accepted values or properties spelled out in one message
_LONGEST_TEXT = 60  # characters of a value that are repeated in a message

Problem = tuple[Path, str]


def problems(
    resource: Resource,
    inputs: Mapping[str, Any],
    choices: Mapping[str, tuple[str, ...]] | None = None,
    hidden: Callable[[Path], bool] = lambda path: False,
) -> list[tuple[str, str]]:
    """(property path, reason) of everything wrong with `inputs`; empty when they are good.

    Unknown values pass: the check runs again once they are known. `choices` adds accepted values, which the SDK types
    as plain strings, by dotted path without list indices ("rule.objectOwnership"). A value is never shown where
    `hidden(path)` says that it is a secret.
    """
    checker = _Checker(resource, lambda path: path[0] in resource.secret_inputs or hidden(path))
    found = list(checker.properties(resource.inputs, inputs, ()))
    for dotted, accepted in (choices or {}).items():
        found += checker.choice(inputs, dotted.split("."), (), accepted)
    return [(path_text(path), reason) for path, reason in found]


def nearest(value: str, accepted: tuple[str, ...] | list[str]) -> str:
    """`; did you mean "x"?`, or nothing when no accepted word is near."""
    match = process.extractOne(value, accepted, scorer=fuzz.WRatio, processor=utils.default_process, score_cutoff=70)
    return f'; did you mean "{match[0]}"?' if match else ""


def choice(value: str, accepted: list[str] | tuple[str, ...]) -> str:
    """The reason why `value` is refused, with the nearest accepted word and the list of all."""
    return f"{value} is not accepted{nearest(value, list(accepted))}{_listed('accepted', list(accepted))}"


@dataclass(frozen=True, slots=True)
class _Checker:
    resource: Resource
    hidden: Callable[[Path], bool]

    def properties(self, declared: Properties, given: Mapping[str, Any], path: Path) -> Iterator[Problem]:
        owner = path_text(path) or self.resource.token
        for name, value in given.items():
            if name.startswith("__"):  # the engine's and the bridge's own fields
                continue
            if name not in declared:
                hint = nearest(name, list(declared)) or _listed("it has", sorted(declared))
                yield (*path, name), f"unknown property of {owner}{hint}"
            elif value is not None:
                yield from self.value(declared[name].type, value, (*path, name))
        for name, item in declared.items():
            if item.required and given.get(name) is None:
                yield (*path, name), f"required by {owner}, but missing"

    def value(self, kind: Type, value: Any, path: Path) -> Iterator[Problem]:
        if value is UNKNOWN or value is None or kind.kind == "any":
            return
        match kind.kind:
            case "array" if isinstance(value, list):
                for index, item in enumerate(value):
                    yield from self.value(kind.items or ANY, item, (*path, index))
            case "map" if isinstance(value, dict):
                for key, item in value.items():
                    yield from self.value(kind.items or ANY, item, (*path, key))
            case "object" if isinstance(value, dict):
                yield from self.properties(self.resource.types.get(kind.ref or "", {}), value, path)
            case "enum":
                if value not in kind.values:
                    yield path, choice(self.shown(value, path), [str(item) for item in kind.values])
            case "union":
                tries = [list(self.value(option, value, path)) for option in kind.options]
                if all(tries):  # show the member that came nearest
                    yield from min(tries, key=len)
            case _ if not _primitive(kind.kind, value):
                yield path, f"must be {_WORDS[kind.kind]}, not {self.shown(value, path)}"

    def choice(self, value: Any, steps: list[str], path: Path, accepted: tuple[str, ...]) -> Iterator[Problem]:
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.choice(item, steps, (*path, index), accepted)
        elif steps and isinstance(value, Mapping):
            if (inner := value.get(steps[0])) is not None:
                yield from self.choice(inner, steps[1:], (*path, steps[0]), accepted)
        elif not steps and isinstance(value, str) and value not in accepted:
            yield path, choice(self.shown(value, path), accepted)

    def shown(self, value: Any, path: Path) -> str:
        """The value as the user would recognise it; a secret or a long text only by its kind."""
        if self.hidden(path):
            return "a secret value of another kind"
        if isinstance(value, str):
            return f'"{value}"' if len(value) <= _LONGEST_TEXT else f"a text of {len(value)} characters"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return str(value)
        return "a list" if isinstance(value, list) else "an object"


def _primitive(kind: str, value: Any) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "asset" | "archive":
            return isinstance(value, dict) and SIGNATURE in value
        case _:
            return False


def _listed(lead: str, words: list[str]) -> str:
    shown = ", ".join(words[:_LONGEST_LIST])
    more = f" and {len(words) - _LONGEST_LIST} more" if len(words) > _LONGEST_LIST else ""
    return f"; {lead}: {shown}{more}" if words else ""
