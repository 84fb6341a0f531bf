"""What we tell Loki's and Alloy's charts exists in them, and what we assume of them is what they render."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from components.kubernetes import loki_collector as collector
from components.kubernetes.loki import CHART, NAME, PORT, chart_values
from components.kubernetes.place import Compute
from tests.contracts import reference, rendering
from tests.unit.test_kubernetes_loki import ARGS, PUSH

EVERY = replace(ARGS, registry_mirror="mirror.example", storage_class="fast", replicas=3)
COLLECTOR = collector.chart_values(PUSH, Compute("50m", "256Mi"), True, "mirror.example")


def test_every_value_we_set_exists_in_the_chart_and_passes_its_schema() -> None:
    assert set(reference.unknown_values(CHART.chart, chart_values(EVERY))) == {
        # a comment in values.yaml; the helper loki.commonStorageConfig reads it
        "loki.storage.bucketNames",
        # Loki's own configuration, of which values.yaml has a few settings
        "loki.limits_config.retention_period",
    }
    assert reference.schema_errors(CHART.chart, chart_values(EVERY)) == []


def test_the_pin_is_the_version_whose_values_we_checked() -> None:
    known = reference.index(CHART.chart)
    assert (CHART.chart, CHART.version, CHART.repo) == (known["chart"], known["version"], known["installer"])


def test_every_value_of_the_collector_exists_in_its_chart() -> None:
    root = os.environ.get("MLOPS_CHARTS")
    if not root or not (Path(root) / collector.CHART.chart / "values.yaml").is_file():
        pytest.skip("NOT RUN: the chart alloy is not at hand (MLOPS_CHARTS)")
    folder = Path(root) / collector.CHART.chart
    known = yaml.load((folder / "values.yaml").read_text(), Loader=reference.LOADER)
    assert list(reference._unknown(COLLECTOR, known, "")) == []
    assert yaml.safe_load((folder / "Chart.yaml").read_text())["version"] == collector.CHART.version


def test_the_real_store_renders_the_same_twice_bounded_and_without_secrets(tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(ARGS), "loki", tmp_path)
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    assert set(rendering.containers(objects)) == {"loki/loki"}
    assert not {"Secret", "ClusterRole", "DaemonSet", "Job", "Pod"} & {o["kind"] for o in objects}
    service = next(o for o in objects if o["kind"] == "Service" and o["metadata"]["name"] == NAME)
    assert PORT in [p["port"] for p in service["spec"]["ports"]]
    (pod,) = [o["spec"]["template"]["spec"] for o in objects if o["kind"] == "StatefulSet"]
    assert pod["automountServiceAccountToken"] is False
    assert "-config.expand-env=true" in pod["containers"][0]["args"]
    for custom in objects:
        if custom["apiVersion"].startswith("monitoring.coreos.com/"):
            assert reference.resource_errors(custom) == [], custom["metadata"]["name"]


def test_the_real_configuration_names_the_variables_that_loki_is_told(tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(ARGS), "loki", tmp_path)
    maps = {o["metadata"]["name"]: o["data"] for o in objects if o["kind"] == "ConfigMap"}
    config = yaml.safe_load(maps["loki"]["config.yaml"])
    assert config["common"]["storage"]["s3"] == {
        "bucketnames": "${S3_BUCKET}", "endpoint": "${S3_ENDPOINT}", "region": "${S3_REGION}", "insecure": False,
        "s3forcepathstyle": True, "http_config": {"ca_file": "${S3_CA}"},
    }  # fmt: skip
    assert config["limits_config"]["retention_period"] == "30d" and config["compactor"]["retention_enabled"] is True
    assert config["auth_enabled"] is True and config["querier"]["multi_tenant_queries_enabled"] is True
    overrides = yaml.safe_load(maps["loki-runtime"]["runtime-config.yaml"])["overrides"]
    assert overrides == {"fraud": {"retention_period": "90d"}}


def test_the_real_collector_is_one_bounded_container_a_node(tmp_path: Path) -> None:
    objects = rendering.render(collector.CHART, COLLECTOR, "loki", tmp_path)
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    assert set(rendering.containers(objects)) == {"alloy/alloy"}
    (made,) = [o for o in objects if o["kind"] == "DaemonSet"]
    pod = made["spec"]["template"]["spec"]
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert {v["hostPath"]["path"] for v in pod["volumes"] if "hostPath" in v} == {"/var/log", collector.POSITIONS}
    (config,) = [o["data"] for o in objects if o["kind"] == "ConfigMap"]
    assert config["config.alloy"].strip() == collector.configuration(PUSH).strip()
    (role,) = [o for o in objects if o["kind"] == "ClusterRole"]
    assert {r for rule in role["rules"] for r in rule["resources"]} == {"pods", "namespaces"}
