"""Waiting for an object by watching it: never by polling, never by sleeping."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Coroutine
from typing import Any, Final

from sandbox.providers.kubernetes import conditions
from sandbox.providers.kubernetes.api import ApiError
from sandbox.providers.kubernetes.cluster import Cluster
from sandbox.providers.kubernetes.conditions import READY, Rule, Verdict
from sandbox.providers.kubernetes.discovery import Resource
from sandbox.providers.kubernetes.jsonpath import waits
from sandbox.providers.kubernetes.naming import annotation
from sandbox.providers.kubernetes.normalize import is_crd
from sandbox.providers.kubernetes.podreasons import reasons, selector_text
from sandbox.providers.kubernetes.streams import Subscription
from sandbox.providers.kubernetes.tables import group_of

Object = dict[str, Any]
# A Service whose selector finds no pod counts as ready once its endpoints have been quiet for this long; the official provider
# waits 10 s. Nothing in the sandbox takes that long between two changes of an endpoint.
SETTLE: Final = 3.0
_MOST_REASONS: Final = 10


class NotReady(Exception):
    """The wait ended without the object becoming ready (or gone); carries its last known state."""

    def __init__(self, obj: Object, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.obj, self.reasons = obj, reasons


class _Failed(Exception):
    """The rule says that the object never will be ready."""


class _Last:
    """What a wait saw last, for the report when it ends badly."""

    def __init__(self, obj: Object) -> None:
        self.obj, self.verdict = obj, Verdict(False, "not seen yet")

    def judge(self, rule: Rule) -> bool:
        self.verdict = rule(self.obj)
        if self.verdict.failed:
            raise _Failed
        return self.verdict.ready


async def until_ready(
    cluster: Cluster, resource: Resource, inputs: Object, made: Object, custom_timeout: float, updating: bool
) -> Object:
    """The object once it is ready by its kind's rule or its annotations. Raises NotReady on failure, timeout or interruption."""
    if annotation(inputs, "pulumi.com/skipAwait") == "true":
        return made
    seconds = conditions.timeout(made, custom_timeout, annotation(inputs, "pulumi.com/timeoutSeconds"))
    last = _Last(made)
    ended = await _bounded(cluster, _wait(cluster, resource, inputs, last, updating), seconds)
    if not ended:
        return last.obj
    raise NotReady(last.obj, [f"{ended}: {last.verdict.message}", *await _why(cluster, last.obj)])


async def _bounded(cluster: Cluster, wait: Coroutine[Any, Any, None], seconds: float) -> str:
    """Runs a wait; "" when it ended by itself, else why it was ended. The user's interrupt cancels the inner task only."""
    task = asyncio.ensure_future(wait)
    cluster.waits.add(task)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if not done:
            return f"timed out after {seconds:g} s"
        if task.cancelled():
            return "interrupted"
        task.result()
        return ""
    finally:
        cluster.waits.discard(task)
        task.cancel()


async def _wait(cluster: Cluster, resource: Resource, inputs: Object, last: _Last, updating: bool) -> None:
    rule = await rule_of(cluster, inputs, last.obj, updating)
    if rule is None:
        return
    await _object(cluster, resource, last, rule)
    if rule is conditions.service and conditions.wants_endpoints(last.obj):
        await _endpoints(cluster, last)


async def rule_of(cluster: Cluster, inputs: Object, obj: Object, updating: bool) -> Rule | None:
    """What readiness of this object means; None when it is ready once it exists."""
    if text := annotation(inputs, "pulumi.com/waitFor"):
        return _all_of(text)
    kind = group_of(str(obj.get("apiVersion", ""))), obj.get("kind")
    if kind == ("", "Service"):
        return conditions.service
    if kind == ("", "PersistentVolumeClaim"):
        return conditions.claim(await _bind_mode(cluster, obj), updating)
    rule = conditions.rule_for(obj)
    if rule is None and os.environ.get("PULUMI_K8S_AWAIT_ALL") == "true":
        return conditions.heuristic
    return rule


def _all_of(text: str) -> Rule:
    wanted = waits(text)

    def rule(obj: Object) -> Verdict:
        for wait in wanted:
            met, found = wait.matches(obj)
            if not met:
                return Verdict(False, f"Waiting for {wait.text}: {found}")
        return READY

    return rule


async def _bind_mode(cluster: Cluster, claim: Object) -> str:
    name = (claim.get("spec") or {}).get("storageClassName")
    if not name:
        return ""
    try:
        found = await cluster.api.call("GET", f"/apis/storage.k8s.io/v1/storageclasses/{name}")
    except ApiError:
        return ""
    return str(found.get("volumeBindingMode") or "")


def _stream(cluster: Cluster, resource: Resource, obj: Object) -> Subscription:
    """Changes of the object's collection, shared by all waits on it. CRDs are too large for that: each is watched alone."""
    metadata = obj["metadata"]
    alone = {"fieldSelector": f"metadata.name={metadata['name']}"} if is_crd(obj) else {}
    return cluster.streams.subscribe(resource.collection(metadata.get("namespace", "")), alone)


async def _object(cluster: Cluster, resource: Resource, last: _Last, rule: Rule) -> None:
    try:
        if last.judge(rule):
            return
        made = last.obj
        async with _stream(cluster, resource, made) as changes:
            async for seen in changes.of(made):
                if seen is None:
                    raise NotReady(last.obj, ["the object was deleted while it was waited for"])
                last.obj = seen
                if last.judge(rule):
                    return
    except _Failed:
        raise NotReady(last.obj, [last.verdict.message, *await _why(cluster, last.obj)]) from None


async def _endpoints(cluster: Cluster, last: _Last) -> None:
    """Until the pods behind the Service are ready, or none has turned up and nothing has changed for a while."""
    namespace, name = last.obj["metadata"]["namespace"], last.obj["metadata"]["name"]
    async with cluster.streams.subscribe(f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices", {}) as changes:
        while True:
            slices = [
                part
                for part in changes.objects
                if (part["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == name
            ]
            last.verdict = conditions.endpoints(slices)
            if last.verdict.ready:
                return
            settling = slices and not any(part.get("endpoints") for part in slices)
            try:
                async with asyncio.timeout(SETTLE if settling else None):
                    await changes.next(
                        lambda obj: (obj["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == name
                    )
            except TimeoutError:
                return


async def until_gone(cluster: Cluster, resource: Resource, obj: Object, seconds: float) -> None:
    """Returns once this very object is gone. Raises NotReady with its finalizers when it stays."""
    last = _Last(obj)
    started = time.monotonic()
    ended = await _bounded(cluster, _gone(cluster, resource, last), seconds)
    if not ended:
        return
    finalizers = (last.obj.get("metadata") or {}).get("finalizers") or []
    entries = (last.obj.get("status") or {}).get("conditions") or []
    left = [
        str(entry.get("message")) for entry in entries if "Remaining" in str(entry.get("type")) and entry.get("status") == "True"
    ]
    words = [f"{ended} while waiting for deletion ({time.monotonic() - started:.0f} s)", *left]
    if finalizers:
        words.append(f"finalizers might be preventing deletion ({', '.join(finalizers)})")
    raise NotReady(last.obj, words)


async def _gone(cluster: Cluster, resource: Resource, last: _Last) -> None:
    try:
        async with _stream(cluster, resource, last.obj) as changes:
            async for seen in changes.of(last.obj):
                if seen is None:
                    return
                last.obj = seen
    except ApiError as error:
        if not error.not_found:  # 404: the kind itself is gone, and its objects with it
            raise


async def _why(cluster: Cluster, obj: Object) -> list[str]:
    """The reasons of a workload's pods."""
    kind, metadata = obj.get("kind"), obj.get("metadata") or {}
    if kind == "Pod":
        return reasons(obj)
    selector = (obj.get("spec") or {}).get("selector")
    if kind not in ("Deployment", "StatefulSet", "DaemonSet", "Job") or not isinstance(selector, dict):
        return []
    path = f"/api/v1/namespaces/{metadata.get('namespace', 'default')}/pods"
    try:
        pods = await cluster.api.call("GET", path, {"labelSelector": selector_text(selector)}, patience=5)
    except Exception as error:
        return [f"its pods could not be listed: {error}"]
    found = [text for pod in pods.get("items") or [] for text in reasons({"kind": "Pod", **pod})]
    return found[:_MOST_REASONS] or ["no pod reports a reason"]


_READ_KINDS: Final = frozenset(
    {("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("batch", "Job"), ("", "Pod"), ("", "Service")}
    | {("networking.k8s.io", "Ingress")}
)


async def ready_now(cluster: Cluster, inputs: Object, obj: Object) -> list[str]:
    """Why a workload that is being read is not ready; nothing when it is, or when its readiness is not looked at on reads."""
    if (group_of(str(obj.get("apiVersion", ""))), obj.get("kind")) not in _READ_KINDS:
        return []
    if annotation(inputs, "pulumi.com/skipAwait") == "true" or annotation(inputs, "pulumi.com/waitFor"):
        return []
    rule = await rule_of(cluster, inputs, obj, updating=False)
    verdict = rule(obj) if rule else READY
    if verdict.ready and rule is conditions.service and conditions.wants_endpoints(obj):
        metadata = obj["metadata"]
        path = f"/apis/discovery.k8s.io/v1/namespaces/{metadata['namespace']}/endpointslices"
        found = await cluster.api.call("GET", path, {"labelSelector": f"kubernetes.io/service-name={metadata['name']}"})
        slices = found.get("items") or []
        verdict = conditions.endpoints(slices) if any(part.get("endpoints") for part in slices) else READY
    return [] if verdict.ready else [verdict.message, *await _why(cluster, obj)]
