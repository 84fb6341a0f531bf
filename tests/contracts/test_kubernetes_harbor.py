"""What we tell Harbor's chart exists in it, and what we assume of it is what it renders."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.kubernetes import extend, harbor_values
from components.kubernetes.harbor_values import CHART, CORE, KEYS, PARTS, PORT, SERVICE, TLS, TOKEN, certificate_secret
from components.kubernetes.place import Compute
from tests.contracts import reference, rendering
from tests.unit.kubernetes_site import BUCKET, DATABASE
from tests.unit.recording import record


def values(mirror: str | None = None) -> dict[str, Any]:
    return harbor_values.values(Compute("250m", "1Gi"), "registry.mlops.internal", True, mirror)


@pytest.fixture
def objects(tmp_path: Path) -> list[dict[str, Any]]:
    return rendering.render(CHART, values(), "docker", tmp_path)


def test_every_value_we_set_exists_in_the_chart() -> None:
    # read by the templates, absent from values.yaml
    hidden = {f"{part}.resources" for part in ("core", "jobservice", "nginx", "portal", "exporter")}
    hidden |= {"registry.registry.resources", "registry.controller.resources"}
    assert set(reference.unknown_values(CHART.chart, values("mirror.example"))) == hidden


def test_the_pin_is_the_version_whose_values_we_checked() -> None:
    known = reference.index(CHART.chart)
    assert (CHART.chart, CHART.version, CHART.repo) == (known["chart"], known["version"], known["installer"])


def test_the_real_chart_renders_the_same_twice_without_a_store_of_its_own(objects: list[dict[str, Any]]) -> None:
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    kinds = {o["kind"] for o in objects}
    assert kinds == {"ConfigMap", "Deployment", "Secret", "Service", "ServiceMonitor"}
    names = {o["metadata"]["name"] for o in objects if o["kind"] == "Deployment"}
    assert names == {f"harbor-{part}" for part in ("core", "jobservice", "portal", "registry", "exporter", "nginx")}


def test_no_secret_of_the_chart_holds_anything(objects: list[dict[str, Any]]) -> None:
    found = {o["metadata"]["name"]: o.get("data") or {} for o in objects if o["kind"] == "Secret"}
    # there is no password of Redis in it: the variable of ours replaces that
    assert {key: word for data in found.values() for key, word in data.items() if word} == {}


def test_every_reference_to_a_secret_is_to_one_of_ours(objects: list[dict[str, Any]]) -> None:
    wanted = {
        source["name"]
        for c in rendering.containers(objects).values()
        for e in c.get("env") or []
        if (source := (e.get("valueFrom") or {}).get("secretKeyRef"))
    }
    assert wanted == {KEYS}
    volumes = {
        v["secret"]["secretName"]
        for o in objects
        if o["kind"] == "Deployment"
        for v in o["spec"]["template"]["spec"].get("volumes") or []
        if "secret" in v
    }
    assert volumes - {"harbor-exporter"} == {KEYS, TLS, TOKEN, *(certificate_secret(part) for part in PARTS)}


def test_services_that_others_are_told_are_there(objects: list[dict[str, Any]]) -> None:
    services = {o["metadata"]["name"]: o["spec"] for o in objects if o["kind"] == "Service"}
    assert PORT in {p["port"] for p in services[SERVICE]["ports"]} and services[SERVICE]["type"] == "ClusterIP"
    (core,) = [p for p in services[CORE]["ports"] if p["port"] == 443]
    assert core["targetPort"] == 8443 and services[CORE]["selector"].items() >= {"app": "harbor", "component": "core"}.items()
    (urls,) = [o["data"] for o in objects if o["kind"] == "ConfigMap" and o["metadata"]["name"] == CORE]
    assert urls["CORE_URL"] == f"https://{CORE}:443" and urls["EXT_ENDPOINT"] == "https://registry.mlops.internal"


def test_containers_that_we_tell_something_are_there_and_keep_names_unique(objects: list[dict[str, Any]]) -> None:
    told = harbor_values.told(DATABASE, BUCKET, {"mlops.dev/keys": "x"})
    there = {name.rpartition("/")[2] for name in rendering.containers(objects)}
    assert set(told) <= there
    (registry,) = [o for o in objects if o["kind"] == "Deployment" and o["metadata"]["name"] == "harbor-registry"]

    def changed() -> Any:
        props = registry
        for part in ("registry", "registryctl"):
            given = pulumi.ResourceTransformArgs(True, "kubernetes:apps/v1:Deployment", "r", props, pulumi.ResourceOptions())
            result = extend.deployment(part, told[part])(given)
            assert result is not None
            props = dict(result.props)
        return props

    pod = record(changed).result["spec"]["template"]["spec"]
    names = [v["name"] for v in pod["volumes"]]
    assert len(names) == len(set(names)) and "store-ca" in names
    for container in pod["containers"]:
        assert {m["name"] for m in container["volumeMounts"]} <= set(names)


def test_images_move_to_the_mirror(tmp_path: Path) -> None:
    found = {c["image"] for c in rendering.containers(rendering.render(CHART, values("m.example"), "docker", tmp_path)).values()}
    assert all(ref.startswith("m.example/goharbor/") and ref.endswith(":v2.15.1") for ref in found) and len(found) == 7
