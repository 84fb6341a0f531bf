"""What we tell KubeRay's chart exists in it, and our RayCluster is valid for the real CRD."""

from dataclasses import replace
from pathlib import Path

import pytest

from components.kubernetes.ray import OPERATOR, RayPlatformArgs, operator_values
from tests.contracts import reference, rendering
from tests.unit.kubernetes_site import cluster_scoped
from tests.unit.test_kubernetes_ray import ARGS, build

VARIANTS = {
    "whole": ARGS,
    "bare": replace(ARGS, results=None, monitored=False),
    "product": replace(ARGS, gpu_product="NVIDIA-L4"),
}


def test_every_value_we_set_exists_in_the_chart() -> None:
    # the chart passes `resources` on whole; its own values have requests as a comment only
    assert reference.unknown_values(OPERATOR.chart, operator_values("mirror.example")) == ["resources.requests"]


def test_the_pin_is_the_version_whose_values_we_checked() -> None:
    known = reference.index(OPERATOR.chart)
    assert (OPERATOR.chart, OPERATOR.version, OPERATOR.repo) == (known["chart"], known["version"], known["installer"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_custom_resources_are_valid_for_the_real_crds(variant: str) -> None:
    args: RayPlatformArgs = VARIANTS[variant]
    made = build(args)
    for found in [*made.all("RayCluster"), *made.all("PodMonitor")]:
        assert reference.resource_errors(found.inputs) == [], found.name


def test_the_monitor_of_the_operator_finds_its_pods_and_port() -> None:
    (operator,) = [o for o in reference.inventory(OPERATOR.chart)["objects"] if o["kind"] == "Deployment"]
    spec = build().one("PodMonitor", "ray-operator").inputs["spec"]
    assert spec["selector"]["matchLabels"].items() <= operator["podLabels"].items()
    assert spec["podMetricsEndpoints"][0]["port"] in {p["name"] for p in operator["containers"][0]["ports"]}


def test_the_real_chart_stays_inside_its_namespace(tmp_path: Path) -> None:
    objects = rendering.render(OPERATOR, operator_values(None), "ray", tmp_path)
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    assert [o["kind"] for o in objects if cluster_scoped(o["kind"])] == []
    (operator,) = [o for o in objects if o["kind"] == "Deployment"]
    args = operator["spec"]["template"]["spec"]["containers"][0]["args"]
    assert args[args.index("--watch-namespace") + 1] == "ray"
    gates = next(a for a in args if a.startswith("--feature-gates="))
    assert "RayClusterStatusConditions=true" in gates, "what the platform waits for"
