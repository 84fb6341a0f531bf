"""What we tell the charts of gateway and login exists in them, what they render is safe, and our custom resources are valid."""

from pathlib import Path
from typing import Any

import pytest

from components.kubernetes import gateway, login, login_values
from components.kubernetes.chart import Pin
from components.kubernetes.place import Compute
from components.platform import Platform
from tests.contracts import reference, rendering
from tests.unit.recording import record
from tests.unit.stackfiles import checked, stack
from tests.unit.test_kubernetes_gateway import GUARDED

SIZE = Compute("50m", "128Mi")
CONNECTORS = {"github": login_values.ConnectorArgs("github", "GitHub", {}, "app", ["clientSecret"])}
SETTINGS = login_values.proxy_config("mlops.test", ["ml"], 3600)
CASES: dict[str, tuple[Pin, dict[str, Any]]] = {
    "gateway-crds-helm": (gateway.CRDS, gateway.crd_values(True)),
    "gateway-helm": (gateway.CONTROLLER, gateway.controller_values("mirror.example/hub")),
    "dex": (login.DEX_CHART, login_values.dex(2, SIZE, CONNECTORS, "mirror.example/hub")),
    "oauth2-proxy": (login.PROXY_CHART, login_values.proxy(2, SIZE, SETTINGS, "mlops-ca", True, "mirror.example/hub")),
}
COMMENTED = {
    "oauth2-proxy": {"config.existingSecret"},
    "gateway-helm": {"deployment.envoyGateway.resources.limits.cpu"},
}
"""Values that values.yaml shows in a comment only or not at all, read by the templates."""
LEFT_OUT = {"gateway-helm": "gateway-helm-certgen", "dex": "dex-config-test-no-create"}
"""Hooks that we do without: certgen, whose Secrets are ours, and what `helm test` reads."""
GROUPS = ("gateway.networking.k8s.io", "gateway.envoyproxy.io", "cert-manager.io", "monitoring.coreos.com")


@pytest.mark.parametrize("chart", CASES)
def test_every_value_we_set_exists_in_the_chart(chart: str) -> None:
    assert set(reference.unknown_values(chart, CASES[chart][1])) == COMMENTED.get(chart, set())


@pytest.mark.parametrize("chart", CASES)
def test_the_pin_is_the_version_whose_values_we_checked(chart: str) -> None:
    pin, known = CASES[chart][0], reference.index(chart)
    assert (pin.chart, pin.version, pin.repo) == (known["chart"], known["version"], known["installer"])


@pytest.mark.parametrize("chart", CASES)
def test_the_real_chart_renders_bounded_the_same_twice_and_from_the_mirror(chart: str, tmp_path: Path) -> None:
    pin, values = CASES[chart]
    objects = rendering.render(pin, values, "gateway", tmp_path)
    hooks = rendering.hooks(objects)
    assert all(LEFT_OUT.get(chart, "nothing") in name for name in hooks), hooks
    objects = [o for o in objects if not rendering.hooks([o])]
    assert rendering.unbounded(objects) == []
    assert "Secret" not in {o["kind"] for o in objects}
    for name, found in rendering.containers(objects).items():
        assert found["image"].startswith("mirror.example/hub/"), name
        assert found["securityContext"]["readOnlyRootFilesystem"] is True, name
    if chart == "gateway-helm":
        assert not {"CustomResourceDefinition", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy"} & {
            o["kind"] for o in objects
        }
    if chart == "gateway-crds-helm":
        definitions = [o for o in objects if o["kind"] == "CustomResourceDefinition"]
        channels = {o["metadata"]["annotations"].get("gateway.networking.k8s.io/channel") for o in definitions}
        assert len(definitions) == 18 and channels == {"standard", None}


def test_names_and_ports_that_we_assume_are_those_of_the_charts(tmp_path: Path) -> None:
    dex = rendering.render(*CASES["dex"], "login", tmp_path)
    proxy = rendering.render(*CASES["oauth2-proxy"], "login", tmp_path)
    for objects, name, port in (
        (dex, login_values.DEX, login_values.DEX_PORT),
        (proxy, login_values.PROXY, login_values.PROXY_PORT),
    ):
        (service,) = [o for o in objects if o["kind"] == "Service"]
        assert service["metadata"]["name"] == name
        assert port in [p["port"] for p in service["spec"]["ports"]]
        (deployment,) = [o for o in objects if o["kind"] == "Deployment"]
        assert name in [c["name"] for c in deployment["spec"]["template"]["spec"]["containers"]]
    (monitored,) = [o for o in dex if o["kind"] == "Service"]
    assert {"app.kubernetes.io/name": "dex", "app.kubernetes.io/instance": "dex"}.items() <= monitored["metadata"][
        "labels"
    ].items()
    assert "telemetry" in [p["name"] for p in monitored["spec"]["ports"]]
    (mounted,) = [o for o in dex if o["kind"] == "Deployment"]
    volumes = {v["name"]: v for v in mounted["spec"]["template"]["spec"]["volumes"]}
    assert volumes["config"]["secret"]["secretName"] == login_values.DEX_CONFIG


def test_the_controller_finds_what_its_hook_would_have_made() -> None:
    objects = reference.inventory("gateway-helm")["objects"]
    deployment = next(o for o in objects if o["kind"] == "Deployment")
    assert deployment["podLabels"]["control-plane"] == "envoy-gateway"
    assert next(o["name"] for o in objects if o["kind"] == "Service") == gateway.SERVER
    assert "metrics" in [p["name"] for c in deployment["containers"] for p in c["ports"]]
    assert reference.inventory("gateway-helm")["images"] == [f"{gateway.GATEWAY_IMAGE.repository}:{gateway.GATEWAY_IMAGE.tag}"]


def test_custom_resources_are_valid_for_the_real_crds(tmp_path: Path) -> None:
    reference.root()
    made = stack(checked(tmp_path, GUARDED))
    found = [
        r
        for r in record(lambda: Platform("platform", made)).resources
        if str(r.inputs.get("apiVersion", "")).split("/")[0] in GROUPS
    ]
    kinds = {"GatewayClass", "Gateway", "HTTPRoute", "BackendTLSPolicy", "ReferenceGrant", "SecurityPolicy", "EnvoyProxy"}
    assert kinds | {"ClientTrafficPolicy", "PodMonitor", "Certificate"} <= {r.kind for r in found}
    errors = {f"{r.kind}/{r.object_name}": reference.resource_errors(r.inputs) for r in found}
    assert {name: said for name, said in errors.items() if said} == {}
