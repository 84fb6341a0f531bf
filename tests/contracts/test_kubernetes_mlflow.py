"""What MLflow's monitor and certificate look like to the real CRDs."""

import pytest

from tests.contracts import reference
from tests.unit.test_kubernetes_mlflow import build


@pytest.mark.parametrize("kind", ["ServiceMonitor", "Certificate"])
def test_custom_resources_are_valid_for_the_real_crds(kind: str) -> None:
    made = build().one(kind)
    assert reference.resource_errors(made.inputs) == []


def test_the_monitor_finds_the_service_by_its_labels_and_port() -> None:
    made = build()
    service, spec = made.one("Service").inputs, made.one("ServiceMonitor").inputs["spec"]
    assert spec["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert spec["endpoints"][0]["port"] in {p["name"] for p in service["spec"]["ports"]}
    pods = made.one("Deployment").inputs["spec"]["template"]
    assert service["spec"]["selector"].items() <= pods["metadata"]["labels"].items()
    assert service["spec"]["ports"][0]["targetPort"] in {p["name"] for p in pods["spec"]["containers"][0]["ports"]}
