"""CRDs in the sandbox: real ones from the reference data where it has them, else one that serves the kind and any field."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from sandbox.paths import cache, contracts
from sandbox.providers.kubernetes.manifests import parse
from sandbox.providers.kubernetes.normalize import is_crd

Object = dict[str, Any]


def from_facts(fact: Object) -> Object:
    """The CRD of a fact (facts.crd_facts)."""
    found = real(fact["group"], fact["plural"]) or synthesised(fact)
    metadata = found["metadata"]
    for key in ("labels", "annotations"):
        if fact.get(key):
            metadata[key] = {**(metadata.get(key) or {}), **fact[key]}
    return served(found)


def real(group: str, plural: str) -> Object | None:
    """The CRD in the reference data (MLOPS_CONTRACTS), None where it has none."""
    root = contracts()
    for folder in ("crds", "crds-minimal") if root else ():
        path = root / folder / group / f"{plural}.yaml"  # type: ignore[operator]
        if path.is_file():
            return _remembered(path)
    return None


def _remembered(path: Path) -> Object | None:
    """The CRD of a YAML file, kept as JSON in the cache: thirty of them take 0.7 s to parse, in every command that has them."""
    about = path.stat()
    kept = cache() / "crds" / f"{path.parent.name}-{path.stem}-{about.st_size}-{about.st_mtime_ns}.json"
    try:
        found: Object = json.loads(kept.read_text())
    except (OSError, ValueError):
        crd = next((terse(obj) for obj in parse(path.read_text(), str(path)) if is_crd(obj)), None)
        if crd is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            part = kept.with_suffix(f".{os.getpid()}")
            part.write_text(json.dumps(crd))
            part.replace(kept)
        return crd
    return found


def terse(crd: Object) -> Object:
    """The CRD without the prose of its schema: two thirds of its size, which the engine would write again after every step."""
    versions = [{**version, "schema": _undescribed(version.get("schema") or {})} for version in crd["spec"].get("versions") or []]
    return {**crd, "spec": {**crd["spec"], "versions": versions}}


def _undescribed(value: Any, names: bool = False) -> Any:
    """`names` is true for a map whose keys are the names of fields, one of which may well be "description"."""
    if isinstance(value, dict):
        return {
            key: _undescribed(item, not names and key == "properties")
            for key, item in value.items()
            if names or key != "description"
        }
    return [_undescribed(item) for item in value] if isinstance(value, list) else value


def synthesised(fact: Object) -> Object:
    """A CRD of our own: right names and versions, any fields, a status subresource."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    names = {"kind": fact["kind"], "plural": fact["plural"], "singular": fact["kind"].lower(), "listKind": f"{fact['kind']}List"}
    if fact.get("shortNames"):
        names["shortNames"] = fact["shortNames"]
    versions = [{**version, "schema": schema, "subresources": {"status": {}}} for version in fact["versions"]]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{fact['plural']}.{fact['group']}"},
        "spec": {"group": fact["group"], "names": names, "scope": fact["scope"], "versions": versions},
    }


def served(obj: Object) -> Object:
    """The object as the sandbox can serve it: no pod answers a conversion webhook here, so a CRD converts by name only."""
    spec = obj.get("spec")
    if not is_crd(obj) or not isinstance(spec, dict) or (spec.get("conversion") or {}).get("strategy") != "Webhook":
        return obj
    return {**obj, "spec": {key: value for key, value in spec.items() if key != "conversion"}}


def is_aggregated(obj: Object) -> bool:
    """True for an APIService that a pod would answer; the API server would wait for it in vain and discovery fail."""
    return obj.get("kind") == "APIService" and bool((obj.get("spec") or {}).get("service"))
