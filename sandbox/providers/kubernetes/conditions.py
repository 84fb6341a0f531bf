"""When an object counts as ready, kind by kind: pure functions of the object, by the official provider's await rules.

Only built-in kinds are awaited by default. A custom resource is awaited when `pulumi.com/waitFor` asks for it, or when
PULUMI_K8S_AWAIT_ALL=true (then by its Ready condition), exactly as the official provider does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sandbox.providers.kubernetes.jsonpath import condition, observed
from sandbox.providers.kubernetes.tables import group_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """State of an object under a rule: ready, or what it waits for; `failed` when it never will be."""

    ready: bool
    message: str = ""
    failed: bool = False


READY: Final = Verdict(True)
Rule = Callable[[dict[str, Any]], Verdict]


def _status(obj: dict[str, Any]) -> dict[str, Any]:
    return obj.get("status") or {}


def _spec(obj: dict[str, Any]) -> dict[str, Any]:
    return obj.get("spec") or {}


def _conditions(obj: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry.get("type", ""): entry for entry in _status(obj).get("conditions") or []}


def _words(entry: dict[str, Any]) -> str:
    return f"[{entry.get('reason', '')}] {entry.get('message', '')}"


def deployment(obj: dict[str, Any]) -> Verdict:
    """Seen by its controller, Available, and all replicas of the newest template ready."""
    status, wanted = _status(obj), _spec(obj).get("replicas", 1)
    if not status.get("observedGeneration") or not observed(obj):
        return Verdict(False, "Waiting for the Deployment controller to see the change")
    conditions = _conditions(obj)
    available, progressing = conditions.get("Available") or {}, conditions.get("Progressing") or {}
    revision = ((obj.get("metadata") or {}).get("annotations") or {}).get("deployment.kubernetes.io/revision")
    rolled = revision == "1" or not progressing or progressing.get("reason") == "NewReplicaSetAvailable"
    ready = min(status.get("readyReplicas", 0), status.get("updatedReplicas", 0))
    if available.get("status") == "True" and rolled and status.get("updatedReplicas", 0) >= wanted and ready >= wanted:
        return READY
    message = f"Waiting for app ReplicaSet to be available ({ready}/{wanted} Pods available)"
    troubles = [_words(entry) for entry in (progressing, available) if entry.get("status") == "False"]
    return Verdict(False, "; ".join([*troubles, message]))


def stateful_set(obj: dict[str, Any]) -> Verdict:
    """Every replica ready and of the newest revision."""
    status, wanted = _status(obj), _spec(obj).get("replicas", 1)
    if not status.get("observedGeneration") or not observed(obj):
        return Verdict(False, "Waiting for the StatefulSet controller to see the change")
    ready = status.get("readyReplicas", 0)
    on_delete = (_spec(obj).get("updateStrategy") or {}).get("type") == "OnDelete"
    counted = [status.get("replicas", 0), ready]
    if on_delete and (obj.get("metadata") or {}).get("generation", 1) > 1:
        revised = True
    else:
        revised = bool(status.get("currentRevision")) and status.get("currentRevision") == status.get("updateRevision")
        counted.append(status.get("currentReplicas", 0))
    if revised and all(count == wanted for count in counted):
        return READY
    if ready >= wanted and not revised:
        return Verdict(False, "Waiting for StatefulSet to update .status.currentRevision")
    return Verdict(False, f"Waiting for StatefulSet to create Pods ({ready}/{wanted} Pods ready)")


def daemon_set(obj: dict[str, Any]) -> Verdict:
    """A current, available pod on every node it wants."""
    status = _status(obj)
    if "observedGeneration" not in status or not observed(obj):
        return Verdict(False, "Waiting for the DaemonSet controller to see the change")
    wanted = status.get("desiredNumberScheduled", 0)
    for field, text in (
        ("currentNumberScheduled", "scheduled"),
        ("updatedNumberScheduled", "updated"),
        ("numberAvailable", "available"),
        ("numberReady", "ready"),
    ):
        if status.get(field, 0) < wanted:
            return Verdict(False, f"Waiting for DaemonSet Pods ({status.get(field, 0)}/{wanted} {text})")
    return READY


def job(obj: dict[str, Any]) -> Verdict:
    """Complete; failed for good when the Job says so."""
    conditions, status = _conditions(obj), _status(obj)
    failed = conditions.get("Failed") or {}
    if failed.get("status") == "True":
        return Verdict(False, _words(failed), failed=True)
    if (conditions.get("Complete") or {}).get("status") == "True":
        return READY
    if not status.get("startTime"):
        return Verdict(False, "Waiting for Job to start")
    counts = " | ".join(f"{name.capitalize()}: {status.get(name, 0)}" for name in ("active", "succeeded", "failed"))
    return Verdict(False, f"Waiting for Job to succeed ({counts})")


def pod(obj: dict[str, Any]) -> Verdict:
    """Scheduled, initialized and ready, or done successfully."""
    if _status(obj).get("phase") == "Succeeded":
        return READY
    conditions = _conditions(obj)
    for kind in ("PodScheduled", "Initialized", "Ready"):
        entry = conditions.get(kind) or {}
        if entry.get("status") != "True":
            return Verdict(False, entry.get("message") or f"Waiting for Pod condition {kind}")
    return READY


def claim(bind_mode: str, updating: bool) -> Rule:
    """Bound; a claim that waits for its first consumer is ready while it is pending."""

    def rule(obj: dict[str, Any]) -> Verdict:
        phase = _status(obj).get("phase")
        if phase == "Bound" and (updating or bind_mode != "WaitForFirstConsumer"):
            return READY
        if bind_mode == "WaitForFirstConsumer" and phase in ("Pending", "Bound"):
            return READY
        return Verdict(False, f"Waiting for the claim to be bound (phase {phase or 'unknown'})")

    return rule


def volume(obj: dict[str, Any]) -> Verdict:
    """Available or bound."""
    phase = _status(obj).get("phase")
    return READY if phase in ("Available", "Bound") else Verdict(False, f"Waiting for the volume (phase {phase or 'unknown'})")


def quota(obj: dict[str, Any]) -> Verdict:
    """The quota controller has taken over the limits."""
    return READY if _status(obj).get("hard") == _spec(obj).get("hard") else Verdict(False, "Waiting for the quota to be in force")


def token_secret(obj: dict[str, Any]) -> Verdict:
    """A ServiceAccount token Secret has got its token."""
    return READY if obj.get("data") else Verdict(False, "Waiting for the token to be issued")


def replication_controller(obj: dict[str, Any]) -> Verdict:
    """All replicas available."""
    wanted, have = _spec(obj).get("replicas", 1), _status(obj).get("availableReplicas", 0)
    return READY if have == wanted else Verdict(False, f"Waiting for replicas ({have}/{wanted} available)")


def ingress(obj: dict[str, Any]) -> Verdict:
    """It has an address."""
    if (_status(obj).get("loadBalancer") or {}).get("ingress"):
        return READY
    return Verdict(False, "Ingress .status.loadBalancer field was not updated with a hostname/IP address")


def crd(obj: dict[str, Any]) -> Verdict:
    """Established; names that another CRD holds never will be."""
    conditions = _conditions(obj)
    names = conditions.get("NamesAccepted") or {}
    if names.get("status") == "False":
        return Verdict(False, _words(names), failed=True)
    if (conditions.get("Established") or {}).get("status") == "True":
        return READY
    return Verdict(False, "Waiting for the CustomResourceDefinition to be established")


def heuristic(obj: dict[str, Any]) -> Verdict:
    """Any kind with conditions (PULUMI_K8S_AWAIT_ALL): its Ready condition; without one, its controller's generation."""
    if not observed(obj):
        return Verdict(False, "Waiting for the controller to see the change")
    conditions = _conditions(obj)
    for kind in ("Reconciling", "Stalled"):
        if (conditions.get(kind) or {}).get("status") == "True":
            return Verdict(False, _words(conditions[kind]))
    if "Ready" in conditions:
        met, message = condition(obj, "Ready")
        return READY if met else Verdict(False, message)
    return READY


def wants_endpoints(service: dict[str, Any]) -> bool:
    """False for headless, ExternalName and selectorless Services: nobody makes endpoints for them, or nobody needs them."""
    spec = _spec(service)
    return bool(spec.get("selector")) and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName"


def service(obj: dict[str, Any]) -> Verdict:
    """The Service's own part: a load balancer has its address."""
    if _spec(obj).get("type") == "LoadBalancer" and not (_status(obj).get("loadBalancer") or {}).get("ingress"):
        return Verdict(False, "Service was not allocated an IP address; does your cloud provider support this?")
    return READY


def endpoints(slices: list[dict[str, Any]]) -> Verdict:
    """The pods behind a Service: at least one ready and none still starting."""
    entries = [entry for part in slices for entry in part.get("endpoints") or []]
    states = [entry.get("conditions") or {} for entry in entries]
    starting = sum(1 for state in states if state.get("ready") is False and not state.get("terminating"))
    ready = sum(1 for state in states if state.get("ready") is not False)
    if starting:
        return Verdict(False, f"Service targets Pods that are not ready ({ready} ready, {starting} not)")
    if ready:
        return READY
    return Verdict(
        False,
        "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match labels"
        " on any Pods",
    )


_RULES: Final[dict[tuple[str, str], Rule]] = {
    ("apps", "Deployment"): deployment,
    ("apps", "StatefulSet"): stateful_set,
    ("apps", "DaemonSet"): daemon_set,
    ("batch", "Job"): job,
    ("", "Pod"): pod,
    ("", "PersistentVolume"): volume,
    ("", "ReplicationController"): replication_controller,
    ("", "ResourceQuota"): quota,
    ("networking.k8s.io", "Ingress"): ingress,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): crd,
}


def rule_for(obj: dict[str, Any]) -> Rule | None:
    """The rule of a kind whose own object says whether it is ready; None for kinds that are ready once they exist."""
    key = group_of(str(obj.get("apiVersion", ""))), str(obj.get("kind", ""))
    if key == ("", "Secret"):
        return token_secret if obj.get("type") == "kubernetes.io/service-account-token" else None
    return _RULES.get(key)


DEFAULT_SECONDS: Final = 600.0
SECONDS: Final[dict[tuple[str, str], float]] = {
    ("", "PersistentVolume"): 300.0,
    ("", "PersistentVolumeClaim"): 300.0,
    ("", "ResourceQuota"): 60.0,
    ("", "Secret"): 5.0,
}


def timeout(obj: dict[str, Any], custom: float, annotation: str) -> float:
    """Seconds to wait: customTimeouts, else `pulumi.com/timeoutSeconds`, else the kind's own."""
    if custom:
        return custom
    if annotation.isdigit() and int(annotation):
        return float(annotation)
    return SECONDS.get((group_of(str(obj.get("apiVersion", ""))), str(obj.get("kind", ""))), DEFAULT_SECONDS)
