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
    template = made.one("Deployment").inputs["spec"]["template"]
    assert reference.scrape_errors(made.one("ServiceMonitor").inputs, made.one("Service").inputs, template) == []
