"""What we tell Jenkins' chart exists in it, and what we assume of it is what it renders."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from components.kubernetes.jenkins import CHART, NAME, PORT, chart_values
from tests.contracts import reference, rendering
from tests.unit.test_kubernetes_jenkins import ARGS

EVERY = replace(ARGS, storage_class="fast")
BARE = replace(ARGS, repository=None, repository_secret=None, agent_secret=None, bundle=None, monitored=False)


@pytest.mark.parametrize("args", [EVERY, BARE])
def test_every_value_we_set_exists_in_the_chart(args: object) -> None:
    found = reference.unknown_values(CHART.chart, chart_values(args))  # type: ignore[arg-type]
    # the API's own SecurityContext, of which values.yaml has four settings
    assert found == ["controller.containerSecurityContext.capabilities"]


def test_the_pin_is_the_version_whose_values_we_checked() -> None:
    known = reference.index(CHART.chart)
    assert (CHART.chart, CHART.version, CHART.repo) == (known["chart"], known["version"], known["installer"])


def test_the_base_of_our_image_is_the_charts_own() -> None:
    ref = (Path(__file__).resolve().parents[2] / "images/jenkins/Dockerfile").read_text().split("FROM ")[1].split()[0]
    assert ref in reference.inventory(CHART.chart)["images"]


@pytest.mark.parametrize("args", [EVERY, BARE])
def test_the_real_chart_renders_the_same_twice_bounded_and_without_secrets(args: object, tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(args), "jenkins", tmp_path)  # type: ignore[arg-type]
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    assert set(rendering.containers(objects)) == {"jenkins/init", "jenkins/jenkins"}
    assert not {"Secret", "ClusterRole", "Pod", "Job"} & {o["kind"] for o in objects}
    service = next(o for o in objects if o["kind"] == "Service" and o["metadata"]["name"] == NAME)
    assert [p["port"] for p in service["spec"]["ports"]] == [PORT]
    (stateful,) = [o for o in objects if o["kind"] == "StatefulSet"]
    spec = stateful["spec"]["template"]["spec"]
    assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    # the transform replaces the image of both by this rule
    assert spec["initContainers"][0]["image"] == spec["containers"][0]["image"]
    for custom in objects:
        if custom["apiVersion"].startswith("monitoring.coreos.com/"):
            assert reference.resource_errors(custom) == []


def test_the_real_configuration_is_yaml_with_our_agents_and_pipeline(tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(EVERY), "jenkins", tmp_path)
    (data,) = [o["data"] for o in objects if o["kind"] == "ConfigMap"]
    assert "jenkins-plugin-cli" not in data["apply_config.sh"] and not data["plugins.txt"]
    default = yaml.safe_load(data["jcasc-default-config.yaml"])
    (cloud,) = [c["kubernetes"] for c in default["jenkins"]["clouds"]]
    assert [t["label"] for t in cloud["templates"]] == ["pulumi"] and cloud["restrictedPssSecurityContext"] is True
    assert cloud["templates"][0]["containers"][0]["image"] == "${AGENT_IMAGE}"
    assert default["unclassified"]["location"]["url"] == "https://jenkins.example.org"
    assert yaml.safe_load(data["pipeline.yaml"])["jobs"] and yaml.safe_load(data["credentials.yaml"])["credentials"]
