"""Where the objects of a chart, a kustomization or a manifest come from.

1. the real source at hand: a local path given as the chart, or MLOPS_CHARTS / MLOPS_MANIFESTS (folders or .tgz by name),
   rendered by the real helm and kustomize;
2. components/kubernetes/sources.lock.json (MLOPS_SOURCES_LOCK overrides its place): facts of a render with these values
   (evidence `locked`), or of another one (evidence `default`).
Never the network.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from components.kubernetes.manifests import UPSTREAM
from sandbox.paths import ROOT
from sandbox.providers.kubernetes import crds, facts
from sandbox.providers.model import Failure

Object = dict[str, Any]
EVIDENCE: Final = "mlops.dev/evidence"
_TAGS: Final = re.compile(r"[?@#].*$")
_AT_COMMIT: Final = re.compile(r"[^/]+/[^/]+/[0-9a-f]{40}/.+$")


@dataclass(frozen=True, slots=True)
class Locked:
    """Objects rebuilt from the lock."""

    objects: list[Object]
    evidence: str
    """"locked": rendered with these very values; "default": with others."""


def chart_name(reference: str) -> str:
    """The name of a chart: the last part of an oci:// reference, a URL or a path, without version and .tgz."""
    last = _TAGS.sub("", reference.rstrip("/")).rpartition("/")[2]
    return re.sub(r"(?:-v?\d+(?:\.\d+)+[^/]*)?\.tgz$", "", last)


def upstream(reference: str) -> str:
    """Upstream's address of a file at its commit, whichever mirror it is asked of; empty for anything else."""
    found = _AT_COMMIT.search(reference)
    return f"{UPSTREAM}/{found[0]}" if found else ""


def chart_folder(reference: str, version: str) -> Path | None:
    """The chart as a folder or archive that helm can render; None where only the lock can help.

    Raises Failure where MLOPS_CHARTS has it in another version.
    """
    local = Path(reference)
    if ("://" not in reference and (local / "Chart.yaml").is_file()) or (local.suffix == ".tgz" and local.is_file()):
        return local
    root = os.environ.get("MLOPS_CHARTS")
    if not root:
        return None
    name = chart_name(reference)
    folder = Path(root) / name
    if (folder / "Chart.yaml").is_file():
        _same_version(folder / "Chart.yaml", name, version)
        return folder
    archives = [path for path in Path(root).glob(f"{name}-*.tgz") if chart_name(path.name) == name] + [Path(root) / f"{name}.tgz"]
    archives = [path for path in archives if path.is_file()]
    exact = [path for path in archives if version and path.name == f"{name}-{version}.tgz"]
    if exact or not archives:
        return exact[0] if exact else None
    named = [path for path in archives if path.name == f"{name}.tgz" or not version]
    if not named:
        there = ", ".join(path.name for path in archives)
        raise Failure(f"chart {name}: MLOPS_CHARTS has {there}, the program asks for version {version}")
    return named[0]


def _same_version(file: Path, name: str, version: str) -> None:
    match = re.search(r"^version:\s*[\"']?([^\"'\s]+)", file.read_text(), re.MULTILINE)
    found = match.group(1) if match else "none"
    if version and found.removeprefix("v") != version.removeprefix("v"):
        raise Failure(f"chart {name}: MLOPS_CHARTS has version {found}, the program asks for {version}")


def manifest_folder(reference: str) -> Path | None:
    """A kustomization or manifest file at hand: a local path, or MLOPS_MANIFESTS/<name>; None where only the lock can help."""
    if "://" not in reference and Path(reference).exists():
        return Path(reference)
    root = os.environ.get("MLOPS_MANIFESTS")
    if not root:
        return None
    if address := upstream(reference):
        exact = Path(root) / address.removeprefix(UPSTREAM).lstrip("/")
        return exact if exact.exists() else None
    name = chart_name(reference)
    return next((path for path in (Path(root) / name, Path(root) / f"{name}.yaml") if path.exists()), None)


def locked(reference: str, version: str, values_hash: str, namespace: str, include_crds: bool) -> Locked:
    """The objects of a source from the lock. Raises Failure when it is not there, naming what is."""
    path = lock_path()
    known = _read(path)
    name = chart_name(reference)
    address = upstream(reference)
    source = known.get(address) if address else known.get(reference) or known.get(name)
    if source is None:
        have = ", ".join(sorted(known)) or "nothing"
        raise Failure(
            f"{reference}: not found. It is no local path, MLOPS_CHARTS / MLOPS_MANIFESTS have no {name!r}, and {path.name}"
            f" has {have}. Fetch it with `mlops sources fetch`, or render it into the lock with `mlops sources lock`"
        )
    if version and str(source.get("version", "")).removeprefix("v") != version.removeprefix("v"):
        raise Failure(
            f"{reference}: the program asks for version {version}, {path.name} has {source.get('version')};"
            " run `mlops sources lock` after a change of a pin"
        )
    renders: dict[str, Any] = source.get("renders") or {}
    render: dict[str, Any] | None = renders.get(values_hash)
    evidence = "locked" if render else "default"
    render = render or renders.get("default") or next(iter(renders.values()), None) or {}
    objects = [_moved(facts.rebuild(fact), str(render.get("namespace") or ""), namespace) for fact in render.get("objects") or []]
    if include_crds:
        known = {f"{fact['plural']}.{fact['group']}": fact for fact in source.get("crds") or []}
        objects = [crds.from_facts(known[name]) for name in render.get("definitions", known)] + objects
    return Locked([labelled(obj, evidence) for obj in objects], evidence)


def lock_path() -> Path:
    """The lock file in use."""
    return Path(os.environ.get("MLOPS_SOURCES_LOCK") or ROOT / "components" / "kubernetes" / "sources.lock.json")


_cache: dict[tuple[Path, int], dict[str, Any]] = {}


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    key = path, path.stat().st_mtime_ns
    if key not in _cache:
        try:
            document = json.loads(path.read_text())
        except ValueError as error:
            raise Failure(f"{path}: not JSON: {error}") from None
        _cache.clear()
        _cache[key] = document.get("sources") or {}
    return _cache[key]


def labelled(obj: Object, evidence: str) -> Object:
    """The object with the label that says how good the evidence for it is."""
    metadata = obj.get("metadata") or {}
    return {**obj, "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), EVIDENCE: evidence}}}


def _moved(obj: Object, rendered: str, wanted: str) -> Object:
    """Facts were rendered into one namespace; the same objects in another: wherever that namespace is named."""
    if not rendered or not wanted or rendered == wanted:
        return obj
    moved = _renamed(obj, rendered, wanted)
    result: Object = moved
    return result


def _renamed(value: Any, rendered: str, wanted: str) -> Any:
    if isinstance(value, dict):
        return {
            key: wanted if key == "namespace" and item == rendered else _renamed(item, rendered, wanted)
            for key, item in value.items()
        }
    return [_renamed(item, rendered, wanted) for item in value] if isinstance(value, list) else value


def usable(objects: Iterable[Object]) -> list[Object]:
    """Without what the sandbox cannot serve: aggregated APIServices, conversion webhooks, CA bundles of webhooks."""
    return [_bundleless(crds.served(obj)) for obj in objects if not crds.is_aggregated(obj)]


def _bundleless(obj: Object) -> Object:
    if not str(obj.get("kind", "")).endswith("WebhookConfiguration"):
        return obj
    hooks = [
        {**hook, "clientConfig": {key: item for key, item in (hook.get("clientConfig") or {}).items() if key != "caBundle"}}
        for hook in obj.get("webhooks") or []
    ]
    return {**obj, "webhooks": hooks}
