"""What we tell JupyterHub's chart exists in it, and what we assume of it is what it renders."""

import base64
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.kubernetes import extend
from components.kubernetes import jupyterhub_values as values
from components.kubernetes.chart import merge
from components.kubernetes.jupyterhub import CHART, chart_values
from tests.contracts import reference, rendering
from tests.unit.kubernetes_site import DATABASE, cluster_scoped
from tests.unit.recording import record
from tests.unit.test_kubernetes_jupyterhub import ARGS, build

VARIANTS = {
    "alone": ARGS,
    "mysql": replace(ARGS, database=DATABASE),
    "mirrored": replace(ARGS, registry_mirror="mirror.example", storage_class="fast"),
}
CONFIG = "hub.config."
"""Below it stand the hub's own traitlets classes."""


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_value_we_set_exists_in_the_chart_and_passes_its_schema(variant: str) -> None:
    given = chart_values(VARIANTS[variant])
    assert [name for name in reference.unknown_values(CHART.chart, given) if not name.startswith(CONFIG)] == []
    defaults = yaml.safe_load((reference.root() / "charts" / CHART.chart / "values.yaml").read_text())
    assert reference.schema_errors(CHART.chart, merge(defaults, given)) == []


def test_the_schema_refuses_a_value_that_it_does_not_have() -> None:
    defaults = yaml.safe_load((reference.root() / "charts" / CHART.chart / "values.yaml").read_text())
    assert reference.schema_errors(CHART.chart, merge(defaults, {"hub": {"existingSecrets": "x"}})) != []


def test_what_the_hub_merges_over_the_values_passes_the_schema_too() -> None:
    settings = yaml.safe_load(build().one("Secret", "jupyterhub-keys").inputs["stringData"]["values.yaml"])
    defaults = yaml.safe_load((reference.root() / "charts" / CHART.chart / "values.yaml").read_text())
    assert reference.schema_errors(CHART.chart, merge(merge(defaults, chart_values(ARGS)), settings)) == []


def test_the_pin_is_the_version_whose_values_we_checked() -> None:
    known = reference.index(CHART.chart)
    assert (CHART.chart, CHART.version, CHART.repo) == (known["chart"], known["version"], known["installer"])


def test_what_is_cluster_scoped_or_hooked_in_the_chart_belongs_to_parts_that_we_switch_off() -> None:
    objects = reference.inventory(CHART.chart)["objects"]
    scoped = {o["name"] for o in objects if o.get("scope") == "cluster"}
    assert scoped == {"jupyterhub-user-scheduler"}
    assert {o["name"] for o in objects if o.get("hook")} == {"hook-image-puller", "hook-image-awaiter"}
    off = chart_values(ARGS)
    assert off["scheduling"]["userScheduler"]["enabled"] is False and off["prePuller"]["hook"]["enabled"] is False


def test_containers_secret_and_port_that_we_name_are_rendered() -> None:
    objects = reference.inventory(CHART.chart)["objects"]
    containers = {c["name"] for o in objects if o["kind"] == "Deployment" for c in o["containers"]}
    assert {"hub", "chp"} <= containers
    secret = next(o for o in objects if o["kind"] == "Secret")
    ours = set(build().one("Secret", "jupyterhub-keys").inputs["stringData"])
    assert set(secret["keys"]) <= ours
    service = next(o for o in objects if o["kind"] == "Service" and o["name"] == "hub")
    endpoint = build().one("ServiceMonitor").inputs["spec"]["endpoints"][0]
    assert endpoint["port"] in {p["name"] for p in service["ports"]}


def test_the_monitor_is_valid_for_the_real_crd() -> None:
    assert reference.resource_errors(build().one("ServiceMonitor").inputs) == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_real_chart_renders_the_same_twice_inside_one_namespace(variant: str, tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(VARIANTS[variant]), "fraud", tmp_path)
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    assert not any(cluster_scoped(o["kind"]) for o in objects)
    assert all(o["metadata"]["name"].startswith("jupyterhub-") for o in objects)
    assert all(c["securityContext"]["capabilities"] == {"drop": ["ALL"]} for c in rendering.containers(objects).values())
    service = next(o for o in objects if o["kind"] == "Service" and o["metadata"]["name"] == "jupyterhub-hub")
    wanted = build().one("ServiceMonitor").inputs["spec"]["selector"]["matchLabels"]
    assert wanted.items() <= service["metadata"]["labels"].items()


def test_the_real_charts_own_secret_holds_placeholders_only(tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(ARGS), "jupyterhub", tmp_path)
    (secret,) = [o for o in objects if o["kind"] == "Secret"]
    drawn = {key: base64.b64decode(value).decode() for key, value in secret["data"].items() if key != "values.yaml"}
    assert drawn and set(drawn.values()) == {values.UNUSED}


def test_both_real_pods_take_the_token_from_our_secret(tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(ARGS), "jupyterhub", tmp_path)

    def changed(deployment: dict[str, Any], container: str) -> Any:
        told = extend.Extension()
        told.secret(values.KEYS, CONFIGPROXY_AUTH_TOKEN="hub.config.ConfigurableHTTPProxy.auth_token")
        args = pulumi.ResourceTransformArgs(
            True, "kubernetes:apps/v1:Deployment", container, deployment, pulumi.ResourceOptions()
        )
        made = extend.deployment(container, told)(args)
        assert made is not None
        return made.props

    for container, name in (("hub", "jupyterhub-hub"), ("chp", "jupyterhub-proxy")):
        (deployment,) = [o for o in objects if o["kind"] == "Deployment" and o["metadata"]["name"] == name]
        props = record(lambda d=deployment, c=container: changed(d, c)).result  # type: ignore[misc]
        (spec,) = props["spec"]["template"]["spec"]["containers"]
        tokens = [e["valueFrom"]["secretKeyRef"]["name"] for e in spec["env"] if e["name"] == "CONFIGPROXY_AUTH_TOKEN"]
        assert tokens == ["jupyterhub-keys"]
