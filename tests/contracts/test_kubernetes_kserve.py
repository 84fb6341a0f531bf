"""What we tell KServe's charts exists in them, what they render is what we assume, and our custom resources are valid."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes import kserve, kserve_values
from components.kubernetes.chart import Pin
from components.kubernetes.place import Compute
from tests.contracts import reference, rendering
from tests.unit.test_kubernetes_kserve import TEXT, composed

MIRROR = "mirror.example/hub"
CASES: dict[str, tuple[Pin, dict[str, Any]]] = {
    "kserve-crd": (kserve.CRDS, {}),
    "kserve-resources": (kserve.CONTROLLER, kserve_values.controller("mlops.test", Compute("100m", "512Mi"), MIRROR)),
    "kserve-runtime-configs": (kserve.RUNTIMES, kserve_values.runtimes(["sklearnserver", "mlserver"], MIRROR)),
}


@pytest.mark.parametrize("chart", CASES)
def test_every_value_we_set_exists_in_the_chart(chart: str) -> None:
    found = set(reference.unknown_values(chart, CASES[chart][1]))
    # securityContext of the multi-node runtime has no such key by itself, and is merged as it is
    assert {name for name in found if not name.endswith("securityContext.runAsNonRoot")} == set()


@pytest.mark.parametrize("chart", CASES)
def test_the_pin_is_the_version_whose_values_we_checked(chart: str) -> None:
    pin, known = CASES[chart][0], reference.index(chart)
    assert (pin.chart, pin.version, pin.repo) == (known["chart"], known["version"], known["installer"])


def test_the_real_controller_is_in_standard_mode_on_our_gateway_and_bounded(tmp_path: Path) -> None:
    objects = rendering.render(*CASES["kserve-resources"], "kserve", tmp_path)
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    (config,) = [o["data"] for o in objects if o["kind"] == "ConfigMap" and o["metadata"]["name"] == "inferenceservice-config"]
    assert json.loads(config["deploy"])["defaultDeploymentMode"] == "Standard"
    ingress = json.loads(config["ingress"])
    assert ingress["enableGatewayApi"] is True and ingress["kserveIngressGateway"] == "gateway/mlops"
    assert ingress["ingressDomain"] == "mlops.test" and ingress["urlScheme"] == "https"
    assert all(c["image"].startswith(f"{MIRROR}/") for c in rendering.containers(objects).values())
    for part in ("agent", "router", "storageInitializer"):
        assert json.loads(config[part])["image"].startswith(f"{MIRROR}/kserve/"), part
    assert "Gateway" not in {o["kind"] for o in objects}
    (found,) = [o for o in objects if o["kind"] == "Deployment"]
    ports = [
        p["containerPort"] for c in found["spec"]["template"]["spec"]["containers"] for p in c["ports"] if "webhook" in p["name"]
    ]
    assert tuple(ports) == kserve.KserveServing.webhooks


def test_the_real_runtimes_are_enabled_as_we_say_and_pulled_from_the_mirror(tmp_path: Path) -> None:
    objects = rendering.render(*CASES["kserve-runtime-configs"], "kserve", tmp_path)
    runtimes = {o["metadata"]["name"]: o["spec"] for o in objects if o["kind"] == "ClusterServingRuntime"}
    enabled = {name for name, spec in runtimes.items() if not spec.get("disabled")}
    assert enabled == {"kserve-sklearnserver", "kserve-mlserver"}
    for name in enabled:
        assert all(c["image"].startswith(f"{MIRROR}/") for c in runtimes[name]["containers"]), name


def test_every_runtime_of_the_chart_is_known_to_us() -> None:
    import yaml

    file = reference.root() / "charts" / "kserve-runtime-configs" / "values.yaml"
    values = yaml.load(file.read_text(), Loader=reference.LOADER)["kserve"]["servingruntime"]
    chart = {name for name, found in values.items() if isinstance(found, dict) and "disabled" in found}
    assert chart == {*kserve_values.RUNTIME_IMAGES, *kserve_values.LEFT_OUT}


def test_custom_resources_are_valid_for_the_real_crds(tmp_path: Path) -> None:
    reference.root()
    found = [
        r for r in composed(tmp_path, TEXT).resources if r.kind in ("InferenceService", "ClusterStorageContainer", "PodMonitor")
    ]
    assert {r.kind for r in found} == {"InferenceService", "ClusterStorageContainer", "PodMonitor"}
    errors = {f"{r.kind}/{r.object_name}": reference.resource_errors(r.inputs) for r in found}
    assert {name: said for name, said in errors.items() if said} == {}
