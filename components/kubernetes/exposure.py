"""What the gateway lets in: a route for each endpoint that a system offers, and the single sign-on in front of it.

Per endpoint, in the system's own namespace: an HTTPRoute of its host; a BackendTLSPolicy where the Service speaks TLS
with a certificate of the platform; a SecurityPolicy where the single sign-on stands in front.

The single sign-on is asked by external authorization (`extAuth` to oauth2-proxy), not by Envoy Gateway's own `oidc`: that
one needs a client, a callback and a login per host and hands tokens to the backends, while one oauth2-proxy is one client
with one callback, one cookie for the whole domain and one place for groups, and tells backends the user in headers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pulumi

from components.contracts import Endpoint, Gateway, Login
from components.kubernetes.objects import custom
from components.kubernetes.place import Place

GATEWAY_API = "gateway.networking.k8s.io"
HTTP_ROUTE = (f"{GATEWAY_API}/v1", "HTTPRoute")
TLS_POLICY = (f"{GATEWAY_API}/v1", "BackendTLSPolicy")
REFERENCE_GRANT = (f"{GATEWAY_API}/v1", "ReferenceGrant")
SECURITY_POLICY = ("gateway.envoyproxy.io/v1alpha1", "SecurityPolicy")

IDENTITY = ("X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Groups", "X-Auth-Request-Preferred-Username")
"""Headers in which oauth2-proxy tells backends the user (`set_xauthrequest`)."""
REDIRECT = "X-Auth-Request-Redirect"
"""Where oauth2-proxy sends the user after the login; the gateway sets it (gateway.py), whatever the client sent."""
ASKED = ("accept", "authorization", "cookie", "user-agent", "x-forwarded-for", "x-forwarded-proto", REDIRECT.lower())
"""Headers of a request that oauth2-proxy sees beside host, method and path."""


def accepted(status: str, condition: str) -> str:
    """A waitFor expression on a condition that stands below a list in the status (parents, ancestors)."""
    return f'jsonpath={{.status.{status}[*].conditions[?(@.type=="{condition}")].status}}=True'


@dataclass(frozen=True)
class Way:
    """The way in, as all routes of a stack share it."""

    domain: str
    gateway: Gateway
    login: Login | None
    bundle: str
    """ConfigMap of each namespace with the CA that signed the backends' certificates."""
    opts: pulumi.ResourceOptions


def expose(
    way: Way, endpoints: Mapping[str, Sequence[Endpoint]], labels: Callable[[str], dict[str, str]]
) -> dict[str, pulumi.Input[str]]:
    """Makes the routes; returns the public address by host label.

    What has no login of its own is left out, with a warning, where the stack has no single sign-on. Raises
    pulumi.RunError where two systems want the same host.
    """
    addresses: dict[str, pulumi.Input[str]] = {}
    owners: dict[str, str] = {}
    asking: list[pulumi.Input[str]] = []
    for system, offered in endpoints.items():
        for endpoint in offered:
            if other := owners.get(endpoint.host):
                raise pulumi.RunError(f"{system} and {other} both want to be https://{endpoint.host}.{way.domain}")
            if endpoint.login and way.login is None:
                pulumi.log.warn(
                    f"{endpoint.host}.{way.domain} is not exposed: {system} has no login of its own and the stack no single "
                    "sign-on (mlops:spec.login)"
                )
                continue
            owners[endpoint.host] = system
            addresses[endpoint.host] = f"https://{endpoint.host}.{way.domain}"
            _route(way, endpoint, Place(system, endpoint.namespace, labels(system), way.opts))
            if endpoint.login:
                asking.append(endpoint.namespace)
    if way.login is not None and asking:
        _grant(way, way.login, asking, labels("login"))
    return addresses


def backends(endpoint: Endpoint) -> list[dict[str, Any]]:
    """The route's backends: one Service, or several by weight."""
    shares: list[tuple[pulumi.Input[str], int]] = list(endpoint.weights.items()) or [(endpoint.service, 1)]
    return [
        {"group": "", "kind": "Service", "name": service, "port": endpoint.port, "weight": weight} for service, weight in shares
    ]


def _route(way: Way, endpoint: Endpoint, place: Place) -> None:
    name = f"route-{endpoint.host}"
    object_name = f"mlops-{endpoint.host}"
    waiting = replace(place, opts=place.after(*way.gateway.ready))
    # first the guard, then the way in: a route is open from the moment it stands
    guard = [_guard(way.login, waiting, name, object_name)] if endpoint.login and way.login is not None else []
    custom(
        name,
        waiting,
        HTTP_ROUTE,
        {
            "parentRefs": [
                {
                    "group": GATEWAY_API,
                    "kind": "Gateway",
                    "name": way.gateway.name,
                    "namespace": way.gateway.namespace,
                    "sectionName": way.gateway.listener,
                }
            ],
            "hostnames": [f"{endpoint.host}.{way.domain}"],
            "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": backends(endpoint)}],
        },
        object_name=object_name,
        notes={"pulumi.com/waitFor": accepted("parents", "Accepted")},
        opts=waiting.after(*guard),
    )
    if endpoint.scheme == "https":
        for service in endpoint.weights or [endpoint.service]:
            _trust(way, endpoint, service, waiting, name)


def _trust(way: Way, endpoint: Endpoint, service: pulumi.Input[str], place: Place, name: str) -> None:
    """The gateway speaks TLS to the Service and holds its certificate against the platform's CA."""
    single = not endpoint.weights
    custom(
        f"{name}-tls" if single else f"{name}-tls-{service}",
        place,
        TLS_POLICY,
        {
            "targetRefs": [{"group": "", "kind": "Service", "name": service}],
            "validation": {
                "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": way.bundle}],
                "hostname": pulumi.Output.concat(service, ".", endpoint.namespace, ".svc"),
            },
        },
        object_name=f"mlops-{endpoint.host}" if single else f"mlops-{endpoint.host}-{service}",
        # accepted only once a route uses the Service
        notes={"pulumi.com/skipAwait": "true"},
    )


def _guard(login: Login, place: Place, name: str, object_name: str) -> pulumi.Resource:
    """Nothing passes that oauth2-proxy does not let pass; it answers with the redirect to the login itself."""
    return custom(
        f"{name}-login",
        place,
        SECURITY_POLICY,
        {
            "targetRefs": [{"group": GATEWAY_API, "kind": "HTTPRoute", "name": object_name}],
            "extAuth": {
                "failOpen": False,
                "headersToExtAuth": list(ASKED),
                "http": {
                    # oauth2-proxy answers some paths (/ping, /robots.txt) itself, to anybody: it is asked about none of them
                    "pathOverride": "/",
                    "backendRefs": [
                        {"group": "", "kind": "Service", "name": login.service, "namespace": login.namespace, "port": login.port}
                    ],
                    "headersToBackend": [header.lower() for header in IDENTITY],
                },
            },
        },
        object_name=object_name,
        # accepted only once its route stands; until then, and where it is refused, Envoy Gateway answers 500
        notes={"pulumi.com/skipAwait": "true"},
        opts=place.after(*login.ready),
    )


def _grant(way: Way, login: Login, namespaces: Sequence[pulumi.Input[str]], labels: dict[str, str]) -> None:
    """Policies of these namespaces may name the single sign-on's Service."""

    def peers(names: Sequence[str]) -> list[dict[str, str]]:
        return [
            {"group": SECURITY_POLICY[0].split("/")[0], "kind": SECURITY_POLICY[1], "namespace": name}
            for name in sorted(set(names))
        ]

    custom(
        "route-grant",
        Place("login", login.namespace, labels, way.opts),
        REFERENCE_GRANT,
        {
            "from": pulumi.Output.all(*namespaces).apply(peers),
            "to": [{"group": "", "kind": "Service", "name": login.service}],
        },
        object_name="mlops-login",
        opts=pulumi.ResourceOptions.merge(way.opts, pulumi.ResourceOptions(depends_on=list(way.gateway.ready))),
    )
