"""The bench's arithmetic and its table."""

import io
import json

import pytest
from rich.console import Console

from tests.bench.figures import Figure, document, median, number, preview_limit, ratio, table


def test_a_figure_knows_whether_it_met_its_target() -> None:
    assert Figure("g", "n", 1.5, "s", 1.5).met is True
    assert Figure("g", "n", 1.51, "s", 1.5).met is False
    assert Figure("g", "n", None, "s", 1.5).met is None
    assert Figure("g", "n", 3.0).met is None


def test_ratio_divides_and_says_of_what() -> None:
    figure = ratio("g", "up over kubectl", 12.0, 8.0, 1.15)
    assert (figure.value, figure.unit, figure.met, figure.note) == (1.5, "x", False, "12.00 / 8.00")


@pytest.mark.parametrize(("value", "base"), [(None, 2.0), (2.0, None), (2.0, 0.0)])
def test_ratio_without_a_side_has_no_value_and_no_verdict(value: float | None, base: float | None) -> None:
    figure = ratio("g", "n", value, base, 1.15)
    assert figure.value is None and figure.met is None and figure.note


def test_median_and_limit_of_a_preview() -> None:
    assert median([9.0, 1.0, 2.0]) == 2.0 and median([]) is None
    assert preview_limit(4.0) == 12.0 and preview_limit(None) is None


def test_numbers_have_their_unit() -> None:
    assert [number(1814213.0, "B"), number(99.7, "MiB"), number(1.234, "x"), number(None, "s")] == [
        "1,814,213 B",
        "100 MiB",
        "1.23 x",
        "not measured",
    ]


def test_table_and_file_show_value_target_verdict_and_what_was_not_measured() -> None:
    figures = [
        Figure("a", "fast", 1.0, "s", 1.5),
        Figure("a", "slow", 2.0, "s", 1.5),
        Figure("b", "gone", None, note="timed out"),
    ]
    text = io.StringIO()
    Console(file=text, width=120).print(table(figures))
    fast, slow, gone = text.getvalue().splitlines()[1:]
    assert fast.split() == ["a", "fast", "1.00", "s", "<=", "1.50", "s", "yes"]
    assert slow.split()[-1] == "no" and "not measured" in gone and "timed out" in gone
    written = json.loads(json.dumps(document(figures, {"cpus": 2})))
    assert [item["met"] for item in written["figures"]] == [True, False, None] and written["surroundings"] == {"cpus": 2}
