"""Creating, changing, reading and deleting one object on the API server."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from sandbox.providers.kubernetes.api import APPLY, JSON_PATCH, PATIENCE, PREVIEW_PATIENCE, ApiError
from sandbox.providers.kubernetes.cluster import Cluster
from sandbox.providers.kubernetes.discovery import NoKind, Resource, canonical
from sandbox.providers.kubernetes.managed import entries_of, owned
from sandbox.providers.kubernetes.naming import annotation
from sandbox.providers.kubernetes.normalize import is_crd
from sandbox.providers.model import Failure

Object = dict[str, Any]
# A namespace or CRD of the same run may be on its way; the official provider tries five times, doubling from 1 s.
_ORDER_PATIENCE: Final = 30.0
_HELP_EXISTS: Final = (
    "The resource already exists in the cluster and another owner made it. Rename it, use a Patch resource to change some of its"
    " fields, bring it in with `pulumi import`, or set upsertExistingObjects on the provider."
)


def name_of(obj: Object) -> str:
    """metadata.name."""
    return str((obj.get("metadata") or {}).get("name") or "")


def namespace_of(obj: Object) -> str:
    """metadata.namespace, "" where there is none."""
    return str((obj.get("metadata") or {}).get("namespace") or "")


async def locate(cluster: Cluster, obj: Object, preview: bool = False) -> Resource:
    """Where the object's kind lives. Raises NoKind."""
    patience = PREVIEW_PATIENCE if preview else PATIENCE
    return await cluster.discovery.find(str(obj.get("apiVersion", "")), str(obj.get("kind", "")), patience)


async def get(cluster: Cluster, resource: Resource, namespace: str, name: str, patience: float = PATIENCE) -> Object:
    """The live object. Raises ApiError (404 when it is gone)."""
    return await cluster.api.call("GET", resource.path(namespace, name), patience=patience)


def placed(obj: Object, resource: Resource) -> Object:
    """The object as it is sent: with the served apiVersion, and a namespace only where the kind has one."""
    metadata = dict(obj.get("metadata") or {})
    if not resource.namespaced:
        metadata.pop("namespace", None)
    return {**obj, "apiVersion": resource.api_version, "metadata": metadata}


async def create(
    cluster: Cluster, obj: Object, manager: str, preview: bool, force: bool, patch: bool
) -> tuple[Resource, Object, bool]:
    """Make the object; one that this very resource made before a crash is taken over (True) and brought up to date.

    Raises ApiError (AlreadyExists for somebody else's object) and NoKind. Outside a preview an absent namespace or kind is waited
    for a while: they may be made by the same run.
    """
    started, pause = time.monotonic(), 0.25
    while True:
        try:
            resource = await _target(cluster, obj, preview)
            if force or patch:
                return resource, await apply(cluster, resource, obj, manager, preview, force=force or preview), False
            return resource, *await _post(cluster, resource, obj, manager, preview)
        except (ApiError, NoKind) as error:
            absent = isinstance(error, NoKind) or error.not_found
            if preview or not absent or time.monotonic() - started + pause > _ORDER_PATIENCE:
                raise
            if not isinstance(error, ApiError) or not error.namespace_absent:
                cluster.discovery.forget()
        await asyncio.sleep(pause)  # between tries, not for readiness
        pause = min(pause * 2, 4.0)


async def _target(cluster: Cluster, obj: Object, preview: bool) -> Resource:
    """Like `locate`; a kind whose CRD this run has made is served some time before discovery lists it."""
    try:
        return await locate(cluster, obj, preview)
    except NoKind as error:
        planned = cluster.discovery.planned.get((canonical(str(obj.get("apiVersion"))), str(obj.get("kind"))))
        if preview or planned is None:
            raise error
        return planned


async def _post(cluster: Cluster, resource: Resource, obj: Object, manager: str, preview: bool) -> tuple[Object, bool]:
    params = {"fieldManager": manager} | ({"dryRun": "All"} if preview else {})
    path, patience = resource.collection(namespace_of(obj)), PREVIEW_PATIENCE if preview else PATIENCE
    try:
        return await cluster.api.call("POST", path, params, placed(obj, resource), patience=patience), False
    except ApiError as error:
        if not error.exists or preview:
            raise
        live = await get(cluster, resource, namespace_of(obj), name_of(obj))
        if not owned(live, manager):
            raise ApiError(error.code, {"reason": error.reason, "message": f"{error.message}\n\n{_HELP_EXISTS}"}) from None
        return await change(cluster, resource, live, obj, manager, preview=False, force=True), True


async def apply(cluster: Cluster, resource: Resource, obj: Object, manager: str, preview: bool, force: bool) -> Object:
    """Server-side apply. A field conflict is reported with the manager's name."""
    params = {"fieldManager": manager, "force": str(force).lower()}
    if preview:
        params["dryRun"] = "All"
    path = resource.path(namespace_of(obj), name_of(obj))
    try:
        return await cluster.api.call(
            "PATCH", path, params, placed(obj, resource), APPLY, patience=PREVIEW_PATIENCE if preview else PATIENCE
        )
    except ApiError as error:
        if not error.conflict:
            raise
        text = (
            f"server-side apply field conflict: the resource managed by field manager {manager!r} had an apply conflict:"
            f" {error.message}. Set annotation pulumi.com/patchForce to take the fields over"
        )
        raise ApiError(error.code, {"reason": error.reason, "message": text}) from None


def forced(cluster: Cluster, obj: Object) -> bool:
    """True when conflicts with other field managers are to be overridden."""
    return cluster.switches.enable_patch_force or annotation(obj, "pulumi.com/patchForce") == "true"


async def change(
    cluster: Cluster, resource: Resource, live: Object, obj: Object, manager: str, preview: bool, force: bool, patch: bool = False
) -> Object:
    """Bring a live object to the inputs: CRDs are replaced whole, all else is applied."""
    if is_crd(obj) and not patch:
        return await _replace(cluster, resource, live, obj, manager, preview)
    if not patch and preview:
        force = force or _made_by_update(live, manager)
    elif not patch and _made_by_update(live, manager):
        await _own_by_apply(cluster, resource, live, manager)
    return await apply(cluster, resource, obj, manager, preview, force or not live["metadata"].get("managedFields"))


async def _replace(cluster: Cluster, resource: Resource, live: Object, obj: Object, manager: str, preview: bool) -> Object:
    params = {"fieldManager": manager} | ({"dryRun": "All"} if preview else {})
    for attempt in range(5):
        body = placed(obj, resource)
        body["metadata"] = {**body["metadata"], "resourceVersion": live["metadata"]["resourceVersion"]}
        try:
            return await cluster.api.call("PUT", resource.path("", name_of(obj)), params, body)
        except ApiError as error:
            if not error.conflict or attempt == 4:
                raise
        live = await get(cluster, resource, "", name_of(obj))
    raise AssertionError("unreachable")


def _made_by_update(live: Object, manager: str) -> bool:
    return any(entry.get("manager") == manager and entry.get("operation") == "Update" for entry in entries_of(live))


async def _own_by_apply(cluster: Cluster, resource: Resource, live: Object, manager: str) -> None:
    """A create leaves the fields with the manager's "Update" entry; an apply needs them under "Apply", else removed ones stay."""
    for _ in range(5):
        entries = [_as_apply(entry, manager) for entry in entries_of(live)]
        body = [
            {"op": "test", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
            {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        ]
        path = resource.path(namespace_of(live), name_of(live))
        try:
            await cluster.api.call("PATCH", path, body=body, content=JSON_PATCH)
        except ApiError as error:
            if error.code not in (409, 422):
                raise
            live = await get(cluster, resource, namespace_of(live), name_of(live))
            continue
        return


def _as_apply(entry: Object, manager: str) -> Object:
    if entry.get("manager") == manager and entry.get("operation") == "Update" and not entry.get("subresource"):
        return {**entry, "operation": "Apply"}
    return entry


async def relinquish(cluster: Cluster, resource: Resource, obj: Object, manager: str) -> None:
    """Give up the fields of this manager; what it alone owned goes."""
    bare = {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": name_of(obj), "namespace": namespace_of(obj)},
    }
    await apply(cluster, resource, bare, manager, preview=False, force=False)


async def delete(cluster: Cluster, resource: Resource, namespace: str, name: str, policy: str) -> Object | None:
    """Ask for deletion; the object that is still there, or None when it is gone already."""
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy}
    try:
        answer = await cluster.api.call("DELETE", resource.path(namespace, name), body=options)
    except ApiError as error:
        if error.not_found:
            return None
        raise
    if answer.get("kind") == "Status" or not (answer.get("metadata") or {}).get("deletionTimestamp"):
        return None
    return answer


def unlocated(error: NoKind, urn: str) -> Failure:
    """The text for a kind that the API server does not serve."""
    return Failure(
        f"creation of resource {urn!r} failed because the Kubernetes API server reported that the apiVersion for this resource"
        f" does not exist. Verify that any required CRDs have been created: {error}"
    )
