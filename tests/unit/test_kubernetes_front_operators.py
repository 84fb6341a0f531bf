"""What the simulated operators of gateway, secrets and backups do with custom resources as our components make them."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.operators.functions import unb64
from sandbox.providers.kubernetes.jsonpath import waits
from tests.unit.operators_fake import Cluster, deployment, secret
from tests.unit.recording import Recording
from tests.unit.test_kubernetes_gateway import GUARDED, composed

OUTSIDE = """
externalSecrets:
  stores: {vault: {provider: {fake: {data: [{key: app, value: known}]}}}}
  secrets:
    github-app: {store: vault, namespace: login, keys: {clientSecret: {key: app}, other: {key: elsewhere}}}
backups: {}
"""
WATCHED = ("gateway.networking.k8s.io", "gateway.envoyproxy.io", "external-secrets.io", "velero.io")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Recording[Any]:
    return composed(tmp_path_factory.mktemp("front"), GUARDED + OUTSIDE)


def cluster_of(made: Recording[Any], *, operators: bool = True) -> Cluster:
    """A cluster that has our custom resources, their Services, and the operators in their own namespaces."""
    cluster = Cluster()
    for name in ("gateway", "external-secrets", "velero", "login"):
        cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    cluster.put(secret("gateway-tls", "gateway", **{"tls.crt": "x"}))
    for operator, namespace in (("envoy-gateway", "gateway"), ("external-secrets", "external-secrets"), ("velero", "velero")):
        if operators:
            cluster.put(deployment(operator, namespace))
            cluster.up("Deployment", namespace, operator)
    for r in made.resources:
        if str(r.inputs.get("apiVersion", "")).split("/")[0] in WATCHED:
            cluster.put(
                {
                    "apiVersion": r.inputs["apiVersion"],
                    "kind": r.kind,
                    "metadata": dict(r.inputs["metadata"]),
                    "spec": r.inputs["spec"],
                }
            )
    cluster.settle(60)
    return cluster


def test_what_we_wait_for_comes_true_once_the_proxies_are_up(made: Recording[Any]) -> None:
    cluster = cluster_of(made)
    assert not _true(made, cluster, "Gateway", "gateway-gateway")
    proxies = cluster.get("Deployment", "gateway", "mlops")
    assert proxies["spec"]["replicas"] == 2
    assert proxies["spec"]["template"]["spec"]["securityContext"]["runAsNonRoot"] is True
    cluster.up("Deployment", "gateway", "mlops")
    cluster.settle(60)
    waiting = [
        r
        for r in made.resources
        if "pulumi.com/waitFor" in (r.inputs.get("metadata", {}).get("annotations") or {})
        if r.inputs["apiVersion"].split("/")[0] in WATCHED
    ]
    assert {"Gateway", "GatewayClass", "HTTPRoute", "ClientTrafficPolicy", "BackupStorageLocation", "Schedule"} <= {
        r.kind for r in waiting
    }
    assert [r.name for r in waiting if not _true(made, cluster, r.kind, r.name)] == []


def _true(made: Recording[Any], cluster: Cluster, kind: str, name: str) -> bool:
    """Whether the object is what its own waitFor annotation asks for."""
    found = made.one(kind, name)
    live = cluster.get(kind, found.namespace or "", found.object_name)
    text = found.inputs["metadata"]["annotations"]["pulumi.com/waitFor"]
    return all(wait.matches(live)[0] for wait in waits(text))


def test_nothing_comes_true_without_the_operators(made: Recording[Any]) -> None:
    cluster = cluster_of(made, operators=False)
    assert cluster.writes == []


def test_a_gateway_without_its_certificate_is_not_programmed(made: Recording[Any]) -> None:
    cluster = cluster_of(made)
    cluster.up("Deployment", "gateway", "mlops")
    cluster.remove("Secret", "gateway", "gateway-tls")
    cluster.settle(60)
    status = cluster.get("Gateway", "gateway", "mlops")["status"]
    assert {c["type"]: c["status"] for c in status["conditions"]}["Programmed"] == "False"
    listener = next(item for item in status["listeners"] if item["name"] == "https")
    assert "InvalidCertificateRef" in [c["reason"] for c in listener["conditions"]]


def test_a_secret_from_outside_comes_to_its_namespace(made: Recording[Any]) -> None:
    found = cluster_of(made).get("Secret", "login", "github-app")["data"]
    assert unb64(found["clientSecret"]) == "known"
    assert len(unb64(found["other"]) or "") == 24


def test_the_real_guard_is_accepted_only_once_its_route_stands(made: Recording[Any], tmp_path: Path) -> None:
    cluster = cluster_of(made)
    reasons = [
        c["reason"]
        for c in cluster.get("SecurityPolicy", "monitoring", "mlops-prometheus")["status"]["ancestors"][0]["conditions"]
    ]
    assert reasons == ["Accepted"]
    cluster.remove("HTTPRoute", "monitoring", "mlops-prometheus")
    cluster.settle(60)
    reasons = [
        c["reason"]
        for c in cluster.get("SecurityPolicy", "monitoring", "mlops-prometheus")["status"]["ancestors"][0]["conditions"]
    ]
    assert reasons == ["TargetNotFound"]
