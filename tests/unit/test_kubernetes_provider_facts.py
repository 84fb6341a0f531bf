"""Facts of rendered objects: what they keep, what they leave out, and the way back to an object."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.providers.kubernetes.facts import PLACEHOLDER, facts, rebuild


def named(kind: str, name: str, api_version: str = "v1", namespace: str = "", **parts: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **parts.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts}


POD: dict[str, Any] = {
    "metadata": {"labels": {"app": "web"}, "annotations": {"checksum/config": "0123"}},
    "spec": {
        "serviceAccountName": "web",
        "securityContext": {"runAsNonRoot": True},
        "tolerations": [{"key": "gpu", "operator": "Exists"}],
        "nodeSelector": {"disk": "ssd"},
        "initContainers": [{"name": "init", "image": "i:1", "command": ["sh", "-c", "secret recipe"]}],
        "containers": [
            {
                "name": "web",
                "image": "web:1",
                "args": ["--token=abc"],
                "env": [
                    {"name": "PLAIN", "value": "their text"},
                    {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}},
                ],
                "envFrom": [{"configMapRef": {"name": "settings"}}],
                "ports": [{"name": "http", "containerPort": 80}],
                "resources": {"limits": {"cpu": "1"}},
                "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 5},
                "livenessProbe": {"tcpSocket": {"port": 80}},
                "startupProbe": {"exec": {"command": ["their", "script"]}},
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            }
        ],
        "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "login", "secret": {"secretName": "login", "optional": True}},
            {"name": "tmp", "emptyDir": {}},
            {"name": "all", "projected": {"sources": [{"secret": {"name": "login"}}]}},
        ],
    },
}
CLAIM = {"metadata": {"name": "more"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
TASK = {**POD, "spec": {**POD["spec"], "restartPolicy": "Never"}}
OBJECTS: list[dict[str, Any]] = [
    named("Deployment", "d", "apps/v1", "n", spec={"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": POD}),
    named(
        "StatefulSet",
        "s",
        "apps/v1",
        "n",
        spec={"serviceName": "s", "selector": {"matchLabels": {"app": "web"}}, "template": POD, "volumeClaimTemplates": [CLAIM]},
    ),
    named(
        "Job",
        "j",
        "batch/v1",
        "n",
        spec={"backoffLimit": 1, "template": TASK},
        metadata={"annotations": {"helm.sh/hook": "test"}},
    ),
    named("CronJob", "c", "batch/v1", "n", spec={"schedule": "* * * * *", "jobTemplate": {"spec": {"template": TASK}}}),
    named("Pod", "p", namespace="n", spec=POD["spec"]),
    named("Service", "s", namespace="n", spec={"ports": [{"port": 80}], "clusterIP": "None", "selector": {"app": "web"}}),
    named("ConfigMap", "c", namespace="n", data={"their.conf": "their text"}, binaryData={"b": "AA=="}),
    named("Secret", "s", namespace="n", type="Opaque", stringData={"password": "their text"}),
    named(
        "ClusterRole", "r", "rbac.authorization.k8s.io/v1", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    ),
    named("PodDisruptionBudget", "p", "policy/v1", "n", spec={"minAvailable": 1}),
    named("ServiceAccount", "a", namespace="n", automountServiceAccountToken=False),
    named(
        *("ValidatingWebhookConfiguration", "v", "admissionregistration.k8s.io/v1"),
        webhooks=[
            {
                "name": "v.example.dev",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "clientConfig": {"caBundle": "their text", "service": {"name": "s", "namespace": "n"}},
            }
        ],
    ),
    named(
        *("PrometheusRule", "p", "monitoring.coreos.com/v1", "n"),
        spec={"groups": [{"name": "g", "rules": [{"alert": "Down", "expr": "their text", "labels": {"severity": "page"}}]}]},
    ),
]


@pytest.mark.parametrize("obj", OBJECTS, ids=[obj["kind"] for obj in OBJECTS])
def test_facts_survive_the_way_to_an_object_and_back(obj: dict[str, Any]) -> None:
    found = facts(obj)
    assert json.loads(json.dumps(found)) == found
    rebuilt = rebuild(found)
    assert facts(rebuilt) == found
    assert {**rebuilt["metadata"], "annotations": {}} == {**obj["metadata"], "annotations": {}}
    for text in ("their text", "recipe", "--token", "script", "checksum"):
        assert text not in json.dumps(found), text


def test_facts_keep_what_wiring_and_policies_look_at() -> None:
    rebuilt = rebuild(facts(OBJECTS[0]))["spec"]
    container = rebuilt["template"]["spec"]["containers"][0]
    assert container["image"] == "web:1"
    assert container["env"] == [{"name": "PLAIN", "value": PLACEHOLDER}, POD["spec"]["containers"][0]["env"][1]]
    assert container["readinessProbe"] == {"httpGet": {"path": "/ready", "port": "http"}}
    assert rebuilt["template"]["spec"]["volumes"] == POD["spec"]["volumes"]
    assert rebuilt["template"]["metadata"]["labels"] == {"app": "web"}
    assert rebuilt["selector"] == {"matchLabels": {"app": "web"}}
    assert rebuild(facts(OBJECTS[7]))["stringData"] == {"password": PLACEHOLDER}
