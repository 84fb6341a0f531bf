"""Checks a merged spec against its model and words what pydantic finds."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from components.spec.stack import StackSpec
from components.targets import INSTEAD, RESERVED
from components.validation.problems import Path, kind, meant, nearest, one_of, shown
from components.validation.secrets import hides

_ROUNDS = 6
"""Each round of repairs can uncover a few more; what is left then has been reported anyway."""


@dataclass(frozen=True)
class Shape:
    """What came of it: the findings by path in the spec, and a spec to check the rules on.

    `spec` is the model where there are no findings, else the model of a copy in which every wrong value was replaced by
    the nearest right one or its default, so that the rules can be checked in the same run. None where even that failed.
    """

    findings: tuple[tuple[Path, str], ...]
    spec: StackSpec | None

    def wrong_below(self, path: Path) -> bool:
        """Whether anything was found at the path or below it."""
        return any(found[: len(path)] == path for found, _ in self.findings)


def check(data: Mapping[str, Any]) -> Shape:
    """The shape of a merged spec, by its YAML keys."""
    spec, errors = _validate(data)
    if spec is not None:
        return Shape((), spec)
    findings = tuple((_clean(e["loc"]), _worded(e)) for e in errors)
    repaired: Any = copy.deepcopy(dict(data))
    for _ in range(_ROUNDS):
        for error in sorted(errors, key=lambda e: len(e["loc"]), reverse=True):
            _repair(repaired, error)
        spec, errors = _validate(repaired)
        if spec is not None:
            break
    return Shape(findings, spec)


def _validate(data: Any) -> tuple[StackSpec | None, list[Any]]:
    try:
        # strict JSON: "3" is no number and true is no count, as the JSON schema in the editor says too
        return StackSpec.model_validate_json(json.dumps(data), strict=True, by_alias=True, by_name=False), []
    except ValidationError as error:
        return None, error.errors(include_url=False)


def _clean(loc: tuple[Any, ...]) -> Path:
    return tuple(step for step in loc if step != "[key]")


def _worded(error: Any) -> str:
    path = _clean(error["loc"])
    text = _WORDS.get(error["type"], _otherwise)(error)
    if hides(path, error["input"]):
        return f"(value not shown) {text}"
    quoted = error["type"] not in ("missing", "extra_forbidden") and not isinstance(error["input"], dict | list)
    return f"{shown(error['input'])}: {text}" if quoted and error["input"] is not None else text


def _unknown_key(error: Any) -> str:
    path = _clean(error["loc"])
    key, known = str(path[-1]), keys_at(path[:-1])
    if path[:-1] != ("systems",):
        return f"unknown key{meant(key, known)} (accepted: {', '.join(known)})" if known else "unknown key"
    if key in INSTEAD:
        return INSTEAD[key]
    near = nearest(key, known) or nearest(key, RESERVED)
    hint = f'; did you mean "{near}"?' if near else ""
    return f"unknown system{hint} (built: {', '.join(known)})"


def _choice(error: Any) -> str:
    choices = choices_at(_clean(error["loc"]))
    return one_of(choices) + meant(error["input"], choices)


def _type(expected: str) -> Callable[[Any], str]:
    return lambda error: f"expected {expected}, got {kind(error['input'])}"


def _bound(text: str) -> Callable[[Any], str]:
    return lambda error: f"expected {text} {next(iter(error['ctx'].values()))}"


def _mapping(error: Any) -> str:
    hint = "; {} takes every default" if error["input"] is None else ""
    return f"expected a mapping (key: value), got {kind(error['input'])}{hint}"


def _otherwise(error: Any) -> str:
    message = str(error["msg"])
    return message[0].lower() + message[1:]


_WORDS: Mapping[str, Callable[[Any], str]] = {
    "extra_forbidden": _unknown_key,
    "missing": lambda _: "missing, and it has no default",
    "enum": _choice,
    "literal_error": _choice,
    "int_type": _type("a whole number"),
    "int_from_float": _type("a whole number"),
    "string_type": _type("text"),
    "bool_type": _type("true or false"),
    "list_type": _type("a list"),
    "dict_type": _mapping,
    "model_type": _mapping,
    "model_attributes_type": _mapping,
    "greater_than_equal": _bound("at least"),
    "less_than_equal": _bound("at most"),
    "string_too_short": lambda _: "must not be empty",
    "string_pattern_mismatch": lambda error: f"expected text that matches {error['ctx']['pattern']}",
    "value_error": lambda error: str(error["ctx"]["error"]),
}


def _repair(data: Any, error: Any) -> None:
    """Puts the nearest right value, or none, in place of a wrong one."""
    path = _clean(error["loc"])
    holder: Any = data
    for step in path[:-1]:
        try:
            holder = holder[step]
        except (KeyError, IndexError, TypeError):
            return
    key = path[-1] if path else None
    if isinstance(holder, list) and isinstance(key, int) and key < len(holder):
        del holder[key]
    if not isinstance(holder, dict):
        return
    value = holder.pop(key, None)
    in_systems = path[:-1] == ("systems",)
    if error["type"] == "missing":
        holder[key] = "unknown"
    elif error["type"] == "extra_forbidden":
        near = nearest(str(key), keys_at(path[:-1])) if str(key) not in RESERVED else None
        if near:
            holder.setdefault(near, {} if in_systems else value)
    elif error["type"] in ("enum", "literal_error") and "[key]" not in error["loc"]:
        if isinstance(value, str) and (near := nearest(value, choices_at(path))):
            holder[key] = near
    elif in_systems:
        holder[key] = {}


def _inner(annotation: Any) -> Iterator[Any]:
    """The classes that an annotation comes to, without None and Annotated."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from _inner(part)
    elif hasattr(annotation, "__metadata__"):
        yield from _inner(annotation.__origin__)
    elif annotation is not type(None):
        yield annotation


def _annotation_at(path: Path) -> Any:
    """The annotation of what stands at a path of the spec; None where the model has nothing there."""
    annotation: Any = StackSpec
    for step in path:
        for inner in _inner(annotation):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                named = {f.alias or n: f for n, f in inner.model_fields.items()}
                if step not in named:
                    return None
                annotation = named[str(step)].annotation
            elif get_origin(inner) in (dict, list):
                annotation = get_args(inner)[-1]
            else:
                return None
            break
    return annotation


def keys_at(path: Path) -> list[str]:
    """The keys, as YAML has them, that are accepted in the mapping at a path of the spec."""
    for inner in _inner(_annotation_at(path)):
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return [field.alias or name for name, field in inner.model_fields.items()]
    return []


def choices_at(path: Path) -> list[str]:
    """The values that are accepted at a path of the spec, or the keys where the mapping above it has chosen ones."""
    for inner in _inner(_annotation_at(path)):
        if hasattr(inner, "__members__"):
            return [member.value for member in inner]
        if get_args(inner) and get_origin(inner) not in (dict, list):
            return [str(arg) for arg in get_args(inner)]
    for inner in _inner(_annotation_at(path[:-1])):
        if get_origin(inner) is dict and hasattr(get_args(inner)[0], "__members__"):
            return [member.value for member in get_args(inner)[0]]
    return []
