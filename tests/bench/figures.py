"""Figures, their targets, and how both are shown. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

# most that each may be; see README, "make bench"
OVER_BARE = 1.15
TEAM_OVER_KUBECTL = 8.0
PREVIEW_FACTOR, PREVIEW_SECONDS = 2.5, 2.0
START_SECONDS = 1.5
PROGRAM_MIB = 300.0


@dataclass(frozen=True)
class Figure:
    """One measured number (seconds "s", "MiB", bytes "B" or a ratio "x"); `value` is None where it could not be measured."""

    group: str
    name: str
    value: float | None
    unit: str = "s"
    limit: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the value is within its limit; None where there is no limit or no value."""
        return None if self.value is None or self.limit is None else self.value <= self.limit


def median(values: Sequence[float]) -> float | None:
    """The median, None of nothing."""
    return statistics.median(values) if values else None


def ratio(group: str, name: str, value: float | None, base: float | None, limit: float | None = None) -> Figure:
    """`value` over `base` as a figure; without a value where either is missing or the base is nothing."""
    if value is None or not base:
        return Figure(group, name, None, "x", limit, "a side of it was not measured")
    return Figure(group, name, value / base, "x", limit, f"{value:.2f} / {base:.2f}")


def preview_limit(diff: float | None) -> float | None:
    """Seconds that a no-op preview with the pack may take where `kubectl diff` took this long."""
    return None if diff is None else PREVIEW_FACTOR * diff + PREVIEW_SECONDS


def table(figures: Sequence[Figure]) -> Table:
    """All figures, a line each."""
    shown = Table(box=None, header_style="bold")
    for column in ("group", "figure", "value", "target", "met", "note"):
        shown.add_column(column, justify="right" if column in ("value", "target") else "left", no_wrap=column == "value")
    for figure in figures:
        verdict = {True: "yes", False: "[red]no[/red]", None: ""}[figure.met]
        limit = "" if figure.limit is None else f"<= {number(figure.limit, figure.unit)}"
        shown.add_row(figure.group, figure.name, number(figure.value, figure.unit), limit, verdict, figure.note)
    return shown


def number(value: float | None, unit: str) -> str:
    """A value with its unit as people read it."""
    if value is None:
        return "not measured"
    return f"{value:,.0f} {unit}" if unit in ("MiB", "B") else f"{value:.2f} {unit}"


def document(figures: Sequence[Figure], surroundings: dict[str, Any]) -> dict[str, Any]:
    """The JSON file: what it ran on, and every figure with its verdict."""
    return {"surroundings": surroundings, "figures": [{**asdict(figure), "met": figure.met} for figure in figures]}
