"""`mlops status`: every system of a deployed stack, by the live API's word."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from cli.engine import environment, exported, outputs, sandbox_running
from cli.errors import UserError
from cli.live import Cluster, Reading
from components.targets import TABLE

ROOT_TYPE = "mlops:index:Platform"
ENDPOINTS = ("uri", "url", "endpoint", "bootstrap", "host", "domainId")


@dataclass
class Row:
    """One system: what of it is ready, where it answers, and by what it was made."""

    system: str
    component: str
    ready: int = 0
    total: int = 0
    pods: str = ""
    endpoint: str = ""
    login: str = ""
    upstream: str = ""
    waiting: list[str] = field(default_factory=list)

    @property
    def is_ready(self) -> bool:
        """Everything of it is ready, and there is something."""
        return self.total > 0 and self.ready == self.total


def rows(stack: str) -> tuple[list[Row], dict[str, str]]:
    """A row a system, and which plugin (simulated or official) serves each provider."""
    resources: list[dict[str, Any]] = exported(stack).get("resources", [])
    root = next((r for r in resources if r["type"] == ROOT_TYPE), None)
    if root is None:
        raise UserError(f"stack {stack} is not deployed: `pulumi up --stack {stack}` first", code=1)
    target, exports = root["inputs"]["target"], outputs(stack)
    owner = {r["urn"]: r.get("parent", "") for r in resources}
    systems = {r["urn"]: r for r in resources if r.get("parent") == root["urn"] and r["type"].startswith("mlops:index:")}
    cluster = Cluster.connect(environment()) if target == "kubernetes" else None
    made: dict[str, Row] = {}
    for urn, component in systems.items():
        name = urn.rpartition("::")[2]
        fact = TABLE.get((target, name))
        made[urn] = Row(name, component["type"].rpartition(":")[2], upstream=fact.upstream if fact else "")
        made[urn].endpoint = next((str(exports[f"{name}.{k}"]) for k in ENDPOINTS if f"{name}.{k}" in exports), "")
        made[urn].login = str(exports.get(f"{name}.loginSecret", exports.get(f"{name}.adminSecret", "")))
    readings: dict[str, list[Reading]] = {urn: [] for urn in systems}
    for resource in resources:
        urn = resource["urn"]
        while urn and urn not in systems:
            urn = owner.get(urn, "")
        if urn and resource.get("custom"):
            readings[urn].append(_read(resource, cluster))
    for urn, found in readings.items():
        _fill(made[urn], found)
    return list(made.values()), _plugins(resources)


def _read(resource: Mapping[str, Any], cluster: Cluster | None) -> Reading:
    if cluster is not None and resource["type"].startswith("kubernetes:"):
        return cluster.read(resource)
    # what a cloud's service says of itself was awaited when the resource was made
    return Reading(resource["urn"].rpartition("::")[2], ready=not resource.get("initErrors"))


def _fill(row: Row, found: list[Reading]) -> None:
    row.total, row.ready = len(found), sum(r.ready for r in found)
    row.waiting = [f"{r.name}: {r.reason}" if r.reason else r.name for r in found if not r.ready]
    wanted, have = sum(r.pods_wanted for r in found), sum(r.pods_ready for r in found)
    row.pods = f"{have}/{wanted}" if wanted else ""


def _plugins(resources: list[dict[str, Any]]) -> dict[str, str]:
    packages = sorted({r["type"].partition(":")[0] for r in resources if r.get("custom")} - {"pulumi"})
    if not sandbox_running():
        return dict.fromkeys(packages, "official")
    from sandbox.engine.home import which_plugin

    return {package: which_plugin(package) for package in packages}


def status(stack: str, format: str) -> None:
    """Print the table (or JSON); exit code 1 where a system is not ready."""
    found, plugins = rows(stack)
    counts = _cloud_counts(stack) if "aws" in plugins and plugins["aws"] == "simulated" else {}
    evidence = _evidence(stack)
    if format == "json":
        data = {
            "systems": [asdict(r) | {"isReady": r.is_ready} for r in found],
            "plugins": plugins,
            "cloud": counts,
            "evidence": evidence,
        }
        print(json.dumps(data, indent=1))
    else:
        _print(found, plugins, counts, evidence)
    if not all(r.is_ready for r in found):
        raise SystemExit(1)


def _print(found: list[Row], plugins: Mapping[str, str], counts: Mapping[str, int], evidence: Mapping[str, int]) -> None:
    console = Console()
    table = Table(box=None, header_style="bold")
    for column in ("system", "component", "ready", "objects", "pods", "endpoint", "login", "upstream"):
        table.add_column(column, overflow="fold")
    for row in found:
        mark = "[green]yes[/green]" if row.is_ready else "[red]no[/red]"
        table.add_row(
            row.system, row.component, mark, f"{row.ready}/{row.total}", row.pods, row.endpoint, row.login, row.upstream
        )
    console.print(table)
    for row in found:
        for reason in row.waiting[:5]:
            console.print(f"  {row.system} waits for {reason}", style="yellow", highlight=False)
    console.print("providers: " + ", ".join(f"{name} {kind}" for name, kind in plugins.items()), style="dim", highlight=False)
    if counts:
        console.print("cloud resources: " + ", ".join(f"{k} {v}" for k, v in counts.items()), style="dim", highlight=False)
    if evidence:
        console.print(
            "chart objects: " + ", ".join(f"{k} {v}" for k, v in sorted(evidence.items())), style="dim", highlight=False
        )


def _cloud_counts(stack: str) -> dict[str, int]:
    from sandbox.providers.aws.counts import counts

    return dict(counts(stack))


def _evidence(stack: str) -> dict[str, int]:
    """Chart objects by what they were rendered from: real (no label), locked or default (sources.lock.json)."""
    tally: dict[str, int] = {}
    resources = exported(stack).get("resources", [])
    charts = {r["urn"] for r in resources if r["type"] == "kubernetes:helm.sh/v4:Chart"}
    for resource in resources:
        if resource.get("parent") in charts:
            labels = ((resource.get("inputs") or {}).get("metadata") or {}).get("labels") or {}
            kind = labels.get("mlops.dev/evidence", "real chart")
            tally[kind] = tally.get(kind, 0) + 1
    return tally
