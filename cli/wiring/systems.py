"""Which system an object belongs to, and what a stack's systems read from each other."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cli.wiring.index import Index
from cli.wiring.records import Connection, Place, Wiring
from cli.wiring.trust import UNVERIFIED

SYSTEM = "mlops.dev/system"
"""Annotation by which objects are marked here with the system that made them; nothing in a cluster carries it."""
FRONT = ("gateway", "login")
"""Parts through which people come: what they lead to, routes tell."""
GROUPS: Mapping[str, tuple[str, ...]] = {
    "data": (
        *("minio", "seaweedfs", "mysql", "postgres", "kafka", "flink", "spark", "flume", "hadoop", "sqoop", "docker", "dvc"),
        *("tfdv", "feast", "amundsen", "openmetadata", "s3"),
    ),
    "model": (
        *("mlflow", "jupyterhub", "argo", "airflow", "katib", "kubeflow", "optuna", "ray", "git", "jenkins", "github-actions"),
        *("cluster", "training", "automl", "experiments", "modelRegistry"),
    ),
    "serving": (
        *("kserve", "seldon", "fastapi", "flask", "bentoml", "tfserving", "prometheus", "grafana", "thanos", "loki"),
        "modelMonitoring",
    ),
}
"""Groups as the spec has them (components/spec: data, model, serving with its monitoring); the rest is the platform's own."""
REST = "platform"


def group(system: str) -> str:
    """The group of a system."""
    return next((name for name, systems in GROUPS.items() if system in systems), REST)


def mark(obj: dict[str, Any], system: str) -> dict[str, Any]:
    """The object with its system written on it, for a while and in memory only."""
    metadata = obj["metadata"]
    return {**obj, "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), SYSTEM: system}}}


@dataclass
class Owners:
    """Systems by the objects of one look at a cluster."""

    index: Index
    _known: dict[Place, str] = field(default_factory=dict)

    def of(self, place: Place) -> str:
        """The system of an object: its mark, that of what it was made of, that of the pods behind it; "" where nobody knows."""
        if place not in self._known:
            self._known[place] = self._find(place)
        return self._known[place]

    def _find(self, place: Place) -> str:
        obj = self.index.get(place.kind, place.namespace, place.name)
        seen: set[str] = set()
        while obj is not None:
            found = (obj["metadata"].get("annotations") or {}).get(SYSTEM)
            if found:
                return str(found)
            above = next(iter(obj["metadata"].get("ownerReferences") or ()), None)
            if above is None or str(above.get("name")) + str(above.get("kind")) in seen:
                break
            seen.add(str(above.get("name")) + str(above.get("kind")))
            space = str(obj["metadata"].get("namespace") or "")
            obj = self.index.get(str(above["kind"]), space, str(above["name"]))
        if place.kind == "Service" and obj is not None:
            selector = (obj.get("spec") or {}).get("selector")
            return next((self.of(t.place) for t in self.index.selected(place.namespace, selector)), "")
        return ""


@dataclass(frozen=True)
class Link:
    """What one system reads from another, all of it."""

    source: str
    target: str
    connections: tuple[Connection, ...]


def links(owners: Owners, wiring: Wiring) -> list[Link]:
    """Connections between systems, a link a pair, by name."""
    found: dict[tuple[str, str], list[Connection]] = {}
    for connection in wiring.connections:
        source, target = owners.of(connection.consumer), owners.of(connection.target)
        if source and target and source != target:
            found.setdefault((source, target), []).append(connection)
    return [Link(source, target, tuple(each)) for (source, target), each in sorted(found.items())]


def reached(owners: Owners, wiring: Wiring, kind: str) -> set[str]:
    """Systems to whose pods a kind of flow leads: `scrape`, `gateway`."""
    named = {f"{t.place}": t.place for t in owners.index.templates}
    flows = (flow.target.rpartition(" port ")[0] for flow in wiring.flows if flow.kind == kind)
    return {system for target in flows if target in named and (system := owners.of(named[target]))}


def lines(system: str, owners: Owners, wiring: Wiring) -> list[str]:
    """What a system reads from whom, who reads it, and what of it dangles, a line each."""
    return list(_lines(system, owners, wiring))


def _lines(system: str, owners: Owners, wiring: Wiring) -> Iterator[str]:
    between = links(owners, wiring)
    for link in between:
        if link.source == system:
            for text in _texts(link.connections):
                yield f"reads {link.target}: {text}"
    for link in between:
        if link.target == system:
            ports = sorted({f"{c.target.name}:{c.port}" for c in link.connections if c.port})
            yield f"read by {link.source}: {', '.join(ports) or link.connections[0].target.name}"
    outside = sorted({c.address for c in wiring.connections if c.target.kind == "Outside" and owners.of(c.consumer) == system})
    if outside:
        yield f"reaches outside: {', '.join(outside)}"
    for kind, text in (("scrape", "scraped by Prometheus"), ("gateway", "reached through the gateway")):
        if system in reached(owners, wiring, kind):
            yield text
    yield from (f"DANGLES {problem}" for problem in wiring.problems if owners.of(problem.at) == system)


def _texts(connections: Iterable[Connection]) -> Iterator[str]:
    """Connections to the same port by the same means in one line, with those who have it."""
    same: dict[tuple[Any, ...], list[Connection]] = {}
    for c in connections:
        same.setdefault((c.target, c.port, c.tls, c.trust, c.secrets, c.egress, c.ingress), []).append(c)
    for (target, port, tls, trust, secrets, egress, ingress), each in same.items():
        how = [f"Service {target.namespace}/{target.name}" + (f" port {port}" if port else "")]
        if tls:
            how.append("TLS" + (f", {trust}" if trust == UNVERIFIED else f", trusted by {trust}" if trust else ""))
        if secrets:
            how.append(f"Secret {', '.join(secrets)}")
        if passed := sorted({name for name in (egress, ingress) if name}):
            how.append(f"NetworkPolicy {', '.join(passed)}")
        who = sorted({f"{c.consumer.kind} {c.consumer.name}" for c in each})
        yield f"{'; '.join(how)} ({', '.join(who[:3])}{f' and {len(who) - 3} more' if len(who) > 3 else ''})"
