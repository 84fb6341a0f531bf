"""Create, read, update and delete of one Kubernetes object as a Pulumi resource."""

from __future__ import annotations

from typing import Any, Final

from sandbox.providers.kubernetes import ignoring, objects, states
from sandbox.providers.kubernetes.api import PATIENCE, PREVIEW_PATIENCE, ApiError, Unreachable
from sandbox.providers.kubernetes.checking import identity, is_patch
from sandbox.providers.kubernetes.cluster import Cluster
from sandbox.providers.kubernetes.diff import changes
from sandbox.providers.kubernetes.discovery import NoKind, Resource
from sandbox.providers.kubernetes.managed import atomic_in
from sandbox.providers.kubernetes.naming import (
    annotation,
    full_name,
    split_name,
)
from sandbox.providers.kubernetes.normalize import is_crd, normalize
from sandbox.providers.kubernetes.pruning import prune
from sandbox.providers.kubernetes.tables import SKIP_AWAIT_ON_DELETE, group_of
from sandbox.providers.kubernetes.wait import NotReady, ready_now, until_gone, until_ready
from sandbox.providers.model import Call, Created, Failure, Found, InitFailed
from sandbox.providers.values import has_unknown

Object = dict[str, Any]
_DELETE_SECONDS: Final = 600.0
# (urn, id) of objects that a create of this run took over: with `pulumi up --replace` the very ones whose deletion follows.
_adopted: set[tuple[str, str]] = set()
_POLICIES: Final = {"orphan": "Orphan", "background": "Background"}


def _tolerated(error: ApiError) -> bool:
    """Refusals of a dry run that say nothing about the real run."""
    return error.code == 403 or error.exists or error.namespace_absent or "does not support dry run" in error.message


def _hidden(call: Call, text: str) -> str:
    """The text without secret values: the API server repeats what it does not like."""
    for secret in sorted(call.secrets.texts, key=len, reverse=True):
        text = text.replace(secret, "[secret]")
    return text


async def create(cluster: Cluster, call: Call) -> Created:
    """Raises Failure with the API server's words when it refuses; InitFailed when the object is made but not ready."""
    obj, patch = states.sent(call.inputs), is_patch(call)
    manager = states.manager_of(call.urn, {}, annotation(obj, "pulumi.com/patchFieldManager"))
    api_version = str(obj.get("apiVersion"))
    if call.preview and (patch or has_unknown(obj)):
        return Created("", call.inputs)
    force = objects.forced(cluster, obj) if patch else cluster.switches.upsert
    try:
        resource, made, adopted = await objects.create(cluster, obj, manager, call.preview, force, patch)
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
        words = f"resource {call.urn!r} was not successfully created by the Kubernetes API server: {error}"
        raise Failure(_hidden(call, words)) from None
    if call.preview:
        return Created("", states.outputs(made, api_version, manager, preview=True))
    if adopted:
        _adopted.add((call.urn, full_name(made)))
    if is_crd(obj):
        cluster.discovery.forget()
    made = await _ready(cluster, resource, call, obj, made, manager, updating=False)
    return Created(full_name(made), states.outputs(made, api_version, manager))


async def _ready(
    cluster: Cluster, resource: Resource, call: Call, obj: Object, made: Object, manager: str, updating: bool
) -> Object:
    try:
        ready = await until_ready(cluster, resource, obj, made, call.timeout, updating)
    except (ApiError, Unreachable) as error:
        outputs = states.outputs(made, str(obj.get("apiVersion")), manager)
        raise InitFailed(full_name(made), outputs, [f"waiting for {full_name(made)} ended: {error}"]) from None
    except NotReady as error:
        word = "updated" if updating else "created"
        words = (
            f"resource {call.urn!r} was successfully {word}, but the Kubernetes API server reported that it failed to fully"
            " initialize or become live: "
        )
        outputs = states.outputs(error.obj, str(obj.get("apiVersion")), manager)
        reasons = [_hidden(call, text) for text in (words + error.reasons[0], *error.reasons[1:])]
        raise InitFailed(full_name(error.obj), outputs, reasons) from None
    if is_crd(obj):
        cluster.discovery.forget()
    return ready


async def read(cluster: Cluster, call: Call) -> Found | None:
    """None when the object or its kind is gone. Raises InitFailed for a workload that is there but not ready."""
    namespace, name = split_name(call.id)
    old_inputs = states.sent(call.inputs)
    old_live = states.live_of(call.old_outputs, old_inputs)
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
        advice = "If the cluster is gone for good, run with PULUMI_K8S_DELETE_UNREACHABLE=true"
        raise Failure(f"failed to read resource state: {error}. {advice}") from None
    except ApiError as error:
        if error.not_found:
            return None
        raise Failure(f"reading {call.id}: {error}") from None
    manager = states.manager_of(call.urn, call.old_outputs, annotation(old_inputs, "pulumi.com/patchFieldManager"))
    inputs = _live_inputs(live, old_inputs, old_live)
    api_version = str(call.old_outputs.get(states.API_VERSION) or shape["apiVersion"])
    outputs = states.outputs(live, api_version, manager, schemas=not old_inputs)
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
    pruned = prune(normalize(live), shape, normalize(old_live) if old_live else None, atomic_in(live))
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
        raise Failure(_hidden(call, f"update of resource {call.urn!r} failed: {error}{hint}")) from None
    api_version = str(call.old_outputs.get(states.API_VERSION) or obj.get("apiVersion"))
    if call.preview:
        return states.outputs(changed, api_version, manager, preview=True)
    if manager != before:
        await objects.relinquish(cluster, resource, live, before)
    changed = await _ready(cluster, resource, call, states.sent(call.inputs), changed, manager, updating=True)
    return states.outputs(changed, api_version, manager)


async def delete(cluster: Cluster, call: Call) -> None:
    """Foreground deletion; returns when the object is gone. A Patch resource gives its fields up."""
    if (call.urn, call.id) in _adopted:
        return None
    namespace, name = split_name(call.id)
    inputs = states.inputs_of(call.old_outputs, call.old_inputs)
    live = states.live_of(call.old_outputs, inputs)
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
