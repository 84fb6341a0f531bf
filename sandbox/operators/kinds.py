"""What the gate watches and writes besides custom resources: the workloads, networking and access objects operators make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Resource:
    """Where the objects of one kind live in the API."""

    kind: str
    api_version: str
    plural: str
    namespaced: bool = True
    metadata_only: bool = False
    """True where only names and labels are of interest."""

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The version within the group."""
        return self.api_version.rpartition("/")[2]

    def name(self, obj: dict[str, Any]) -> dict[str, Any]:
        """The object with its apiVersion and kind, which the items of a list lack."""
        return {**obj, "apiVersion": self.api_version, "kind": self.kind}

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """The URL path of the collection, of one object in it, or of its subresource."""
        parts = ["apis", self.api_version] if self.group else ["api", self.api_version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        return "/" + "/".join([*parts, self.plural, *(part for part in (name, subresource) if part)])


DEFINITIONS = Resource(
    "CustomResourceDefinition", "apiextensions.k8s.io/v1", "customresourcedefinitions", namespaced=False, metadata_only=True
)
BUILTIN: tuple[Resource, ...] = (
    Resource("Namespace", "v1", "namespaces", namespaced=False),
    Resource("Deployment", "apps/v1", "deployments"),
    Resource("StatefulSet", "apps/v1", "statefulsets"),
    Resource("Pod", "v1", "pods"),
    Resource("Service", "v1", "services"),
    Resource("Secret", "v1", "secrets"),
    Resource("ConfigMap", "v1", "configmaps"),
    Resource("PersistentVolumeClaim", "v1", "persistentvolumeclaims"),
    Resource("ServiceAccount", "v1", "serviceaccounts"),
    Resource("Role", "rbac.authorization.k8s.io/v1", "roles"),
    Resource("RoleBinding", "rbac.authorization.k8s.io/v1", "rolebindings"),
    Resource("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies"),
    Resource("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets"),
    Resource("Job", "batch/v1", "jobs"),
    Resource("CronJob", "batch/v1", "cronjobs"),
)
