"""Who is told of an alert: routes in order, secrets by file, and a way out for what is sent."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from components.kubernetes import alert_routes
from components.kubernetes.prometheus import PrometheusStack, chart_values
from components.spec.alerting import Alerting
from components.spec.serving import Prometheus
from tests.unit.kubernetes_site import CERTIFICATES, site
from tests.unit.test_kubernetes_prometheus import ARGS

GIVEN: dict[str, Any] = {
    "receivers": {
        "oncall": {"kind": "pagerduty", "secret": "pagerduty"},
        "chat": {"kind": "slack", "secret": "chat-hook", "channel": "#mlops"},
        "own": {"kind": "webhook", "secret": "chat-hook"},
    },
    "routes": [
        {"receiver": "oncall", "severities": ["critical"], "goOn": True},
        {"receiver": "own", "severities": ["critical", "warning"], "namespaces": ["fraud", "kafka"]},
        {"receiver": "chat"},
    ],
}


def test_routes_stand_in_their_order_behind_the_watchdogs() -> None:
    found = alert_routes.configuration(Alerting.model_validate(GIVEN))["route"]
    assert found["receiver"] == "null" and found["repeat_interval"] == "12h"
    assert found["routes"] == [
        {"receiver": "null", "matchers": ['alertname = "Watchdog"']},
        {"receiver": "oncall", "matchers": ['severity =~ "critical"'], "continue": True},
        {"receiver": "own", "matchers": ['severity =~ "critical|warning"', 'namespace =~ "fraud|kafka"']},
        {"receiver": "chat"},
    ]


def test_secrets_are_files_of_the_users_own() -> None:
    values = alert_routes.values(Alerting.model_validate(GIVEN))
    receivers = {one["name"]: one for one in values["config"]["receivers"]}
    chat = {"api_url_file": "/etc/alertmanager/secrets/chat-hook/url", "send_resolved": True, "channel": "#mlops"}
    assert receivers["chat"]["slack_configs"] == [chat]
    assert receivers["oncall"]["pagerduty_configs"][0]["routing_key_file"] == "/etc/alertmanager/secrets/pagerduty/key"
    assert values["alertmanagerSpec"]["secrets"] == ["chat-hook", "pagerduty"]
    assert set(receivers) == {"null", "oncall", "chat", "own"}


def test_the_stack_hands_them_to_the_chart_beside_its_own_settings() -> None:
    config = Prometheus.model_validate({"alerting": GIVEN, "alertmanagers": 3})
    values = chart_values(PrometheusStack.plan(site("prometheus", config, CERTIFICATES)))["alertmanager"]
    assert values["alertmanagerSpec"]["replicas"] == 3 and values["alertmanagerSpec"]["secrets"]
    assert values["config"]["route"]["routes"][-1] == {"receiver": "chat"}


def test_its_namespace_reaches_the_internet_only_where_there_is_somebody_to_tell() -> None:
    assert PrometheusStack.internet(Prometheus.model_validate({"alerting": GIVEN})) is True
    assert PrometheusStack.internet(Prometheus()) is False


def test_without_receivers_the_charts_own_route_stands() -> None:
    assert "config" not in chart_values(ARGS)["alertmanager"]
    assert chart_values(replace(ARGS, alerting=Alerting().model_dump())) == chart_values(ARGS)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"routes": [{"receiver": "chta"}], "receivers": GIVEN["receivers"]},
            r'"chta": expected a key of receivers \(chat, oncall',
        ),
        ({"routes": [{"receiver": "chat"}]}, r"expected a key of receivers \(none\)"),
        ({"receivers": GIVEN["receivers"]}, "receivers without a route get nothing"),
        ({"receivers": {"x": {"kind": "mail", "secret": "a"}}}, "slack"),
    ],
    ids=["unknown", "none", "no route", "kind"],
)
def test_what_would_tell_nobody_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Alerting.model_validate(given)
