"""Readiness of Kubernetes objects by the live API server's word."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from cli.errors import UserError

WORKLOADS = {"Deployment": "readyReplicas", "StatefulSet": "readyReplicas", "DaemonSet": "numberReady"}


@dataclass(frozen=True)
class Reading:
    """One object: ready or not, why not, and its pods where it has some."""

    name: str
    ready: bool
    reason: str = ""
    pods_ready: int = 0
    pods_wanted: int = 0


def judge(name: str, live: Mapping[str, Any]) -> Reading:
    """Whether a live object is ready: workloads by their pods, Jobs by completion, others by their Ready condition."""
    kind, spec, status = live.get("kind"), live.get("spec") or {}, live.get("status") or {}
    label = f"{kind} {name}"
    if kind in WORKLOADS:
        wanted = int(status.get("desiredNumberScheduled", 0) if kind == "DaemonSet" else spec.get("replicas", 1))
        have = int(status.get(WORKLOADS[kind]) or 0)
        stale = int(status.get("observedGeneration") or 0) < int(live["metadata"].get("generation") or 0)
        reason = "" if have >= wanted and not stale else f"{have} of {wanted} pods ready"
        return Reading(label, not reason, reason, have, wanted)
    conditions = {c.get("type"): c for c in status.get("conditions") or () if isinstance(c, Mapping)}
    if kind == "Job":
        done = conditions.get("Complete", {}).get("status") == "True"
        return Reading(label, done, "" if done else str(conditions.get("Failed", {}).get("reason", "not complete")))
    if kind == "PersistentVolumeClaim":
        return Reading(label, status.get("phase") == "Bound", str(status.get("phase")))
    if "Ready" in conditions:
        ready = conditions["Ready"].get("status") == "True"
        return Reading(label, ready, "" if ready else str(conditions["Ready"].get("reason") or "not Ready"))
    if isinstance(status.get("state"), str) and kind == "PerconaServerMySQL":
        return Reading(label, status["state"] == "ready", status["state"])
    return Reading(label, True)


class Cluster:
    """A connection to the cluster of the environment's kubeconfig."""

    def __init__(self, client: Any):
        self._client = client

    @classmethod
    def connect(cls, environment: Mapping[str, str]) -> Self:
        """From KUBECONFIG (or ~/.kube/config). UserError where there is none or nobody answers."""
        from kubernetes import config, dynamic
        from kubernetes.config.config_exception import ConfigException

        try:
            api = config.new_client_from_config(config_file=environment.get("KUBECONFIG"))
            return cls(dynamic.DynamicClient(api))
        except ConfigException as error:
            raise UserError(f"no usable kubeconfig: {error}", code=1) from None
        except Exception as error:
            raise UserError(f"the cluster does not answer: {type(error).__name__}", code=1) from None

    def version(self) -> dict[str, Any]:
        """What the API server says of its version."""
        found: dict[str, Any] = self._client.version["kubernetes"]
        return found

    def list(self, api_version: str, kind: str) -> list[dict[str, Any]]:
        """Every object of a kind, in all namespaces; empty where the cluster does not know the kind."""
        from kubernetes.dynamic.exceptions import ResourceNotFoundError

        try:
            found = self._client.resources.get(api_version=api_version, kind=kind).get().to_dict()
        except ResourceNotFoundError:
            return []
        return [dict(item) for item in found.get("items") or ()]

    def read(self, resource: Mapping[str, Any]) -> Reading:
        """The reading of a Pulumi resource's live object."""
        from kubernetes.dynamic.exceptions import NotFoundError, ResourceNotFoundError

        inputs = resource.get("outputs") or resource.get("inputs") or {}
        metadata = inputs.get("metadata") or {}
        name, namespace = metadata.get("name"), metadata.get("namespace")
        if not inputs.get("kind") or not name:
            return Reading(str(resource["urn"].rpartition("::")[2]), True)
        try:
            api = self._client.resources.get(api_version=inputs["apiVersion"], kind=inputs["kind"])
            live = api.get(name=name, namespace=namespace).to_dict()
        except (NotFoundError, ResourceNotFoundError):
            return Reading(f"{inputs['kind']} {name}", False, "not in the cluster")
        return judge(str(name), live)
