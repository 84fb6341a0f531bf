"""What is wrong with a stack file, in words that name the path, the value, what is accepted and the nearest match."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz, process, utils

Path = tuple[str | int, ...]
"""Keys and list positions from the top of a document, such as ("config", "mlops:spec", "systems", "kafka")."""

_PLAIN_KEY = re.compile(r"^[A-Za-z0-9_:/@-]+$")
_SHOWN_LIMIT = 60
_NEAR = 60.0
"""Likeness in percent below which a suggestion would rather mislead."""


@dataclass(frozen=True)
class Problem:
    """One thing to put right."""

    path: str
    """As one would write it: `mlops:spec.systems.kafka.storage`; empty for the file as a whole."""
    message: str
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.file and self.line else self.file or ""
        return ": ".join(part for part in (where, self.path, self.message) if part)


@dataclass(frozen=True)
class Problems(Sequence[Problem]):
    """Everything that is wrong with one stack, in the order of its file."""

    stack: str
    items: tuple[Problem, ...]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.items)

    def text(self) -> str:
        """The whole report, a line a problem."""
        count = len(self.items)
        head = f'stack "{self.stack}" has {count} problem{"" if count == 1 else "s"}:'
        return "\n".join([head, *(f"  {problem}" for problem in self.items)])


def written(path: Path) -> str:
    """A path as one would write it; keys with dots or blanks in quotes, the file's own `config` left out."""
    text = ""
    for step in path[1:] if len(path) > 1 and path[0] == "config" else path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            key = step if _PLAIN_KEY.match(step) else json.dumps(step, ensure_ascii=False)
            text += f".{key}" if text else key
    return text


def shown(value: Any) -> str:
    """A value as it stands in YAML, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN_LIMIT else f"{text[: _SHOWN_LIMIT - 1]}…"


def kind(value: Any) -> str:
    """What a value is, in YAML's words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    names = {dict: "a mapping", list: "a list", str: "text", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)


def nearest(text: str, choices: Iterable[str]) -> str | None:
    """The choice most like the text, or begun with it ("prod" for "production"); None where none is like it."""
    listed = list(choices)
    found = process.extractOne(text, listed, scorer=fuzz.ratio, processor=utils.default_process, score_cutoff=_NEAR)
    if found:
        return str(found[0])
    lower = text.lower()
    return next((c for c in listed if min(len(c), len(lower)) >= 3 and (lower.startswith(c) or c.startswith(lower))), None)


def meant(text: Any, choices: Iterable[str]) -> str:
    """`; did you mean "kafka"?`, or nothing."""
    found = nearest(text, choices) if isinstance(text, str) else None
    return f'; did you mean "{found}"?' if found else ""


def one_of(choices: Iterable[str]) -> str:
    """`expected one of a, b, c`."""
    listed = list(choices)
    if len(listed) == 1:
        return f'expected "{listed[0]}"'
    return f"expected one of {', '.join(listed)}" if listed else "none is accepted here"
