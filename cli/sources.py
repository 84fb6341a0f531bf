"""`mlops sources`: lock what the pinned charts render to with our values, and fetch them where there is internet.

The lock (components/kubernetes/sources.lock.json) holds facts, never a chart's text: what an object is, runs, mounts,
listens on and may do. It is keyed by chart, version and hash of the values.
"""

import asyncio
import json
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
import yaml

from cli.charts import Wanted, collect
from cli.errors import UserError
from components.kubernetes.chart import Pin
from components.kubernetes.lockhash import RUNTIME
from components.kubernetes.manifests import UPSTREAM
from components.settings import ROOT
from sandbox import build
from sandbox.providers.kubernetes import facts, sources
from sandbox.providers.kubernetes.manifests import parse
from sandbox.providers.kubernetes.normalize import is_crd
from sandbox.providers.kubernetes.render import private_file
from sandbox.providers.kubernetes.render import run as execute
from sandbox.providers.model import Failure

app = typer.Typer(no_args_is_help=True)
MANIFESTS = "manifests"
"""Folder beside the fetched charts."""
LOCK = ROOT / "components" / "kubernetes" / "sources.lock.json"
KUBE_VERSION = "1.35.0"
"""What charts are told the cluster is: the middle of the window that the pinned charts support."""
_VERSION = re.compile(r"^(version|appVersion):\s*[\"']?([^\"'\s]+)", re.MULTILINE)
_HOME = {"HELM_CONFIG_HOME": "/nonexistent", "HELM_PLUGINS": "/nonexistent"}


def helm() -> str:
    """The helm to use: the sandbox's own build, else the machine's."""
    try:
        return str(build.tool("helm"))
    except build.BuildError:
        found = shutil.which("helm")
        if found is None:
            raise UserError("helm: not built and not on PATH; `mlops sandbox setup` builds it", 1) from None
        return found


def chart_versions(text: str) -> dict[str, str]:
    """`version` and `appVersion` of a Chart.yaml."""
    return dict(_VERSION.findall(text))


def _concrete(value: Any) -> Any:
    """Values that helm can render: what only a run knows is a word."""
    if isinstance(value, dict):
        return {key: _concrete(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_concrete(item) for item in value]
    return facts.PLACEHOLDER if value == RUNTIME else value


async def template(chart: Path, wanted: Wanted) -> list[dict[str, Any]]:
    """The objects of a chart at hand, with the values that a stack gives it. Failure where it does not render."""
    arguments = [helm(), "template", wanted.release, str(chart), "--namespace", wanted.namespace, "--no-hooks"]
    arguments += ["--skip-crds"] if wanted.skip_crds else ["--include-crds"]
    async with private_file(json.dumps(_concrete(wanted.values)), ".json") as values:
        text = await execute([*arguments, "--kube-version", KUBE_VERSION, "--values", values], _HOME)
    found: list[dict[str, Any]] = parse(text, f"chart {wanted.chart}")
    return found


def _folder(wanted: Wanted) -> Path:
    found = sources.chart_folder(wanted.chart, wanted.version)
    if found is None:
        raise UserError(
            f"chart {wanted.chart} {wanted.version}: not at hand. Set MLOPS_CHARTS to a directory that has it, unpacked or as "
            ".tgz; `mlops sources fetch` fills one where there is internet",
            1,
        )
    return found


def _file(wanted: Wanted) -> Path:
    found = sources.manifest_folder(wanted.chart)
    if found is None:
        raise UserError(
            f"{wanted.chart}: not at hand. Set MLOPS_MANIFESTS to a directory that has it as <owner>/<name>/<commit>/<path>; "
            "`mlops sources fetch` fills one where there is internet",
            1,
        )
    return found


def _chart_yaml(chart: Path) -> str:
    if chart.is_dir():
        return (chart / "Chart.yaml").read_text(encoding="utf-8")
    with tarfile.open(chart) as archive:
        member = min((m for m in archive.getnames() if m.endswith("/Chart.yaml")), key=lambda m: m.count("/"))
        file = archive.extractfile(member)
        return file.read().decode() if file else ""


def agreed(before: list[dict[str, Any]], crds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """CRDs of a chart, those of each of its renders, in the order of their names.

    Each with the annotations on which the renders agree that have it: `helm.sh/resource-policy` is a value's doing.
    """
    known = {(c["group"], c["plural"]): c for c in before}
    made = dict(known)
    for found in crds:
        key = found["group"], found["plural"]
        other = known.get(key, found).get("annotations", {})
        kept = {name: value for name, value in found.get("annotations", {}).items() if other.get(name) == value}
        made[key] = {name: value for name, value in {**found, "annotations": kept}.items() if value or name != "annotations"}
    return [made[key] for key in sorted(made)]


def lock_document(wanted: Iterable[Wanted]) -> dict[str, Any]:
    """The lock of these renders. UserError where a chart is not at hand or does not render."""
    found: dict[str, Any] = {}
    for one in wanted:
        try:
            if one.manifest:
                objects, versions = parse(_file(one).read_text(encoding="utf-8"), one.chart), {}
            else:
                chart = _folder(one)
                objects, versions = asyncio.run(template(chart, one)), chart_versions(_chart_yaml(chart))
        except Failure as error:
            raise UserError(f"{one.chart} with the values of stack {one.stack}: {error}", 1) from None
        entry = found.setdefault(
            one.chart,
            {"version": one.version, "appVersion": versions.get("appVersion"), "repo": one.repo, "crds": [], "renders": {}},
        )
        if entry["version"] != one.version:
            raise UserError(f"{one.chart}: pinned at {entry['version']} and at {one.version}; a chart has one pin")
        if crds := sorted((facts.crd_facts(o) for o in objects if is_crd(o)), key=lambda c: (c["group"], c["plural"])):
            entry["crds"] = agreed(entry["crds"], crds)
        entry["renders"][one.key] = {
            "namespace": one.namespace,
            "objects": [facts.facts(o) for o in objects if not is_crd(o)],
            "definitions": [f"{c['plural']}.{c['group']}" for c in crds],
        }
    for entry in found.values():
        whole = [f"{c['plural']}.{c['group']}" for c in entry["crds"]]
        for render in entry["renders"].values():
            # said only where a value leaves some out
            if render["definitions"] == whole:
                del render["definitions"]
    return {"kubeVersion": KUBE_VERSION, "sources": dict(sorted(found.items()))}


def read_lock(path: Path = LOCK) -> dict[str, Any]:
    """The lock's `sources`. UserError where there is none or it is not JSON."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["sources"]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{path.name}: cannot be read ({error}); `mlops sources lock` makes it", 1) from None
    return found


def stale(wanted: Iterable[Wanted], locked: dict[str, Any]) -> list[str]:
    """Renders that the lock has not seen, each as one line."""
    lines = []
    for one in wanted:
        entry = locked.get(one.chart, {})
        if entry.get("version") != one.version:
            lines.append(f"{one.chart} {one.version} (stack {one.stack}): the lock has version {entry.get('version', 'none')}")
        elif one.key not in entry["renders"]:
            lines.append(f"{one.chart} {one.version} (stack {one.stack}): the lock has no render with values {one.key}")
    return lines


@app.command()
def lock(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit code 1 where the lock is stale.")] = False,
) -> None:
    """Render every pinned chart (from MLOPS_CHARTS) with the values of every stack and blueprint, and keep the facts."""
    wanted = collect()
    if check:
        if missing := stale(wanted, read_lock()):
            raise UserError("lock stale: run `mlops sources lock`\n  " + "\n  ".join(missing), 1)
        typer.echo(f"{LOCK.name}: {len(wanted)} renders, all of them seen")
        return
    document = lock_document(wanted)
    LOCK.write_text(json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    typer.echo(f"{LOCK.name}: {len(wanted)} renders of {len(document['sources'])} charts")


@app.command()
def fetch(
    to: Annotated[Path, typer.Option(help="Directory for the charts; MLOPS_CHARTS is to name it.")] = Path("charts"),
    mirror: Annotated[str | None, typer.Option(help="OCI or HTTP repository to take them from (a stack's chartMirror).")] = None,
) -> None:
    """Pull every chart of the lock at its pinned version, and check it against the lock."""
    asyncio.run(_fetch(to, read_lock(), mirror))
    typer.echo(f"export MLOPS_CHARTS={to.resolve()} MLOPS_MANIFESTS={(to / MANIFESTS).resolve()}")


async def _fetch(to: Path, locked: dict[str, Any], mirror: str | None) -> None:
    to.mkdir(parents=True, exist_ok=True)
    for name, entry in sorted(locked.items()):
        version = entry["version"]
        if name.startswith(UPSTREAM):
            await _fetch_file(to / MANIFESTS, name)
            typer.echo(name)
            continue
        reference, repo = Pin(name, version, entry["repo"], checked="").source(mirror)
        chart = [reference, "--repo", repo] if repo else [reference]
        with tempfile.TemporaryDirectory(prefix="mlops-") as scratch:
            try:
                await execute([helm(), "pull", *chart, "--version", version, "--destination", scratch])
            except Failure as error:
                raise UserError(
                    f"{name} {version} from {repo or reference}: {error}. Charts come over the internet or from a mirror", 1
                ) from None
            (archive,) = Path(scratch).glob("*.tgz")
            check_archive(name, entry, archive)
            shutil.move(archive, to / f"{name}-{version}.tgz")
        typer.echo(f"{name} {version}")


async def _fetch_file(to: Path, address: str) -> None:
    """One file of manifests at its commit, which names its content."""
    try:
        async with httpx.AsyncClient(follow_redirects=True, timeout=60) as client:
            answer = await client.get(address)
            answer.raise_for_status()
    except httpx.HTTPError as error:
        raise UserError(f"{address}: {error}. Manifests come over the internet or from a manifestMirror", 1) from None
    path = to / address.removeprefix(UPSTREAM).lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(answer.content)


def check_archive(name: str, entry: dict[str, Any], archive: Path) -> None:
    """UserError where a fetched chart is not the one that was locked."""
    found = yaml.safe_load(_chart_yaml(archive))
    for key in ("version", "appVersion"):
        want, got = str(entry.get(key) or ""), str(found.get(key) or "")
        if want.removeprefix("v") != got.removeprefix("v"):
            raise UserError(f'{name}: fetched {key} "{got}", the lock says "{want}"; it is not the chart that was checked', 1)
