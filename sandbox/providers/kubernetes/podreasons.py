"""Why a workload is not ready, in its pods' own words."""

from __future__ import annotations

from typing import Any


def reasons(pod: dict[str, Any]) -> list[str]:
    """What this pod reports: not scheduled, images not pulled, containers that crashed."""
    status = pod.get("status") or {}
    conditions = {entry.get("type"): entry for entry in status.get("conditions") or []}
    found: list[str] = []
    for kind in ("PodScheduled", "Initialized", "Ready"):
        entry = conditions.get(kind) or {}
        if entry.get("status") == "False" and entry.get("reason") != "PodCompleted" and entry.get("message"):
            found.append(str(entry["message"]))
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        found += _container(container)
    if status.get("phase") == "Failed" and status.get("message"):
        found.append(str(status["message"]))
    metadata = pod.get("metadata") or {}
    namespace = metadata.get("namespace", "default")
    name = metadata.get("name", "") if namespace == "default" else f"{namespace}/{metadata.get('name', '')}"
    return [f"[Pod {name}]: {text}" for text in dict.fromkeys(found)]


def _container(status: dict[str, Any]) -> list[str]:
    if status.get("ready"):
        return []
    found = []
    state = status.get("state") or {}
    waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
    last = (status.get("lastState") or {}).get("terminated") or {}
    if waiting.get("reason") and waiting["reason"] not in ("ContainerCreating", "PodInitializing"):
        found.append(f"[{waiting['reason']}] {waiting.get('message', '')}".rstrip())
    for past in (ended, last):
        if past.get("exitCode"):
            words = f": {past['message']}" if past.get("message") else ""
            ending = f"{past.get('reason', 'Error')}, exit code {past['exitCode']}{words}"
            found.append(f"container {status.get('name')!r} ended with {ending}")
    return found


def selector_text(selector: dict[str, Any] | None) -> str:
    """A labelSelector as the query parameter; "" for none."""
    if not selector:
        return ""
    terms = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for term in selector.get("matchExpressions") or []:
        values = ",".join(term.get("values") or [])
        operator = term.get("operator")
        key = term.get("key", "")
        terms.append({"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}.get(operator, f"!{key}"))
    return ",".join(terms)
