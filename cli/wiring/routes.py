"""Routes of the gateway: that their parents, backends and certificates are there, and that its proxies get to the backends.

Source: gateway.networking.k8s.io/v1, and Envoy Gateway's SecurityPolicy (gateway.envoyproxy.io/docs/api/extension_types).
"""

from collections.abc import Generator, Iterator, Mapping
from typing import Any

from cli.wiring.index import Index, Object, Template, openings, pod_port
from cli.wiring.policies import Peer, lets_in, lets_out
from cli.wiring.records import Flow, Place, Problem, nearest

Found = Iterator[Flow | Problem]
OWNER = "gateway.envoyproxy.io/owning-gateway-name"
"""Label of the pods that Envoy Gateway makes for a Gateway (internal/infrastructure/kubernetes/proxy of envoyproxy/gateway)."""


def routes(index: Index) -> Found:
    """Gateways, then their routes and what is attached to those."""
    for gateway in index.all("Gateway"):
        yield from _listeners(index, gateway)
    for route in index.all("HTTPRoute"):
        place = _place(route)
        proxies: list[Template] = []
        for number, parent in enumerate((route.get("spec") or {}).get("parentRefs") or ()):
            found = yield from _parent(index, place, f"spec.parentRefs[{number}]", parent)
            proxies += found
        for where, ref in _refs(route.get("spec"), "spec"):
            yield from _backend(index, place, where, ref, proxies)
    for policy in index.all("SecurityPolicy"):
        place, spec = _place(policy), policy.get("spec") or {}
        proxies = [t for gateway in index.all("Gateway") for t in _proxies(index, gateway)]
        for target in spec.get("targetRefs") or ():
            if index.get(str(target.get("kind")), place.namespace, str(target.get("name"))) is None:
                hint = nearest(str(target.get("name")), index.names(str(target.get("kind")), place.namespace))
                yield Problem(
                    "gateway", place, "spec.targetRefs", f"no {target.get('kind')} {place.namespace}/{target.get('name')}{hint}"
                )
        for where, ref in _refs(spec, "spec"):
            yield from _backend(index, place, where, ref, proxies)
    for policy in index.all("BackendTLSPolicy"):
        yield from _backend_tls(index, policy)


def _place(obj: Object) -> Place:
    return Place(str(obj["kind"]), str(obj["metadata"].get("namespace") or ""), str(obj["metadata"]["name"]))


def _proxies(index: Index, gateway: Object) -> list[Template]:
    name = gateway["metadata"]["name"]
    return [t for t in index.templates if t.labels.get(OWNER) == name]


def _refs(value: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Backends at any depth: of rules, filters and external authorization."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "backendRefs":
                yield from ((f"{path}.{key}[{number}]", ref) for number, ref in enumerate(item))
            elif key == "backendRef":
                yield f"{path}.{key}", item
            else:
                yield from _refs(item, f"{path}.{key}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _refs(item, f"{path}[{number}]")


def _listeners(index: Index, gateway: Object) -> Found:
    place = _place(gateway)
    for listener in gateway["spec"].get("listeners") or ():
        for ref in (listener.get("tls") or {}).get("certificateRefs") or ():
            space = str(ref.get("namespace") or place.namespace)
            keys = index.keys("Secret", space, str(ref["name"]))
            where = f"listener {listener.get('name')}"
            if keys is None:
                yield Problem(
                    "gateway",
                    place,
                    where,
                    f"no Secret {space}/{ref['name']}{nearest(str(ref['name']), index.names('Secret', space))}",
                )
            elif not {"tls.crt", "tls.key"} <= keys:
                yield Problem("gateway", place, where, f"Secret {space}/{ref['name']} lacks tls.crt or tls.key")


def _parent(index: Index, place: Place, where: str, ref: Mapping[str, Any]) -> Generator[Flow | Problem, None, list[Template]]:
    """Problems of a parent; returns the proxies of its Gateway."""
    space, name = str(ref.get("namespace") or place.namespace), str(ref.get("name"))
    gateway = index.get("Gateway", space, name)
    if gateway is None:
        hint = nearest(name, index.names("Gateway", space))
        yield Problem("gateway", place, where, f"no Gateway {space}/{name}{hint}")
        return []
    names = [str(listener.get("name")) for listener in gateway["spec"].get("listeners") or ()]
    if ref.get("sectionName") and ref["sectionName"] not in names:
        yield Problem(
            "gateway",
            place,
            where,
            f"Gateway {space}/{name} has no listener {ref['sectionName']}{nearest(str(ref['sectionName']), names)}",
        )
    return _proxies(index, gateway)


def _backend(index: Index, place: Place, where: str, ref: Mapping[str, Any], proxies: list[Template]) -> Found:
    if str(ref.get("kind") or "Service") != "Service":
        return
    space, name = str(ref.get("namespace") or place.namespace), str(ref.get("name"))
    service = index.get("Service", space, name)
    if service is None:
        yield Problem("gateway", place, where, f"no Service {space}/{name}{nearest(name, index.names('Service', space))}")
        return
    if space != place.namespace and not _granted(index, place, space, name):
        yield Problem(
            "gateway", place, where, f"no ReferenceGrant in {space} lets a {place.kind} of {place.namespace} name Service {name}"
        )
    opening = next((o for o in openings(service) if o.number == ref.get("port")), None)
    if opening is None:
        hint = nearest(str(ref.get("port")), [str(o.number) for o in openings(service)])
        yield Problem("gateway", place, where, f"Service {space}/{name} has no port {ref.get('port')}{hint}")
        return
    targets = index.selected(space, (service.get("spec") or {}).get("selector"))
    if not targets and (service.get("spec") or {}).get("type") != "ExternalName":
        yield Problem("gateway", place, where, f"Service {space}/{name} selects no pods")
    for target in targets:
        port = pod_port(target, opening.target)
        if port is None:
            yield Problem("gateway", place, where, f"{target.place} has no port {opening.target}, which Service {name} goes to")
            continue
        for proxy in proxies:
            out, into = lets_out(index, proxy, Peer.of(target), port), lets_in(index, target, Peer.of(proxy), port)
            for passed, at in ((out, proxy.place.namespace), (into, space)):
                if passed is None:
                    said = f"no NetworkPolicy of namespace {at} lets {proxy.place} reach {target.place} port {port}"
                    yield Problem("gateway", place, where, said)
            if out is not None and into is not None:
                yield Flow("gateway", proxy.place, f"{target.place} port {port}", into)


def _granted(index: Index, place: Place, space: str, name: str) -> bool:
    for grant in index.all("ReferenceGrant", space):
        spec = grant.get("spec") or {}
        who = any(f.get("kind") == place.kind and f.get("namespace") == place.namespace for f in spec.get("from") or ())
        what = any(t.get("kind") == "Service" and t.get("name") in (None, "", name) for t in spec.get("to") or ())
        if who and what:
            return True
    return False


def _backend_tls(index: Index, policy: Object) -> Found:
    place, spec = _place(policy), policy.get("spec") or {}
    for ref in spec.get("targetRefs") or ():
        if index.get("Service", place.namespace, str(ref["name"])) is None:
            hint = nearest(str(ref["name"]), index.names("Service", place.namespace))
            yield Problem("gateway", place, "spec.targetRefs", f"no Service {place.namespace}/{ref['name']}{hint}")
    for ref in (spec.get("validation") or {}).get("caCertificateRefs") or ():
        keys = index.keys(str(ref.get("kind")), place.namespace, str(ref["name"]))
        if keys is None or "ca.crt" not in keys:
            lacks = (
                f"no {ref.get('kind')} {place.namespace}/{ref['name']}"
                if keys is None
                else f"{ref.get('kind')} {ref['name']} has no ca.crt"
            )
            yield Problem("ca", place, "spec.validation.caCertificateRefs", lacks)
