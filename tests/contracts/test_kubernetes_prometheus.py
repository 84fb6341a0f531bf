"""What we tell kube-prometheus-stack exists in it, and what we assume of it is what it renders."""

from dataclasses import replace
from pathlib import Path

import pytest

from components.kubernetes import alerts
from components.kubernetes.prometheus import (
    ALERTMANAGER,
    ALERTMANAGER_PORT,
    CHART,
    PORT,
    SERVICE,
    PrometheusStack,
    chart_values,
)
from tests.contracts import reference, rendering
from tests.unit.test_kubernetes_prometheus import ARGS, build

NOT_IN_VALUES = {
    # of the sub-charts' own values.yaml, which the parent's does not repeat
    "kube-state-metrics.resources",
    "prometheus-node-exporter.priorityClassName",
    "prometheus-node-exporter.resources",
    # there as a comment only; the template reads it (certmanager.yaml)
    "prometheusOperator.admissionWebhooks.certManager.issuerRef",
}


def test_every_value_we_set_exists_in_the_chart() -> None:
    found = reference.unknown_values(
        CHART.chart, chart_values(replace(ARGS, registry_mirror="mirror.example", storage_class="x"))
    )
    assert set(found) == NOT_IN_VALUES
    subcharts = {d["name"] for d in reference.inventory(CHART.chart)["dependencies"]}
    assert {name.partition(".")[0] for name in NOT_IN_VALUES} - {"prometheusOperator"} <= subcharts


def test_the_pin_is_the_version_whose_values_we_checked() -> None:
    known = reference.index(CHART.chart)
    assert (CHART.chart, CHART.version, CHART.repo) == (known["chart"], known["version"], known["installer"])


def test_the_services_that_others_are_told_of_are_rendered() -> None:
    objects = reference.inventory(CHART.chart)["objects"]
    assert reference.service_errors(objects, SERVICE, PORT) == []
    assert reference.service_errors(objects, ALERTMANAGER, ALERTMANAGER_PORT) == []


def test_the_webhook_port_is_the_operators() -> None:
    operator = next(o for o in reference.inventory(CHART.chart)["objects"] if o["name"] == "kube-prometheus-stack-operator")
    assert [p["port"] for p in operator["containers"][0]["ports"]] == list(PrometheusStack.webhooks)


@pytest.mark.parametrize("system", sorted(alerts.RULES))
def test_rules_are_valid_for_the_real_crd(system: str) -> None:
    made = build(replace(ARGS, systems=[system])).one("PrometheusRule")
    assert reference.resource_errors(made.inputs) == []


def test_the_real_chart_renders_the_same_twice_bounded_and_without_hooks(tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(ARGS), "monitoring", tmp_path)
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    kinds = {o["kind"] for o in objects}
    assert {"Prometheus", "Alertmanager", "Certificate", "ValidatingWebhookConfiguration"} <= kinds and "Job" not in kinds
    certificate = next(o for o in objects if o["kind"] == "Certificate")
    assert certificate["spec"]["issuerRef"] == {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "mlops-ca"}
    for custom in objects:
        if custom["apiVersion"].startswith("monitoring.coreos.com/"):
            assert reference.resource_errors(custom) == [], custom["metadata"]["name"]


def test_every_dashboard_of_the_chart_carries_the_label_that_grafana_reads(tmp_path: Path) -> None:
    boards = [o for o in rendering.render(CHART, chart_values(ARGS), "monitoring", tmp_path) if o["kind"] == "ConfigMap"]
    assert len(boards) > 15
    assert all(o["metadata"]["labels"]["grafana_dashboard"] == "1" for o in boards)


def test_the_real_chart_leaves_out_an_operator_that_is_there(tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(replace(ARGS, operator=False)), "monitoring", tmp_path)
    names = {o["metadata"]["name"] for o in objects if o["kind"] == "Deployment"}
    assert names == {"kube-prometheus-stack-kube-state-metrics"}
    assert not {"Certificate", "ValidatingWebhookConfiguration"} & {o["kind"] for o in objects}
