"""One reconciliation of one custom resource: what its operator would make, say and clean up, from its data file."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from sandbox.faults import FaultError, Faults
from sandbox.operators.client import Client, Refused
from sandbox.operators.functions import arg, condition, digest, env, get, is_ready, now
from sandbox.operators.kinds import BUILTIN, Resource
from sandbox.operators.model import CustomResource
from sandbox.operators.store import Key, Object, Store, View, key_of
from sandbox.operators.template import TemplateError, context, document, evaluate

SIMULATED = {"mlops.dev/simulated": "operator"}
"""On every object made here, for nobody should take it for the work of the real operator."""
RETRY_SECONDS = 2.0
HELD_SECONDS = 1.0
"""How long a fault `not-ready` without `seconds` lasts before it is asked for again."""
NOT_FOUND, CONFLICT = 404, 409
IMMUTABLE = ("Pod", "Job")
logger = logging.getLogger("operators")


class Reconciler:
    """Reconciles custom resources against a store of what the cluster holds."""

    def __init__(self, store: Store, client: Client, data: Mapping[str, CustomResource]) -> None:
        self._store = store
        self._client = client
        self._data = data
        self._resources: dict[str, Resource] = {item.kind: item for item in BUILTIN}
        self._resources |= {kind: item.resource for kind, item in data.items()}
        self._faults = Faults("operators")
        self._applied: dict[Key, tuple[str, int | None]] = {}
        self._told_ready: set[tuple[str, int]] = set()
        self._held_until: dict[tuple[str, int], float] = {}

    async def reconcile(self, key: Key) -> float | None:
        """Brings one custom resource forward; returns after how many seconds to look again, None for "when something changes"."""
        cr, data = self._store.get(key), self._data[key[0]]
        if cr is None:
            self._store.forget(key)
            return None
        view = View(self._store)
        try:
            return await self._bring_forward(cr, data, view)
        except (TemplateError, FaultError) as error:
            logger.warning("%s %s/%s: %s", *key, error)
            return RETRY_SECONDS
        except Refused as error:
            # a conflict or a namespace that is going away needs no words
            if error.status not in (NOT_FOUND, CONFLICT) and "being terminated" not in str(error):
                logger.warning("%s %s/%s: %s", *key, error)
            return RETRY_SECONDS
        finally:
            self._store.record(key, view.reads)

    async def _bring_forward(self, cr: Object, data: CustomResource, view: View) -> float | None:
        names = context(view, cr)
        operator = find_operator(cr, data, view, names)
        if operator is None:
            self._waits_in_vain(cr, data)
            return None
        names |= {"operator": operator, "operatorNamespace": operator["metadata"]["namespace"]}
        for name, template in data.values.items():
            names[name] = evaluate(template, names)
        if cr["metadata"].get("deletionTimestamp"):
            await self._finish(cr, data, names)
            return None
        await self._faults.before_async("update" if cr.get("status") else "create", data.kind, names["name"])
        cr = await self._add_finalizers(cr, data)
        problem = evaluate(data.problem, names)
        if not problem:
            await self._make_children(cr, data, names)
        return await self._report(cr, data, names, problem)

    async def _make_children(self, cr: Object, data: CustomResource, names: Mapping[str, Any]) -> None:
        wanted: set[Key] = set()
        refused: list[Refused] = []
        children: list[Object] = document(data.children, names)
        for child in children:
            if self._resources[child["kind"]].namespaced:
                child["metadata"].setdefault("namespace", cr["metadata"].get("namespace"))
            wanted.add(key_of(child))
            # noted as read: one that somebody deletes is made again
            names["find"](*key_of(child))
        for child in children:
            try:
                await self._make_child(cr, data, child, wanted)
            except Refused as error:
                # what one namespace refuses must not keep the others from theirs
                refused.append(error)
        for obj in self._store.owned(cr["metadata"]["uid"]):
            ours = obj["metadata"].get("labels", {}).items() >= SIMULATED.items()
            if ours and key_of(obj) not in wanted and not obj["metadata"].get("deletionTimestamp"):
                await self._delete(obj)
        if refused:
            raise refused[0]

    async def _make_child(self, cr: Object, data: CustomResource, child: Object, wanted: set[Key]) -> None:
        owner, metadata = child.pop("owner", None), child["metadata"]
        metadata["labels"] = (metadata.get("labels") or {}) | SIMULATED
        if owner != "none":
            metadata["ownerReferences"] = [_owner(cr)]
        key, state = key_of(child), digest(child)
        live = self._store.get(key)
        if live is not None:
            # somebody else's change of the spec shows in the generation and is taken back
            same = self._applied.get(key) == (state, live["metadata"].get("generation"))
            if same or live["metadata"].get("deletionTimestamp"):
                return
        try:
            made = await self._client.apply(self._resources[child["kind"]], child, data.operator.name)
        except Refused as error:
            if error.status == 422 and live is not None and child["kind"] in IMMUTABLE:
                others = (self._store.get(other) for other in wanted - {key} if other[0] == key[0])
                # pods of a set are replaced one after the other, those that are down at once
                if key[0] != "Pod" or not is_ready(live) or all(map(is_ready, others)):
                    await self._delete(live)
                return
            raise
        self._applied[key] = (state, made["metadata"].get("generation"))
        self._store.put(made)

    async def _delete(self, obj: Object) -> None:
        key = key_of(obj)
        self._applied.pop(key, None)
        await self._client.delete(self._resources[key[0]], key[1], key[2])
        # until the watch says so
        obj["metadata"].setdefault("deletionTimestamp", now())

    async def _report(self, cr: Object, data: CustomResource, names: dict[str, Any], problem: Any) -> float | None:
        if data.status is None:
            return None
        # children are read anew: what was just made counts
        ready = not problem and bool(evaluate(data.ready, names))
        wait: float | None = None
        generation = (cr["metadata"]["uid"], cr["metadata"]["generation"])
        if ready and generation not in self._told_ready:
            wait = self._held(data, names, generation)
            if wait is None:
                self._told_ready.add(generation)
            ready = wait is None
        status = document(data.status, names | {"ready": ready, "problem": problem})
        _keep_times(status.get("conditions"), get(cr, "status.conditions", []), names["now"]())
        if status != (cr.get("status") or {}):
            metadata = {name: cr["metadata"][name] for name in ("name", "namespace") if name in cr["metadata"]}
            body = {"apiVersion": cr["apiVersion"], "kind": cr["kind"], "metadata": metadata, "status": status}
            self._store.put(await self._write_status(data, body))
        return wait

    async def _write_status(self, data: CustomResource, body: Object) -> Object:
        try:
            return await self._client.apply(data.resource, body, data.operator.name, "status")
        except Refused as error:
            if error.status != NOT_FOUND:
                raise
        # a definition without the status subresource (Velero's) keeps its status in the object itself
        return await self._client.apply(data.resource, body, data.operator.name)

    def _held(self, data: CustomResource, names: Mapping[str, Any], generation: tuple[str, int]) -> float | None:
        """How many seconds more a fault `not-ready` holds this generation back; None where none does."""
        left = self._held_until.pop(generation, 0.0) - time.monotonic()
        if left <= 0:
            rules = self._faults.after("update" if names["status"] else "create", data.kind, names["name"])
            held = [rule.seconds or HELD_SECONDS for rule in rules if rule.action == "not-ready"]
            if not held:
                return None
            left = max(held)
        self._held_until[generation] = time.monotonic() + left
        return left

    async def _add_finalizers(self, cr: Object, data: CustomResource) -> Object:
        have = cr["metadata"].get("finalizers") or []
        missing = [item.name for item in data.finalizers if item.add and item.name not in have]
        if not missing:
            return cr
        changed = await self._client.set_finalizers(data.resource, cr, [*have, *missing])
        self._store.put(changed)
        return changed

    def _waits_in_vain(self, cr: Object, data: CustomResource) -> None:
        """Says why a deleted object stays: its finalizer needs the operator, here as on any cluster."""
        left = [item.name for item in data.finalizers if item.name in (cr["metadata"].get("finalizers") or ())]
        if cr["metadata"].get("deletionTimestamp") and left:
            where = (data.kind, cr["metadata"].get("namespace", ""), cr["metadata"]["name"], left[0], data.operator.name)
            logger.warning("%s %s/%s is deleted but keeps its finalizer %s until %s runs again", *where)

    async def _finish(self, cr: Object, data: CustomResource, names: Mapping[str, Any]) -> None:
        have = cr["metadata"].get("finalizers") or []
        ours = [item for item in data.finalizers if item.name in have]
        if not ours:
            return
        await self._faults.before_async("delete", data.kind, names["name"])
        for item in ours:
            for obj in document(item.releases, names):
                await self._release(obj, names["namespace"])
            for obj in document(item.deletes, names):
                await self._client.delete(
                    self._resources[obj["kind"]], obj["metadata"].get("namespace", names["namespace"]), obj["metadata"]["name"]
                )
        left = [name for name in have if name not in {item.name for item in ours}]
        await self._client.set_finalizers(data.resource, cr, left)

    async def _release(self, wanted: Object, namespace: str) -> None:
        """Takes finalizers off an object of somebody else that the operator protects until now."""
        metadata = wanted["metadata"]
        live = self._store.get((wanted["kind"], metadata.get("namespace", namespace), metadata["name"]))
        have = (live or {}).get("metadata", {}).get("finalizers") or []
        left = [name for name in have if name not in metadata["finalizers"]]
        if live is not None and left != have:
            await self._client.set_finalizers(self._resources[wanted["kind"]], live, left)


def _owner(cr: Object) -> dict[str, Any]:
    metadata = cr["metadata"]
    return {
        "apiVersion": cr["apiVersion"],
        "kind": cr["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def find_operator(cr: Object, data: CustomResource, view: View, names: Mapping[str, Any]) -> Object | None:
    """The available Deployment of the operator that serves this object's namespace, or None."""
    selector = evaluate(data.operator.selector, names)
    namespace = cr["metadata"].get("namespace")
    own = data.operator.watches.scope == "own"
    for deployment in view.select("Deployment", namespace if own else None, selector):
        if condition(deployment, "Available") and (own or _serves(deployment, data, namespace)):
            return deployment
    return None


def _serves(deployment: Object, data: CustomResource, namespace: str | None) -> bool:
    watches = data.operator.watches
    if watches.scope == "all" or namespace is None:
        return True
    listed = (env if watches.scope == "env" else arg)(deployment, watches.key)
    return listed in (None, "", "*") or namespace in [item.strip() for item in str(listed).split(",")]


def _keep_times(conditions: list[Object] | None, before: list[Object], now: str) -> None:
    """A condition keeps the time of its last change of status, as the API's conventions ask."""
    known = {item["type"]: item for item in before}
    for item in conditions or ():
        old = known.get(item["type"])
        same = old is not None and old["status"] == item["status"]
        item["lastTransitionTime"] = (old or {}).get("lastTransitionTime", now) if same else now
