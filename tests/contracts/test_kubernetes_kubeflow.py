"""Our workloads of Kubeflow Pipelines against upstream's own manifests: images, names, ports; the controller's chart."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.kubernetes import argo, kubeflow_config, kubeflow_trainer
from components.kubernetes.chart import Pin
from components.kubernetes.kubeflow import COMMIT, DEFINITIONS, controller_values
from tests.contracts import reference, rendering
from tests.unit.kubernetes_site import cluster_scoped
from tests.unit.test_kubernetes_kubeflow import ARGS, build

SET = "kfp-platform-agnostic"
LEFT_OUT = {
    "cache-deployer-deployment", "cache-server", "metadata-writer", "ml-pipeline-viewer-crd", "ml-pipeline-visualizationserver",
    "mysql", "seaweedfs", "workflow-controller",
}  # fmt: skip
"""Of the first version, or what our database, store and chart stand for."""
OURS = {"metadata-grpc": "metadata-grpc-deployment", "metadata-envoy": "metadata-envoy-deployment"}
"""Deployments of ours whose upstream name differs."""


def upstream() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((reference.root() / "manifests" / SET / "inventory.json").read_text())
    return found


def test_the_pin_is_the_commit_whose_manifests_we_read() -> None:
    assert (upstream()["source"]["commit"], upstream()["version"]) == (COMMIT, kubeflow_config.VERSION)


def test_every_deployment_of_upstream_is_ours_or_left_out_with_a_reason() -> None:
    theirs = {o["name"] for o in upstream()["objects"] if o["kind"] == "Deployment"}
    ours = {OURS.get(d.object_name, d.object_name) for d in build().all("Deployment")}
    assert ours == theirs - LEFT_OUT


def test_images_and_ports_are_upstreams() -> None:
    theirs = {o["name"]: o for o in upstream()["objects"] if o["kind"] == "Deployment"}
    for deployment, pod in build().pods():
        found = theirs[OURS.get(deployment.object_name, deployment.object_name)]["containers"][0]
        (container,) = pod["containers"]
        assert container["image"] == found["image"], deployment.name
        ports = {p["containerPort"] for p in container.get("ports", [])}
        # the proxy's and the scheduler's ports for administrators stay closed
        assert ports <= {p["port"] for p in found.get("ports") or []}, deployment.name


def test_services_have_the_names_that_the_parts_look_for() -> None:
    theirs = {o["name"] for o in upstream()["objects"] if o["kind"] == "Service"}
    ours = {s.object_name for s in build().all("Service")}
    assert ours == {"ml-pipeline", "ml-pipeline-ui", "metadata-grpc-service", "metadata-envoy-service"} <= theirs


def test_the_definition_that_we_take_is_scheduled_workflows() -> None:
    found = next(
        f for f in yaml.safe_load((reference.root() / "index.yaml").read_text())["crd_files"] if f["kind"] == "ScheduledWorkflow"
    )
    where = found["provenance"]
    assert (where["commit"], where["path"]) == (DEFINITIONS.commit, DEFINITIONS.path)


def test_the_custom_resources_are_valid_for_the_real_crds() -> None:
    for kind in ("ServiceMonitor", "PodMonitor", "Certificate"):
        assert reference.resource_errors(build().one(kind).inputs) == []
    document = json.loads(build().one("ConfigMap", "workflow-controller-configmap").inputs["data"]["config"])
    workflow = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", **document["workflowDefaults"]}
    assert reference.resource_errors(workflow) == []


@pytest.mark.parametrize("crds", [True, False])
def test_the_real_chart_brings_the_controller_alone(crds: bool, tmp_path: Path) -> None:
    given = controller_values(replace(ARGS, argo_crds=crds))
    assert reference.unknown_values(argo.CHART.chart, given) == []
    objects = rendering.render(argo.CHART, given, "kubeflow", tmp_path)
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    definitions = [o for o in objects if o["kind"] == "CustomResourceDefinition"]
    assert bool(definitions) is crds
    rest = [o for o in objects if o["kind"] != "CustomResourceDefinition"]
    assert not any(cluster_scoped(o["kind"]) for o in rest)
    (deployment,) = [o for o in rest if o["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]
    assert build().one("PodMonitor").inputs["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert pod["spec"]["containers"][0]["args"][:2] == ["--configmap", "workflow-controller-configmap"]


TRAINING = {
    "kubeflow-trainer": (kubeflow_trainer.TRAINER, kubeflow_trainer.trainer_values(ARGS.agent_compute, "mirror.example/hub")),
    "jobset": (kubeflow_trainer.JOBSET, kubeflow_trainer.jobset_values(ARGS.agent_compute, "mlops-ca", "mirror.example/hub")),
}


@pytest.mark.parametrize("chart", TRAINING)
def test_trainings_charts_are_told_what_they_know(chart: str) -> None:
    pin: Pin = TRAINING[chart][0]
    known = reference.index(chart)
    assert (pin.chart, pin.version, pin.repo) == (known["chart"], known["version"], known["installer"])
    assert reference.unknown_values(chart, TRAINING[chart][1]) == []


@pytest.mark.parametrize("chart", TRAINING)
def test_trainings_real_charts_run_without_hooks_from_the_mirror_on_the_webhooks_port(chart: str, tmp_path: Path) -> None:
    pin, given = TRAINING[chart]
    objects = rendering.render(pin, given, "kubeflow", tmp_path)
    assert rendering.hooks(objects) == [] and rendering.unbounded(objects) == []
    assert not [o for o in objects if o["kind"] == "Job"]
    (container,) = rendering.containers(objects).values()
    assert container["image"].startswith("mirror.example/hub/")
    assert kubeflow_trainer.WEBHOOK in {p["containerPort"] for p in container["ports"]}


def test_the_runtime_is_valid_for_the_real_crd() -> None:
    inputs = build().one("ClusterTrainingRuntime").inputs
    assert reference.resource_errors(inputs) == []
    assert reference.resource_errors({**inputs, "spec": {**inputs["spec"], "mlPolicies": {}}}) != []
