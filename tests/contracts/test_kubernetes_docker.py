"""What we tell zot's chart exists in it, and what we assume of it is what it renders."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.kubernetes import extend
from components.kubernetes.docker import CHART
from components.kubernetes.docker_config import ACCOUNT, PORT, chart_values
from components.kubernetes.place import Compute
from tests.contracts import reference, rendering
from tests.unit.recording import record
from tests.unit.test_kubernetes_docker import made


def values(mirror: str | None = None) -> dict[str, Any]:
    return chart_values(Compute("250m", "1Gi"), mirror)


def test_every_value_we_set_exists_in_the_chart() -> None:
    # read by templates/deployment.yaml, absent from values.yaml
    hidden = {"podSecurityContext", "securityContext", "resources"}
    assert set(reference.unknown_values(CHART.chart, values("mirror.example"))) == hidden


def test_the_pin_is_the_version_whose_values_we_checked() -> None:
    known = reference.index(CHART.chart)
    assert (CHART.chart, CHART.version, CHART.repo) == (known["chart"], known["version"], known["installer"])


def rendered(folder: Path, mirror: str | None = None) -> list[dict[str, Any]]:
    """Without the chart's own test pods, which only `helm test` runs."""
    objects = rendering.render(CHART, values(mirror), "docker", folder)
    return [o for o in objects if (o["metadata"].get("annotations") or {}).get("helm.sh/hook") != "test"]


def test_the_real_chart_renders_the_same_twice_bounded_and_restricted(tmp_path: Path) -> None:
    objects = rendered(tmp_path)
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    assert {o["kind"] for o in objects} == {"Deployment", "Service"}
    (deployment,) = [o for o in objects if o["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]
    (zot,) = pod["containers"]
    assert pod["serviceAccountName"] == ACCOUNT and zot["name"] == "zot"
    for name in ("hidden", "resources", "securityContext"):
        assert name == "hidden" or zot[name]
    assert zot["securityContext"]["readOnlyRootFilesystem"] is True and pod["securityContext"]["runAsNonRoot"] is True
    assert zot["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": PORT, "scheme": "HTTPS"}
    (service,) = [o for o in objects if o["kind"] == "Service"]
    assert (service["metadata"]["name"], service["spec"]["type"]) == ("zot", "ClusterIP")
    assert (service["spec"]["ports"][0]["name"], service["spec"]["ports"][0]["port"]) == ("zot", PORT)
    (monitor,) = made().all("ServiceMonitor")
    assert monitor.inputs["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor.inputs["spec"]["endpoints"][0]["port"] == "zot" and reference.resource_errors(monitor.inputs) == []


def test_what_we_add_to_the_real_deployment_keeps_names_unique(tmp_path: Path) -> None:
    (deployment,) = [o for o in rendered(tmp_path) if o["kind"] == "Deployment"]

    def changed() -> Any:
        told = extend.Extension()
        for name in ("config", "users", "tls", "store-ca"):
            told.mounts.append({"name": name, "mountPath": f"/x/{name}"})
            told.volumes.append({"name": name})
        transform = extend.deployment("zot", told)
        result = transform(
            pulumi.ResourceTransformArgs(True, "kubernetes:apps/v1:Deployment", "zot", deployment, pulumi.ResourceOptions())
        )
        assert result is not None
        return result.props

    pod = record(changed).result["spec"]["template"]["spec"]
    names = [v["name"] for v in pod["volumes"]]
    assert len(names) == len(set(names)) and {"config", "users", "tls", "tmp"} <= set(names)


@pytest.mark.parametrize(
    ("mirror", "expected"), [(None, "ghcr.io/project-zot/zot:v2.1.18"), ("m.example", "m.example/project-zot/zot:v2.1.18")]
)
def test_the_image_moves_to_the_mirror(tmp_path: Path, mirror: str | None, expected: str) -> None:
    assert {c["image"] for c in rendering.containers(rendered(tmp_path, mirror)).values()} == {expected}
