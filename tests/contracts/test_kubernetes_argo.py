"""What we tell Argo's chart exists in it, what it renders is what we assume, and our configuration is what it would write."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from components.kubernetes import argo_access
from components.kubernetes.argo import CHART, CONFIG, NAME, PORT, TAG, chart_values
from components.kubernetes.crds import OWNERS
from tests.contracts import reference, rendering
from tests.unit.kubernetes_site import cluster_scoped
from tests.unit.test_kubernetes_argo import ARGS, build

VARIANTS = {"small": ARGS, "spare": replace(ARGS, controllers=2), "mirrored": replace(ARGS, registry_mirror="mirror.example")}
COMMENTED = {"controller.pdb.minAvailable", "server.pdb.minAvailable"}
"""Stand in the chart's values.yaml as comments only."""


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_value_we_set_exists_in_the_chart(variant: str) -> None:
    assert set(reference.unknown_values(CHART.chart, chart_values(VARIANTS[variant]))) <= COMMENTED


def test_the_pin_is_the_version_whose_values_we_checked() -> None:
    known = reference.index(CHART.chart)
    assert (CHART.chart, CHART.version, CHART.repo) == (known["chart"], known["version"], known["installer"])
    # the image is a later patch of the same line, so that the chart's CRDs fit
    assert TAG.rpartition(".")[0] == known["app_version"].rpartition(".")[0]


def test_what_is_hooked_or_cluster_scoped_belongs_to_parts_that_we_switch_off() -> None:
    objects = reference.inventory(CHART.chart)["objects"]
    assert {o["name"] for o in objects if o.get("hook")} == {"argo-workflows-crd-install"}
    assert chart_values(ARGS)["crds"]["full"] is False


def test_the_containers_that_we_tell_more_and_the_port_that_we_name_are_rendered() -> None:
    objects = reference.inventory(CHART.chart)["objects"]
    containers = {c["name"] for o in objects if o["kind"] == "Deployment" for c in o["containers"]}
    assert containers == {"controller", "argo-server"}
    service = next(o for o in objects if o["kind"] == "Service")
    assert service["ports"] == [{"port": PORT, "targetPort": PORT}]


def test_the_custom_resources_are_valid_for_the_real_crds() -> None:
    for kind in ("PodMonitor", "Certificate"):
        assert reference.resource_errors(build().one(kind).inputs) == []


def test_the_workflow_defaults_are_valid_for_the_real_crd() -> None:
    defaults = json.loads(build().one("ConfigMap", CONFIG).inputs["data"]["config"])["workflowDefaults"]
    assert reference.resource_errors({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", **defaults}) == []
    wrong = {"spec": {**defaults["spec"], "serviceAcount": "x"}}
    assert reference.resource_errors({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", **wrong}) != []


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_real_chart_stays_in_its_namespace_and_runs_without_hooks(variant: str, tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(VARIANTS[variant]), "argo", tmp_path)
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    crds = {o["metadata"]["name"] for o in objects if o["kind"] == "CustomResourceDefinition"}
    # the one that is left out has no controller here
    assert crds == set(OWNERS[CHART.chart]) - {"clusterworkflowtemplates.argoproj.io"}
    rest = [o for o in objects if o["kind"] != "CustomResourceDefinition"]
    assert not any(cluster_scoped(o["kind"]) for o in rest)
    # without one the API server would refuse the subjects of a binding
    assert all(s.get("namespace") == "argo" for o in rest if o["kind"] == "RoleBinding" for s in o["subjects"])
    names = {(o["kind"], o["metadata"]["name"]) for o in rest}
    assert {("Service", f"{NAME}-server"), ("ServiceAccount", argo_access.CONTROLLER)} <= names


def test_the_real_pods_carry_the_labels_that_the_monitor_selects(tmp_path: Path) -> None:
    objects = rendering.render(CHART, chart_values(ARGS), "argo", tmp_path)
    wanted = build().one("PodMonitor").inputs["spec"]["selector"]["matchLabels"]
    pods = [
        o for o in objects if o["kind"] == "Deployment" if wanted.items() <= o["spec"]["template"]["metadata"]["labels"].items()
    ]
    assert [o["metadata"]["name"] for o in pods] == ["argo-workflow-controller"]
    (container,) = pods[0]["spec"]["template"]["spec"]["containers"]
    assert "metrics" in {p.get("name") for p in container["ports"]}


def test_our_configuration_has_the_keys_that_the_charts_own_would_have(tmp_path: Path) -> None:
    ours = json.loads(build().one("ConfigMap", CONFIG).inputs["data"]["config"])
    s3 = {**ours["artifactRepository"]["s3"], "keyFormat": "x"}
    told = {
        "controller": {
            "configMap": {"create": True},
            "persistence": ours["persistence"],
            "workflowDefaults": ours["workflowDefaults"],
            "metricsConfig": {"enabled": True},
        },
        "artifactRepository": {"archiveLogs": True, "s3": s3},
        "executor": {key: ours["executor"][key] for key in ("resources", "securityContext")},
        "mainContainer": {key: ours["mainContainer"][key] for key in ("resources", "securityContext")},
    }
    values = chart_values(ARGS) | told | {"controller": chart_values(ARGS)["controller"] | told["controller"]}
    values["executor"] |= chart_values(ARGS)["executor"]
    objects = rendering.render(CHART, values, "argo", tmp_path)
    (theirs,) = [yaml.safe_load(o["data"]["config"]) for o in objects if o["kind"] == "ConfigMap"]
    assert set(ours) <= set(theirs)
    assert set(ours["artifactRepository"]["s3"]) <= set(theirs["artifactRepository"]["s3"])
    assert ours["persistence"] == theirs["persistence"] and ours["workflowDefaults"] == theirs["workflowDefaults"]
