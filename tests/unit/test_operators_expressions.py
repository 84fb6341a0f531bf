"""JSON-e with kept trees says what JSON-e says: the same values, anew for other names, and the same refusals."""

import functools
from typing import Any

import jsone  # type: ignore[import-untyped]
import pytest
from jsone.parser import Parser  # type: ignore[import-untyped]

from sandbox.operators import expressions
from sandbox.operators.template import TemplateError, evaluate


def test_an_expression_is_read_once_and_evaluated_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def parser(text: str, tokenizer: Any) -> Any:
        read.append(text)
        return Parser(text, tokenizer)

    monkeypatch.setattr("sandbox.operators.expressions.Parser", parser)
    monkeypatch.setattr(expressions, "_tree", functools.lru_cache(expressions._tree.__wrapped__))
    template = {"$eval": "replicas + 1"}
    assert [evaluate(template, {"replicas": count}) for count in (1, 2, 2)] == [2, 3, 3]
    assert [evaluate("pod-${n}.${n}", {"n": n}) for n in ("a", "b")] == ["pod-a.a", "pod-b.b"]
    assert read == ["replicas + 1", "n}.${n}", "n}"]


def test_json_e_itself_uses_them() -> None:
    assert (expressions.render.parse, expressions.render.parse_until_terminator) == (
        expressions.parse,
        expressions.parse_until_terminator,
    )
    assert jsone.render({"$if": "a && !b", "then": "${a}", "else": {"$eval": "b[0]"}}, {"a": True, "b": False}) == "true"


@pytest.mark.parametrize("wrong", [{"$eval": "a b"}, "${a", "${a b}", {"$eval": "a +"}, {"$eval": "nobody"}])
def test_a_text_that_is_no_expression_is_refused(wrong: Any) -> None:
    for _ in range(2):
        with pytest.raises(TemplateError):
            evaluate(wrong, {"a": 1})
