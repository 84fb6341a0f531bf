"""What we tell Airflow's chart exists in it and passes its schema, and what we assume of it is what it renders."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from components.kubernetes import airflow_values as values
from components.kubernetes.airflow import CHART, PODS, PORT
from components.kubernetes.airflow_args import chart_values
from components.kubernetes.chart import merge
from tests.contracts import reference, rendering
from tests.unit.kubernetes_site import cluster_scoped
from tests.unit.test_kubernetes_airflow import ARGS, GIT, build

VARIANTS = {
    "bucket": ARGS,
    "git": replace(ARGS, git=GIT, schedulers=2),
    "bare": replace(ARGS, monitored=False, registry_mirror="mirror.example"),
}
OWN_CONFIG = {"config.api", "config.database", "config.logging.delete_local_logs", "config.usage_data_collection"}
"""Sections of airflow.cfg that the chart's values.yaml passes on without naming them."""
COMMENTED = {"dags.gitSync.credentialsSecret"}


def defaults() -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load((reference.root() / "charts" / CHART.chart / "values.yaml").read_text())
    return found


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_value_we_set_exists_in_the_chart_and_passes_its_schema(variant: str) -> None:
    given = chart_values(VARIANTS[variant])
    assert set(reference.unknown_values(CHART.chart, given)) <= OWN_CONFIG | COMMENTED
    assert reference.schema_errors(CHART.chart, merge(defaults(), given)) == []


def test_the_schema_refuses_a_value_that_it_does_not_have() -> None:
    assert reference.schema_errors(CHART.chart, merge(defaults(), {"apiServer": {"replica": 2}})) != []


def test_the_pin_is_the_version_whose_values_we_checked() -> None:
    known = reference.index(CHART.chart)
    assert (CHART.chart, CHART.version, CHART.repo) == (known["chart"], known["version"], known["installer"])
    assert values.AIRFLOW.tag == known["app_version"]


def test_our_images_are_the_charts_own() -> None:
    found = defaults()
    images = found["images"]
    assert isinstance(images, dict)
    for pin, part in ((values.STATSD, "statsd"), (values.GIT_SYNC, "gitSync")):
        assert (pin.repository, pin.tag) == (images[part]["repository"], images[part]["tag"])
    assert values.AIRFLOW.repository == f"docker.io/{found['defaultAirflowRepository']}"


def test_what_is_hooked_or_random_belongs_to_parts_that_we_switch_off_or_name() -> None:
    objects = reference.inventory(CHART.chart)["objects"]
    assert {o["name"] for o in objects if o.get("hook")} == {
        "airflow-create-user", "airflow-run-airflow-migrations",
        "airflow-broker-url", "airflow-fernet-key", "airflow-redis-password",
    }  # fmt: skip
    ours = set(build().one("Secret", "airflow-keys").inputs["stringData"])
    wanted = {
        k
        for o in objects
        if o["name"] in ("airflow-fernet-key", "airflow-api-secret-key", "airflow-jwt-secret")
        for k in o["keys"]
    }
    assert wanted == ours


def test_containers_and_service_that_we_name_are_rendered() -> None:
    objects = reference.inventory(CHART.chart)["objects"]
    assert set(PODS) <= {c["name"] for o in objects for c in o.get("containers", [])}
    service = next(o for o in objects if o["kind"] == "Service" and o["name"] == "airflow-api-server")
    assert service["ports"] == [{"name": "api-server", "port": PORT}]


def test_the_monitor_is_valid_for_the_real_crd() -> None:
    assert reference.resource_errors(build().one("ServiceMonitor").inputs) == []


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_real_chart_renders_the_same_twice_inside_one_namespace(variant: str, tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(VARIANTS[variant]), "airflow", tmp_path)
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    assert not any(cluster_scoped(o["kind"]) for o in objects)
    assert [o["metadata"]["name"] for o in objects if o["kind"] in ("Secret", "StatefulSet", "Job")] == []
    assert all(c["securityContext"]["capabilities"] == {"drop": ["ALL"]} for c in rendering.containers(objects).values())


def test_the_real_pods_and_the_pod_of_a_task_have_credentials_scripts_and_bounds(tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(ARGS), "airflow", tmp_path)
    (config,) = [o for o in objects if o["kind"] == "ConfigMap" and "pod_template_file.yaml" in o["data"]]
    task = yaml.safe_load(config["data"]["pod_template_file.yaml"])["spec"]
    pods = {o["metadata"]["name"]: o["spec"]["template"]["spec"] for o in objects if o["kind"] == "Deployment"}
    del pods["airflow-statsd"]
    assert {c["name"] for pod in pods.values() for c in pod["containers"]} == set(PODS)
    for pod in [*pods.values(), task]:
        (container,) = pod["containers"]
        assert {"DB_USERNAME", "DB_PASSWORD", "AWS_ACCESS_KEY_ID"} <= {e["name"] for e in container["env"]}
        assert container["envFrom"] == [{"configMapRef": {"name": "airflow-settings"}}]
        assert values.SCRIPTS in {m["mountPath"] for m in container["volumeMounts"]}
        assert {"cpu", "memory"} == set(container["resources"]["limits"])
        assert pod["securityContext"]["runAsNonRoot"] is True


def test_the_monitor_finds_the_real_service(tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(ARGS), "airflow", tmp_path)
    wanted = build().one("ServiceMonitor").inputs["spec"]
    found = [
        o
        for o in objects
        if o["kind"] == "Service"
        if wanted["selector"]["matchLabels"].items() <= o["metadata"]["labels"].items()
    ]
    assert [o["metadata"]["name"] for o in found] == ["airflow-statsd"]
    assert wanted["endpoints"][0]["port"] in {p["name"] for p in found[0]["spec"]["ports"]}
