"""A cluster in memory for the simulated operators: what the gate's client would do, without an API server."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Mapping
from typing import Any

from sandbox.operators.kinds import Resource
from sandbox.operators.model import load
from sandbox.operators.reconcile import Reconciler
from sandbox.operators.store import Key, Object, Store, key_of


class Memory:
    """Objects, and a reconciler over them that runs until nothing is left to do."""

    def __init__(self) -> None:
        self._version = 0
        self._dirty: dict[Key, None] = {}
        self._kinds = load()
        self.store = Store(self._wake)
        self.reconciler = Reconciler(self.store, self, self._kinds)  # type: ignore[arg-type]

    def _wake(self, keys: set[Key]) -> None:
        self._dirty.update({key: None for key in keys if key[0] in self._kinds})

    def put(self, *objects: Mapping[str, Any], **status: Any) -> None:
        """Creates or changes objects, as a user or another controller would."""
        for obj in objects:
            self._put(copy.deepcopy(dict(obj)), status or None)

    def _put(self, obj: Object, status: Any = None) -> Object:
        self._version += 1
        before = self.store.get(key_of(obj))
        meta = obj.setdefault("metadata", {})
        old: Object = before["metadata"] if before else {"uid": f"uid-{self._version}", "generation": 0}
        changed = before is None or before.get("spec") != obj.get("spec")
        meta["uid"], meta["generation"] = old["uid"], old["generation"] + (1 if changed else 0)
        meta.setdefault("finalizers", old.get("finalizers", []))
        meta["resourceVersion"] = str(self._version)
        if (status is None and before) and "status" in before:
            obj.setdefault("status", before["status"])
        elif status is not None:
            obj["status"] = status
        self.store.put(obj)
        return obj

    def up(self, kind: str, namespace: str, name: str) -> None:
        """Makes a workload or pod ready, as KWOK and the controllers do."""
        found = self.store.get((kind, namespace, name))
        if found is None:
            raise KeyError(f"no {kind} {namespace}/{name}")
        obj = copy.deepcopy(found)
        count = obj["spec"].get("replicas", 1)
        true = [{"type": type_, "status": "True"} for type_ in ("Ready", "Available", "Complete")]
        counts = {"observedGeneration": obj["metadata"]["generation"], "readyReplicas": count, "updatedReplicas": count}
        self._put(obj, {"conditions": true, **counts})

    def wake_all(self) -> None:
        """Has every custom resource looked at again, as the gate's timers do."""
        self._wake({key_of(obj) for kind in self._kinds for obj in self.store.all(kind)})

    def settle(self, rounds: int = 30) -> list[float]:
        """Reconciles until nothing changes; returns the asked-for retries in seconds."""
        waits: list[float] = []

        async def run() -> None:
            for _ in range(rounds):
                if not self._dirty:
                    return
                batch, self._dirty = self._dirty, {}
                for key in batch:
                    if (wait := await self.reconciler.reconcile(key)) is not None:
                        waits.append(wait)
            raise AssertionError(f"still busy after {rounds} rounds with {list(self._dirty)}")

        asyncio.run(run())
        return waits

    # what the reconciler asks of its client

    async def apply(self, resource: Resource, obj: Object, manager: str, subresource: str | None = None) -> Object:
        """Server-side apply."""
        before = self.store.get(key_of(obj))
        if subresource == "status":
            if before is None:
                raise KeyError(f"no {key_of(obj)}")
            return self._put({**copy.deepcopy(before), "status": copy.deepcopy(obj["status"])})
        # what others wrote stays, as server-side apply has it
        if before and "status" in obj and "spec" not in obj:
            return self._put({**copy.deepcopy(before), "status": copy.deepcopy(obj["status"])})
        held = {"data": {**before["data"], **obj["data"]}} if before and "data" in before and "data" in obj else {}
        return self._put({**copy.deepcopy(obj), **held})

    async def set_finalizers(self, resource: Resource, obj: Object, finalizers: list[str]) -> Object:
        """Replaces the finalizers; an object that was only held by them goes."""
        known = self.store.get(key_of(obj))
        if known is None:
            return obj
        now = copy.deepcopy(known)
        now["metadata"]["finalizers"] = finalizers
        if now["metadata"].get("deletionTimestamp") and not finalizers:
            self.store.drop(now)
            return now
        return self._put(now)

    async def delete(self, resource: Resource, namespace: str | None, name: str) -> None:
        """Deletes, or marks as deleted what has finalizers."""
        found = self.store.get((resource.kind, namespace or "", name))
        if found is None:
            return
        if found["metadata"].get("finalizers"):
            self._put({**copy.deepcopy(found), "metadata": {**found["metadata"], "deletionTimestamp": "2026-11-23T00:00:00Z"}})
        else:
            self.store.drop(found)
