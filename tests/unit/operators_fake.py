"""A cluster in memory for the simulated operators, with their Deployments as the charts make them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from sandbox.faults import Faults
from sandbox.operators.client import Refused
from sandbox.operators.kinds import Resource
from sandbox.operators.memory import Memory
from sandbox.operators.model import load
from sandbox.operators.store import Key, Object, key_of

T = TypeVar("T")
KAFKA_IMAGES = "4.3.0=registry.example/kafka:1.2.0-kafka-4.3.0\n4.3.1=registry.example/kafka:1.2.0-kafka-4.3.1"
OPERATORS: dict[str, dict[str, Any]] = {
    "strimzi-cluster-operator": {
        "labels": {"strimzi.io/kind": "cluster-operator"},
        "env": [
            {"name": "STRIMZI_NAMESPACE", "value": "*"},
            {"name": "STRIMZI_KAFKA_IMAGES", "value": KAFKA_IMAGES},
            {"name": "STRIMZI_KAFKA_CONNECT_IMAGES", "value": KAFKA_IMAGES},
            {"name": "STRIMZI_DEFAULT_TOPIC_OPERATOR_IMAGE", "value": "registry.example/operator:1.2.0"},
            {"name": "STRIMZI_DEFAULT_USER_OPERATOR_IMAGE", "value": "registry.example/operator:1.2.0"},
            {"name": "STRIMZI_DEFAULT_KAFKA_EXPORTER_IMAGE", "value": "registry.example/kafka:1.2.0-kafka-4.3.1"},
        ],
    },
    "ps-operator": {
        "labels": {"app.kubernetes.io/name": "ps-operator"},
        "env": [{"name": "WATCH_NAMESPACE", "value": ""}],
    },
    "cloudnative-pg": {
        "labels": {"app.kubernetes.io/name": "cloudnative-pg"},
        "env": [{"name": "WATCH_NAMESPACE", "value": ""}],
    },
    "notebook-controller": {
        "labels": {"app.kubernetes.io/name": "kubeflow", "app.kubernetes.io/component": "notebook-controller"},
    },
    "argo-workflow-controller": {
        "labels": {"app.kubernetes.io/name": "argo-workflows-workflow-controller"},
        "args": ["--configmap", "argo-config", "--executor-image", "registry.example/argoexec:1", "--namespaced"],
    },
    "katib-controller": {"labels": {"app.kubernetes.io/name": "katib", "app.kubernetes.io/component": "controller"}},
    "jobset-controller": {"labels": {"app.kubernetes.io/name": "jobset", "app.kubernetes.io/component": "controller"}},
    "kubeflow-trainer-controller-manager": {
        "labels": {"app.kubernetes.io/name": "kubeflow-trainer", "app.kubernetes.io/component": "manager"}
    },
    "prometheus-operator": {
        "labels": {"app.kubernetes.io/component": "prometheus-operator"},
        "args": [
            "--prometheus-config-reloader=registry.example/reloader:1",
            "--thanos-default-base-image=registry.example/thanos:1",
        ],
    },
    "cert-manager": {
        "labels": {"app.kubernetes.io/name": "cert-manager", "app.kubernetes.io/component": "controller"},
        "args": ["--cluster-resource-namespace=$(POD_NAMESPACE)"],
    },
    "flink-kubernetes-operator": {"labels": {"app.kubernetes.io/name": "flink-kubernetes-operator"}},
    "spark-operator-controller": {
        "labels": {"app.kubernetes.io/name": "spark-operator", "app.kubernetes.io/component": "controller"},
        "args": ["--namespaces=team"],
    },
    "secret-operator": {"labels": {"app.kubernetes.io/name": "secret-operator"}},
    "listener-operator-csi-provisioner": {
        "labels": {"app.kubernetes.io/name": "listener-operator", "app.kubernetes.io/role": "provisioner"},
    },
    "zookeeper-operator-deployment": {
        "labels": {"app.kubernetes.io/name": "zookeeper-operator"},
        "env": [{"name": "IMAGE_REPOSITORY", "value": "registry.example/sdp"}],
    },
    "hdfs-operator-deployment": {
        "labels": {"app.kubernetes.io/name": "hdfs-operator"},
        "env": [{"name": "IMAGE_REPOSITORY", "value": "registry.example/sdp"}],
    },
    "feast-operator": {
        "labels": {"app.kubernetes.io/name": "feast-operator", "control-plane": "controller-manager"},
        "env": [
            {"name": "RELATED_IMAGE_FEATURE_SERVER", "value": "registry.example/feature-server:0.66.0"},
            {"name": "RELATED_IMAGE_CRON_JOB", "value": "registry.example/cli:4.17"},
        ],
    },
    "kuberay-operator": {
        "labels": {"app.kubernetes.io/component": "kuberay-operator"},
        "args": ["--watch-namespace=team"],
    },
    "trust-manager": {
        "labels": {"app.kubernetes.io/name": "trust-manager"},
        "args": ["--trust-namespace=system", "--default-package-location=/packages/default.json"],
    },
    "envoy-gateway": {"labels": {"control-plane": "envoy-gateway"}},
    "external-secrets": {"labels": {"app.kubernetes.io/name": "external-secrets"}},
    "kserve-controller-manager": {"labels": {"control-plane": "kserve-controller-manager"}},
    "seldon-v2-controller-manager": {"labels": {"control-plane": "v2-controller-manager"}},
    "velero": {"labels": {"app.kubernetes.io/name": "velero"}},
    "gha-runner-scale-set-controller": {
        "labels": {"app.kubernetes.io/part-of": "gha-rs-controller", "app.kubernetes.io/component": "controller-manager"},
        "args": ["--auto-scaling-runner-set-only"],
        "env": [{"name": "CONTROLLER_MANAGER_CONTAINER_IMAGE", "value": "registry.example/controller:0.14.2"}],
    },
    "kueue": {"labels": {"app.kubernetes.io/name": "kueue", "control-plane": "controller-manager"}},
    "gpu-operator": {"labels": {"app.kubernetes.io/component": "gpu-operator"}},
}
"""The Deployments of the operators as their charts make them, as far as the data files read them."""
POOL = {"replicas": 1, "roles": ["controller", "broker"], "storage": {"type": "ephemeral"}}
LISTENER = {"name": "plain", "port": 9092, "type": "internal", "tls": False}
OF_CLUSTER = {"labels": {"strimzi.io/cluster": "events"}}


def deployment(name: str, namespace: str = "system", **container: Any) -> Object:
    """The Deployment of an operator; fields of its container may be replaced."""
    wanted = OPERATORS[name]
    labels = wanted["labels"]
    body = {"name": "operator", "image": "registry.example/operator:1.2.0", **{k: v for k, v in wanted.items() if k != "labels"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{**body, **container}]}},
        },
    }


class Cluster(Memory):
    """A cluster in memory that can refuse writes, and notes them."""

    def __init__(self, faults: Path | None = None) -> None:
        self.refusals: list[tuple[str, int, str]] = []
        """(kind, status, message) of the next writes to refuse."""
        self.writes: list[Key] = []
        super().__init__()
        self.reconciler._faults = Faults("operators", faults or Path("/nonexistent/faults.json"))

    def get(self, kind: str, namespace: str, name: str) -> Object:
        """An object that must be there."""
        found = self.store.get((kind, namespace, name))
        assert found is not None, f"no {kind} {namespace}/{name}; there are {self.names(kind)}"
        return found

    def names(self, kind: str) -> list[str]:
        """Names of the objects of a kind."""
        return [obj["metadata"]["name"] for obj in self.store.all(kind)]

    def _refuse(self, kind: str) -> None:
        for index, (wanted, status, message) in enumerate(self.refusals):
            if wanted == kind:
                del self.refusals[index]
                raise Refused(status, message)

    async def apply(self, resource: Resource, obj: Object, manager: str, subresource: str | None = None) -> Object:
        self._refuse(resource.kind)
        assert manager
        before = self.store.get(key_of(obj))
        self.writes.append(key_of(obj))
        if subresource is None and before and resource.kind == "Pod" and before["spec"] != obj["spec"]:
            raise Refused(422, "Pod is invalid: spec: Forbidden: pod updates may not change fields")
        return await super().apply(resource, obj, manager, subresource)

    def remove(self, kind: str, namespace: str, name: str) -> None:
        """Deletes an object, as a user would."""
        finish(self.delete(Resource(kind, "v1", "x"), namespace, name))


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end."""
    return asyncio.run(work)


def custom(kind: str, name: str, spec: Mapping[str, Any], namespace: str = "team", /, **metadata: Any) -> Object:
    """A custom resource of a kind that the operators know."""
    data = load()[kind]
    place = {"namespace": namespace} if data.namespaced else {}
    return {"apiVersion": data.apiVersion, "kind": kind, "metadata": {"name": name, **place, **metadata}, "spec": dict(spec)}


def secret(name: str, namespace: str = "team", **values: str) -> Object:
    """A Secret as the API gives it back."""
    from sandbox.operators.functions import b64

    data = {key: b64(value) for key, value in values.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "data": data}
