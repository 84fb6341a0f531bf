"""Three mistakes, put in on purpose, are each found by the functions that the contract tests call.

They are the ones that cost a night on a cluster: a Helm value that the chart ignores, a field that the API server drops or
refuses, and an address at which nobody listens. Each test first shows that what we really send passes.
"""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from components.kubernetes import grafana, jupyterhub, prometheus
from components.kubernetes.chart import merge
from tests.contracts import reference, test_kubernetes_prometheus
from tests.unit import test_kubernetes_jupyterhub, test_kubernetes_mlflow
from tests.unit import test_kubernetes_prometheus as unit_prometheus
from tests.unit.kubernetes_stack import stack

KNOWN = test_kubernetes_prometheus.NOT_IN_VALUES


def renamed(tree: Any, path: str, name: str) -> Any:
    """A copy in which the key at `path` is called `name`."""
    made = copy.deepcopy(tree)
    *way, last = path.split(".")
    at = made
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    at[name] = at.pop(last)
    return made


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("prometheus.prometheusSpec.retention", "retentionTime"),
        ("prometheus.prometheusSpec.storageSpec", "storage"),
        ("alertmanager.alertmanagerSpec", "spec"),
        ("prometheusOperator.admissionWebhooks.certManager", "certmanager"),
    ],
)
def test_a_value_key_that_the_chart_does_not_have(path: str, name: str) -> None:
    given = prometheus.chart_values(unit_prometheus.ARGS)
    assert set(reference.unknown_values(prometheus.CHART.chart, given)) <= KNOWN
    found = set(reference.unknown_values(prometheus.CHART.chart, renamed(given, path, name))) - KNOWN
    assert found == {f"{path.rpartition('.')[0]}.{name}"}


@pytest.mark.parametrize(("path", "name"), [("hub.resources", "resource"), ("proxy.service.type", "kind")])
def test_a_value_key_that_the_charts_schema_refuses(path: str, name: str) -> None:
    defaults = yaml.safe_load((reference.root() / "charts" / jupyterhub.CHART.chart / "values.yaml").read_text())
    given = jupyterhub.chart_values(test_kubernetes_jupyterhub.ARGS)
    assert reference.schema_errors(jupyterhub.CHART.chart, merge(defaults, given)) == []
    wrong = merge(defaults, renamed(given, path, name))
    assert any(f"'{name}' was unexpected" in line for line in reference.schema_errors(jupyterhub.CHART.chart, wrong))


RESOURCES: dict[str, Callable[[], Any]] = {
    "Kafka": lambda: stack().one("Kafka").inputs,
    "KafkaNodePool": lambda: stack().all("KafkaNodePool")[0].inputs,
    "PrometheusRule": lambda: unit_prometheus.build().all("PrometheusRule")[0].inputs,
    "ServiceMonitor": lambda: test_kubernetes_mlflow.build().one("ServiceMonitor").inputs,
}


@pytest.mark.parametrize(
    ("kind", "path", "name"),
    [
        ("Kafka", "spec.kafka.listeners", "listener"),
        ("Kafka", "spec.entityOperator.topicOperator", "topics"),
        ("KafkaNodePool", "spec.replicas", "replica"),
        ("PrometheusRule", "spec.groups.0.rules.0.expr", "expression"),
        ("ServiceMonitor", "spec.endpoints.0.port", "portName"),
    ],
)
def test_a_custom_resource_field_that_the_crd_does_not_have(kind: str, path: str, name: str) -> None:
    given = RESOURCES[kind]()
    assert reference.resource_errors(given) == []
    found = reference.resource_errors(renamed(given, path, name))
    assert any(f"'{name}' was unexpected" in line for line in found), found


def test_a_custom_resource_field_of_another_type() -> None:
    given = copy.deepcopy(RESOURCES["KafkaNodePool"]())
    given["spec"]["replicas"] = "three"
    assert any("spec.replicas" in line and "integer" in line for line in reference.resource_errors(given))


@pytest.mark.parametrize(
    ("chart", "service", "port"),
    [
        (prometheus.CHART.chart, prometheus.SERVICE, prometheus.PORT),
        (prometheus.CHART.chart, prometheus.ALERTMANAGER, prometheus.ALERTMANAGER_PORT),
        (grafana.CHART.chart, "grafana", grafana.PORT),
    ],
)
def test_a_service_port_that_the_chart_does_not_open(chart: str, service: str, port: int) -> None:
    objects = reference.inventory(chart)["objects"]
    assert reference.service_errors(objects, service, port) == []
    (line,) = reference.service_errors(objects, service, port + 1)
    assert f"Service {service} has no port {port + 1}" in line and str(port) in line
    (line,) = reference.service_errors(objects, f"{service}s", port)
    assert f"no Service {service}s; there are" in line


@pytest.mark.parametrize(
    ("part", "path", "value", "said"),
    [
        ("Service", "spec.ports.0.targetPort", 5001, "no container opens port 5001"),
        ("Service", "spec.ports.0.name", "htpp", "the Service has no port"),
        ("ServiceMonitor", "spec.endpoints.0.port", "htpp", "the Service has no port htpp"),
        ("Service", "spec.selector", {"app": "another"}, "the Service does not select the pods"),
        ("ServiceMonitor", "spec.selector.matchLabels", {"app": "another"}, "the monitor does not select the Service"),
    ],
)
def test_a_service_port_of_ours_that_leads_nowhere(part: str, path: str, value: Any, said: str) -> None:
    made = test_kubernetes_mlflow.build()
    objects = {kind: copy.deepcopy(made.one(kind).inputs) for kind in ("ServiceMonitor", "Service")}
    template = made.one("Deployment").inputs["spec"]["template"]
    assert reference.scrape_errors(objects["ServiceMonitor"], objects["Service"], template) == []
    *way, last = path.split(".")
    at: Any = objects[part]
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    at[last] = value
    found = reference.scrape_errors(objects["ServiceMonitor"], objects["Service"], template)
    assert any(said in line for line in found), found


def test_the_tests_of_the_systems_call_these_very_functions() -> None:
    texts = {file.name: file.read_text() for file in (reference.HERE).glob("test_kubernetes_*.py")}
    for function in ("unknown_values", "schema_errors", "resource_errors", "service_errors", "scrape_errors"):
        assert [name for name, text in texts.items() if f"reference.{function}(" in text], function
