"""A YAML file as plain values that remember their lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path as File
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarbool import ScalarBoolean

from components.validation.problems import Path, Problem

_VALUES_LIMIT = 20_000
"""More values than any stack needs; a bomb of nested aliases has millions."""
_DEPTH_LIMIT = 60


@dataclass(frozen=True)
class Document:
    """What a file holds; `file` is its name as problems show it (None where the values came without a file)."""

    file: str | None
    data: Any
    lines: Mapping[Path, int] = field(default_factory=dict)

    def depth(self, path: Path) -> int:
        """How many steps of the path this document has."""
        value, steps = self.data, 0
        for step in path:
            in_mapping = isinstance(value, dict) and step in value
            in_list = isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value)
            if not (in_mapping or in_list):
                break
            value = value[step]
            steps += 1
        return steps

    def line(self, path: Path) -> int | None:
        """Line of the path, or of its nearest parent that the document has."""
        for end in range(min(len(path), self.depth(path)), 0, -1):
            if found := self.lines.get(path[:end]):
                return found
        return None


class Unreadable(Exception):
    """The file is no YAML document; `problem` says why and where."""

    def __init__(self, problem: Problem):
        super().__init__(str(problem))
        self.problem = problem


def read(path: File, name: str) -> Document:
    """The document of a file, shown as `name` in problems. Raises Unreadable where it is no YAML document."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(Problem("", f"not UTF-8 text (byte {error.start})", name)) from None
    except OSError as error:
        raise Unreadable(Problem("", f"cannot be read: {error.strerror}", name)) from None
    return parse(text, name)


@lru_cache(maxsize=64)
def parse(text: str, name: str | None) -> Document:
    """The document of a text. Raises Unreadable where it is no YAML document.

    Kept, for stacks share blueprints and platforms and the parser is what validation spends its time on; nobody changes
    a document's data.
    """
    try:
        loaded = YAML(typ="rt").load(text)
        lines: dict[Path, int] = {}
        data = _plain(loaded, (), lines, [0])
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(str(error.problem or error.context or "cannot be parsed").split())
        raise Unreadable(Problem("", f"not valid YAML: {said}", name, mark.line + 1 if mark else None)) from None
    except YAMLError as error:
        raise Unreadable(Problem("", f"not valid YAML: {' '.join(str(error).split())}", name)) from None
    except _TooMuch as error:
        raise Unreadable(Problem("", str(error), name)) from None
    except RecursionError:
        raise Unreadable(Problem("", "nested too deeply", name)) from None
    except (ValueError, TypeError, AttributeError, KeyError, IndexError, AssertionError, NotImplementedError) as error:
        # the parser's own slips on odd scalars (a 13th month, a lone tag); the text is at fault all the same
        raise Unreadable(Problem("", f"not valid YAML: {' '.join(str(error).split()) or type(error).__name__}", name)) from None
    return Document(name, data, lines)


class _TooMuch(Exception):
    pass


def _plain(value: Any, path: Path, lines: dict[Path, int], count: list[int]) -> Any:
    """Dicts, lists and scalars as JSON has them, noting the line of each key and item on the way."""
    count[0] += 1
    if count[0] > _VALUES_LIMIT:
        raise _TooMuch(f"more than {_VALUES_LIMIT} values")
    if len(path) > _DEPTH_LIMIT:
        raise _TooMuch(f"nested more than {_DEPTH_LIMIT} deep")
    if isinstance(value, CommentedMap):
        return {_key(k): _plain(v, _noted(value, k, _key(k), path, lines), lines, count) for k, v in value.items()}
    if isinstance(value, CommentedSeq):
        return [_plain(v, _noted(value, i, i, path, lines), lines, count) for i, v in enumerate(value)]
    if isinstance(value, dict):
        return {_key(k): _plain(v, (*path, _key(k)), lines, count) for k, v in value.items()}
    if isinstance(value, list | set | tuple):
        return [_plain(v, (*path, i), lines, count) for i, v in enumerate(value)]
    if isinstance(value, TaggedScalar):
        return str(value.value)
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, bool | ScalarBoolean):
        return bool(value)
    for base in (int, float, str):
        if isinstance(value, base):
            return base(value)
    return str(value)  # dates and the like are text to us


def _key(key: Any) -> str:
    if key is None or isinstance(key, bool):
        return str(key).lower().replace("none", "null")
    return str(key)


def _noted(holder: Any, key: Any, step: str | int, path: Path, lines: dict[Path, int]) -> Path:
    """The child's path, its line noted where the parser kept one (a merged alias has none of its own)."""
    child = (*path, step)
    data = holder.lc.data or {}
    if key in data:
        lines[child] = data[key][0] + 1
    return child
