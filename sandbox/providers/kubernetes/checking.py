"""Check and diff of one Kubernetes object: names, namespaces, what changed and what that takes."""

from __future__ import annotations

from typing import Any, Final

from sandbox.providers.kubernetes import objects, states
from sandbox.providers.kubernetes.api import PREVIEW_PATIENCE, ApiError, Unreachable
from sandbox.providers.kubernetes.cluster import Cluster
from sandbox.providers.kubernetes.conditions import job
from sandbox.providers.kubernetes.diff import changes, replacing, without_ignored
from sandbox.providers.kubernetes.discovery import NoKind
from sandbox.providers.kubernetes.naming import annotation, auto_name, is_autonamed, is_named, set_name
from sandbox.providers.kubernetes.normalize import is_crd, normalize, without_nulls
from sandbox.providers.kubernetes.pruning import prune
from sandbox.providers.kubernetes.tables import IDENTITY, force_new, group_of
from sandbox.providers.model import Call, Changes, Checked, CheckFailed, Failure
from sandbox.providers.values import Path

Object = dict[str, Any]
REPLACE_UNREADY: Final = "pulumi.com/replaceUnready"
_SERVERS: Final = frozenset({"creationTimestamp", "uid", "resourceVersion"})
# Names given in this process: (urn -> name) of objects that are there, so that a replacement never gets the same one.
_given: dict[str, str] = {}


def is_patch(call: Call) -> bool:
    """True for resources that manage some fields of somebody else's object."""
    return call.type.rpartition(":")[2] == f"{call.inputs.get('kind') or call.old_outputs.get('kind')}Patch"


def identity(type_token: str) -> tuple[str, str]:
    """(apiVersion, kind) of a type token kubernetes:<group>/<version>:<kind>; Patch kinds keep their suffix here."""
    _, _, rest = type_token.partition(":")
    api_version, _, kind = rest.rpartition(":")
    return (api_version if group_of(api_version) else api_version.rpartition("/")[2]), kind


async def check(cluster: Cluster | None, call: Call) -> Checked:
    """Inputs with their name, namespace, apiVersion and kind. Raises Failure for what no object can be."""
    obj = states.sent(without_nulls(call.inputs))
    api_version, kind = identity(call.type)
    obj.setdefault("apiVersion", api_version)
    obj.setdefault("kind", kind)
    call.inputs = obj
    if kind.endswith("List") and "items" in obj:
        raise Failure("list resources cannot be created directly; use the underlying resource types")
    metadata = obj.setdefault("metadata", {})
    if isinstance(metadata, dict):
        obj["metadata"] = {key: value for key, value in metadata.items() if key not in _SERVERS}
    _name(call, obj)
    if isinstance(obj["metadata"], dict) and not obj["metadata"].get("namespace") and cluster is not None:
        await _namespace(cluster, call, obj)
    if is_crd(obj) and cluster is not None:
        cluster.discovery.plan(obj)
    return Checked(states.hide(obj))


def _name(call: Call, obj: Object) -> None:
    metadata = obj["metadata"]
    if is_patch(call):
        if not is_named(obj):
            raise CheckFailed([("metadata.name", "patch resources require the `.metadata.name` field to be set")])
        return
    if is_named(obj):
        return
    if isinstance(metadata, dict) and metadata.get("generateName"):
        raise CheckFailed([("metadata.generateName", "the field is not supported in Server-Side Apply mode")])
    if call.old_inputs and is_autonamed(call.old_inputs):
        name = str(call.old_inputs["metadata"]["name"])
        _given[call.urn] = name
        set_name(obj, name)
        return
    if call.naming_enforced and not call.proposed_name:
        raise CheckFailed([("metadata.name", "autonaming is disabled, resource requires the .metadata.name field to be set")])
    name = call.proposed_name or auto_name(call.urn, normalize(obj))
    if name == _given.get(call.urn):  # replaced for another reason than its inputs: both objects exist for a while
        name = auto_name(call.urn, normalize(obj), taken=name)
    set_name(obj, name)


async def _namespace(cluster: Cluster, call: Call, obj: Object) -> None:
    try:
        namespaced = await cluster.discovery.namespaced(str(obj["apiVersion"]), str(obj["kind"]), PREVIEW_PATIENCE)
    except Unreachable:
        namespaced = None
    if namespaced is not False:  # a kind nobody knows yet: assumed to be namespaced, put right when it is created
        obj["metadata"]["namespace"] = cluster.namespace


async def diff(cluster: Cluster | None, call: Call) -> Changes:
    """Live object as recorded (and refreshed) against new inputs."""
    recorded_inputs = states.inputs_of(call.old_outputs, call.old_inputs)
    live, old_inputs = states.live_of(call.old_outputs, recorded_inputs), normalize(recorded_inputs)
    new = normalize(states.sent(call.inputs))
    recorded = normalize(live)
    pruned = prune(recorded, old_inputs, applied=recorded)
    pruned.setdefault("apiVersion", new.get("apiVersion"))
    pruned.setdefault("kind", new.get("kind"))
    await _same_namespace(cluster, pruned, new)
    metadata = new.get("metadata")
    if isinstance(metadata, dict) and metadata.get("name") and isinstance(pruned.get("metadata"), dict):
        pruned["metadata"]["name"] = objects.name_of(live)
    found = without_ignored(changes(pruned, new), call.ignore_changes)
    unready = cluster is not None and await _replaced_unready(cluster, new, live)
    if not found and not unready:
        return Changes()
    fields = IDENTITY
    if not is_patch(call):
        given = cluster.switches if cluster else None
        fields = force_new(new, given.secret_mutable if given else False, given.config_map_mutable if given else False)
    replace = replacing(found, new, pruned, fields)
    if unready:
        path: Path = ("metadata", "annotations", REPLACE_UNREADY)
        found, replace = {**found, path: "update"}, {*replace, path}
    same_place = objects.name_of(new) == objects.name_of(live) and objects.namespace_of(new) == objects.namespace_of(pruned)
    return Changes(found, replace, bool(replace) and is_named(new) and not is_autonamed(new) and same_place)


async def _replaced_unready(cluster: Cluster, new: Object, live: Object) -> bool:
    """A Job that did not complete is made anew where its annotation asks for that."""
    if annotation(new, REPLACE_UNREADY) != "true" or new.get("kind") != "Job":
        return False
    try:
        resource = await objects.locate(cluster, live, preview=True)
        now = await objects.get(cluster, resource, objects.namespace_of(live), objects.name_of(live), PREVIEW_PATIENCE)
    except (ApiError, NoKind, Unreachable):
        return False
    return not job(now).ready


async def _same_namespace(cluster: Cluster | None, pruned: Object, new: Object) -> None:
    """No namespace and "default" are the same for a namespaced kind; for others a namespace says nothing."""
    try:
        namespaced = (
            True
            if cluster is None
            else await cluster.discovery.namespaced(str(new.get("apiVersion")), str(new.get("kind")), PREVIEW_PATIENCE)
        )
    except Unreachable:
        namespaced = True
    for obj in (pruned, new):
        metadata = obj.get("metadata")
        if not isinstance(metadata, dict):
            continue
        if namespaced is False:
            metadata.pop("namespace", None)
        elif not metadata.get("namespace"):
            metadata["namespace"] = "default"
