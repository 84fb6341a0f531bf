"""The control plane behaves like a cluster: placement, readiness, volumes, jobs, rights."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox.controlplane import nodes
from sandbox.controlplane.api import Api, ApiError
from sandbox.controlplane.processes import read_run
from sandbox.environment import environment
from sandbox.teams import DEPLOYER_SECRET, TeamError
from tests.sandbox.conftest import Sandbox, eventually

pytestmark = pytest.mark.sandbox

GPU_TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}


def pod(name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "registry.example/main:1", **spec.pop("container", {})}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": [container], **spec},
    }


def job(name: str, namespace: str, **annotations: str) -> dict[str, Any]:
    template = pod(name, namespace, restartPolicy="Never")
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "backoffLimit": 0,
            "template": {"metadata": {"annotations": annotations}, "spec": template["spec"]},
        },
    }


def condition(item: dict[str, Any], kind: str) -> dict[str, Any]:
    return next((c for c in item["status"].get("conditions", []) if c["type"] == kind), {})


def test_nodes_are_ready_and_gpu_nodes_are_marked_like_a_clouds_pool(sandbox: Sandbox) -> None:
    found = {item["metadata"]["name"]: item for item in sandbox.get("nodes")["items"]}
    assert sorted(found) == ["general-0", "gpu-0", "gpu-1"]
    assert all(nodes.ready(item) for item in found.values())
    assert {item["status"]["allocatable"]["cpu"] for item in found.values()} == {"16"}
    gpu = found["gpu-0"]
    assert gpu["status"]["allocatable"]["nvidia.com/gpu"] == "4"
    assert {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"} in gpu["spec"]["taints"]
    assert gpu["metadata"]["labels"]["mlops.dev/pool"] == "gpu"
    assert gpu["metadata"]["labels"]["nvidia.com/gpu.product"]
    assert "nvidia.com/gpu" not in found["general-0"]["status"]["allocatable"]


def test_a_deployments_pods_are_ready_soon_and_off_the_gpu_nodes(sandbox: Sandbox, namespace: str) -> None:
    template = pod("web", namespace, initContainers=[{"name": "init", "image": "registry.example/init:1"}])["spec"]
    labels = {"app": "web"}
    sandbox.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": namespace},
            "spec": {
                "replicas": 3,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": template},
            },
        }
    )
    sandbox.kubectl("wait", "--for=condition=Available", "deployment/web", "-n", namespace, "--timeout=30s")
    for item in sandbox.get("pods", "-n", namespace)["items"]:
        created = datetime.fromisoformat(item["metadata"]["creationTimestamp"])
        took = datetime.fromisoformat(condition(item, "Ready")["lastTransitionTime"]) - created
        # one second on an idle machine
        assert took.total_seconds() <= 10
        assert item["spec"]["nodeName"] == "general-0"
        assert item["status"]["podIP"]
        assert item["status"]["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 0


def test_a_third_pod_of_two_gpus_waits_when_the_node_is_full(sandbox: Sandbox, namespace: str) -> None:
    for name in ("one", "two", "three"):
        sandbox.apply(
            pod(
                name,
                namespace,
                container={"resources": {"limits": {"nvidia.com/gpu": 2}}},
                tolerations=[GPU_TOLERATION],
                nodeSelector={"kubernetes.io/hostname": "gpu-0"},
            )
        )

    def settled() -> dict[str, Any] | None:
        found = {item["metadata"]["name"]: item for item in sandbox.get("pods", "-n", namespace)["items"]}
        running = [item for item in found.values() if item["status"]["phase"] == "Running"]
        refused = [item for item in found.values() if condition(item, "PodScheduled").get("reason") == "Unschedulable"]
        return {"running": running, "refused": refused} if len(running) == 2 and refused else None

    after = eventually(settled, "two of three GPU pods run")
    assert {item["spec"]["nodeName"] for item in after["running"]} == {"gpu-0"}
    assert "Insufficient nvidia.com/gpu" in condition(after["refused"][0], "PodScheduled")["message"]


def test_a_gpu_pod_without_the_toleration_does_not_land(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(pod("bare", namespace, container={"resources": {"limits": {"nvidia.com/gpu": 1}}}))
    message = eventually(
        lambda: condition(sandbox.get("pod", "bare", "-n", namespace), "PodScheduled").get("message"), "scheduler's verdict"
    )
    assert "untolerated taint" in message


def test_a_claim_binds_by_the_default_class_and_its_volume_goes_with_it(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "data", "namespace": namespace},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "3Gi"}}},
        }
    )
    sandbox.kubectl("wait", "--for=jsonpath={.status.phase}=Bound", "pvc/data", "-n", namespace, "--timeout=30s")
    claim = sandbox.get("pvc", "data", "-n", namespace)
    assert claim["spec"]["storageClassName"] == "sandbox"
    assert claim["status"]["capacity"] == {"storage": "3Gi"}
    volume = claim["spec"]["volumeName"]
    sandbox.kubectl("delete", "pvc", "data", "-n", namespace, "--timeout=30s")
    eventually(lambda: sandbox.try_kubectl("get", "pv", volume).returncode == 1, "the volume goes")


def test_a_job_completes_and_one_told_to_fail_fails(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(job("good", namespace), job("bad", namespace, **{"sandbox.mlops.dev/exit-code": "3"}))
    sandbox.kubectl("wait", "--for=condition=Complete", "job/good", "-n", namespace, "--timeout=30s")
    sandbox.kubectl("wait", "--for=condition=Failed", "job/bad", "-n", namespace, "--timeout=30s")
    failed = sandbox.get("pods", "-n", namespace, "-l", "job-name=bad")["items"][0]
    assert failed["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3


def test_a_load_balancer_gets_an_address_and_a_service_its_endpoints(sandbox: Sandbox, namespace: str) -> None:
    web = pod("web", namespace)
    web["metadata"]["labels"] = {"app": "web"}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    sandbox.apply(web, service)
    eventually(lambda: sandbox.get("service", "web", "-n", namespace)["status"]["loadBalancer"].get("ingress"), "an address")

    def endpoints() -> list[dict[str, Any]]:
        slices = sandbox.get("endpointslices", "-n", namespace)["items"]
        return [end for item in slices for end in item.get("endpoints") or [] if end["conditions"].get("ready")]

    assert eventually(endpoints, "a ready endpoint")[0]["targetRef"]["name"] == "web"


def test_a_namespace_with_things_in_it_can_be_deleted(sandbox: Sandbox, namespace: str) -> None:
    sandbox.apply(pod("lone", namespace), {**job("done", namespace)})
    sandbox.kubectl("wait", "--for=condition=Ready", "pod/lone", "-n", namespace, "--timeout=30s")
    sandbox.kubectl("delete", "namespace", namespace, "--timeout=60s")
    assert sandbox.try_kubectl("get", "namespace", namespace).returncode == 1


def test_a_service_account_without_rights_is_refused(sandbox: Sandbox, namespace: str) -> None:
    sandbox.kubectl("create", "serviceaccount", "nobody", "-n", namespace)
    token = sandbox.kubectl("create", "token", "nobody", "-n", namespace).strip()
    with Api(read_run()["ports"]["apiserver"], token) as api:
        with pytest.raises(ApiError, match='secrets is forbidden: User "system:serviceaccount:') as refused:
            api.items(f"/api/v1/namespaces/{namespace}/secrets")
        assert refused.value.status == 403
    with Api(read_run()["ports"]["apiserver"], "no-such-token") as api, pytest.raises(ApiError) as unknown:
        api.items("/api/v1/namespaces")
    assert unknown.value.status == 401


def test_webhooks_without_a_server_do_not_block_and_privileged_pods_are_admitted(sandbox: Sandbox, namespace: str) -> None:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    webhook = {
        "name": "nowhere.example.com",
        "clientConfig": {"service": {"name": "nowhere", "namespace": namespace}},
        "rules": [rule],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "failurePolicy": "Fail",
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
    }
    configuration = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": namespace},
        "webhooks": [webhook],
    }
    sandbox.apply(configuration)
    try:
        sandbox.apply(pod("driver", namespace, container={"securityContext": {"privileged": True}}))
    finally:
        sandbox.kubectl("delete", "validatingwebhookconfiguration", namespace)


def test_a_teams_environment_holds_its_own_credentials_only(sandbox: Sandbox, namespace: str) -> None:
    for arguments in (
        ("create", "serviceaccount", "deployer", "-n", namespace),
        ("create", "rolebinding", "deployer", "-n", namespace, "--clusterrole=edit", f"--serviceaccount={namespace}:deployer"),
    ):
        sandbox.kubectl(*arguments)
    with pytest.raises(TeamError, match="no teams yet"):
        environment(namespace)
    metadata = {"name": DEPLOYER_SECRET, "annotations": {"kubernetes.io/service-account.name": "deployer"}}
    sandbox.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/service-account-token",
            "metadata": {**metadata, "namespace": namespace},
        }
    )
    eventually(lambda: sandbox.get("secret", DEPLOYER_SECRET, "-n", namespace).get("data", {}).get("token"), "the token")
    admin, team = environment(), environment(namespace)
    for variable in ("KUBECONFIG", "PULUMI_CONFIG_PASSPHRASE_FILE"):
        assert team[variable] != admin[variable]
        assert Path(team[variable]).read_text() != Path(admin[variable]).read_text()
        assert Path(team[variable]).stat().st_mode & 0o077 == 0
    assert not set(map(str, (admin["KUBECONFIG"], admin["PULUMI_CONFIG_PASSPHRASE_FILE"]))) & set(team.values())

    def allowed(*arguments: str) -> bool:
        return sandbox.try_kubectl("--kubeconfig", team["KUBECONFIG"], "auth", "can-i", *arguments).returncode == 0

    assert allowed("create", "deployments")
    assert not allowed("get", "secrets", "-n", "kube-system")
    assert not allowed("patch", "resourcequotas")
    with pytest.raises(TeamError, match=f'did you mean "{namespace}"'):
        environment(f"{namespace}x")
