"""The part of a live object that a program speaks of, so that what others and the API server add is no difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sandbox.providers.kubernetes.tables import is_built_in
from sandbox.providers.values import Path

Object = dict[str, Any]
_SHARED_LISTS: Final = frozenset({"finalizers"})  # anybody may add to these


def prune(
    live: Object, shape: Object, applied: Object | None = None, atomic: Callable[[Path], bool] = lambda path: False
) -> Object:
    """The live object cut to the shape of the inputs that made it.

    `applied` is the live object as it was when the inputs had been applied. What the inputs set and that object lacks was not
    stored by the API server (an empty list, a false or unknown field of a built-in kind), so it still counts as set. A list that
    has grown since then is kept whole where one owner sets it whole: lists of plain values, and those `atomic` names.
    """
    keeps = applied is not None and is_built_in(str(shape.get("apiVersion", "")))
    return _Pruner(keeps, atomic).map(live, shape, applied if applied is not None else {}, ())


class _Pruner:
    def __init__(self, keeps: bool, atomic: Callable[[Path], bool]) -> None:
        self._keeps, self._atomic = keeps, atomic

    def map(self, live: Object, shape: Object, applied: Any, path: Path) -> Object:
        before = applied if isinstance(applied, dict) else None
        result: Object = {}
        for key, wanted in shape.items():
            if key in live:
                result[key] = self._value(live[key], wanted, None if before is None else before.get(key), (*path, key))
            elif self._keeps and before is not None and key not in before:
                result[key] = wanted
        return result

    def _value(self, live: Any, wanted: Any, applied: Any, path: Path) -> Any:
        if isinstance(live, dict) and isinstance(wanted, dict):
            return self.map(live, wanted, applied, path)
        if not isinstance(live, list) or not isinstance(wanted, list):
            return live
        if live and wanted and type(live[0]) is not type(wanted[0]):
            return live
        items = applied if isinstance(applied, list) else []
        shapes = zip(live, wanted, strict=False)
        result = [
            self._value(item, shape, items[index] if index < len(items) else None, (*path, index))
            for index, (item, shape) in enumerate(shapes)
        ]
        return result + live[len(wanted) :] if self._grown(live, wanted, applied, path) else result

    def _grown(self, live: list[Any], wanted: list[Any], applied: Any, path: Path) -> bool:
        if len(live) <= len(wanted) or not isinstance(applied, list) or live == applied or path[-1] in _SHARED_LISTS:
            return False
        return not isinstance(live[0], dict | list) or self._atomic(path)
