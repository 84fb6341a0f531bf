"""What Gitea's monitor and certificate look like to the real CRDs, and that the monitor finds its Service."""

import pytest

from tests.contracts import reference
from tests.unit.test_kubernetes_gitea import build


@pytest.mark.parametrize("kind", ["ServiceMonitor", "Certificate"])
def test_custom_resources_are_valid_for_the_real_crds(kind: str) -> None:
    assert reference.resource_errors(build().one(kind).inputs) == []


def test_the_monitor_finds_the_service_by_its_labels_and_port() -> None:
    made = build()
    service, spec = made.one("Service").inputs, made.one("ServiceMonitor").inputs["spec"]
    assert spec["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert spec["endpoints"][0]["port"] in {p["name"] for p in service["spec"]["ports"]}
    pods = made.one("StatefulSet").inputs["spec"]["template"]
    assert service["spec"]["selector"].items() <= pods["metadata"]["labels"].items()
