"""The drift that our model servers export: still where nothing changes, loud where a feature moves."""

import json
import math
import random
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes import model_drift


class Frame:
    """A data frame, as far as the script asks."""

    def __init__(self, **columns: list[Any]):
        self.given = columns

    def select_dtypes(self, kind: str) -> dict[str, "Array"]:
        assert kind == "number"
        return {name: Array(values) for name, values in self.given.items() if not isinstance(values[0], str)}


class Array:
    """An array of numbers."""

    def __init__(self, values: list[Any]):
        self.values, self.ndim = values, 2 if values and isinstance(values[0], list) else 1

    def tolist(self) -> list[Any]:
        return self.values


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script's names, and in `seen` what its gauge was set to."""
    seen: dict[tuple[str, ...], float] = {}

    class Gauge:
        def __init__(self, name: str, text: str, labels: list[str]):
            assert (name, labels) == ("model_drift", ["model", "feature"])

        def labels(self, *values: str) -> Any:
            return types.SimpleNamespace(set=lambda value: seen.__setitem__(values, value))

    fake: Any = types.ModuleType("prometheus_client")
    fake.Gauge = Gauge
    monkeypatch.setitem(sys.modules, "prometheus_client", fake)
    names: dict[str, Any] = {"seen": seen}
    exec(compile(model_drift.SCRIPT, "model_drift.py", "exec"), names)
    return types.SimpleNamespace(**names)


def drawn(mean: float, count: int, seed: int) -> list[float]:
    source = random.Random(seed)
    return [source.gauss(mean, 1) for _ in range(count)]


def test_what_stays_as_it_began_does_not_drift_and_what_moves_does(script: Any, tmp_path: Path) -> None:
    watch = script.Watch("fraud", str(tmp_path))
    watch.see(Frame(amount=drawn(5, 999, 1), country=["de"] * 999), Array([0.1] * 999))
    assert script.seen == {}, "it still learns"
    watch.see(Frame(amount=drawn(5, 2000, 2)), Array([0.1] * 2000))
    assert script.seen["fraud", "amount"] < 0.2 and script.seen["fraud", "(prediction)"] < 1e-9
    watch.see(Frame(amount=drawn(8, 3000, 3)), Array([0.1] * 3000))
    assert 2.5 < script.seen["fraud", "amount"] < 3.5
    assert ("fraud", "country") not in script.seen


def test_a_baseline_beside_the_model_counts_from_the_first_request(script: Any, tmp_path: Path) -> None:
    (tmp_path / "baseline.json").write_text(json.dumps({"amount": {"mean": 5, "std": 2}}))
    watch = script.Watch("fraud", str(tmp_path))
    watch.see(Frame(amount=[5.0]), Array([1.0]))
    assert script.seen == {("fraud", "amount"): 0}
    watch.see(Frame(amount=[9.0] * 5000), Array([1.0] * 10))
    assert script.seen["fraud", "amount"] == pytest.approx(2, abs=0.01)


def test_gaps_and_endless_numbers_are_left_out(script: Any, tmp_path: Path) -> None:
    (tmp_path / "baseline.json").write_text(json.dumps({"amount": {"mean": 5, "std": 2}}))
    watch = script.Watch("fraud", str(tmp_path))
    watch.see(Frame(amount=[math.nan, math.inf, None, 5.0]), Array([1.0]))
    assert script.seen["fraud", "amount"] == 0


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (Array([1.0, 2.0]), {"0": [1.0, 2.0]}),
        (Array([[1.0, 2.0], [3.0, 4.0]]), {"0": [1.0, 3.0], "1": [2.0, 4.0]}),
        ({"a": Array([1.0]), "b": Array([[1.0]])}, {"a": [1.0]}),
        ("text", {}),
    ],
)
def test_features_are_columns(script: Any, data: Any, expected: dict[str, list[float]]) -> None:
    assert script.columns(data) == expected


def test_features_have_a_limit(script: Any, tmp_path: Path) -> None:
    watch = script.Watch("fraud", str(tmp_path))
    watch.see(Frame(**{f"f{n}": [1.0] for n in range(300)}), Array([[1.0, 2.0]]))
    assert len(watch.features) == script.LIMIT
