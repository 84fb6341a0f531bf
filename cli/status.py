"""`mlops status`: every system of a deployed stack, by the live API's word."""

import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.text import Text

from cli import own_cluster
from cli.engine import environment, exported, outputs, sandbox_running
from cli.errors import UserError
from cli.live import Cluster, Key, Reading, judge, pods
from cli.tables import note, show
from components.settings import find
from components.targets import TABLE
from components.validation.problems import Problems

ROOT_TYPE = "mlops:index:Platform"
CHART = "kubernetes:helm.sh/v4:Chart"
ENDPOINTS = ("uri", "url", "endpoint", "bootstrap", "host", "domainId")
LOGINS = ("loginSecret", "adminSecret", "usersSecret")
OWNERS = (
    ("apps/v1", "ReplicaSet"),
    ("apps/v1", "StatefulSet"),
    ("apps/v1", "Deployment"),
    ("core.strimzi.io/v1", "StrimziPodSet"),
)
"""Kinds that stand between a pod and the object that we made."""
CLOUDS = {
    "aws": "sandbox.providers.aws.counts",
    "azure-native": "sandbox.providers.azure.counts",
    "gcp": "sandbox.providers.gcp.counts",
}
"""Simulated clouds, and what counts their resources."""
SHOWN = 5
"""Reasons of one system; the first tell most."""
Object = Mapping[str, Any]


@dataclass
class Row:
    """One system: what of it is ready, where it answers, and by what it was made."""

    system: str
    component: str
    ready: int = 0
    total: int = 0
    pods_ready: int = 0
    pods: int = 0
    endpoint: str = ""
    login: str = ""
    upstream: str = ""
    waiting: list[str] = field(default_factory=list)

    @property
    def is_ready(self) -> bool:
        """Everything of it is ready, and there is something."""
        return self.total > 0 and self.ready == self.total and self.pods_ready == self.pods


@dataclass
class State:
    """A stack's recorded resources, and which of them belong to which system."""

    resources: Sequence[Object]
    root: Object
    systems: dict[str, Row]
    """By the URN of the system's component."""
    owners: Mapping[str, str]
    """URN of each resource's system, by the resource's URN."""


def read_state(stack: str, resources: Sequence[Object], exports: Object) -> State:
    """The rows of a stack, with nothing read from the cluster yet. UserError where the stack is not deployed."""
    root = next((r for r in resources if r["type"] == ROOT_TYPE), None)
    if root is None:
        raise UserError(f"stack {stack} is not deployed: `pulumi up --stack {stack}` first", code=1)
    target = root["inputs"]["target"]
    systems: dict[str, Row] = {}
    for r in resources:
        if r.get("parent") == root["urn"] and r["type"].startswith("mlops:index:"):
            name = r["urn"].rpartition("::")[2]
            fact = TABLE.get((target, name))
            systems[r["urn"]] = Row(
                name,
                r["type"].rpartition(":")[2],
                endpoint=_first(exports, name, ENDPOINTS),
                login=_first(exports, name, LOGINS),
                upstream=fact.upstream if fact else "",
            )
    parents = {r["urn"]: str(r.get("parent") or "") for r in resources}
    owners = {urn: system for urn in parents if (system := _system(urn, parents, systems))}
    return State(resources, root, systems, owners)


def _first(exports: Object, system: str, fields: Sequence[str]) -> str:
    return next((str(exports[f"{system}.{name}"]) for name in fields if f"{system}.{name}" in exports), "")


def _system(urn: str, parents: Mapping[str, str], systems: Mapping[str, Row]) -> str:
    while urn and urn not in systems:
        urn = parents.get(urn, "")
    return urn


def rows(stack: str) -> tuple[list[Row], State]:
    """A row a system, with what the live API (or, for a cloud's services, the last update) says of it."""
    known = find(stack)
    if isinstance(known, Problems):
        raise UserError(known.text())
    try:
        resources = exported(stack).get("resources") or []
    except UserError as error:
        if "no stack named" not in str(error):
            raise
        resources = []
    state = read_state(stack, resources, outputs(stack) if resources else {})
    found = [r for r in state.resources if r.get("custom") and r["urn"] in state.owners and not r.get("delete")]
    kubernetes = [r for r in found if r["type"].startswith("kubernetes:") and identity(r)]
    live = Live(_connect(stack, state), kubernetes) if kubernetes else None
    for r in found:
        row = state.systems[state.owners[r["urn"]]]
        reading = live.reading(r) if live and identity(r) and r["type"].startswith("kubernetes:") else recorded(r)
        row.total, row.ready = row.total + 1, row.ready + reading.ready
        if not reading.ready:
            row.waiting.append(f"{reading.name}: {reading.reason}" if reading.reason else reading.name)
    if live:
        for urn, (ready, wanted) in live.pods(state.owners).items():
            state.systems[urn].pods_ready, state.systems[urn].pods = ready, wanted
    return list(state.systems.values()), state


def _connect(stack: str, state: State) -> Cluster:
    own = own_cluster.kubeconfig(stack, state.resources)
    return Cluster.connect(environment(), context(state), own) if own else Cluster.connect(environment(), context(state))


def context(state: State) -> str | None:
    """The kubeconfig context that the stack's provider was told of."""
    made = (r for r in state.resources if r["type"] == "pulumi:providers:kubernetes")
    return next((str(c) for r in made if (c := (r.get("inputs") or {}).get("context"))), None)


def identity(resource: Object) -> tuple[str, Key] | None:
    """API version and key of the object that a resource stands for; None where it stands for none."""
    said = resource.get("outputs") or resource.get("inputs") or {}
    metadata = said.get("metadata") or {}
    if not said.get("kind") or not said.get("apiVersion") or not metadata.get("name"):
        return None
    return str(said["apiVersion"]), (str(said["kind"]), str(metadata.get("namespace") or ""), str(metadata["name"]))


def recorded(resource: Object) -> Reading:
    """What a cloud's service said of itself was awaited when it was made."""
    errors = resource.get("initErrors") or []
    return Reading(resource["urn"].rpartition("::")[2], not errors, str(errors[0]) if errors else "")


class Live:
    """The live objects of a stack, listed by kind and namespace: a request for each would take seconds."""

    def __init__(self, cluster: Cluster, resources: Sequence[Object]):
        self._made = {r["urn"]: found for r in resources if (found := identity(r))}
        wanted = {(version, kind, namespace) for version, (kind, namespace, _) in self._made.values()}
        namespaces = {namespace for _, (_, namespace, _) in self._made.values() if namespace}
        between = {(version, kind, n) for version, kind in (*OWNERS, ("v1", "Pod")) for n in namespaces}
        self._objects: dict[Key, dict[str, Any]] = {}
        self._refused: dict[tuple[str, str], str] = {}
        for version, kind, namespace in sorted(wanted | between):
            try:
                listed = cluster.list(version, kind, namespace or None)
            except UserError as error:
                self._refused[kind, namespace] = str(error)
                continue
            for item in listed:
                metadata = item.get("metadata") or {}
                self._objects[kind, str(metadata.get("namespace") or ""), str(metadata.get("name"))] = item

    def reading(self, resource: Object) -> Reading:
        """Whether the object of a resource is ready."""
        _, (kind, namespace, name) = self._made[resource["urn"]]
        if (kind, namespace) in self._refused:
            return Reading(f"{kind} {name}", False, self._refused[kind, namespace])
        live = self._objects.get((kind, namespace, name))
        return judge(name, live) if live else Reading(f"{kind} {name}", False, "not in the cluster")

    def pods(self, owners: Mapping[str, str]) -> dict[str, tuple[int, int]]:
        """Ready and wanted pods by the URN of the system's component, those of operators' making too."""
        return pods(self._objects.values(), {found[1]: owners[urn] for urn, found in self._made.items()})


def plugins(resources: Sequence[Object]) -> dict[str, str]:
    """Which kind of plugin (simulated or official) serves each provider."""
    packages = sorted({r["type"].partition(":")[0] for r in resources if r.get("custom")} - {"pulumi"})
    if not sandbox_running():
        return dict.fromkeys(packages, "official")
    from sandbox.engine.home import which_plugin

    return {package: which_plugin(package) for package in packages}


def evidence(resources: Sequence[Object]) -> dict[str, int]:
    """Chart objects by what they were rendered from: the real chart (no label), or facts in sources.lock.json."""
    tally: dict[str, int] = {}
    charts = {r["urn"] for r in resources if r["type"] == CHART}
    for r in resources:
        if r.get("parent") in charts:
            labels = ((r.get("inputs") or {}).get("metadata") or {}).get("labels") or {}
            kind = labels.get("mlops.dev/evidence", "real chart")
            tally[kind] = tally.get(kind, 0) + 1
    return tally


def as_json(row: Row) -> dict[str, Any]:
    """A row for programs."""
    found = asdict(row)
    return {"system": found.pop("system"), "isReady": row.is_ready, "podsReady": found.pop("pods_ready"), **found}


def status(stack: str, format: str) -> None:
    """Print the table (or JSON); exit code 1 where a system is not ready."""
    if format not in ("table", "json"):
        raise UserError(f"--format {format}: expected table or json")
    found, state = rows(stack)
    facts: dict[str, dict[str, Any]] = {
        "providers": dict(plugins(state.resources)),
        "chart objects": dict(evidence(state.resources)),
        "own cluster": dict(own_cluster.told(state.resources, plugins(state.resources))),
    }
    for package, module in CLOUDS.items():
        if facts["providers"].get(package) == "simulated":
            facts["cloud resources"] = _cloud_counts(stack, module)
    if format == "json":
        keys = {"providers": "plugins", "chart objects": "evidence", "cloud resources": "cloud", "own cluster": "ownCluster"}
        data = {"stack": stack, "systems": [as_json(r) for r in found]}
        print(json.dumps(data | {keys[name]: value for name, value in facts.items()}, indent=1))
    else:
        _print(found, facts)
    if not all(r.is_ready for r in found):
        raise SystemExit(1)


def _cloud_counts(stack: str, module: str) -> dict[str, Any]:
    return dict(importlib.import_module(module).counts(stack))


def _print(found: Sequence[Row], facts: Mapping[str, Mapping[str, Any]]) -> None:
    show(("system", "component", "ready", "objects", "pods", "endpoint"), [_cells(row) for row in found])
    for row in found:
        for reason in row.waiting[:SHOWN]:
            note(f"  {row.system} waits for {reason}", "yellow")
        if len(row.waiting) > SHOWN:
            note(f"  {row.system} waits for {len(row.waiting) - SHOWN} more", "yellow")
    notes = {name: ", ".join(f"{key} {item}" for key, item in sorted(value.items())) for name, value in facts.items()}
    notes["logins are kept in"] = ", ".join(f"{row.login} ({row.system})" for row in found if row.login)
    for name, text in notes.items():
        if text:
            note(f"{name}: {text}", "dim")


def _cells(row: Row) -> tuple[str | Text, ...]:
    system = row.system if row.upstream in ("", "active") else f"{row.system} ({row.upstream})"
    first, *others = row.endpoint.split(",")
    return (
        system,
        row.component,
        Text("yes", style="green") if row.is_ready else Text("no", style="red"),
        f"{row.ready}/{row.total}",
        f"{row.pods_ready}/{row.pods}" if row.pods else "",
        f"{first} and {len(others)} more" if others else first,
    )
