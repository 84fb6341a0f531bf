"""What we tell OpenMetadata's chart exists in it and passes its schema, and what we assume of it is what it renders."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from components.kubernetes.chart import merge
from components.kubernetes.openmetadata import CHART, PORT
from components.kubernetes.openmetadata_values import chart_values
from components.kubernetes.place import Compute
from tests.contracts import reference, rendering
from tests.unit.kubernetes_site import cluster_scoped
from tests.unit.test_kubernetes_openmetadata import build

GIVEN: dict[str, Any] = {
    "engine": "mysql", "private": True, "replicas": 2, "compute": Compute("500m", "2Gi"), "domain": "mlops.example",
    "monitored": True, "mirror": None,
}  # fmt: skip
VARIANTS: dict[str, dict[str, Any]] = {
    "mysql": GIVEN,
    "postgres": {**GIVEN, "engine": "postgres", "monitored": False},
    "public": {**GIVEN, "private": False, "mirror": "mirror.example"},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_value_we_set_exists_in_the_chart_and_passes_its_schema(variant: str) -> None:
    given = chart_values(**VARIANTS[variant])
    assert reference.unknown_values(CHART.chart, given) == []
    defaults = yaml.safe_load((reference.root() / "charts" / CHART.chart / "values.yaml").read_text())
    assert reference.schema_errors(CHART.chart, merge(defaults, given)) == []


def test_the_schema_refuses_what_it_does_not_have() -> None:
    defaults = yaml.safe_load((reference.root() / "charts" / CHART.chart / "values.yaml").read_text())
    wrong = {"openmetadata": {"config": {"authentication": {"enableSelfSignup": "no"}}}}
    assert reference.schema_errors(CHART.chart, merge(defaults, wrong)) != []


def test_the_pin_is_the_version_whose_values_we_checked() -> None:
    known = reference.index(CHART.chart)
    assert (CHART.chart, CHART.version, CHART.repo) == (known["chart"], known["version"], known["installer"])


def test_containers_and_port_that_we_name_are_rendered() -> None:
    (deployment,) = [o for o in reference.inventory(CHART.chart)["objects"] if o["kind"] == "Deployment"]
    (server,) = deployment["containers"]
    assert server["name"] == "openmetadata" and PORT in {p["port"] for p in server["ports"]}
    assert [c["name"] for c in deployment["initContainers"]] == ["run-db-migrations"]


@pytest.mark.parametrize("kind", ["openmetadata-index", "openmetadata-signing"])
def test_custom_resources_are_valid_for_the_real_crds(kind: str) -> None:
    assert reference.resource_errors(build().one("Certificate", kind).inputs) == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_real_chart_renders_no_secret_of_its_own_and_bounded_pods(variant: str, tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(**VARIANTS[variant]), "openmetadata", tmp_path)
    # `helm test` alone runs this one
    assert rendering.hooks(objects) == ["Pod/openmetadata-test-connection"]
    assert rendering.unbounded(objects) == []
    assert not any(cluster_scoped(o["kind"]) or o["kind"] == "CronJob" for o in objects)
    assert "openmetadata-fernetkey-secret" not in {o["metadata"]["name"] for o in objects}
    (deployment,) = [o for o in objects if o["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    assert [c["name"] for c in pod["initContainers"]] == ["prepare", "run-db-migrations"]
    assert pod["automountServiceAccountToken"] is False
    monitors = [o for o in objects if o["kind"] == "ServiceMonitor"]
    assert bool(monitors) is VARIANTS[variant]["monitored"]
    (service,) = [o for o in objects if o["kind"] == "Service"]
    for monitor in monitors:
        assert reference.resource_errors(monitor) == []
        assert monitor["spec"]["endpoints"][0]["port"] in {p["name"] for p in service["spec"]["ports"]}
