"""Models scaled by requests: by the cluster's own KEDA, which asks Prometheus what the gateway counted."""

import re
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes import alerts_models, model_scaling
from components.platform import Platform
from components.validation.problems import Problems
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, messages, stack

WHOLE = "domain: mlops.test\ngateway: {}\nlogin: {}\noperators: {keda: existing}\n"
SYSTEMS = """
systems:
  minio: {replicas: 1}
  prometheus: {}
  fastapi: {models: {fraud: {model: fraud/1, maxReplicas: 9, scaleBy: requests, targetRequests: 50}}}
  flask: {models: {spam: {model: spam/1, maxReplicas: 4}}}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Recording[Platform]:
    found = stack(checked(tmp_path_factory.mktemp("scaling"), WHOLE + SYSTEMS))
    return record(lambda: Platform("platform", found))


def scaled(made: Recording[Any]) -> dict[str, Any]:
    (found,) = made.all("ScaledObject")
    spec: dict[str, Any] = found.inputs["spec"]
    return spec


def test_one_autoscaler_counts_the_pods_of_a_deployment(made: Recording[Any]) -> None:
    spec = scaled(made)
    assert spec["scaleTargetRef"]["name"] == "fastapi-fraud" and (spec["minReplicaCount"], spec["maxReplicaCount"]) == (2, 9)
    (other,) = made.all("HorizontalPodAutoscaler")
    assert other.inputs["spec"]["scaleTargetRef"]["name"] == "flask-spam"
    assert "replicas" not in made.one("Deployment", "fastapi-fraud").inputs["spec"]


def test_it_asks_our_prometheus_for_the_requests_of_that_models_route(made: Recording[Any]) -> None:
    by_requests, by_cpu = scaled(made)["triggers"]
    metadata = by_requests["metadata"]
    assert re.fullmatch(r"http://[a-z-]+\.monitoring\.svc:9090", metadata["serverAddress"]) and metadata["threshold"] == "50"
    assert by_cpu == {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "70"}}
    (pattern,) = re.findall(r'envoy_cluster_name=~"([^"]+)"', metadata["query"])
    route = made.one("HTTPRoute", "route-fastapi-fraud").object_name
    assert re.fullmatch(pattern, f"httproute/serving/{route}/rule/0")
    assert not re.fullmatch(pattern, "httproute/serving/mlops-fastapi-fraud-2/rule/0")


def test_the_metric_is_one_that_rules_ask_for_too() -> None:
    assert "envoy_cluster_upstream_rq_xx" in model_scaling.requests("a", "b")
    assert any("envoy_cluster_upstream_rq_xx" in expr for _, expr, *_ in alerts_models.routed("fastapi"))


def test_kedas_namespace_may_ask_prometheus_and_nothing_else(made: Recording[Any]) -> None:
    (way,) = [r for r in made.all("NetworkPolicy") if r.object_name == "mlops-keda"]
    (rule,) = way.inputs["spec"]["ingress"]
    assert way.namespace == "monitoring" and rule["ports"] == [{"protocol": "TCP", "port": 9090}]
    (peer,) = rule["from"]
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": "keda"}


@pytest.mark.parametrize(
    ("head", "systems", "lacking"),
    [
        (WHOLE.replace("operators: {keda: existing}\n", ""), SYSTEMS, "operators: {keda: existing}"),
        (WHOLE.replace("gateway: {}\nlogin: {}\n", ""), SYSTEMS, "gateway: {}"),
        (WHOLE, SYSTEMS.replace("  prometheus: {}\n", ""), "systems.prometheus: {}"),
    ],
)
def test_what_it_lacks_is_said(tmp_path: Path, head: str, systems: str, lacking: str) -> None:
    found = checked(tmp_path, head + systems)
    assert isinstance(found, Problems)
    (said,) = [m for m in messages(found) if "scaleBy" in m]
    assert said.startswith("mlops:spec.systems.fastapi.models.fraud.scaleBy: requests: needs") and lacking in said
