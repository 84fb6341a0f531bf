"""Distributed training: Kubeflow Trainer and the JobSets that it runs trainings as, with runtimes of ours."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.contracts import Training
from components.kubernetes import chart, objects
from components.kubernetes.place import Compute, Image, Place, image

TRAINER = chart.Pin("kubeflow-trainer", "2.3.0", "oci://ghcr.io/kubeflow/charts/kubeflow-trainer", checked="2026-11-23")
JOBSET = chart.Pin("jobset", "0.12.0", "oci://registry.k8s.io/jobset/charts/jobset", checked="2026-11-23")
MANAGER = Image("ghcr.io/kubeflow/trainer/trainer-controller-manager", "v2.3.0", "2026-11-23")
JOBSETS = Image("registry.k8s.io/jobset/jobset", "v0.12.0", "2026-11-23")
"""In git the chart names a staging image; this is what the released one pulls. Digests of both unverified."""
RUNTIME = ("trainer.kubeflow.org/v1alpha1", "ClusterTrainingRuntime")
STEP = "trainer.kubeflow.org/trainjob-ancestor-step"
CONFINED = {
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
NODE = Compute("1", "2Gi", "4")
"""Of a node of a training that says nothing of its own (trainer.resourcesPerNode)."""
WEBHOOK = 9443


def _parts(pin: Image, mirror: str | None) -> tuple[str, str, str]:
    """Registry, repository and tag."""
    registry, _, rest = image(pin, mirror).partition("/")
    repository, _, tag = rest.rpartition(":")
    return registry, repository, tag


def trainer_values(compute: Compute, mirror: str | None) -> dict[str, Any]:
    """Values of Trainer's chart: without JobSet, data cache and runtimes, whose installer downloads kubectl in the pod."""
    registry, repository, tag = _parts(MANAGER, mirror)
    return {
        "jobset": {"install": False},
        "dataCache": {"enabled": False},
        "runtimes": {"defaultEnabled": False},
        "image": {"registry": registry, "repository": repository, "tag": tag},
        "manager": {"resources": compute.spec()},
    }


def jobset_values(compute: Compute, issuer: str | None, mirror: str | None) -> dict[str, Any]:
    """Values of JobSet's chart; with an issuer its certificates are cert-manager's, else its own."""
    registry, repository, tag = _parts(JOBSETS, mirror)
    signed = {"enable": True, "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": issuer}}
    return {
        "fullnameOverride": "jobset",
        "image": {"repository": f"{registry}/{repository}", "tag": tag, "pullPolicy": "IfNotPresent"},
        "controller": {"resources": compute.spec()},
        **({"certManager": signed} if issuer else {}),
    }


def runtime_spec(ref: str) -> dict[str, Any]:
    """A runtime of PyTorch on any number of nodes: each node a pod, started by torchrun."""
    node = {"name": "node", "image": ref, "resources": NODE.spec(), "securityContext": CONFINED}
    pod = {"spec": {"securityContext": {"fsGroup": 1000}, "containers": [node]}}
    job = {"metadata": {"labels": {STEP: "trainer"}}, "spec": {"template": pod}}
    return {
        "mlPolicy": {"numNodes": 1, "torch": {}},
        "template": {"spec": {"replicatedJobs": [{"name": "node", "template": job}]}},
    }


def install(
    name: str,
    place: Place,
    runtimes: Mapping[str, str],
    *,
    compute: Compute,
    issuer: str | None,
    keep_crds: bool,
    chart_mirror: str | None,
    waits: Sequence[pulumi.Resource] = (),
) -> Training:
    """Both charts, JobSet first, and a ClusterTrainingRuntime a name; what offers them to consumers."""
    shared: dict[str, Any] = {"namespace": place.namespace, "mirror": chart_mirror, "keep": keep_crds}
    jobsets = chart.render(
        f"{name}-jobset", JOBSET, jobset_values(compute, issuer, place.mirror), opts=place.after(*waits), **shared
    )
    trainer = chart.render(f"{name}-trainer", TRAINER, trainer_values(compute, place.mirror), opts=place.after(jobsets), **shared)
    made = [
        objects.custom(
            f"{name}-runtime-{runtime}",
            place,
            RUNTIME,
            runtime_spec(image(ref, place.mirror)),
            object_name=runtime,
            labels={"trainer.kubeflow.org/framework": "torch"},
            cluster_scoped=True,
            opts=place.after(trainer),
        )
        for runtime, ref in runtimes.items()
    ]
    return Training(list(runtimes), ready=[trainer, *made])
