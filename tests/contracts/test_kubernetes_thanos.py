"""What we tell Thanos' chart and Prometheus' sidecar exists in both, and what we assume of them is what they render."""

import json
from dataclasses import replace
from pathlib import Path

import yaml

from components.kubernetes import chart, prometheus
from components.kubernetes import thanos_objstore as objstore
from components.kubernetes.thanos import CHART, PORT, QUERY, SIDECARS, chart_values
from tests.contracts import reference, rendering
from tests.unit.test_kubernetes_prometheus import ARGS as PROMETHEUS
from tests.unit.test_kubernetes_thanos import ARGS

EVERY = replace(ARGS, registry_mirror="mirror.example", storage_class="fast", downsampling=False)
FREE = ".podSecurityContext."
"""Below it stands the API's own PodSecurityContext; three parts have an example of two keys in values.yaml."""


def test_every_value_we_set_exists_in_the_chart_and_passes_its_schema() -> None:
    assert [v for v in reference.unknown_values(CHART.chart, chart_values(EVERY)) if FREE not in v] == []
    defaults = yaml.load((reference.root() / "charts" / CHART.chart / "values.yaml").read_text(), Loader=reference.LOADER)
    # the schema asks for every default too
    assert reference.schema_errors(CHART.chart, chart.merge(defaults, chart_values(EVERY))) == []


def test_the_pin_is_the_version_whose_values_we_checked() -> None:
    known = reference.index(CHART.chart)
    assert (CHART.chart, CHART.version, CHART.repo) == (known["chart"], known["version"], known["installer"])


def test_the_address_that_others_are_told_is_rendered() -> None:
    services = {o["name"]: o for o in reference.inventory(CHART.chart)["objects"] if o["kind"] == "Service"}
    assert {p["name"]: p["port"] for p in services[QUERY]["ports"]}["http"] == PORT


def test_the_sidecars_values_exist_in_prometheus_chart() -> None:
    values = objstore.sidecar_values(objstore.ObjstoreArgs("key", "mlops-ca"))
    assert reference.unknown_values(prometheus.CHART.chart, values) == []


def test_the_real_chart_renders_the_same_twice_bounded_and_without_hooks(tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(ARGS), "monitoring", tmp_path)
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    kinds = {o["kind"] for o in objects}
    assert not {"Secret", "ClusterRole", "ClusterRoleBinding", "Job", "VerticalPodAutoscaler"} & kinds
    for custom in objects:
        if custom["apiVersion"].startswith("monitoring.coreos.com/"):
            assert reference.resource_errors(custom) == [], custom["metadata"]["name"]
    found = rendering.containers(objects)
    assert set(found) == {
        "thanos-query/query", "thanos-compactor/compactor", "thanos-ruler/ruler", "thanos-storegateway/storegateway",
    }  # fmt: skip
    assert f"--endpoint=dnssrv+_grpc._tcp.{SIDECARS}.monitoring.svc.cluster.local" in found["thanos-query/query"]["args"]
    assert {e["name"] for e in found["thanos-compactor/compactor"]["env"]} >= set(objstore.KEYS)


def test_the_rendered_rules_are_prometheus_own(tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(ARGS), "monitoring", tmp_path)
    (files,) = [o["data"] for o in objects if o["kind"] == "ConfigMap" and o["metadata"]["name"] == "thanos-ruler-rules"]
    (text,) = files.values()
    alerts = json.loads(text)["groups"][1]["rules"]
    assert "{{ $labels.persistentvolumeclaim }}" in alerts[0]["annotations"]["summary"]


def test_the_real_prometheus_has_a_sidecar_and_the_service_that_query_asks(tmp_path: Path) -> None:
    args = replace(PROMETHEUS, sidecar=objstore.ObjstoreArgs("thanos-bucket-thanos", "mlops-ca"))
    objects = rendering.render(prometheus.CHART, prometheus.chart_values(args), "monitoring", tmp_path)
    (service,) = [o for o in objects if o["kind"] == "Service" and o["metadata"]["name"] == SIDECARS]
    assert "grpc" in [p["name"] for p in service["spec"]["ports"]]
    (made,) = [o for o in objects if o["kind"] == "Prometheus"]
    assert reference.resource_errors(made) == []
    assert made["spec"]["thanos"]["objectStorageConfig"] == {"name": "thanos-objstore", "key": "objstore.yml"}
