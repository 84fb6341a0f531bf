"""Alertmanager's configuration from the spec: routes and receivers, whose secrets it reads from files of the user's Secrets.

Sources: Alertmanager's documentation of its configuration (route, slack_config.api_url_file, pagerduty_config.routing_key_file,
webhook_config.url_file) and the chart's own inhibition rules, which lists here replace.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from components.spec.alerting import Alerting, Receiver, Route

SECRETS = "/etc/alertmanager/secrets"
"""Where the operator mounts what alertmanagerSpec.secrets names."""
NOBODY = "null"
FILES: Mapping[str, tuple[str, str, str]] = {
    "slack": ("slack_configs", "api_url_file", "url"),
    "pagerduty": ("pagerduty_configs", "routing_key_file", "key"),
    "webhook": ("webhook_configs", "url_file", "url"),
}
"""Kind of receiver -> its list, the field that names a file, and the Secret's key."""


def values(alerting: Alerting) -> dict[str, Any]:
    """What the chart's `alertmanager` section gets; nothing where nobody is to be told (the chart's own route goes nowhere)."""
    if not alerting.receivers:
        return {}
    return {
        "config": configuration(alerting),
        "alertmanagerSpec": {"secrets": sorted({receiver.secret for receiver in alerting.receivers.values()})},
    }


def configuration(alerting: Alerting) -> dict[str, Any]:
    """The configuration file: a worse alert silences lesser ones of its name and namespace, the rest goes by the routes."""
    return {
        "global": {"resolve_timeout": "5m"},
        "inhibit_rules": [
            _inhibition("critical", "warning|info"),
            _inhibition("warning", "info"),
            {
                "source_matchers": ['alertname = "InfoInhibitor"'],
                "target_matchers": ['severity = "info"'],
                "equal": ["namespace"],
            },
            {"target_matchers": ['alertname = "InfoInhibitor"']},
        ],
        "route": {
            "receiver": NOBODY,
            "group_by": ["namespace", "alertname"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": alerting.repeat,
            "routes": [
                # always firing, so that its absence can be watched from outside
                {"receiver": NOBODY, "matchers": ['alertname = "Watchdog"']},
                *(_route(route) for route in alerting.routes),
            ],
        },
        "receivers": [{"name": NOBODY}, *(_receiver(name, made) for name, made in sorted(alerting.receivers.items()))],
        "templates": ["/etc/alertmanager/config/*.tmpl"],
    }


def _inhibition(worse: str, lesser: str) -> dict[str, Any]:
    return {
        "source_matchers": [f'severity = "{worse}"'],
        "target_matchers": [f'severity =~ "{lesser}"'],
        "equal": ["namespace", "alertname"],
    }


def _route(route: Route) -> dict[str, Any]:
    asked: dict[str, Sequence[str]] = {"severity": route.severities, "namespace": route.namespaces}
    matchers = [f'{label} =~ "{"|".join(found)}"' for label, found in asked.items() if found]
    return {
        "receiver": route.receiver,
        **({"matchers": matchers} if matchers else {}),
        **({"continue": True} if route.go_on else {}),
    }


def _receiver(name: str, receiver: Receiver) -> dict[str, Any]:
    section, field, key = FILES[receiver.kind]
    settings: dict[str, Any] = {field: f"{SECRETS}/{receiver.secret}/{key}", "send_resolved": True}
    if receiver.kind == "slack" and receiver.channel:
        settings["channel"] = receiver.channel
    return {"name": name, section: [settings]}
