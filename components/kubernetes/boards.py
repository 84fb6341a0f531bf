"""Grafana's model of a dashboard from a few rows: what is asked, under which title, in which unit; the rest is always the same.

A row is one panel, in the order of reading: `stat` (a number), `graph` (lines over time) or `table`, by its title, with `ask`:
the query, or for a graph several by their legend. Numbers of a line share its width, graphs stand two beside each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

WIDTH = 24
"""Columns of Grafana's grid."""
HEIGHTS = {"stat": 4, "timeseries": 8, "table": 8}
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True)
class Row:
    """One panel as it is written."""

    ask: str | Mapping[str, str]
    """A query, or queries by legend."""
    stat: str = ""
    """Title of a number, graph or table: one of the three."""
    graph: str = ""
    table: str = ""
    unit: str = "none"
    """Grafana's name of the unit."""
    red: float | None = None
    """Red from this value on, green below."""
    steps: Mapping[str, float | None] = field(default_factory=dict)
    """Colours by the value from which on they hold, where red alone does not say it; the first one holds from the beginning."""
    wide: bool = False
    """Takes the whole width."""

    @property
    def kind(self) -> str:
        """Grafana's type of the panel."""
        return "stat" if self.stat else "timeseries" if self.graph else "table"

    @property
    def colours(self) -> Mapping[str, float | None]:
        """Colours by the value from which on they hold."""
        return {"green": None, "red": self.red} if self.red is not None else self.steps


def model(uid: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The dashboard of the rows in `data` (title, description, variables, panels). TypeError where a key is none of a row's."""
    known = {"title", "description", "variables", "panels"}
    if set(data) - known:
        raise TypeError(f"{uid}: unknown keys {', '.join(sorted(set(data) - known))} (accepted: {', '.join(sorted(known))})")
    return {
        "uid": uid,
        "title": data["title"],
        "description": data["description"],
        "tags": ["mlops"],
        "schemaVersion": 41,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "timezone": "browser",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [_CHOICE, *(_variable(name, of) for name, of in (data.get("variables") or {}).items())]},
        "panels": _panels([Row(**row) for row in data["panels"]]),
    }


_CHOICE = {
    "name": "datasource",
    "label": "Data source",
    "type": "datasource",
    "query": "prometheus",
    "current": {"text": "Prometheus", "value": "prometheus"},
}
"""Chosen on the dashboard, so that it also serves a managed Grafana."""


def _variable(name: str, of: str | Mapping[str, str]) -> dict[str, Any]:
    """What one may choose: the values of a label of a metric, by default the label of the variable's own name."""
    told = {"of": of} if isinstance(of, str) else of
    return {
        "name": name,
        "label": told.get("label", name.capitalize()),
        "type": "query",
        "datasource": _SOURCE,
        "query": f"label_values({told['of']}, {told.get('by', name)})",
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _panels(rows: Sequence[Row]) -> list[dict[str, Any]]:
    numbers = sum(row.kind == "stat" for row in rows)
    found, x, y = [], 0, 0
    for index, row in enumerate(rows, start=1):
        usual = WIDTH // numbers if row.kind == "stat" else WIDTH // 2
        width = WIDTH if row.wide else usual
        found.append(_panel(index, row, {"x": x, "y": y, "w": width, "h": HEIGHTS[row.kind]}))
        following = rows[index] if index < len(rows) else None
        x += width
        if following is None or x >= WIDTH or following.kind != row.kind or following.wide:
            x, y = 0, y + HEIGHTS[row.kind]
    return found


def _panel(index: int, row: Row, place: Mapping[str, int]) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": row.unit}
    if row.colours:
        steps = [{"color": colour, "value": value} for colour, value in row.colours.items()]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    asked = {"": row.ask} if isinstance(row.ask, str) else row.ask
    at_once = {"instant": True, "format": "table"} if row.kind == "table" else {}
    number = {"options": {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value"}} if row.kind == "stat" else {}
    return {
        "id": index,
        "type": row.kind,
        "title": row.stat or row.graph or row.table,
        "gridPos": dict(place),
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": _SOURCE, "expr": query, "legendFormat": legend, **at_once}
            for at, (legend, query) in enumerate(asked.items())
        ],
        **number,
    }
