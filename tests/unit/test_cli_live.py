"""Readiness as `mlops status` reads it from live objects (statuses recorded from an API server 1.37, cut to what is read)."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from cli.errors import UserError
from cli.live import Cluster, judge, pods


def live(kind: str, spec: dict[str, Any] | None = None, status: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": "x", "generation": 2, **metadata}, "spec": spec or {}, "status": status}


def condition(type: str, status: str, reason: str = "") -> dict[str, Any]:
    return {"conditions": [{"type": type, "status": status, "reason": reason}]}


SEEN = {"observedGeneration": 2}


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (live("Deployment", {"replicas": 2}, {**SEEN, "readyReplicas": 2}), ""),
        (live("Deployment", {"replicas": 2}, {**SEEN, "readyReplicas": 1}), "1 of 2 pods ready"),
        (live("Deployment", {"replicas": 0}, SEEN), ""),
        (live("StatefulSet", {}, SEEN), "0 of 1 pods ready"),
        (
            live("Deployment", {"replicas": 1}, {"observedGeneration": 1, "readyReplicas": 1}),
            "its controller has not seen it yet",
        ),
        (live("DaemonSet", {}, {**SEEN, "desiredNumberScheduled": 3, "numberReady": 3}), ""),
        (live("DaemonSet", {}, {**SEEN, "desiredNumberScheduled": 3, "numberReady": 2}), "2 of 3 pods ready"),
        (live("Job", {}, condition("Complete", "True")), ""),
        (live("Job", {}, condition("Failed", "True", "BackoffLimitExceeded")), "BackoffLimitExceeded"),
        (live("Job", {}, None), "not complete"),
        (live("PersistentVolumeClaim", {}, {"phase": "Bound"}), ""),
        (live("PersistentVolumeClaim", {}, None), "Pending"),
        (live("Service", {"type": "LoadBalancer"}, {"loadBalancer": {}}), "has no address"),
        (live("Service", {"type": "ClusterIP"}, {"loadBalancer": {}}), ""),
        (live("Kafka", {}, condition("Ready", "False", "Creating")), "Creating"),
        (live("Kafka", {}, condition("Ready", "True")), ""),
        (live("Kafka", {}, condition("Ready", "Unknown")), "not Ready"),
        (live("PerconaServerMySQL", {}, {"state": "initializing"}), "initializing"),
        (live("PerconaServerMySQL", {}, {"state": "ready"}), ""),
        (live("Prometheus", {}, condition("Available", "False", "NoPodReady")), "NoPodReady"),
        (live("CustomResourceDefinition", {}, condition("Established", "True")), ""),
        (live("ConfigMap"), ""),
        (live("Deployment", {"replicas": 0}, SEEN, deletionTimestamp="2026-11-23T10:00:00Z"), "is being deleted"),
    ],
)
def test_an_object_is_ready_or_says_what_it_waits_for(item: dict[str, Any], reason: str) -> None:
    reading = judge("x", item)
    assert (reading.ready, reading.reason) == (not reason, reason)
    assert reading.name == f"{item['kind']} x"


def owned(kind: str, name: str, owner: tuple[str, str] | None = None, **status: Any) -> dict[str, Any]:
    owners = [{"kind": owner[0], "name": owner[1], "controller": True}] if owner else []
    return {"kind": kind, "metadata": {"name": name, "namespace": "n", "ownerReferences": owners}, "status": status}


READY: dict[str, Any] = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


def test_pods_are_counted_for_the_object_that_their_owners_end_in() -> None:
    objects = [
        owned("Deployment", "operator"),
        owned("ReplicaSet", "operator-1", ("Deployment", "operator")),
        owned("Pod", "operator-1-a", ("ReplicaSet", "operator-1"), **READY),
        owned("StrimziPodSet", "kafka-brokers", ("KafkaNodePool", "brokers")),
        owned("Pod", "kafka-0", ("StrimziPodSet", "kafka-brokers"), **READY),
        owned("Pod", "kafka-1", ("StrimziPodSet", "kafka-brokers"), phase="Pending"),
        owned("Pod", "job-a", ("Job", "grant"), phase="Succeeded"),
        owned("Pod", "stranger", ("ReplicaSet", "of-somebody")),
        owned("Pod", "orphan", **READY),
        owned("ReplicaSet", "loop", ("ReplicaSet", "loop")),
        owned("Pod", "loop-a", ("ReplicaSet", "loop"), **READY),
    ]
    roots = {("Deployment", "n", "operator"): "kafka", ("KafkaNodePool", "n", "brokers"): "kafka", ("Job", "n", "grant"): "minio"}
    assert pods(objects, roots) == {"kafka": (2, 3)}


@pytest.mark.parametrize("text", [None, "", "apiVersion: v1\nkind: Config\nclusters: []\n", "{"])
def test_a_missing_or_broken_kubeconfig_is_one_line(text: str | None, tmp_path: Any) -> None:
    path = tmp_path / "kubeconfig"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match="no usable kubeconfig") as caught:
        Cluster.connect({"KUBECONFIG": str(path)})
    assert caught.value.code == 1 and "\n" not in str(caught.value)


CONFIG = """
apiVersion: v1
kind: Config
current-context: a
contexts: [{name: a, context: {cluster: a, user: a}}]
clusters: [{name: a, cluster: {server: "http://127.0.0.1:9"}}]
users: [{name: a, user: {token: t}}]
"""


def test_a_cluster_that_does_not_answer_is_named(tmp_path: Any) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(CONFIG)
    with pytest.raises(UserError, match=r"http://127\.0\.0\.1:9 does not answer"):
        Cluster.connect({"KUBECONFIG": str(path)})
    with pytest.raises(UserError, match="no usable kubeconfig"):
        Cluster.connect({"KUBECONFIG": str(path)}, "another-context")


ANSWERS: dict[str, Any] = {
    "/version": {"major": "1", "minor": "37", "gitVersion": "v1.37.2"},
    "/api": {"versions": ["v1"]},
    "/apis": {
        "groups": [
            {
                "name": "apps",
                "versions": [
                    {"groupVersion": "apps/v1", "version": "v1"},
                    {"groupVersion": "apps/v1beta1", "version": "v1beta1"},
                ],
                "preferredVersion": {"groupVersion": "apps/v1", "version": "v1"},
            }
        ]
    },
    "/api/v1": {
        "resources": [
            {"name": "services", "kind": "Service", "namespaced": True, "verbs": ["get", "list"]},
            {"name": "secrets", "kind": "Secret", "namespaced": True, "verbs": ["get", "list"]},
            {"name": "events", "kind": "Event", "namespaced": True, "verbs": ["list"]},
            {"name": "bindings", "kind": "Binding", "namespaced": True, "verbs": ["create"]},
        ]
    },
    "/apis/apps/v1": {"resources": [{"name": "deployments", "kind": "Deployment", "namespaced": True, "verbs": ["list"]}]},
    "/apis/apps/v1beta1": {"resources": [{"name": "deployments", "kind": "Deployment", "namespaced": True, "verbs": ["list"]}]},
    "/api/v1/services": {
        "kind": "ServiceList",
        "apiVersion": "v1",
        "items": [{"metadata": {"name": "minio", "namespace": "minio"}}],
    },
    "/apis/apps/v1/deployments": {
        "kind": "DeploymentList",
        "apiVersion": "apps/v1",
        "items": [{"metadata": {"name": "mlflow", "namespace": "mlflow"}}],
    },
}
"""A small API server; Secrets are refused."""

MORE: dict[str, Any] = {
    "/apis": {
        "groups": [
            {
                "name": "kafka.example",
                "versions": [{"groupVersion": "kafka.example/v1", "version": "v1"}],
                "preferredVersion": {"groupVersion": "kafka.example/v1", "version": "v1"},
            }
        ]
    },
    "/apis/kafka.example/v1": {"resources": [{"name": "kafkas", "kind": "Kafka", "namespaced": True, "verbs": ["list"]}]},
    "/apis/kafka.example/v1/kafkas": {
        "kind": "KafkaList",
        "apiVersion": "kafka.example/v1",
        "items": [{"metadata": {"name": "events", "namespace": "kafka"}}],
    },
}
"""What an operator adds to it."""


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = ANSWERS.get(self.path.partition("?")[0])
        body = json.dumps({"kind": "APIResourceList", **(found or {"kind": "Status", "reason": "Forbidden"})}).encode()
        self.send_response(200 if found else 403)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_everything_is_each_kind_once_in_its_preferred_version_as_far_as_one_may_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the client keeps what it discovered of an address in the temporary directory
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        path = tmp_path / "kubeconfig"
        path.write_text(CONFIG.replace("127.0.0.1:9", f"127.0.0.1:{server.server_port}"))
        found = Cluster.connect({"KUBECONFIG": str(path)}).everything()
        groups = {"groups": [*ANSWERS["/apis"]["groups"], *MORE["/apis"]["groups"]]}
        monkeypatch.setattr(f"{__name__}.ANSWERS", {**ANSWERS, **MORE, "/apis": groups})
        later = Cluster.connect({"KUBECONFIG": str(path)}).everything()
        server.shutdown()
    assert [(obj["apiVersion"], obj["kind"], obj["metadata"]["name"]) for obj in found] == [
        ("apps/v1", "Deployment", "mlflow"),
        ("v1", "Service", "minio"),
    ]
    assert [obj["kind"] for obj in later] == ["Deployment", "Kafka", "Service"], "what came since is seen too"
