"""What we tell Grafana's chart exists in it, and what we assume of it is what it renders."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.kubernetes import extend
from components.kubernetes.grafana import CHART, PORT, chart_values, told
from tests.contracts import reference, rendering
from tests.unit.kubernetes_site import DATABASE
from tests.unit.recording import record
from tests.unit.test_kubernetes_grafana import ARGS

INI = "grafana.ini."
"""Below it stands Grafana's own configuration, of which the chart's values are a few examples."""


@pytest.mark.parametrize("database", [None, DATABASE])
def test_every_value_we_set_exists_in_the_chart(database: Any) -> None:
    args = replace(ARGS, database=database, registry_mirror="mirror.example", storage_class="fast", replicas=1)
    found = reference.unknown_values(CHART.chart, chart_values(args))
    # a comment in values.yaml, read by the template (pvc.yaml)
    commented = {"persistence.storageClassName"}
    assert {name for name in found if not name.startswith(INI)} - commented == set()


def test_the_pin_is_the_version_whose_values_we_checked() -> None:
    known = reference.index(CHART.chart)
    assert (CHART.chart, CHART.version, CHART.repo) == (known["chart"], known["version"], known["installer"])


def test_the_service_and_the_container_that_we_name_are_rendered() -> None:
    objects = reference.inventory(CHART.chart)["objects"]
    assert reference.service_errors(objects, "grafana", PORT) == []
    deployment = next(o for o in objects if o["kind"] == "Deployment")
    assert "grafana" in [c["name"] for c in deployment["containers"]]


@pytest.mark.parametrize("database", [None, DATABASE])
def test_the_real_chart_renders_the_same_twice_bounded_and_without_cluster_roles(database: Any, tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(replace(ARGS, database=database)), "monitoring", tmp_path)
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    kinds = {o["kind"] for o in objects}
    assert not {"ClusterRole", "ClusterRoleBinding", "Secret", "Pod"} & kinds
    assert ("PersistentVolumeClaim" in kinds) is (database is None)
    monitor = next(o for o in objects if o["kind"] == "ServiceMonitor")
    assert reference.resource_errors(monitor) == []
    (pod,) = [o["spec"]["template"]["spec"] for o in objects if o["kind"] == "Deployment"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    mounts = {m["mountPath"] for c in pod["containers"] for m in c["volumeMounts"]}
    assert "/etc/grafana/provisioning/datasources" in mounts


def test_the_real_volume_has_the_storage_class(tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(replace(ARGS, storage_class="fast")), "monitoring", tmp_path)
    (claim,) = [o for o in objects if o["kind"] == "PersistentVolumeClaim"]
    assert claim["spec"]["storageClassName"] == "fast"


def test_what_we_add_to_the_real_deployment_keeps_names_unique(tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(replace(ARGS, database=DATABASE)), "monitoring", tmp_path)
    (deployment,) = [o for o in objects if o["kind"] == "Deployment"]

    def changed() -> Any:
        transform = extend.deployment("grafana", told(replace(ARGS, database=DATABASE)))
        options = pulumi.ResourceOptions()
        made = transform(pulumi.ResourceTransformArgs(True, "kubernetes:apps/v1:Deployment", "grafana", deployment, options))
        assert made is not None
        return made.props

    pod = record(changed).result["spec"]["template"]["spec"]
    for container in pod["containers"]:
        # server-side apply refuses a list with the same name or path twice
        names = [e["name"] for e in container["env"]]
        paths = [m["mountPath"] for m in container["volumeMounts"]]
        assert len(names) == len(set(names)) and len(paths) == len(set(paths))
    assert len({v["name"] for v in pod["volumes"]}) == len(pod["volumes"])
