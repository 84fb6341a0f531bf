"""KubeRay's RayCluster: pure data from a few decisions (operator 1.7.0, API ray.io/v1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components.accesses import BucketAccess
from components.kubernetes import gpus, kueue
from components.kubernetes.place import Compute, Image
from components.spec.base import quantity_value

CLUSTER = ("ray.io/v1", "RayCluster")
NAME = "ray"
VERSION = "2.53.0"
IMAGE = Image("docker.io/rayproject/ray", VERSION, "2026-11-23")
GPU_IMAGE = Image("docker.io/rayproject/ray", f"{VERSION}-gpu", "2026-11-23")
"""The version of KubeRay's own sample with token authentication (config/samples/ray-cluster.auth.yaml), and its variant with
CUDA as public documents name it; digests unverified."""
PORTS = {
    "gcs-server": 6379,
    "dashboard": 8265,
    "client": 10001,
    "metrics": 8080,
    "as-metrics": 44217,
    "dash-metrics": 44227,
}
"""Of the head: they become those of Service `ray-head-svc`. Metrics ports as in KubeRay's config/prometheus/podMonitor.yaml."""
TOKEN = "ray-token"
"""Secret with key `auth_token`, which every client presents."""
RESTRICTED = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""Of every container: Pod Security `restricted`. The root filesystem stays writable: jobs bring packages of their own."""
POD_SECURITY = {
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "runAsGroup": 100,
    "fsGroup": 100,
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""User `ray` of the images."""
AUTOSCALER = Compute("200m", "512Mi", "500m")


@dataclass
class RayWorkersArgs:
    """One group of workers."""

    cpu: str
    memory: str
    gpus: int
    minimum: int
    maximum: int
    image: str


def _pod(container: Mapping[str, Any], volumes: Sequence[Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    return {"spec": {"containers": [container], "volumes": list(volumes), "securityContext": POD_SECURITY, **more}}


def _container(
    name: str, ref: str, resources: Mapping[str, Any], env: Sequence[Any], mounts: Sequence[Any], ports: Mapping[str, int]
) -> dict[str, Any]:
    return {
        "name": name,
        "image": ref,
        "resources": dict(resources),
        "env": list(env),
        "ports": [{"name": key, "containerPort": port} for key, port in ports.items()],
        "volumeMounts": [{"name": "ray-logs", "mountPath": "/tmp/ray"}, *mounts],
        "securityContext": RESTRICTED,
    }


def worker_group(
    name: str,
    workers: RayWorkersArgs,
    gpu_resource: str,
    product: Optional[str],
    env: Sequence[Any],
    mounts: Sequence[Any],
    volumes: Sequence[Any],
    queue: Optional[str] = None,
) -> dict[str, Any]:
    """A worker group; GPU workers go to GPU nodes, and each waits in `queue` for its share. `replicas` is the autoscaler's to
    write, so it is not ours."""
    amounts: dict[str, str] = {"cpu": workers.cpu, "memory": workers.memory}
    place: dict[str, Any] = {"automountServiceAccountToken": False, **gpus.placement(workers.gpus, product)}
    if workers.gpus:
        amounts[gpu_resource] = str(workers.gpus)
    # Ray schedules on whole cores of the limit: requests equal limits
    resources = {"requests": amounts, "limits": amounts}
    container = _container("ray-worker", workers.image, resources, env, mounts, {"metrics": PORTS["metrics"]})
    cores = {"num-cpus": str(max(1, int(quantity_value(workers.cpu))))}
    template = _pod(container, [{"name": "ray-logs", "emptyDir": {}}, *volumes], **place)
    if workers.gpus and queue:
        # pod by pod: Kueue refuses a whole RayCluster that has the in-tree autoscaler (raycluster_webhook.go)
        template["metadata"] = {"labels": {kueue.LABEL: queue}}
    return {
        "groupName": name,
        "minReplicas": workers.minimum,
        "maxReplicas": workers.maximum,
        "rayStartParams": cores,
        "template": template,
    }


def cluster_spec(
    head: Compute,
    image: str,
    groups: Sequence[Mapping[str, Any]],
    idle_seconds: int,
    redis: str,
    redis_secret: Any,
    env: Sequence[Any] = (),
    mounts: Sequence[Any] = (),
    volumes: Sequence[Any] = (),
) -> dict[str, Any]:
    """The RayCluster: token authentication, autoscaler beside the head, its state in Redis; no task runs on the head."""
    container = _container("ray-head", image, head.spec(), env, mounts, PORTS)
    return {
        "rayVersion": VERSION,
        "authOptions": {"mode": "token", "secretName": TOKEN},
        "enableInTreeAutoscaling": True,
        "autoscalerOptions": {
            "upscalingMode": "Default",
            "idleTimeoutSeconds": idle_seconds,
            "resources": AUTOSCALER.spec(),
            "securityContext": RESTRICTED,
        },
        "gcsFaultToleranceOptions": {
            "redisAddress": redis,
            "redisPassword": {"valueFrom": {"secretKeyRef": {"name": redis_secret, "key": "password"}}},
        },
        "headGroupSpec": {
            "rayStartParams": {"num-cpus": "0"},
            "template": _pod(container, [{"name": "ray-logs", "emptyDir": {}}, *volumes]),
        },
        "workerGroupSpecs": list(groups),
    }


def results(bucket: BucketAccess) -> tuple[list[Any], list[Any], list[Any]]:
    """(variables, mounts, volumes) by which tasks find their bucket at RESULTS_URL."""
    env: list[Any] = [
        {"name": "RESULTS_URL", "value": pulumi.Output.concat("s3://", bucket.bucket)},
        {"name": "AWS_DEFAULT_REGION", "value": bucket.region},
    ]
    if bucket.endpoint is not None:
        env.append({"name": "AWS_ENDPOINT_URL_S3", "value": bucket.endpoint})
    if bucket.secret is not None:
        env += [
            {"name": key, "valueFrom": {"secretKeyRef": {"name": bucket.secret, "key": key}}}
            for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        ]
    if bucket.ca_config_map is None:
        return env, [], []
    env.append({"name": "AWS_CA_BUNDLE", "value": "/etc/mlops/store/ca.crt"})
    mounts = [{"name": "store-ca", "mountPath": "/etc/mlops/store", "readOnly": True}]
    return env, mounts, [{"name": "store-ca", "configMap": {"name": bucket.ca_config_map}}]
