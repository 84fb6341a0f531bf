"""From a stack's exported state to the same objects for kubectl and the same resources for a bare program. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
CRD = "CustomResourceDefinition"
# what the API server fills in; a manifest that a person writes has none of it
GENERATED = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")
# registered by the engine, or by an object that is none of Kubernetes' own
NO_OBJECT = ("kubernetes:helm.sh/v3:", "kubernetes:yaml/", "kubernetes:kustomize/")


def plain(value: Any) -> Any:
    """A value of `pulumi stack export --show-secrets` with its secrets unwrapped. ValueError where one is still encrypted."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            if "plaintext" not in value:
                raise ValueError("an encrypted value: export the stack with --show-secrets")
            return plain(json.loads(value["plaintext"]))
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def kubernetes_objects(resources: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The Kubernetes objects of a state, in the order of their creation, as one would write them for `kubectl apply`."""
    found = []
    for resource in resources:
        kind = resource["type"]
        if not resource.get("custom") or not kind.startswith("kubernetes:") or kind.startswith(NO_OBJECT):
            continue
        if resource.get("delete") or resource.get("external") or kind.endswith("Patch"):
            continue
        found.append(_manifest(plain(resource["inputs"]), plain(resource["outputs"])))
    return found


def _manifest(inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    live = outputs["metadata"]
    metadata = {key: item for key, item in inputs.get("metadata", {}).items() if key not in GENERATED and key != "generateName"}
    # an automatic name is not among the inputs, nor is the namespace that the provider put in
    metadata |= {key: live[key] for key in ("name", "namespace") if live.get(key)}
    content = {key: item for key, item in inputs.items() if key not in ("metadata", "status") and not key.startswith("__")}
    return {**content, "metadata": metadata}


def definitions_first(objects: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The CRDs, and all that is left: kubectl needs the first established before it reads the second."""
    return [item for item in objects if item["kind"] == CRD], [item for item in objects if item["kind"] != CRD]


def bare_resources(resources: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the bare program registers: explicit providers and custom resources; no component.

    Each with key, type, name (unique by type), inputs, secret (names of inputs with a secret in them), provider (key, or None
    for the default one), version and dependsOn (keys).
    """
    providers = {item["urn"]: item for item in resources if item["type"].startswith("pulumi:providers:")}
    known: set[str] = set()
    names: set[tuple[str, str]] = set()
    found: list[dict[str, Any]] = []
    for resource in resources:
        if not resource.get("custom") or resource.get("external") or resource.get("delete"):
            continue
        urn, kind = resource["urn"], resource["type"]
        name = urn.rsplit("::", 1)[-1]
        if kind == "pulumi:pulumi:StackReference" or (urn in providers and name.startswith("default")):
            continue
        if (kind, name) in names:
            name = f"{name}-{len(found)}"
        names.add((kind, name))
        inputs = {key: item for key, item in plain(resource.get("inputs", {})).items() if not key.startswith("__")}
        served = resource.get("provider", "").rpartition("::")[0]
        version = plain(providers.get(served, {}).get("inputs", {})).get("version")
        needed = [item for item in resource.get("dependencies", []) if item in known]
        found.append(
            {
                "key": urn,
                "type": kind,
                "name": name,
                "inputs": inputs,
                "secret": [key for key in inputs if _secret(resource["inputs"][key])],
                "provider": served if served in known else None,
                "version": version,
                "dependsOn": needed,
            }
        )
        known.add(urn)
    return found


def _secret(value: Any) -> bool:
    """Whether there is a secret anywhere in a value of the state."""
    if isinstance(value, dict):
        return value.get(SIGNATURE) == SECRET or any(_secret(item) for item in value.values())
    return isinstance(value, list) and any(_secret(item) for item in value)
