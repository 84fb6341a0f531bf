"""Property values between the engine's protobuf structs and plain Python.

Providers see dict, list, str, int, float, bool and None; a value the preview does not know yet is `UNKNOWN`; secret wrappers are
taken off and their places remembered, so that `wrap` can put them back on the way to the engine. Whole numbers arrive as int.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.struct_pb2 import ListValue, Struct, Value

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"

Path = tuple[str | int, ...]
_SHORTEST_SECRET = 6  # characters; shorter texts ("true", "admin") equal others by chance


class _Unknown:
    """A value that is known only after the update. Compares equal to itself alone; every diff counts it as a change."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __copy__(self) -> _Unknown:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> _Unknown:
        return self

    def __reduce__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()


@dataclass(frozen=True, slots=True)
class Secret:
    """Wrap a value of an answer in this and the engine encrypts it in the state and hides it in its display."""

    value: Any

    def __repr__(self) -> str:
        return "Secret([hidden])"


@dataclass(slots=True)
class Secrets:
    """Where secrets were in what the engine sent, and the longer texts among them."""

    paths: set[Path] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)

    def __or__(self, other: Secrets) -> Secrets:
        return Secrets(self.paths | other.paths, self.texts | other.texts)

    def under(self, *prefix: str | int) -> bool:
        """True when the value at this path is, lies in, or contains a secret."""
        return any(path[: len(prefix)] == prefix[: len(path)] for path in self.paths)


def unwrap(struct: Struct, secrets: Secrets) -> dict[str, Any]:
    """The plain dict of a struct; the places of its secrets are added to `secrets`."""
    return {key: _plain(value, (key,), secrets) for key, value in struct.fields.items()}


def _plain(value: Value, path: Path, secrets: Secrets) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value == UNKNOWN_TEXT else value.string_value
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE in fields:
            return _special(fields, path, secrets)
        return {key: _plain(item, (*path, key), secrets) for key, item in fields.items()}
    if kind == "list_value":
        return [_plain(item, (*path, index), secrets) for index, item in enumerate(value.list_value.values)]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return value.bool_value if kind == "bool_value" else None


def _special(fields: Mapping[str, Value], path: Path, secrets: Secrets) -> Any:
    signature = fields[SIGNATURE].string_value
    if signature == SECRET:
        inner = _plain(fields["value"], path, secrets)
        secrets.paths.add(path)
        secrets.texts.update(text for text in _texts(inner) if len(text) >= _SHORTEST_SECRET)
        return inner
    if signature == OUTPUT:
        inner = _plain(fields["value"], path, secrets) if "value" in fields else UNKNOWN
        if "secret" in fields and fields["secret"].bool_value:
            secrets.paths.add(path)
            secrets.texts.update(text for text in _texts(inner) if len(text) >= _SHORTEST_SECRET)
        return inner
    if signature == RESOURCE:  # a provider that wants no reference gets the id, or the URN of a component
        return _plain(fields["id" if "id" in fields else "urn"], path, secrets)
    return {key: _plain(item, (*path, key), secrets) for key, item in fields.items()}


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def wrap(values: Mapping[str, Any], secrets: Secrets | None = None) -> Struct:
    """The struct of a plain mapping.

    `Secret` values are marked, and so is whatever lies where the request had a secret or repeats a secret text of it.
    """
    struct = Struct()
    for key, value in values.items():
        _put(struct.fields[key], value, (key,), secrets or _NONE)
    return struct


_NONE = Secrets()


def _put(target: Value, value: Any, path: Path, secrets: Secrets) -> None:
    if isinstance(value, Secret):
        value = value.value
    elif path not in secrets.paths and not (isinstance(value, str) and value in secrets.texts):
        _put_plain(target, value, path, secrets)
        return
    fields = target.struct_value.fields
    fields[SIGNATURE].string_value = SECRET
    _put_plain(fields["value"], bare(value), path, _NONE)


def _put_plain(target: Value, value: Any, path: Path, secrets: Secrets) -> None:
    if value is None:
        target.null_value = 0  # type: ignore[assignment]
    elif value is UNKNOWN:
        target.string_value = UNKNOWN_TEXT
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, Mapping):
        target.struct_value.CopyFrom(Struct())  # an empty mapping must still be set
        fields = target.struct_value.fields
        for key, item in value.items():
            _put(fields[str(key)], item, (*path, str(key)), secrets)
    elif isinstance(value, list | tuple):
        target.list_value.CopyFrom(ListValue())
        for index, item in enumerate(value):
            _put(target.list_value.values.add(), item, (*path, index), secrets)
    else:
        raise TypeError(f"{path_text(path)}: cannot send a {type(value).__name__} to the engine")


def bare(value: Any) -> Any:
    """The value without any `Secret` wrapper in it."""
    if isinstance(value, Secret):
        return bare(value.value)
    if isinstance(value, Mapping):
        return {key: bare(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [bare(item) for item in value]
    return value


def has_unknown(value: Any) -> bool:
    """True when the value is UNKNOWN or has one anywhere in it."""
    if isinstance(value, Secret):
        return has_unknown(value.value)
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(has_unknown(item) for item in value)
    return value is UNKNOWN


def path_text(path: Path) -> str:
    """A property path as the engine writes it: spec.ports[0].name, metadata.labels["a/b"]."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif any(mark in step for mark in '.[]"'):
            text += '["' + step.replace('"', '\\"') + '"]'
        else:
            text += f".{step}" if text else step
    return text


def compare(old: Any, new: Any, skip: Callable[[Path], bool] | None = None, path: Path = ()) -> dict[Path, str]:
    """The differences of two plain values: path -> "add", "delete" or "update". UNKNOWN differs from everything.

    `skip(path)` leaves a subtree out (computed fields, say).
    """
    if path and skip and skip(path):
        return {}
    found: dict[Path, str] = {}
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            here = (*path, key)
            if key not in new or key not in old:
                if not (skip and skip(here)):
                    found[here] = "delete" if key not in new else "add"
            else:
                found |= compare(old[key], new[key], skip, here)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            here = (*path, index)
            if index >= len(new) or index >= len(old):
                found[here] = "delete" if index >= len(new) else "add"
            else:
                found |= compare(old[index], new[index], skip, here)
    elif new is UNKNOWN or isinstance(old, bool) != isinstance(new, bool) or old != new:
        found[path] = "update"
    return found


def merge(target: Any, patch: Any) -> Any:
    """JSON merge patch (RFC 7386), without changing its arguments."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result
