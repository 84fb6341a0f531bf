"""What we tell the charts of GitHub's runner scale sets exists in them, and what we assume of them is what they render."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.kubernetes.github_actions import CONTROLLER, SCALE_SET, controller_values, scale_set_values
from tests.contracts import reference, rendering
from tests.unit.operators_fake import secret
from tests.unit.test_kubernetes_github_actions import ARGS, build, controlled

EVERY = replace(ARGS, group="gpu-machines")
# comments in values.yaml; the templates read them (deployment.yaml, autoscalingrunnerset.yaml, _helpers.tpl)
COMMENTED = {
    CONTROLLER.chart: {"metrics", "flags.watchSingleNamespace"},
    SCALE_SET.chart: {
        "controllerServiceAccount", "listenerTemplate", "maxRunners", "minRunners", "runnerGroup", "runnerScaleSetName",
    },
}  # fmt: skip


def test_every_value_we_set_exists_in_the_charts() -> None:
    assert set(reference.unknown_values(CONTROLLER.chart, controller_values(EVERY))) == COMMENTED[CONTROLLER.chart]
    found = reference.unknown_values(
        SCALE_SET.chart, {k: v for k, v in scale_set_values(EVERY, "gpu").items() if k != "template"}
    )
    # a name in place of the keys themselves is the chart's variation C
    assert set(found) == COMMENTED[SCALE_SET.chart]


@pytest.mark.parametrize("pin", [CONTROLLER, SCALE_SET])
def test_the_pins_are_the_version_whose_values_we_checked_and_one(pin: Any) -> None:
    known = reference.index(pin.chart)
    assert (pin.chart, pin.version, pin.repo) == (known["chart"], known["version"], known["installer"])
    assert CONTROLLER.version == SCALE_SET.version


def test_the_monitor_is_valid_for_the_real_crd() -> None:
    assert reference.resource_errors(build().one("PodMonitor").inputs) == []


def test_the_real_controller_renders_bounded_with_roles_of_its_namespace(tmp_path: Path) -> None:
    objects = rendering.render(CONTROLLER, controller_values(ARGS), "github-actions", tmp_path)
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    assert not [o for o in objects if o["kind"] == "ClusterRole" for r in o["rules"] if "secrets" in r.get("resources", [])]
    (deployment,) = [o for o in objects if o["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == CONTROLLER.chart and pod["securityContext"]["runAsNonRoot"]
    (manager,) = pod["containers"]
    assert "--watch-single-namespace=github-actions" in manager["args"]
    assert [p["name"] for p in manager["ports"]] == ["metrics"]


@pytest.mark.parametrize("name", ["cpu", "gpu"])
def test_the_real_scale_set_is_valid_for_the_real_crd_and_runs_what_we_said(name: str, tmp_path: Path) -> None:
    objects = rendering.render(SCALE_SET, scale_set_values(EVERY, name), "github-actions", tmp_path)
    assert rendering.hooks(objects) == []
    (made,) = [o for o in objects if o["kind"] == "AutoscalingRunnerSet"]
    assert reference.resource_errors(made) == []
    wanted = scale_set_values(EVERY, name)
    spec = made["spec"]
    assert (spec["minRunners"], spec["maxRunners"]) == (wanted["minRunners"], wanted["maxRunners"])
    assert spec["runnerScaleSetName"] == f"mlops-{name}" and spec["githubConfigSecret"] == "github-app"
    assert spec["template"]["spec"]["containers"] == wanted["template"]["spec"]["containers"]
    assert spec["template"]["spec"]["automountServiceAccountToken"] is False
    assert spec["listenerTemplate"] == wanted["listenerTemplate"]
    # what the simulated controller takes these names from
    notes = made["metadata"]["annotations"]
    protected = {o["metadata"]["name"] for o in objects if o["metadata"].get("finalizers")}
    assert {v for k, v in notes.items() if k.startswith("actions.github.com/cleanup-")} == protected
    assert not {"Secret"} & {o["kind"] for o in objects}


def test_what_the_simulated_controller_makes_is_valid_for_the_real_crds() -> None:
    cluster = controlled()
    cluster.put(secret("github-app", github_app_id="1"))
    cluster.settle()
    made = [
        ("AutoscalingRunnerSet", "team", "it"),
        ("EphemeralRunnerSet", "team", "it-set"),
        ("AutoscalingListener", "system", "it-listener"),
    ]
    assert {kind: reference.resource_errors(cluster.get(kind, place, name)) for kind, place, name in made} == {
        k: [] for k, _, _ in made
    }
