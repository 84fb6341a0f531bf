"""What the gateway is told of its proxies, its listeners and its clients: custom resources of Envoy Gateway and Gateway API."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.kubernetes.exposure import GATEWAY_API, IDENTITY, REDIRECT
from components.kubernetes.namespace import TRUST_LABEL
from components.kubernetes.place import Compute

NAME = "mlops"
"""Of the GatewayClass, the Gateway and the Service of its data plane."""
LISTENER = "https"
TLS_SECRET = "gateway-tls"
GATEWAY_CLASS = (f"{GATEWAY_API}/v1", "GatewayClass")
GATEWAY = (f"{GATEWAY_API}/v1", "Gateway")
ENVOY_PROXY = ("gateway.envoyproxy.io/v1alpha1", "EnvoyProxy")
CLIENT_POLICY = ("gateway.envoyproxy.io/v1alpha1", "ClientTrafficPolicy")
UID = 65532
POD = {"runAsNonRoot": True, "runAsUser": UID, "runAsGroup": UID, "seccompProfile": {"type": "RuntimeDefault"}}
CONTAINER = {**POD, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
"""Not with a read-only root: Envoy and its shutdown manager write sockets and marks there (resource.go of Envoy Gateway)."""


def proxy(
    replicas: int,
    ref: str,
    compute: Compute,
    service: str,
    annotations: Mapping[str, str],
    source_ranges: Sequence[str],
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """EnvoyProxy: how the controller is to run Envoy (image `ref`) and what Service stands before it."""
    front: dict[str, Any] = {"name": NAME, "type": service, "annotations": dict(annotations)}
    if service == "LoadBalancer":
        # Local keeps the client's address, which the source ranges and the logs want to see
        front |= {"externalTrafficPolicy": "Local", "loadBalancerSourceRanges": list(source_ranges)}
    container = {"image": ref, "resources": compute.spec(), "securityContext": CONTAINER}
    pod = {"securityContext": POD, "labels": dict(labels)}
    kubernetes = {
        "envoyDeployment": {"name": NAME, "replicas": replicas, "container": container, "pod": pod},
        "envoyPDB": {"maxUnavailable": 1},
        "envoyService": front,
    }
    return {"provider": {"type": "Kubernetes", "kubernetes": kubernetes}, "shutdown": {"drainTimeout": "60s"}}


def gateway_class(namespace: pulumi.Input[str]) -> dict[str, Any]:
    """GatewayClass: this controller, with the EnvoyProxy of `namespace`."""
    parameters = {"group": ENVOY_PROXY[0].split("/")[0], "kind": ENVOY_PROXY[1], "name": NAME, "namespace": namespace}
    return {"controllerName": "gateway.envoyproxy.io/gatewayclass-controller", "parametersRef": parameters}


def gateway(domain: str) -> dict[str, Any]:
    """Gateway: https for every host below the domain from the platform's and the teams' namespaces, http for the redirect."""
    routes = {"namespaces": {"from": "Selector", "selector": {"matchLabels": TRUST_LABEL}}}
    tls = {"mode": "Terminate", "certificateRefs": [{"group": "", "kind": "Secret", "name": TLS_SECRET}]}
    secure = {"name": LISTENER, "protocol": "HTTPS", "port": 443, "hostname": f"*.{domain}", "tls": tls, "allowedRoutes": routes}
    plain = {"name": "http", "protocol": "HTTP", "port": 80, "allowedRoutes": {"namespaces": {"from": "Same"}}}
    return {"gatewayClassName": NAME, "listeners": [secure, plain]}


def clients() -> dict[str, Any]:
    """ClientTrafficPolicy: TLS 1.2 and newer; each request says where it came for, and nobody is who they say they are."""
    # Envoy fills in the request's own host and path (envoyproxy/gateway#4267)
    asked = {"name": REDIRECT, "value": "https://%REQ(:authority)%%REQ(:path)%"}
    return {
        "targetRefs": [{"group": GATEWAY_API, "kind": "Gateway", "name": NAME}],
        "tls": {"minVersion": "1.2"},
        "headers": {"earlyRequestHeaders": {"set": [asked], "remove": list(IDENTITY)}},
    }


def redirect(namespace: pulumi.Input[str]) -> dict[str, Any]:
    """HTTPRoute: whatever comes by http is sent to https."""
    parent = {"group": GATEWAY_API, "kind": "Gateway", "name": NAME, "namespace": namespace, "sectionName": "http"}
    filters = [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}]
    matches = [{"path": {"type": "PathPrefix", "value": "/"}}]
    return {"parentRefs": [parent], "rules": [{"matches": matches, "filters": filters}]}
