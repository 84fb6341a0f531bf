"""kube-prometheus-stack: what it may see, keep and use, and the alert rules beside it."""

import re
from dataclasses import replace
from typing import Any

import pytest

from cli.sources import read_lock
from components.contracts import Certificates, Metrics
from components.kubernetes import alerts, dashboards
from components.kubernetes.place import Compute
from components.kubernetes.prometheus import HIDDEN, PrometheusStack, PrometheusStackArgs, chart_values
from components.spec.serving import Prometheus
from tests.unit.kubernetes_site import CERTIFICATES, site
from tests.unit.recording import Recording, record

ARGS = PrometheusStackArgs(
    namespace="monitoring",
    labels={"mlops.dev/team": "platform"},
    issuer="mlops-ca",
    replicas=1,
    retention="15d",
    storage="50Gi",
    alertmanagers=1,
    compute=Compute("500m", "2Gi"),
    systems=["platform", "kafka", "grafana"],
)

RULES = "prometheusrules.monitoring.coreos.com"
DEFINITION = {
    "metadata": {"annotations": {"operator.prometheus.io/version": "0.93.1"}},
    "spec": {"versions": [{"name": "v1", "served": True}]},
}


def build(args: PrometheusStackArgs = ARGS) -> Recording[PrometheusStack]:
    return record(lambda: PrometheusStack("prometheus", args))


def test_monitors_and_rules_of_every_namespace_count() -> None:
    spec = chart_values(ARGS)["prometheus"]["prometheusSpec"]
    assert {key: spec[key] for key in spec if key.endswith("NilUsesHelmValues")} == {
        f"{kind}SelectorNilUsesHelmValues": False for kind in ("rule", "serviceMonitor", "podMonitor", "probe", "scrapeConfig")
    }


def test_samples_are_kept_on_a_volume_that_they_cannot_fill() -> None:
    spec = chart_values(replace(ARGS, storage_class="fast"))["prometheus"]["prometheusSpec"]
    claim = spec["storageSpec"]["volumeClaimTemplate"]["spec"]
    assert claim["storageClassName"] == "fast" and claim["resources"]["requests"]["storage"] == "50Gi"
    assert (spec["retention"], spec["retentionSize"]) == ("15d", "43520MB")
    assert (
        "storageClassName" not in chart_values(ARGS)["alertmanager"]["alertmanagerSpec"]["storage"]["volumeClaimTemplate"]["spec"]
    )


def test_nothing_is_drawn_at_render_and_no_hook_is_left() -> None:
    values = chart_values(ARGS)
    assert values["grafana"] == {"enabled": False, "forceDeployDashboards": True}
    assert values["crds"]["upgradeJob"]["enabled"] is False
    assert values["prometheusOperator"]["admissionWebhooks"]["patch"]["enabled"] is False
    issuer = values["prometheusOperator"]["admissionWebhooks"]["certManager"]["issuerRef"]
    assert (issuer["kind"], issuer["name"]) == ("ClusterIssuer", "mlops-ca")


def test_every_container_is_bounded() -> None:
    values = chart_values(ARGS)
    found = [
        values["prometheusOperator"]["resources"],
        values["prometheusOperator"]["prometheusConfigReloader"]["resources"],
        values["prometheus"]["prometheusSpec"]["resources"],
        values["alertmanager"]["alertmanagerSpec"]["resources"],
        values["kube-state-metrics"]["resources"],
        values["prometheus-node-exporter"]["resources"],
    ]
    assert all(set(r["requests"]) == set(r["limits"]) == {"cpu", "memory"} for r in found)


def test_parts_that_a_managed_cluster_hides_are_not_scraped() -> None:
    assert all(chart_values(ARGS)[part] == {"enabled": False} for part in HIDDEN)


def test_an_operator_that_the_cluster_has_is_left_alone() -> None:
    args = replace(ARGS, operator=False)
    values = chart_values(args)
    assert values["crds"]["enabled"] is False and values["prometheusOperator"]["enabled"] is False
    made = record(lambda: PrometheusStack("prometheus", args), reads={RULES: DEFINITION})
    chart = made.one("Chart")
    assert chart.inputs["skipCrds"] is True
    assert chart.depends_on == ["prometheus-operator"] and made.one("CustomResourceDefinition", "prometheus-operator").read


def test_several_servers_are_not_evicted_at_once() -> None:
    values = chart_values(replace(ARGS, replicas=2, alertmanagers=3))
    assert values["prometheus"]["podDisruptionBudget"]["enabled"] and values["alertmanager"]["podDisruptionBudget"]["enabled"]


def test_rules_stand_for_the_systems_that_are_there_and_wait_for_the_webhook() -> None:
    made = build()
    assert [r.object_name for r in made.all("PrometheusRule")] == ["mlops-platform", "mlops-kafka"]
    assert all("prometheus-stack" in r.depends_on for r in made.all("PrometheusRule"))


def test_the_certificates_operator_is_read_although_it_stands_before_any_monitor() -> None:
    made = build()
    monitor = made.one("PodMonitor")
    assert monitor.namespace == "monitoring" and "prometheus-stack" in monitor.depends_on
    assert monitor.inputs["spec"]["namespaceSelector"] == {"any": True}
    (endpoint,) = monitor.inputs["spec"]["podMetricsEndpoints"]
    renders = read_lock()["cert-manager"]["renders"].values()
    objects = [fact for render in renders for fact in render["objects"]]
    (operator, *_) = (fact for fact in objects if (fact["kind"], fact["name"]) == ("Deployment", "cert-manager"))
    assert monitor.inputs["spec"]["selector"]["matchLabels"].items() <= operator["podLabels"].items()
    assert endpoint["port"] in [port["name"] for port in operator["containers"][0]["ports"]]


def test_passed_values_are_merged_last() -> None:
    made = build(replace(ARGS, values={"prometheus": {"prometheusSpec": {"scrapeInterval": "15s", "retention": "1d"}}}))
    spec = made.one("Chart").inputs["values"]["prometheus"]["prometheusSpec"]
    assert (spec["scrapeInterval"], spec["retention"], spec["replicas"]) == ("15s", "1d", 1)


def test_others_wait_for_the_whole_stack_before_they_send_monitors() -> None:
    def ready() -> list[str]:
        stack = PrometheusStack("prometheus", ARGS)
        contract = stack.contracts()[0]
        assert isinstance(contract, Metrics)
        return [type(r).__name__ for r in contract.ready]

    assert record(ready).result == ["Chart"]


def test_the_plan_takes_the_clusters_storage_class_and_every_chosen_system() -> None:
    config = Prometheus(replicas=2)
    args = PrometheusStack.plan(site("prometheus", config, CERTIFICATES, cluster={"storageClass": "slow"}))
    assert (args.storage_class, args.systems, args.operator, args.issuer) == (
        "slow",
        ["platform", "prometheus"],
        True,
        "mlops-ca",
    )
    existing = PrometheusStack.plan(site("prometheus", config, CERTIFICATES, operators={"prometheusOperator": "existing"}))
    assert existing.operator is False
    assert PrometheusStack.needs == (Certificates,)


@pytest.mark.parametrize("system", sorted(alerts.RULES))
def test_an_alert_has_a_severity_a_duration_and_a_summary_that_names_a_value(system: str) -> None:
    for rule in alerts.groups(system)[0]["rules"]:
        assert rule["labels"]["severity"] in {"warning", "critical"} and rule["labels"]["system"] == system
        assert re.fullmatch(r"\d+m", rule["for"]) and rule["annotations"]["summary"]
        assert balanced(rule["expr"])


def balanced(expr: str) -> bool:
    """Whether brackets outside of strings pair up."""
    stack: list[str] = []
    for char in re.sub(r'"[^"]*"', "", expr):
        if char in "([{":
            stack.append({"(": ")", "[": "]", "{": "}"}[char])
        elif char in ")]}" and (not stack or stack.pop() != char):
            return False
    return not stack


def test_the_bracket_check_finds_a_broken_expression() -> None:
    assert balanced('sum(rate(x{a="("}[5m]))') and not balanced("sum(rate(x[5m])")


def expressions(name: str) -> list[tuple[str, Any]]:
    return [(p["title"], t["expr"]) for p in dashboards.load(name)["panels"] for t in p["targets"]]


@pytest.mark.parametrize("name", dashboards.names(["kafka", "mysql", "minio", "mlflow", "jupyterhub"]))
def test_a_dashboard_is_whole_and_says_where_its_metric_names_come_from(name: str) -> None:
    board = dashboards.load(name)
    assert board["uid"] == f"mlops-{name}" and "Names: " in board["description"]
    assert len({p["id"] for p in board["panels"]}) == len(board["panels"])
    variables = {v["name"] for v in board["templating"]["list"]}
    for title, expr in expressions(name):
        assert balanced(expr), title
        assert set(re.findall(r"\$(\w+)", expr)) <= variables, title
    boxes = [(p["gridPos"]["x"], p["gridPos"]["y"], p["gridPos"]["w"], p["gridPos"]["h"]) for p in board["panels"]]
    for i, (x, y, w, h) in enumerate(boxes):
        assert x + w <= 24
        assert not any(x < a + c and a < x + w and y < b + d and b < y + h for a, b, c, d in boxes[:i])
