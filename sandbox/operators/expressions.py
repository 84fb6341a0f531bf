"""JSON-e reads the text of an expression anew at each evaluation; those of the data files are few, so their trees are kept.

A tree holds no value: JSON-e's Interpreter walks it with the names of one evaluation and changes nothing in it.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from typing import Any

from jsone.interpreter import Interpreter  # type: ignore[import-untyped]
from jsone.parser import Parser, SyntaxError  # type: ignore[import-untyped]

render: Any = importlib.import_module("jsone.render")
"""The module: the package has a function of that name."""


@functools.lru_cache(maxsize=4096)
def _tree(text: str) -> tuple[Any, Any]:
    """The expression that a text begins with, and the token behind it (None at the end)."""
    parser = Parser(text, render.tokenizer)
    return parser.parse(), parser.current_token


def parse(text: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression; JSON-e's SyntaxError where more follows it."""
    tree, behind = _tree(text)
    if behind is not None:
        raise SyntaxError.unexpected(behind, ["the end"])
    return Interpreter(names).interpret(tree)


def parse_until_terminator(text: str, names: Mapping[str, Any], terminator: str) -> tuple[Any, int]:
    """The value of the expression that ends at the terminator, and where that stands; JSON-e's SyntaxError where it does not."""
    tree, behind = _tree(text)
    if behind is None:
        raise SyntaxError("unterminated ${..} expression")
    if behind.kind != terminator:
        raise SyntaxError.unexpected(behind, [terminator])
    return Interpreter(names).interpret(tree), behind.start


def keep_trees() -> None:
    """Has JSON-e use these in place of its own two functions of the same names."""
    render.parse, render.parse_until_terminator = parse, parse_until_terminator
