"""The `pulumi.com/waitFor` expressions: `jsonpath={.status.phase}=Running` and `condition=Ready[=False]`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sandbox.providers.model import Failure

Step = Callable[[list[Any]], list[Any]]
_NAME: Final = re.compile(r"[^\W\d][\w-]*")
_TEST: Final = re.compile(r"""\?\(?\s*@((?:\.[\w-]+|\[[^\]]+\])*)\s*(?:(==|!=|<=|>=|<|>)\s*("[^"]*"|'[^']*'|[^\s)]+))?\s*\)?$""")


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing to wait for in an object; `matches` tells (met, what is there instead)."""

    text: str
    matches: Callable[[dict[str, Any]], tuple[bool, str]]


def waits(annotation: str) -> list[Wait]:
    """The conditions of a waitFor annotation: one expression, or a JSON array of them. Raises Failure on a malformed one."""
    try:
        found = json.loads(annotation)
    except ValueError:
        found = annotation
    texts = found if isinstance(found, list) else [annotation]
    if not texts:
        raise Failure("annotation pulumi.com/waitFor: at least one condition must be specified")
    return [_wait(str(text)) for text in texts]


def _wait(text: str) -> Wait:
    if text.startswith("condition="):
        kind, _, status = text.removeprefix("condition=").partition("=")
        return Wait(text, lambda obj: condition(obj, kind, status or "True"))
    if not text.startswith("jsonpath="):
        raise Failure(f'annotation pulumi.com/waitFor: expected a "jsonpath=" or "condition=" prefix, got {text!r}')
    expression, separator, value = _split(text.removeprefix("jsonpath="))
    if separator and not value:
        raise Failure(f"annotation pulumi.com/waitFor: {expression}= requires a value")
    select = parse(expression)
    return Wait(text, lambda obj: _matches(select, expression, value, obj))


def _split(text: str) -> tuple[str, str, str]:
    """At the "=" after the closing brace; a filter inside may have one too."""
    end = text.rfind("}")
    if not text.startswith("{") or end < 0:
        raise Failure(f"annotation pulumi.com/waitFor: {text} should be wrapped in brackets {{ ... }}")
    rest = text[end + 1 :]
    if rest and not rest.startswith("="):
        raise Failure(f"annotation pulumi.com/waitFor: format should be {{.path}}=value or {{.path}}, got {text!r}")
    return text[: end + 1], rest[:1], rest[1:]


def _matches(select: Step, expression: str, value: str, obj: dict[str, Any]) -> tuple[bool, str]:
    if not observed(obj):
        return False, "the controller has not seen the latest change"
    results = select([obj])
    if not results:
        return False, f"{expression} selected nothing"
    found = results[0]
    if not value:
        return True, ""
    if isinstance(found, dict | list):
        raise Failure(f"annotation pulumi.com/waitFor: {expression} has a non-primitive value")
    text = json.dumps(found) if isinstance(found, bool) else str(found)
    return text == value, f"found {text!r}"


def parse(expression: str) -> Step:
    """A selector for `{.a.b[0]['c.d'][?(@.type=="Ready")].e[*]}`; ranges and unions are refused."""
    rest = expression.strip().removeprefix("{").removesuffix("}").strip().removeprefix("$")
    steps: list[Step] = []
    while rest:
        if rest.startswith("["):
            inner, rest = _bracket(rest, expression)
            steps.append(_index(inner.strip(), expression))
        elif rest.startswith(".."):
            match = _NAME.match(rest, 2)
            if not match:
                raise _malformed(expression)
            steps.append(_deep(match.group()))
            rest = rest[match.end() :]
        elif rest.startswith(".*"):
            steps.append(_every)
            rest = rest[2:]
        elif match := _NAME.match(rest, 1 if rest.startswith(".") else len(rest)):
            steps.append(_key(match.group()))
            rest = rest[match.end() :]
        else:
            raise _malformed(expression)

    def select(values: list[Any]) -> list[Any]:
        for step in steps:
            values = step(values)
        return values

    return select


def _bracket(rest: str, expression: str) -> tuple[str, str]:
    quote, depth = "", 0
    for place, mark in enumerate(rest):
        if quote:
            quote = "" if mark == quote else quote
        elif mark in "'\"":
            quote = mark
        elif mark in "[]":
            depth += 1 if mark == "[" else -1
            if not depth:
                return rest[1:place], rest[place + 1 :]
    raise _malformed(expression)


def _index(inner: str, expression: str) -> Step:
    if inner == "*":
        return _every
    if re.fullmatch(r"-?\d+", inner):
        place = int(inner)
        return lambda values: [v[place] for v in values if isinstance(v, list) and -len(v) <= place < len(v)]
    if len(inner) > 1 and inner[0] == inner[-1] and inner[0] in "'\"":
        return _key(inner[1:-1])
    match = _TEST.match(inner)
    if not match:
        raise _malformed(expression)
    path, operator, wanted = match.groups()
    select = parse(path)
    return lambda values: [item for item in _every(values) if _test(select([item]), operator, wanted)]


def _test(found: list[Any], operator: str | None, wanted: str | None) -> bool:
    if operator is None or wanted is None:
        return bool(found)
    value: Any = wanted[1:-1] if wanted[0] in "'\"" else json.loads(wanted)
    left = found[0] if found else None
    if operator in ("==", "!="):
        return bool(found and left == value) == (operator == "==")
    if not isinstance(left, int | float) or not isinstance(value, int | float):
        return False
    return {"<": left < value, "<=": left <= value, ">": left > value, ">=": left >= value}[operator]


def _key(name: str) -> Step:
    return lambda values: [v[name] for v in values if isinstance(v, dict) and name in v]


def _every(values: list[Any]) -> list[Any]:
    return [item for v in values if isinstance(v, dict | list) for item in (v.values() if isinstance(v, dict) else v)]


def _deep(name: str) -> Step:
    def select(values: list[Any]) -> list[Any]:
        found = []
        for value in values:
            if isinstance(value, dict) and name in value:
                found.append(value[name])
            found += select(_every([value]))
        return found

    return select


def _malformed(expression: str) -> Failure:
    return Failure(f"annotation pulumi.com/waitFor: cannot read the JSONPath {expression}")


def condition(obj: dict[str, Any], kind: str, status: str = "True") -> tuple[bool, str]:
    """Whether status.conditions holds the condition, as `kubectl wait --for=condition=` reads it."""
    conditions = (obj.get("status") or {}).get("conditions")
    if not isinstance(conditions, list):
        return False, "has no .status.conditions"
    for entry in conditions:
        if isinstance(entry, dict) and str(entry.get("type", "")).lower() == kind.lower():
            generation = (obj.get("metadata") or {}).get("generation")
            seen = entry.get("observedGeneration", (obj.get("status") or {}).get("observedGeneration"))
            if isinstance(generation, int) and isinstance(seen, int) and seen < generation:
                return False, "the controller has not seen the latest change"
            words = ": ".join(str(entry[key]) for key in ("reason", "message") if entry.get(key))
            text = f"condition {kind}={entry.get('status')} (want {status})" + (f", {words}" if words else "")
            return str(entry.get("status", "")).lower() == status.lower(), text
    return False, f"has no condition {kind}"


def observed(obj: dict[str, Any]) -> bool:
    """False while status.observedGeneration lags behind the object's generation."""
    generation = (obj.get("metadata") or {}).get("generation")
    seen = (obj.get("status") or {}).get("observedGeneration")
    return not (isinstance(generation, int) and isinstance(seen, int) and seen < generation)
