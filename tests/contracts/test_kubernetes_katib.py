"""Our workloads of Katib against upstream's own manifests and definitions."""

import json
from typing import Any

import yaml

from components.kubernetes import katib_config as config
from components.kubernetes.katib import DEFINITIONS
from tests.contracts import reference
from tests.unit.test_kubernetes_katib import build

SET = "katib-cert-manager"


def upstream() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((reference.root() / "manifests" / SET / "inventory.json").read_text())
    return found


def test_definitions_and_images_are_of_the_version_that_we_read() -> None:
    source = upstream()["source"]
    assert {d.commit for d in DEFINITIONS.values()} == {source["commit"]} and source["ref"] == config.VERSION
    files = yaml.safe_load((reference.root() / "index.yaml").read_text())["crd_files"]
    theirs = {f["provenance"]["path"] for f in files if f["system"] == "katib"}
    assert theirs == {d.path for d in DEFINITIONS.values()}


def test_every_deployment_is_ours_but_the_bundled_database() -> None:
    theirs = {o["name"]: o["containers"][0] for o in upstream()["objects"] if o["kind"] == "Deployment"}
    made = build()
    assert {d.object_name for d in made.all("Deployment")} == set(theirs) - {"katib-mysql"}
    for deployment, pod in made.pods():
        (container,) = pod["containers"]
        found = theirs[deployment.object_name]
        assert container["image"] == found["image"]
        assert {p["containerPort"] for p in container["ports"]} == {p["port"] for p in found["ports"]}


def test_services_have_the_names_that_katib_looks_for() -> None:
    theirs = {o["name"] for o in upstream()["objects"] if o["kind"] == "Service"}
    assert {s.object_name for s in build().all("Service")} == theirs - {"katib-mysql"}


def test_webhooks_are_upstreams_by_kind_and_name() -> None:
    theirs = {(o["kind"], o["name"]) for o in upstream()["objects"] if o["kind"].endswith("WebhookConfiguration")}
    ours = {(r.kind, r.object_name) for r in build().resources if r.kind.endswith("WebhookConfiguration")}
    assert ours == theirs


def test_the_custom_resources_are_valid_for_the_real_crds() -> None:
    made = build()
    for kind in ("ServiceMonitor", "Certificate"):
        assert reference.resource_errors(made.one(kind).inputs) == []


def test_upstreams_definition_lets_every_field_pass_so_the_example_is_held_to_its_types() -> None:
    schema = reference.crd("kubeflow.org", "Experiment", "v1beta1")
    assert schema == {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    example = json.loads(build().one("ConfigMap", "katib-example").inputs["data"]["experiment"])["spec"]
    # json names in pkg/apis/controller/experiments/v1beta1/experiment_types.go and common/v1beta1/common_types.go of 0.19.0
    assert set(example) <= {
        "parameters", "objective", "algorithm", "earlyStopping", "trialTemplate", "parallelTrialCount", "maxTrialCount",
        "maxFailedTrialCount", "metricsCollectorSpec", "nasConfig", "resumePolicy",
    }  # fmt: skip
    assert set(example["trialTemplate"]) <= {
        "retain", "trialSpec", "configMap", "trialParameters", "primaryPodLabels", "primaryContainerName", "successCondition",
        "failureCondition",
    }  # fmt: skip
    assert set(example["objective"]) <= {"type", "goal", "objectiveMetricName", "additionalMetricNames", "metricStrategies"}
    assert {tuple(sorted(p)) for p in example["parameters"]} == {("feasibleSpace", "name", "parameterType")}
