"""Readiness of Kubernetes objects by the live API server's word."""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from cli.errors import UserError

WORKLOADS = {"Deployment": "readyReplicas", "StatefulSet": "readyReplicas", "DaemonSet": "numberReady"}
STATES = {"PerconaServerMySQL": "ready"}
"""Custom resources that tell of themselves in status.state."""
PASSING = {"Event", "Lease", "ComponentStatus"}
"""Kinds of no lasting object."""
SECONDS = 15
"""Patience with one answer of the API server."""
Key = tuple[str, str, str]
"""Kind, namespace ("" for none) and name of an object."""


@dataclass(frozen=True)
class Reading:
    """One object: ready or not, and why not."""

    name: str
    ready: bool
    reason: str = ""


def judge(name: str, live: Mapping[str, Any]) -> Reading:
    """Whether a live object is ready: workloads by their pods, Jobs by completion, others by their Ready condition."""
    kind, status = str(live.get("kind")), live.get("status") or {}
    label = f"{kind} {name}"
    reason = "is being deleted" if (live.get("metadata") or {}).get("deletionTimestamp") else _waits_for(kind, live, status)
    return Reading(label, not reason, reason)


def _waits_for(kind: str, live: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    """What an object is still to become; empty where it is ready."""
    conditions = {c.get("type"): c for c in status.get("conditions") or () if isinstance(c, Mapping)}
    if kind in WORKLOADS:
        return _workload(kind, live)
    if kind == "Job":
        return _job(conditions)
    if kind == "PersistentVolumeClaim":
        return "" if status.get("phase") == "Bound" else str(status.get("phase") or "Pending")
    if kind == "Service":
        waits = (live.get("spec") or {}).get("type") == "LoadBalancer" and not (status.get("loadBalancer") or {}).get("ingress")
        return "has no address" if waits else ""
    return _said(kind, status, conditions)


def _said(kind: str, status: Mapping[str, Any], conditions: Mapping[Any, Mapping[str, Any]]) -> str:
    """What a custom resource says of itself."""
    if kind in STATES and isinstance(status.get("state"), str):
        return "" if status["state"] == STATES[kind] else status["state"]
    said = next((conditions[name] for name in ("Ready", "Established", "Available") if name in conditions), None)
    if said is None or said.get("status") == "True":
        return ""
    return str(said.get("reason") or f"not {said['type']}")


def _job(conditions: Mapping[Any, Mapping[str, Any]]) -> str:
    if conditions.get("Complete", {}).get("status") == "True":
        return ""
    failed = conditions.get("Failed", {})
    return str(failed.get("reason") or "failed") if failed.get("status") == "True" else "not complete"


def _workload(kind: str, live: Mapping[str, Any]) -> str:
    spec, status = live.get("spec") or {}, live.get("status") or {}
    if int(status.get("observedGeneration") or 0) < int((live.get("metadata") or {}).get("generation") or 0):
        return "its controller has not seen it yet"
    declared = spec.get("replicas")
    wanted = int(status.get("desiredNumberScheduled") or 0) if kind == "DaemonSet" else 1 if declared is None else int(declared)
    have = int(status.get(WORKLOADS[kind]) or 0)
    return "" if have >= wanted else f"{have} of {wanted} pods ready"


def key(live: Mapping[str, Any]) -> Key:
    """What tells an object from others."""
    metadata = live.get("metadata") or {}
    return str(live.get("kind")), str(metadata.get("namespace") or ""), str(metadata.get("name"))


def pods(live: Iterable[Mapping[str, Any]], roots: Mapping[Key, str]) -> dict[str, tuple[int, int]]:
    """Ready and wanted pods by what stands in `roots` for the object that their chain of owners ends in.

    Pods of finished Jobs count neither way.
    """
    objects = {key(item): item for item in live}
    found: dict[str, tuple[int, int]] = {}
    for pod in objects.values():
        status = pod.get("status") or {}
        if pod.get("kind") != "Pod" or status.get("phase") in ("Succeeded", "Failed"):
            continue
        root = _root(pod, objects, roots)
        if root is not None:
            ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in status.get("conditions") or ())
            have, wanted = found.get(root, (0, 0))
            found[root] = (have + ready, wanted + 1)
    return found


def _root(item: Mapping[str, Any], objects: Mapping[Key, Mapping[str, Any]], roots: Mapping[Key, str]) -> str | None:
    seen: set[Key] = set()
    while (at := key(item)) not in seen:
        if at in roots:
            return roots[at]
        seen.add(at)
        owners = (item.get("metadata") or {}).get("ownerReferences") or ()
        owner = next((o for o in owners if o.get("controller")), next(iter(owners), None))
        if owner is None:
            return None
        above = (str(owner.get("kind")), at[1], str(owner.get("name")))
        if above in roots:
            return roots[above]
        item = objects.get(above, {"kind": above[0], "metadata": {"namespace": above[1], "name": above[2]}})
    return None


class Cluster:
    """A connection to the cluster of the environment's kubeconfig."""

    def __init__(self, client: Any):
        self._client = client

    @classmethod
    def connect(cls, environment: Mapping[str, str], context: str | None = None, document: dict[str, Any] | None = None) -> Self:
        """From `document`, else KUBECONFIG (or ~/.kube/config). UserError where there is none or nobody answers."""
        import yaml
        from kubernetes import client, config, dynamic
        from kubernetes.config.config_exception import ConfigException
        from urllib3 import Retry
        from urllib3.exceptions import HTTPError

        settings = client.Configuration()
        settings.retries = Retry(connect=1, read=1)
        try:
            if document:
                config.load_kube_config_from_dict(document, client_configuration=settings)
            else:
                config.load_kube_config(environment.get("KUBECONFIG"), context, client_configuration=settings)
            return cls(dynamic.DynamicClient(client.ApiClient(settings)))
        except (ConfigException, OSError, yaml.YAMLError) as error:
            raise UserError(f"no usable kubeconfig ({_short(error)}); set KUBECONFIG, or `mlops sandbox up`", code=1) from None
        except HTTPError:
            raise UserError(f"the cluster at {settings.host} does not answer", code=1) from None
        except client.ApiException as error:
            raise UserError(f"the cluster at {settings.host} refuses: {error.status} {error.reason}", code=1) from None

    def version(self) -> dict[str, Any]:
        """What the API server says of its version."""
        found: dict[str, Any] = self._client.version["kubernetes"]
        return found

    def everything(self) -> list[dict[str, Any]]:
        """Every object of every kind that may be listed, in the versions that the API server prefers; events and leases left out.

        UserError where the cluster does not answer.
        """
        from kubernetes.dynamic.resource import ResourceList
        from urllib3.exceptions import HTTPError

        try:
            # the client keeps a cluster's kinds in a file, which an operator that came since is not in
            self._client.resources.invalidate_cache()
            # of each kind a list: the kind itself and its list
            known = [r for each in self._client.resources for r in each if not isinstance(r, ResourceList)]
        except HTTPError:
            raise UserError("the cluster does not answer when asked for its kinds", code=1) from None
        kinds = {
            (str(r.group_version), str(r.kind))
            for r in known
            if getattr(r, "preferred", False) and "list" in (getattr(r, "verbs", None) or ()) and r.kind not in PASSING
        }
        found = []
        for version, kind in sorted(kinds):
            # what this user may not see is no part of its view
            with contextlib.suppress(UserError):
                found += self.list(version, kind)
        return found

    def create(self, obj: Mapping[str, Any]) -> str:
        """Makes an object; returns its name. UserError where the cluster refuses it."""
        from kubernetes.client import ApiException
        from kubernetes.dynamic.exceptions import DynamicApiError
        from urllib3.exceptions import HTTPError

        at, kind = obj["metadata"], obj["kind"]
        try:
            api = self._client.resources.get(api_version=obj["apiVersion"], kind=kind)
            api.create(body=dict(obj), namespace=at.get("namespace"), _request_timeout=SECONDS)
        except (DynamicApiError, ApiException) as error:
            raise UserError(f"the cluster refuses {kind} {at['name']}: {error.status} {error.reason}", code=1) from None
        except HTTPError:
            raise UserError(f"the cluster does not answer when {kind} {at['name']} is made", code=1) from None
        return str(at["name"])

    def list(self, api_version: str, kind: str, namespace: str | None = None) -> list[dict[str, Any]]:
        """Every object of a kind (in a namespace); empty where the cluster does not know the kind.

        UserError where it may not be asked.
        """
        from kubernetes.client import ApiException
        from kubernetes.dynamic.exceptions import DynamicApiError, ResourceNotFoundError
        from urllib3.exceptions import HTTPError

        try:
            api = self._client.resources.get(api_version=api_version, kind=kind)
            found = api.get(namespace=namespace, _request_timeout=SECONDS).to_dict()
        except ResourceNotFoundError:
            return []
        except (DynamicApiError, ApiException) as error:
            raise UserError(f"the cluster refuses to list {kind}: {error.status} {error.reason}", code=1) from None
        except HTTPError:
            raise UserError(f"the cluster does not answer when asked for {kind}", code=1) from None
        # the items of a list do not say what they are
        return [{**item, "apiVersion": api_version, "kind": kind} for item in found.get("items") or ()]


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160]
