"""The simulated operators of workflows, searches and trainings: what they make, what they leave alone, what they refuse."""

import copy
import json
from typing import Any

import pulumi

from components.kubernetes import argo_config, katib_config, kubeflow_trainer
from tests.unit.kubernetes_site import BUCKET, DATABASE
from tests.unit.operators_fake import Cluster, custom, deployment
from tests.unit.recording import settled

OURS = {"labels": {argo_config.LABEL: argo_config.INSTANCE}}
STEP = {"image": "registry.example/train:1", "command": ["train"]}


def configuration() -> pulumi.Output[str]:
    """What the component writes."""
    document = argo_config.document(
        "mysql", DATABASE, BUCKET, ca_secret="trust", archive_seconds=60, keep_seconds=60, parallelism=None
    )
    return pulumi.Output.json_dumps(document)


def argo() -> Cluster:
    """A namespace with Argo's controller and its real configuration."""
    text = settled(configuration)
    cluster = Cluster()
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argo-config", "namespace": "argo"}}
    cluster.put({**config, "data": {"config": text}})
    cluster.put(deployment("argo-workflow-controller", "argo"))
    cluster.up("Deployment", "argo", "argo-workflow-controller")
    return cluster


def finish(cluster: Cluster, name: str, phase: str = "Succeeded") -> None:
    """Ends a pod as the node does."""
    pod = copy.deepcopy(cluster.get("Pod", "argo", name))
    cluster.put(pod, phase=phase)
    cluster.settle()


def run(cluster: Cluster, spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    cluster.put(custom("Workflow", "nightly", spec, "argo", **metadata))
    cluster.settle()
    return cluster.get("Workflow", "argo", "nightly")


def test_a_workflow_runs_its_pods_confined_and_ends_with_them() -> None:
    cluster = argo()
    spec = {"entrypoint": "main", "templates": [{"name": "main", "container": STEP}]}
    assert run(cluster, spec, **OURS)["status"]["phase"] == "Running"
    pod = cluster.get("Pod", "argo", "nightly")["spec"]
    assert pod["serviceAccountName"] == argo_config.ACCOUNT and pod["securityContext"]["runAsNonRoot"] is True
    assert [c["name"] for c in [*pod["initContainers"], *pod["containers"]]] == ["init", "wait", "main"]
    for container in [*pod["initContainers"], *pod["containers"]]:
        assert container["securityContext"] == argo_config.CONFINED and container["resources"]["limits"]
    finish(cluster, "nightly")
    status = cluster.get("Workflow", "argo", "nightly")["status"]
    assert status["phase"] == "Succeeded" and status["finishedAt"]


def test_a_failed_pod_fails_the_workflow() -> None:
    cluster = argo()
    run(cluster, {"entrypoint": "main", "templates": [{"name": "main", "container": STEP}]}, **OURS)
    finish(cluster, "nightly", "Failed")
    assert cluster.get("Workflow", "argo", "nightly")["status"]["phase"] == "Failed"


def test_a_workflow_of_another_instance_is_left_alone() -> None:
    cluster = argo()
    found = run(cluster, {"entrypoint": "main", "templates": [{"name": "main", "container": STEP}]})
    assert "phase" not in found.get("status", {}) and cluster.names("Pod") == []


def test_a_workflow_whose_entrypoint_nobody_wrote_is_an_error() -> None:
    found = run(argo(), {"entrypoint": "train", "templates": [{"name": "main", "container": STEP}]}, **OURS)
    assert found["status"]["phase"] == "Error" and "'train' undefined" in found["status"]["message"]


def test_a_workflow_runs_what_its_template_says() -> None:
    cluster = argo()
    reference = {"workflowTemplateRef": {"name": "train"}}
    assert run(cluster, reference, **OURS)["status"]["phase"] == "Error"
    cluster = argo()
    template = {"entrypoint": "main", "templates": [{"name": "main", "container": STEP}]}
    cluster.put(custom("WorkflowTemplate", "train", template, "argo", **OURS))
    assert run(cluster, reference, **OURS)["status"]["phase"] == "Running"
    assert cluster.names("Pod") == ["nightly"]


def test_a_cron_workflow_is_active_or_says_what_it_lacks() -> None:
    cluster = argo()
    cluster.put(custom("CronWorkflow", "good", {"schedules": ["0 2 * * *"], "workflowSpec": {}}, "argo", **OURS))
    cluster.put(custom("CronWorkflow", "bad", {"workflowSpec": {}}, "argo", **OURS))
    cluster.settle()
    assert cluster.get("CronWorkflow", "argo", "good")["status"]["conditions"] == []
    (problem,) = cluster.get("CronWorkflow", "argo", "bad")["status"]["conditions"]
    assert problem["type"] == "SpecError" and "schedule" in problem["message"]
    assert json.dumps(cluster.names("Pod")) == "[]"


def katib() -> Cluster:
    """A cluster where Katib's controller is up."""
    cluster = Cluster()
    cluster.put(deployment("katib-controller", "katib"))
    cluster.up("Deployment", "katib", "katib-controller")
    return cluster


def conditions(cluster: Cluster) -> list[str]:
    status = cluster.get("Experiment", "katib", "example")["status"]
    return [item["type"] for item in status["conditions"] if item["status"] == "True"]


def test_an_experiment_is_taken_and_runs() -> None:
    cluster = katib()
    cluster.put(custom("Experiment", "example", katib_config.experiment("katib", None)["spec"], "katib"))
    cluster.settle()
    assert conditions(cluster) == ["Created", "Running"]


def test_an_experiment_whose_template_is_missing_fails_until_it_is_there() -> None:
    cluster = katib()
    reference = {"trialTemplate": {"configMap": {"configMapName": "trial-templates", "templatePath": "job"}}}
    cluster.put(custom("Experiment", "example", reference, "katib"))
    cluster.settle()
    assert conditions(cluster) == ["Created", "Failed"]
    cluster.put(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "trial-templates", "namespace": "katib"}, "data": {}}
    )
    cluster.put(custom("Experiment", "example", {**reference, "maxTrialCount": 2}, "katib"))
    cluster.settle()
    assert conditions(cluster) == ["Created", "Running"]


def trainer() -> Cluster:
    """Trainer and JobSet are up, and our runtime is there."""
    cluster = Cluster()
    for name in ("kubeflow-trainer-controller-manager", "jobset-controller"):
        cluster.put(deployment(name))
        cluster.up("Deployment", "system", name)
    cluster.put(custom("ClusterTrainingRuntime", "torch-distributed", kubeflow_trainer.runtime_spec("registry.example/torch:1")))
    return cluster


TRAINING = {
    "runtimeRef": {"name": "torch-distributed"},
    "trainer": {"numNodes": 3, "image": "registry.example/mine:1", "command": ["torchrun", "train.py"]},
}


def train(cluster: Cluster, **more: Any) -> list[str]:
    cluster.put(custom("TrainJob", "night", {**TRAINING, **more}))
    cluster.settle()
    return [c["type"] for c in cluster.get("TrainJob", "team", "night")["status"].get("conditions", [])]


def test_a_training_runs_its_nodes_after_the_runtime_and_completes_with_them() -> None:
    cluster = trainer()
    assert train(cluster) == []
    job = cluster.get("Job", "team", "night-node-0")["spec"]
    assert (job["parallelism"], job["completions"], job["completionMode"]) == (3, 3, "Indexed")
    (node,) = job["template"]["spec"]["containers"]
    assert (node["image"], node["command"]) == ("registry.example/mine:1", ["torchrun", "train.py"])
    assert node["securityContext"]["runAsNonRoot"] is True and node["resources"]["limits"]
    cluster.up("Job", "team", "night-node-0")
    cluster.settle()
    assert [c["type"] for c in cluster.get("TrainJob", "team", "night")["status"]["conditions"]] == ["Complete"]


def test_a_training_without_its_runtime_or_of_another_kind_makes_nothing_and_a_suspended_one_waits() -> None:
    cluster = trainer()
    assert train(cluster, runtimeRef={"name": "nobody"}) == [] and cluster.names("JobSet") == []
    assert train(trainer(), runtimeRef={"name": "torch-distributed", "kind": "Deployment"}) == ["Failed"]
    cluster = trainer()
    assert train(cluster, suspend=True) == ["Suspended"] and cluster.names("Job") == []
