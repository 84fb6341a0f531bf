"""The checked scalars of the spec."""

from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from components.spec.base import (
    Cores,
    Cron,
    Domain,
    Duration,
    Image,
    LabelValue,
    Name,
    Quantity,
    duration_seconds,
    quantity_value,
)
from components.spec.stack import StackSpec


@pytest.mark.parametrize(
    ("text", "value"), [("500m", 0.5), ("2", 2), ("1.5", 1.5), ("512Mi", 2**29), ("1G", 10**9), ("100Gi", 100 * 2**30)]
)
def test_a_quantity_has_a_value(text: str, value: float) -> None:
    assert quantity_value(text) == value


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("15m", 900), ("2h", 7200), ("7d", 604800), ("1y", 31536000)])
def test_a_duration_has_seconds(text: str, seconds: int) -> None:
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize(
    ("kind", "good"),
    [
        (Quantity, ["512Mi", "100Gi", "1.5Ti", "1048576"]),
        (Cores, ["500m", "2", "0.25", 2, 1.5]),
        (Duration, ["30s", "1y"]),
        (Name, ["a", "fraud-dev", "x" * 40]),
        (LabelValue, ["The.Team_1", "x" * 63]),
        (Domain, ["mlops.internal", "a.b-c.example"]),
        (Cron, ["0 2 * * *", "*/15 0-6 1,15 JAN mon-fri"]),
        (Image, ["a:1", "host:5000/a@sha256:" + "0" * 64]),
    ],
)
def test_what_is_right_is_accepted(kind: Any, good: list[object]) -> None:
    assert [TypeAdapter(kind).validate_python(value) for value in good] == [str(value) for value in good]


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        (Quantity, ["100GB", "1 Gi", "-1Gi", "0", "500m", "100", "", "Gi", "1e3", True]),
        (Cores, ["2Gi", "0", "-1", "two", "", True]),
        (Duration, ["7", "7 days", "0s", "-1d", "1.5h", ""]),
        (Name, ["A", "a_b", "-a", "a-", "1a", "", "x" * 41, "a.b"]),
        (LabelValue, ["", "a b", "-a", "x" * 64, "mail@example.com"]),
        (Domain, ["", "localhost", "A.example", "a..b", "-a.example"]),
        (Cron, ["", "daily", "* * * *", "a-b-c * * * *;"]),
        (Image, ["notebook", "host:5000/notebook", "a b:1"]),
    ],
)
def test_what_is_wrong_is_refused(kind: Any, bad: list[object]) -> None:
    for value in bad:
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    ("kind", "text", "meant"),
    [
        (Quantity, "100GB", "100Gi"),
        (Quantity, "100 gb", "100Gi"),
        (Quantity, "5mib", "5Mi"),
        (Quantity, "100", "100Gi"),
        (Cores, "2 cores", "2"),
        (Cores, "500 millicores", "500m"),
        (Duration, "7 days", "7d"),
        (Duration, "15min", "15m"),
        (Duration, "2 hours", "2h"),
    ],
)
def test_a_misspelt_unit_is_put_right(kind: Any, text: str, meant: str) -> None:
    with pytest.raises(ValidationError, match=f'did you mean "{meant}"'):
        TypeAdapter(kind).validate_python(text)


def test_every_key_is_described_and_frozen() -> None:
    seen: set[type] = set()

    def walk(model: type[BaseModel]) -> None:
        if model in seen:
            return
        seen.add(model)
        assert model.model_config["frozen"] and model.model_config["extra"] == "forbid", model
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name} has no description"
            walk_annotation(field.annotation)

    def walk_annotation(annotation: object) -> None:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            walk(annotation)
        for part in getattr(annotation, "__args__", ()):
            walk_annotation(part)

    walk(StackSpec)
    assert len(seen) > 15
