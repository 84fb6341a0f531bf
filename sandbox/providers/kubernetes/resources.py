"""Check, diff, create, read, update and delete of one Kubernetes object as a Pulumi resource."""

from __future__ import annotations

from typing import Any, Final

from sandbox.providers.kubernetes import ignoring, objects, states
from sandbox.providers.kubernetes.api import PATIENCE, PREVIEW_PATIENCE, ApiError, Unreachable
from sandbox.providers.kubernetes.cluster import Cluster
from sandbox.providers.kubernetes.diff import changes, replacing, without_ignored
from sandbox.providers.kubernetes.discovery import NoKind, Resource
from sandbox.providers.kubernetes.naming import (
    annotation,
    auto_name,
    full_name,
    is_autonamed,
    is_named,
    set_name,
    split_name,
)
from sandbox.providers.kubernetes.normalize import is_crd, normalize, prune, without_nulls
from sandbox.providers.kubernetes.tables import IDENTITY, SKIP_AWAIT_ON_DELETE, force_new, group_of
from sandbox.providers.kubernetes.wait import NotReady, ready_now, until_gone, until_ready
from sandbox.providers.model import Call, Changes, Checked, CheckFailed, Created, Failure, Found, InitFailed
from sandbox.providers.values import UNKNOWN, has_unknown

Object = dict[str, Any]
_DELETE_SECONDS: Final = 600.0
_POLICIES: Final = {"orphan": "Orphan", "background": "Background"}
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
        obj["metadata"] = {key: value for key, value in metadata.items() if key not in ("creationTimestamp", "uid", "resourceVersion")}
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
    if call.old_inputs:
        if is_autonamed(call.old_inputs):
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
    live = states.live_of(call.old_outputs)
    old_inputs = normalize(states.inputs_of(call.old_outputs, call.old_inputs))
    new = normalize(states.sent(call.inputs))
    pruned = prune(normalize(live), old_inputs, dropped=normalize(live))
    pruned.setdefault("apiVersion", new.get("apiVersion"))
    pruned.setdefault("kind", new.get("kind"))
    await _same_namespace(cluster, pruned, new)
    metadata = new.get("metadata")
    if isinstance(metadata, dict) and metadata.get("name") and isinstance(pruned.get("metadata"), dict):
        pruned["metadata"]["name"] = objects.name_of(live)
    found = without_ignored(changes(pruned, new), call.ignore_changes)
    if not found:
        return Changes()
    fields = IDENTITY
    if not is_patch(call):
        given = cluster.switches if cluster else None
        fields = force_new(new, given.secret_mutable if given else False, given.config_map_mutable if given else False)
    replace = replacing(found, new, pruned, fields)
    same_place = objects.name_of(new) == objects.name_of(live) and objects.namespace_of(new) == objects.namespace_of(pruned)
    return Changes(found, replace, bool(replace) and is_named(new) and not is_autonamed(new) and same_place)


async def _same_namespace(cluster: Cluster | None, pruned: Object, new: Object) -> None:
    """No namespace and "default" are the same for a namespaced kind; for others a namespace says nothing."""
    try:
        namespaced = True if cluster is None else await cluster.discovery.namespaced(
            str(new.get("apiVersion")), str(new.get("kind")), PREVIEW_PATIENCE
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


def _tolerated(error: ApiError) -> bool:
    """Refusals of a dry run that say nothing about the real run."""
    return error.code == 403 or error.exists or error.namespace_absent or "does not support dry run" in error.message


async def create(cluster: Cluster, call: Call) -> Created:
    """Raises Failure with the API server's words when it refuses; InitFailed when the object is made but not ready."""
    obj, patch = states.sent(call.inputs), is_patch(call)
    manager = states.manager_of(call.urn, {}, annotation(obj, "pulumi.com/patchFieldManager"))
    api_version = str(obj.get("apiVersion"))
    if call.preview and (patch or has_unknown(obj)):
        return Created("", call.inputs)
    force = objects.forced(cluster, obj) if patch else cluster.switches.upsert
    try:
        resource, made = await objects.create(cluster, obj, manager, call.preview, force, patch)
    except NoKind as error:
        if call.preview:
            return Created("", call.inputs)
        raise objects.unlocated(error, call.urn) from None
    except Unreachable:
        if call.preview:
            return Created("", call.inputs)
        raise
    except ApiError as error:
        if call.preview and _tolerated(error):
            return Created("", call.inputs)
        raise Failure(f"resource {call.urn!r} was not successfully created by the Kubernetes API server: {error}") from None
    if call.preview:
        return Created("", states.outputs(made, obj, api_version, manager, preview=True))
    if is_crd(obj):
        cluster.discovery.forget()
    made = await _ready(cluster, resource, call, obj, made, manager, updating=False)
    return Created(full_name(made), states.outputs(made, obj, api_version, manager))


async def _ready(cluster: Cluster, resource: Resource, call: Call, obj: Object, made: Object, manager: str, updating: bool) -> Object:
    try:
        ready = await until_ready(cluster, resource, obj, made, call.timeout, updating)
    except (ApiError, Unreachable) as error:
        outputs = states.outputs(made, obj, str(obj.get("apiVersion")), manager)
        raise InitFailed(full_name(made), outputs, [f"waiting for {full_name(made)} ended: {error}"]) from None
    except NotReady as error:
        word = "updated" if updating else "created"
        words = (
            f"resource {call.urn!r} was successfully {word}, but the Kubernetes API server reported that it failed to fully initialize"
            " or become live: "
        )
        outputs = states.outputs(error.obj, obj, str(obj.get("apiVersion")), manager)
        raise InitFailed(full_name(error.obj), outputs, [words + error.reasons[0], *error.reasons[1:]]) from None
    if is_crd(obj):
        cluster.discovery.forget()
    return ready


async def read(cluster: Cluster, call: Call) -> Found | None:
    """None when the object or its kind is gone. Raises InitFailed for a workload that is there but not ready."""
    namespace, name = split_name(call.id)
    old_inputs, old_live = states.sent(call.inputs), states.live_of(call.old_outputs)
    api_version, kind = identity(call.type)
    shape = {
        "apiVersion": old_inputs.get("apiVersion") or old_live.get("apiVersion") or api_version,
        "kind": old_inputs.get("kind") or old_live.get("kind") or kind,
    }
    try:
        resource = await objects.locate(cluster, shape)
        live = await objects.get(cluster, resource, namespace or cluster.namespace, name)
    except NoKind:
        return None
    except Unreachable as error:
        if cluster.switches.delete_unreachable:
            return None
        if cluster.switches.skip_update_unreachable:
            return Found(call.id, call.old_outputs, call.inputs)
        raise Failure(f"failed to read resource state: {error}. If the cluster is gone for good, run with PULUMI_K8S_DELETE_UNREACHABLE=true") from None
    except ApiError as error:
        if error.not_found:
            return None
        raise Failure(f"reading {call.id}: {error}") from None
    manager = states.manager_of(call.urn, call.old_outputs, annotation(old_inputs, "pulumi.com/patchFieldManager"))
    inputs = _live_inputs(live, old_inputs, old_live)
    outputs = states.outputs(live, inputs, str(call.old_outputs.get(states.API_VERSION) or shape["apiVersion"]), manager)
    shown = states.hide(inputs)
    if old_inputs and (reason := await ready_now(cluster, old_inputs, live)):
        raise InitFailed(call.id, outputs, reason, shown)
    return Found(call.id, outputs, shown)


def _live_inputs(live: Object, old_inputs: Object, old_live: Object) -> Object:
    """Inputs that would make the live object: the old ones where nothing drifted, all of it where there are none (an import)."""
    if not old_inputs:
        obj = normalize({key: value for key, value in live.items() if key != "status"})
        annotations = (obj.get("metadata") or {}).get("annotations") or {}
        for key in ("deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"):
            annotations.pop(key, None)
        return obj
    shape = normalize(old_inputs)
    pruned = prune(normalize(live), shape, dropped=normalize(old_live) if old_live else None)
    pruned["apiVersion"], pruned["kind"] = shape.get("apiVersion"), shape.get("kind")
    return pruned if changes(pruned, shape) else old_inputs


async def update(cluster: Cluster, call: Call) -> dict[str, Any]:
    """The new state. In a preview what the API server would make of it, or the inputs where it cannot say."""
    obj, patch = states.sent(call.inputs), is_patch(call)
    if call.preview and has_unknown(obj):
        return call.inputs
    named = annotation(obj, "pulumi.com/patchFieldManager")
    before = states.manager_of(call.urn, call.old_outputs)
    manager = named or before
    namespace, name = split_name(call.id)
    try:
        resource = await objects.locate(cluster, obj, call.preview)
        patience = PREVIEW_PATIENCE if call.preview else PATIENCE
        live = await objects.get(cluster, resource, namespace or cluster.namespace, name, patience)
        obj = ignoring.applied(obj, live, manager, call.ignore_changes)
        changed = await objects.change(cluster, resource, live, obj, manager, call.preview, objects.forced(cluster, obj), patch)
    except NoKind as error:
        if call.preview:
            return call.inputs
        raise objects.unlocated(error, call.urn) from None
    except Unreachable:
        if call.preview:
            return call.inputs
        raise
    except ApiError as error:
        if call.preview and error.code == 403:
            return call.inputs
        hint = "; it was deleted outside of Pulumi, run `pulumi refresh`" if error.not_found else ""
        raise Failure(f"update of resource {call.urn!r} failed: {error}{hint}") from None
    api_version = str(call.old_outputs.get(states.API_VERSION) or obj.get("apiVersion"))
    if call.preview:
        return states.outputs(changed, states.sent(call.inputs), api_version, manager, preview=True)
    if manager != before:
        await objects.relinquish(cluster, resource, live, before)
    changed = await _ready(cluster, resource, call, states.sent(call.inputs), changed, manager, updating=True)
    return states.outputs(changed, states.sent(call.inputs), api_version, manager)


async def delete(cluster: Cluster, call: Call) -> None:
    """Foreground deletion; returns when the object is gone. A Patch resource gives its fields up."""
    namespace, name = split_name(call.id)
    live = states.live_of(call.old_outputs)
    inputs = states.inputs_of(call.old_outputs, call.old_inputs)
    call.inputs = call.inputs or inputs
    try:
        resource = await objects.locate(cluster, live or inputs)
        if is_patch(call):
            manager = states.manager_of(call.urn, call.old_outputs, annotation(inputs, "pulumi.com/patchFieldManager"))
            await objects.get(cluster, resource, namespace or cluster.namespace, name)
            return await objects.relinquish(cluster, resource, live, manager)
        policy = _POLICIES.get(annotation(inputs, "pulumi.com/deletionPropagationPolicy").lower(), "Foreground")
        left = await objects.delete(cluster, resource, namespace or cluster.namespace, name, policy)
    except NoKind:
        return None
    except Unreachable:
        if cluster.switches.delete_unreachable:
            return None
        raise
    except ApiError as error:
        if error.not_found:
            return None
        raise Failure(f"deleting {call.id}: {error}") from None
    if left is not None and not _unawaited(inputs):
        try:
            await until_gone(cluster, resource, {**live, **left}, call.timeout or _DELETE_SECONDS)
        except NotReady as error:
            raise Failure(f"deleting {call.id}: {error}") from None
    if is_crd(live):
        cluster.discovery.drop(live)
    return None


def _unawaited(inputs: Object) -> bool:
    kind = group_of(str(inputs.get("apiVersion", ""))), str(inputs.get("kind", ""))
    return annotation(inputs, "pulumi.com/skipAwait") == "true" and kind in SKIP_AWAIT_ON_DELETE


__all__ = ["UNKNOWN", "check", "create", "delete", "diff", "read", "update"]
