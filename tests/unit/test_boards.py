"""Grafana's model of a dashboard from rows: what Grafana asks, where panels stand, and what is no row."""

import pytest

from components.kubernetes import boards

DATA = {
    "title": "Demo",
    "description": "Names: nowhere.",
    "variables": {"namespace": "demo_up", "queue": {"of": "demo_queue", "by": "exported_queue", "label": "Queue (team)"}},
    "panels": [
        {"stat": "Up", "ask": "sum(demo_up)"},
        {"stat": "Late", "unit": "s", "red": 60, "ask": "max(demo_late)"},
        {"stat": "Free", "steps": {"red": None, "green": 0.1}, "ask": "demo_free"},
        {"graph": "Requests", "unit": "reqps", "ask": {"{{code}}": "a", "all": "b"}},
        {"graph": "Errors", "ask": {"": "c"}},
        {"graph": "Alone", "ask": {"": "d"}},
        {"graph": "Long", "wide": True, "ask": {"": "e"}},
        {"table": "Alerts", "wide": True, "ask": "ALERTS"},
    ],
}


def test_panels_stand_in_lines_without_gaps() -> None:
    places = [tuple(panel["gridPos"].values()) for panel in boards.model("x", DATA)["panels"]]
    assert places == [
        (0, 0, 8, 4),
        (8, 0, 8, 4),
        (16, 0, 8, 4),
        (0, 4, 12, 8),
        (12, 4, 12, 8),
        (0, 12, 12, 8),
        (0, 20, 24, 8),
        (0, 28, 24, 8),
    ]


def test_each_asks_the_chosen_source_in_its_own_unit_and_colours() -> None:
    up, late, free, requests, *_, alerts = boards.model("x", DATA)["panels"]
    assert (up["type"], up["title"], up["targets"][0]["expr"]) == ("stat", "Up", "sum(demo_up)")
    assert "thresholds" not in up["fieldConfig"]["defaults"] and up["options"]["colorMode"] == "value"
    assert late["fieldConfig"]["defaults"]["thresholds"]["steps"] == [
        {"color": "green", "value": None},
        {"color": "red", "value": 60},
    ]
    assert [step["color"] for step in free["fieldConfig"]["defaults"]["thresholds"]["steps"]] == ["red", "green"]
    assert requests["type"] == "timeseries" and requests["fieldConfig"]["defaults"]["unit"] == "reqps"
    assert [(t["refId"], t["legendFormat"], t["expr"]) for t in requests["targets"]] == [
        ("A", "{{code}}", "a"),
        ("B", "all", "b"),
    ]
    assert (alerts["type"], alerts["targets"][0]["format"]) == ("table", "table")
    assert {target["datasource"]["uid"] for panel in boards.model("x", DATA)["panels"] for target in panel["targets"]} == {
        "${datasource}"
    }


def test_what_may_be_chosen_is_asked_of_a_metric() -> None:
    source, namespace, queue = boards.model("x", DATA)["templating"]["list"]
    assert (source["name"], source["type"]) == ("datasource", "datasource")
    assert (namespace["label"], namespace["query"]) == ("Namespace", "label_values(demo_up, namespace)")
    assert (queue["label"], queue["query"]) == ("Queue (team)", "label_values(demo_queue, exported_queue)")


def test_a_key_that_is_none_of_a_rows_is_refused() -> None:
    with pytest.raises(TypeError, match=r"x: unknown keys panel \(accepted: description, panels, title, variables\)"):
        boards.model("x", {"title": "", "description": "", "panel": []})
    with pytest.raises(TypeError, match="colour"):
        boards.model("x", DATA | {"panels": [{"stat": "Up", "ask": "up", "colour": "red"}]})
