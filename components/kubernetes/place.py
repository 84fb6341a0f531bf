"""Where a system's Kubernetes objects stand, from which images, and with how much CPU and memory."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Optional

import pulumi
from pulumi_kubernetes import meta

from components.spec.base import Resources, quantity_value

NODE_AGENTS = "mlops-node-agents"
"""PriorityClass of what must run on every node."""


@dataclass(frozen=True)
class Image:
    """A container image pinned by tag; `digest` only where it was read from a named source, else it is unverified."""

    repository: str
    """With its registry host: quay.io/minio/minio."""
    tag: str
    checked: str
    """Date (ISO 8601) on which the tag was last read from its source."""
    digest: Optional[str] = None


def image(pin: Image | str, mirror: str | None = None) -> str:
    """The reference to pull: as pinned, or with its registry host replaced by `mirror` (host and path)."""
    ref = pin if isinstance(pin, str) else f"{pin.repository}:{pin.tag}" + (f"@{pin.digest}" if pin.digest else "")
    if not mirror:
        return ref
    host, slash, path = ref.partition("/")
    named = slash and ("." in host or ":" in host or host == "localhost")
    return f"{mirror.rstrip('/')}/{path if named else ref}"


@dataclass
class Compute:
    """Requests of one container, and its limits (nested Args type)."""

    cpu: str
    """Cores requested."""
    memory: str
    """Bytes requested, and the limit."""
    cpu_limit: Optional[str] = None
    """Cores at most; four times the request if unset."""

    @staticmethod
    def of(spec: Resources) -> "Compute":
        """From the spec's section."""
        return Compute(spec.cpu, spec.memory, spec.cpu_limit)

    def limit(self) -> str:
        """The CPU limit that holds."""
        return self.cpu_limit or f"{round(quantity_value(self.cpu) * 4000)}m"

    def requests(self) -> dict[str, str]:
        """What the scheduler sets aside."""
        return {"cpu": self.cpu, "memory": self.memory}

    def limits(self) -> dict[str, str]:
        """What the container may use at most."""
        return {"cpu": self.limit(), "memory": self.memory}

    def spec(self) -> dict[str, dict[str, str]]:
        """Both, as custom resources and Helm values write them."""
        return {"requests": self.requests(), "limits": self.limits()}


SMALL = Compute("50m", "128Mi", "500m")
"""For Jobs that wait on others."""


@dataclass
class Place:
    """Where the objects of one system stand: what every builder below needs."""

    system: str
    namespace: pulumi.Input[str]
    labels: Mapping[str, str]
    """Naming.labels(system)."""
    opts: pulumi.ResourceOptions
    """Parent (the component) and what all of them depend on."""
    mirror: Optional[str] = None
    """The stack's registryMirror."""

    def selector(self, part: str) -> dict[str, str]:
        """Labels that find the pods of one part, and never change."""
        return {"app.kubernetes.io/name": self.system, "app.kubernetes.io/component": part}

    def meta(self, name: pulumi.Input[str], part: str = "", notes: Mapping[str, str] | None = None) -> meta.v1.ObjectMetaArgs:
        """Metadata of an object; `notes` are annotations."""
        labels = {**self.labels, **(self.selector(part) if part else {})}
        return meta.v1.ObjectMetaArgs(
            name=name, namespace=self.namespace, labels=labels, annotations=dict(notes) if notes else None
        )

    def after(self, *resources: pulumi.Resource, **options: Any) -> pulumi.ResourceOptions:
        """The options, and besides: wait for `resources`, and any other resource option by its name."""
        return pulumi.ResourceOptions.merge(self.opts, pulumi.ResourceOptions(depends_on=list(resources), **options))


def content_hash(*content: Any) -> str:
    """Eight hex digits of plain, JSON-shaped content, for names of immutable objects."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:8]
