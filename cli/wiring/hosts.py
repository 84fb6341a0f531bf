"""Which object a host name stands for, by the cluster's DNS (kubernetes.io/docs/concepts/services-networking/dns-pod-service)."""

import re
from dataclasses import dataclass

from cli.wiring.index import Index, Object
from cli.wiring.records import Place, nearest

API = Place("Service", "default", "kubernetes")
"""The API server: no pods behind it that a selector knows."""
OUTSIDE = "Outside"
"""Kind of what is not in the cluster."""
WORLD = re.compile(
    r"\.(com|org|net|io|dev|edu|gov|info|cloud|internal|local|example|test|invalid|localhost|[a-z]{2})$", re.IGNORECASE
)
"""Ends of names that are no namespaces: the common top-level domains, those for private use, and countries."""
ORDINAL = re.compile(r"^(.*)-(\d+)$")


class Lost(Exception):
    """A host that nothing in the cluster answers to. `kind` is service, namespace or dns."""

    def __init__(self, kind: str, message: str):
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Host:
    """What a host name stands for."""

    place: Place
    service: Object | None = None
    pod: str = ""
    """Name of the one pod behind a headless Service that is meant."""


def find(index: Index, host: str, namespace: str, sure: bool) -> Host | None:  # noqa: PLR0911 - a case each
    """The object that `host` names for a pod in `namespace`; None for a word that is no address (where one is not `sure`).

    Raises Lost.
    """
    short = host.removesuffix(".cluster.local")
    parts = short.split(".")
    if parts[-1] == "svc":
        return _service(index, host, parts[:-1], namespace)
    if len(parts) == 1:
        if found := index.get("Service", namespace, short):
            return Host(Place("Service", namespace, short), found)
        if not sure:
            return None
        return _service(index, host, [short, namespace], namespace)
    if (
        len(parts) <= 3
        and parts[-1] in index.namespaces
        and (index.get("Service", parts[-1], parts[-2]) or not WORLD.search(short))
    ):
        return _service(index, host, parts, namespace)
    if route := routed(index, host):
        return route
    if WORLD.search(short):
        return Host(Place(OUTSIDE, "", host))
    if not sure:
        return None
    raise Lost("namespace", f"{host}: no namespace {parts[-1]}{nearest(parts[-1], index.namespaces)}")


def _service(index: Index, host: str, parts: list[str], namespace: str) -> Host:
    """`service.namespace` or `pod.service.namespace`; a lone name with .svc is no name of the cluster's DNS."""
    if len(parts) not in (2, 3) or not all(parts):
        raise Lost("dns", f"{host}: not a name of the cluster's DNS; expected [pod.]service.namespace.svc")
    name, space = parts[-2], parts[-1]
    if (space, name) == (API.namespace, API.name):
        return Host(API)
    if space not in index.namespaces:
        raise Lost("namespace", f"{host}: no namespace {space}{nearest(space, index.namespaces)}")
    service = index.get("Service", space, name)
    if service is None:
        elsewhere = sorted(o["metadata"]["namespace"] for o in index.all("Service") if o["metadata"]["name"] == name)
        if elsewhere:
            raise Lost("namespace", f"{host}: Service {name} stands in namespace {', '.join(elsewhere)}, not in {space}")
        raise Lost("service", f"{host}: no Service {space}/{name}{nearest(name, index.names('Service', space))}")
    place = Place("Service", space, name)
    if len(parts) == 2:
        return Host(place, service)
    if (service.get("spec") or {}).get("clusterIP") != "None":
        raise Lost("dns", f"{host}: Service {space}/{name} is not headless, so its pods have no names of their own")
    if not _has_pod(index, space, name, service, parts[0]):
        raise Lost("dns", f"{host}: no pod {parts[0]} behind the headless Service {space}/{name}")
    return Host(place, service, parts[0])


def _has_pod(index: Index, space: str, name: str, service: Object, pod: str) -> bool:
    """Whether a StatefulSet or a pod with that subdomain has the name."""
    for template in index.selected(space, (service.get("spec") or {}).get("selector")):
        place, spec = template.place, template.spec
        if place.kind == "StatefulSet" and (numbered := ORDINAL.match(pod)) and numbered[1] == place.name:
            holder = (index.get(place.kind, space, place.name) or {}).get("spec") or {}
            if holder.get("serviceName") == name and int(numbered[2]) < int(holder.get("replicas", 1)):
                return True
        if place.kind == "Pod" and spec.get("subdomain") == name and spec.get("hostname", place.name) == pod:
            return True
    return False


def routed(index: Index, host: str) -> Host | None:
    """What a host name of the gateway's stands for. Raises Lost for one of its domain that no route serves."""
    for route in index.all("HTTPRoute"):
        if host in ((route.get("spec") or {}).get("hostnames") or ()):
            at = route["metadata"]
            return Host(Place("HTTPRoute", str(at["namespace"]), str(at["name"])))
    known = [str(name) for route in index.all("HTTPRoute") for name in (route.get("spec") or {}).get("hostnames") or ()]
    for gateway in index.all("Gateway"):
        for listener in (gateway.get("spec") or {}).get("listeners") or ():
            domain = str(listener.get("hostname") or "")
            if domain.startswith("*.") and host.endswith(domain[1:]):
                raise Lost("gateway", f"{host}: Gateway {gateway['metadata']['name']} has no route for it{nearest(host, known)}")
    return None
