"""A cluster in memory for the simulated operators: what the gate's client would do, without an API server."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from sandbox.faults import Faults
from sandbox.operators.client import Refused
from sandbox.operators.kinds import Resource
from sandbox.operators.model import load
from sandbox.operators.reconcile import Reconciler
from sandbox.operators.store import Key, Object, Store, key_of

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


class Cluster:
    """Objects, and a reconciler over them that runs until nothing is left to do."""

    def __init__(self, faults: Path | None = None) -> None:
        self._version = 0
        self._dirty: dict[Key, None] = {}
        self.refusals: list[tuple[str, int, str]] = []
        """(kind, status, message) of the next writes to refuse."""
        self.store = Store(self._wake)
        self.reconciler = Reconciler(self.store, self, load())  # type: ignore[arg-type]
        self.reconciler._faults = Faults("operators", faults or Path("/nonexistent/faults.json"))
        self.writes: list[Key] = []

    def _wake(self, keys: set[Key]) -> None:
        self._dirty.update({key: None for key in keys if key[0] in load()})

    def put(self, *objects: Mapping[str, Any], **status: Any) -> None:
        """Creates or changes objects, as a user or another controller would."""
        for obj in objects:
            self._put(copy.deepcopy(dict(obj)), status or None)

    def _put(self, obj: Object, status: Any = None) -> Object:
        self._version += 1
        before = self.store.get(key_of(obj))
        meta = obj.setdefault("metadata", {})
        old: Object = before["metadata"] if before else {"uid": f"uid-{self._version}", "generation": 0}
        changed = before is None or before.get("spec") != obj.get("spec")
        meta["uid"], meta["generation"] = old["uid"], old["generation"] + (1 if changed else 0)
        meta.setdefault("finalizers", old.get("finalizers", []))
        meta["resourceVersion"] = str(self._version)
        if (status is None and before) and "status" in before:
            obj.setdefault("status", before["status"])
        elif status is not None:
            obj["status"] = status
        self.store.put(obj)
        return obj

    def up(self, kind: str, namespace: str, name: str) -> None:
        """Makes a workload or pod ready, as KWOK and the controllers do."""
        obj = copy.deepcopy(self.get(kind, namespace, name))
        count = obj["spec"].get("replicas", 1)
        true = [{"type": type_, "status": "True"} for type_ in ("Ready", "Available", "Complete")]
        counts = {"observedGeneration": obj["metadata"]["generation"], "readyReplicas": count, "updatedReplicas": count}
        self._put(obj, {"conditions": true, **counts})

    def get(self, kind: str, namespace: str, name: str) -> Object:
        """An object that must be there."""
        found = self.store.get((kind, namespace, name))
        assert found is not None, f"no {kind} {namespace}/{name}; there are {self.names(kind)}"
        return found

    def names(self, kind: str) -> list[str]:
        """Names of the objects of a kind."""
        return [obj["metadata"]["name"] for obj in self.store.all(kind)]

    def settle(self, rounds: int = 30) -> list[float]:
        """Reconciles until nothing changes; returns the asked-for retries in seconds."""
        waits: list[float] = []

        async def run() -> None:
            for _ in range(rounds):
                if not self._dirty:
                    return
                batch, self._dirty = self._dirty, {}
                for key in batch:
                    if (wait := await self.reconciler.reconcile(key)) is not None:
                        waits.append(wait)
            raise AssertionError(f"still busy after {rounds} rounds with {list(self._dirty)}")

        finish(run())
        return waits

    # what the reconciler asks of its client

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
        if subresource == "status":
            assert before is not None
            return self._put({**copy.deepcopy(before), "status": copy.deepcopy(obj["status"])})
        if before and resource.kind == "Pod" and before["spec"] != obj["spec"]:
            raise Refused(422, "Pod is invalid: spec: Forbidden: pod updates may not change fields")
        # what others wrote stays, as server-side apply has it
        if before and "status" in obj and "spec" not in obj:
            return self._put({**copy.deepcopy(before), "status": copy.deepcopy(obj["status"])})
        held = {"data": {**before["data"], **obj["data"]}} if before and "data" in before and "data" in obj else {}
        return self._put({**copy.deepcopy(obj), **held})

    async def set_finalizers(self, resource: Resource, obj: Object, finalizers: list[str]) -> Object:
        now = copy.deepcopy(self.get(*key_of(obj)))
        now["metadata"]["finalizers"] = finalizers
        if now["metadata"].get("deletionTimestamp") and not finalizers:
            self.store.drop(now)
            return now
        return self._put(now)

    async def delete(self, resource: Resource, namespace: str | None, name: str) -> None:
        found = self.store.get((resource.kind, namespace or "", name))
        if found is None:
            return
        if found["metadata"].get("finalizers"):
            self._put({**copy.deepcopy(found), "metadata": {**found["metadata"], "deletionTimestamp": "2026-11-23T00:00:00Z"}})
        else:
            self.store.drop(found)

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
