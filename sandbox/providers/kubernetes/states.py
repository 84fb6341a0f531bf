"""The resource's state: the live object, plus `__initialApiVersion` and `__fieldManager` as the official provider keeps them.

Two things of the official state are left out: `__inputs` (the engine has the inputs itself) and the schemas of CRDs that it made.
They were half of it, and the engine writes the whole state again after every step. States of the official plugin are understood;
for the way back `pulumi refresh` with the official plugin fills in what it wants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sandbox.providers.kubernetes.naming import field_manager
from sandbox.providers.kubernetes.normalize import is_crd
from sandbox.providers.kubernetes.tables import words
from sandbox.providers.values import Secret

INPUTS: Final = "__inputs"
API_VERSION: Final = "__initialApiVersion"
MANAGER: Final = "__fieldManager"
_DASHED: Final = {
    f"x_kubernetes_{name}": f"x-kubernetes-{name.replace('_', '-')}"
    for name in words("embedded_resource int_or_string list_map_keys list_type map_type preserve_unknown_fields validations")
}


def sent(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs with the API's own field names: SDKs write x_kubernetes_… for x-kubernetes-… in CRDs."""
    obj = dict(inputs)
    return _renamed(obj, _DASHED.get) if is_crd(obj) else obj


def outputs(
    live: Mapping[str, Any], api_version: str, manager: str, preview: bool = False, schemas: bool = False
) -> dict[str, Any]:
    """The state of a live object; data of a Secret is marked secret, a preview knows no status yet.

    `schemas` keeps those of a CRD: whoever reads one that is not the stack's own may look for a field in it.
    """
    obj = dict(live)
    metadata = dict(obj.get("metadata") or {})
    metadata.pop("managedFields", None)  # as long as the object itself, and of no use to a program
    obj["metadata"] = metadata
    if preview:
        obj.pop("status", None)
    if is_crd(obj) and not schemas:
        obj = _without_schemas(obj)
    return {**hide(obj), API_VERSION: api_version, MANAGER: manager}


def _without_schemas(crd: dict[str, Any]) -> dict[str, Any]:
    spec = crd.get("spec") or {}
    versions = [{key: value for key, value in version.items() if key != "schema"} for version in spec.get("versions") or []]
    return {**crd, "spec": {**spec, "versions": versions}}


def _with_schemas(crd: dict[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas are those of the inputs: whatever differs live, a refresh puts into the inputs."""
    given = {version.get("name"): version for version in (inputs.get("spec") or {}).get("versions") or []}
    spec = crd.get("spec") or {}
    versions = [
        version
        if "schema" in version or "schema" not in given.get(version.get("name"), {})
        else {**version, "schema": given[version.get("name")]["schema"]}
        for version in spec.get("versions") or []
    ]
    return {**crd, "spec": {**spec, "versions": versions}}


def hide(obj: Mapping[str, Any]) -> dict[str, Any]:
    """A Secret's values marked as secrets of the stack; anything else as it is."""
    if obj.get("kind") != "Secret":
        return dict(obj)
    return {key: Secret(value) if key in ("data", "stringData") and value is not None else value for key, value in obj.items()}


def live_of(state: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The live object in a state."""
    obj = sent({key: value for key, value in state.items() if key not in (INPUTS, API_VERSION, MANAGER)})
    return _with_schemas(obj, inputs) if is_crd(obj) and isinstance(obj.get("spec"), dict) else obj


def inputs_of(state: Mapping[str, Any], fallback: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs that made the live object of a state."""
    found = state.get(INPUTS)
    return sent(found if isinstance(found, dict) else fallback)


def manager_of(urn: str, state: Mapping[str, Any], named: str = "") -> str:
    """The field manager: what `pulumi.com/patchFieldManager` says, what the state remembers, or the resource's own."""
    return named or str(state.get(MANAGER) or "") or field_manager(urn)


def _renamed(value: Any, name: Callable[[str], str | None]) -> Any:
    if isinstance(value, dict):
        return {name(key) or key: _renamed(item, name) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, name) for item in value]
    return value
