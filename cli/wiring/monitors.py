"""Scrapes: what ServiceMonitors and PodMonitors find, and whether Prometheus gets there.

Source: the fields of monitoring.coreos.com/v1 (prometheus-operator.dev/docs/api-reference/api).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from cli.wiring.index import Index, Object, Template, matches, openings, pod_port
from cli.wiring.policies import Peer, lets_in, lets_out
from cli.wiring.records import Flow, Place, Problem, nearest

Found = Iterator[Flow | Problem]
ELSEWHERE = {("default", "kubernetes")}
"""Services of the control plane: no pods behind them that objects tell of."""


def scrapes(index: Index) -> Found:
    """Every monitor in a cluster that has a Prometheus."""
    servers = [
        (p, t)
        for p in index.all("Prometheus")
        for t in index.owned("Prometheus", p["metadata"]["namespace"], p["metadata"]["name"])
    ]
    if not index.all("Prometheus"):
        return
    for kind, field in (("ServiceMonitor", "serviceMonitor"), ("PodMonitor", "podMonitor")):
        for monitor in index.all(kind):
            at = monitor["metadata"]
            place = Place(kind, str(at["namespace"]), str(at["name"]))
            seeing = [t for p, t in servers if _sees(index, p, monitor, field)]
            if not seeing:
                yield Problem("scrape", place, f"{field}Selector", "no Prometheus with pods selects it")
                continue
            yield from (_services if kind == "ServiceMonitor" else _pods)(index, place, monitor["spec"], seeing)


def _sees(index: Index, prometheus: Object, monitor: Object, field: str) -> bool:
    spec, at = prometheus.get("spec") or {}, monitor["metadata"]
    spaces = spec.get(f"{field}NamespaceSelector")
    there = (
        prometheus["metadata"]["namespace"] == at["namespace"]
        if spaces is None
        else matches(index.namespace_labels(at["namespace"]), spaces)
    )
    return there and matches(at.get("labels") or {}, spec.get(f"{field}Selector"))


def _spaces(index: Index, spec: Mapping[str, Any], own: str) -> list[str]:
    chosen = spec.get("namespaceSelector") or {}
    return sorted(index.namespaces) if chosen.get("any") else list(chosen.get("matchNames") or [own])


def _services(index: Index, place: Place, spec: Mapping[str, Any], servers: list[Template]) -> Found:
    spaces = _spaces(index, spec, place.namespace)
    found = [
        s
        for space in spaces
        for s in index.all("Service", space)
        if matches(s["metadata"].get("labels") or {}, spec.get("selector"))
    ]
    if not found and not _awaited(place):
        wanted = ", ".join(f"{k}={v}" for k, v in sorted(((spec.get("selector") or {}).get("matchLabels") or {}).items()))
        yield Problem("scrape", place, "spec.selector", f"selects no Service in {', '.join(spaces[:5])} ({wanted})")
    for number, endpoint in enumerate(spec.get("endpoints") or ()):
        where, wanted = f"spec.endpoints[{number}]", endpoint.get("port")
        ports = [
            (s, o)
            for s in found
            for o in openings(s)
            if o.name == wanted or (wanted is None and o.target == endpoint.get("targetPort"))
        ]
        if found and not ports:
            names = {o.name or str(o.number) for s in found for o in openings(s)}
            said = f"no port {wanted or endpoint.get('targetPort')} in {', '.join(s['metadata']['name'] for s in found[:3])}"
            yield Problem("scrape", place, where, said + nearest(str(wanted), names))
        for service, opening in ports:
            at = service["metadata"]
            targets = index.selected(str(at["namespace"]), (service.get("spec") or {}).get("selector"))
            if not targets and (at["namespace"], at["name"]) not in ELSEWHERE and at["namespace"] != "kube-system":
                yield Problem("scrape", place, where, f"Service {at['namespace']}/{at['name']} selects no pods")
            for target in targets:
                port = pod_port(target, opening.target)
                if port is None:
                    yield Problem(
                        "scrape", place, where, f"{target.place} has no port {opening.target}, which Service {at['name']} goes to"
                    )
                else:
                    yield from _reaches(index, place, where, servers, target, port)


def _awaited(place: Place) -> bool:
    """Monitors of the control plane's own parts, which run outside of what objects tell."""
    return any(part in place.name for part in ("kubelet", "apiserver", "coredns", "kube-dns", "kube-proxy", "kube-etcd"))


def _pods(index: Index, place: Place, spec: Mapping[str, Any], servers: list[Template]) -> Found:
    spaces = _spaces(index, spec, place.namespace)
    found = [t for space in spaces for t in index.in_namespace(space) if matches(t.labels, spec.get("selector"))]
    for number, endpoint in enumerate(spec.get("podMetricsEndpoints") or ()):
        where = f"spec.podMetricsEndpoints[{number}]"
        wanted = endpoint.get("port") or endpoint.get("portNumber") or endpoint.get("targetPort")
        having = [(t, p) for t in found for name, p, _ in t.ports() if wanted in (name, p)]
        if found and not having:
            names = {name or str(p) for t in found for name, p, _ in t.ports()}
            yield Problem(
                "scrape",
                place,
                where,
                f"no port {wanted} in {', '.join(t.place.name for t in found[:3])}{nearest(str(wanted), names)}",
            )
        for target, port in having:
            yield from _reaches(index, place, where, servers, target, port)


def _reaches(index: Index, place: Place, where: str, servers: list[Template], target: Template, port: int) -> Found:
    for server in servers:
        if server is target:
            continue
        out, into = lets_out(index, server, Peer.of(target), port), lets_in(index, target, Peer.of(server), port)
        for passed, space in ((out, server.place.namespace), (into, target.place.namespace)):
            if passed is None:
                said = f"no NetworkPolicy of namespace {space} lets {server.place} reach {target.place} port {port}"
                yield Problem("scrape", place, where, said)
        if out is not None and into is not None:
            yield Flow("scrape", server.place, f"{target.place} port {port}", into)
