"""Routes through the gateway: the same stack with a gateway in front of MLflow, whole and with one mistake of each kind."""

from collections.abc import Callable

import pytest

from cli.wiring.check import check
from tests.unit.test_wiring_seeded import Objects, container, policy, seen, without
from tests.unit.wiring_cluster import cluster, one

GATEWAY = {
    "kind": "Gateway",
    "metadata": {"name": "mlops", "namespace": "gateway"},
    "spec": {
        "listeners": [
            {
                "name": "https",
                "hostname": "*.mlops.internal",
                "tls": {"certificateRefs": [{"kind": "Secret", "name": "gateway-tls"}]},
            }
        ]
    },
}


def routed(objects: Objects) -> Objects:
    """With a gateway, its proxy and a route to MLflow; the sandbox stack has none."""
    labels = {"gateway.envoyproxy.io/owning-gateway-name": "mlops"}
    proxy = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "envoy", "image": "envoy:1"}]}}
    allow = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "gateway"}}}
    policy = next(o for o in objects if o["kind"] == "NetworkPolicy" and o["metadata"]["namespace"] == "mlflow")
    policy["spec"]["ingress"][0]["from"].append(allow)
    backend = {"name": "mlflow", "port": 5000}
    return [
        *objects,
        {"kind": "Namespace", "metadata": {"name": "gateway"}},
        {"kind": "Secret", "metadata": {"name": "gateway-tls", "namespace": "gateway"}, "data": {"tls.crt": "", "tls.key": ""}},
        GATEWAY,
        {"kind": "Deployment", "metadata": {"name": "envoy", "namespace": "gateway"}, "spec": {"template": proxy}},
        {
            "kind": "HTTPRoute",
            "metadata": {"name": "mlops-mlflow", "namespace": "mlflow"},
            "spec": {
                "hostnames": ["mlflow.mlops.internal"],
                "parentRefs": [{"name": "mlops", "namespace": "gateway", "sectionName": "https"}],
                "rules": [{"backendRefs": [backend]}],
            },
        },
    ]


def test_the_same_with_a_gateway_has_none_either() -> None:
    found = check(routed(cluster()))
    assert found.problems == []
    assert [flow.target for flow in found.flows if flow.kind == "gateway"] == ["Deployment mlflow/mlflow port 5000"]


def _listener(o: Objects) -> None:
    one(o, "HTTPRoute", "mlops-mlflow")["spec"]["parentRefs"][0]["sectionName"] = "http"


def _backend(o: Objects) -> None:
    one(o, "HTTPRoute", "mlops-mlflow")["spec"]["rules"][0]["backendRefs"][0]["name"] = "mlflo"


def _backend_port(o: Objects) -> None:
    one(o, "HTTPRoute", "mlops-mlflow")["spec"]["rules"][0]["backendRefs"][0]["port"] = 5001


def _shut_out(o: Objects) -> None:
    without(policy(o, "mlflow")["spec"]["ingress"], "from", "'gateway'")


def _certificate(o: Objects) -> None:
    o[:] = [x for x in o if x["metadata"]["name"] != "gateway-tls"]


def _unrouted(o: Objects) -> None:
    container(o, "Job", "minio-mlflow")["env"].append({"name": "PORTAL_URL", "value": "https://mlfow.mlops.internal"})


def _foreign_backend(o: Objects) -> None:
    one(o, "HTTPRoute", "mlops-mlflow")["spec"]["rules"][0]["backendRefs"][0] |= {
        "name": "minio",
        "namespace": "minio",
        "port": 9000,
    }


ROUTES: dict[str, tuple[Callable[[Objects], None], str]] = {
    "listener": (_listener, 'Gateway gateway/mlops has no listener http; did you mean "https"?'),
    "backend": (_backend, 'spec.rules[0].backendRefs[0]: no Service mlflow/mlflo; did you mean "mlflow"?'),
    "port": (_backend_port, 'Service mlflow/mlflow has no port 5001; did you mean "5000"?'),
    "shut out": (_shut_out, "no NetworkPolicy of namespace mlflow lets Deployment gateway/envoy reach Deployment mlflow/mlflow port 5000"),
    "certificate": (_certificate, "Gateway gateway/mlops: listener https: no Secret gateway/gateway-tls"),
    "host": (_unrouted, 'mlfow.mlops.internal: Gateway mlops has no route for it; did you mean "mlflow.mlops.internal"?'),
    "grant": (_foreign_backend, "no ReferenceGrant in minio lets a HTTPRoute of mlflow name Service minio"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ROUTES)
def test_a_mistake_in_a_route_is_caught_and_named(kind: str) -> None:
    seed, said = ROUTES[kind]
    objects = routed(cluster())
    seed(objects)
    assert any(said in text and text.startswith("gateway: ") for text in seen(objects)), seen(objects)
