"""One resource of a recorded program, and what its transforms make of the objects of a chart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi


@dataclass
class Registered:
    """One resource as the engine would see it."""

    type: str
    name: str
    inputs: dict[str, Any]
    secrets: set[str]
    parent: str
    depends_on: list[str]
    """Names of the resources that it waits for explicitly."""
    protect: bool
    retain: bool
    remote: bool
    transforms: list[Any]
    """Its own resource transforms, which a Chart applies to each of its objects."""
    read: bool = False

    @property
    def kind(self) -> str:
        """Last part of the type token."""
        return self.type.split(":")[-1]

    def told(self, type_: str, props: Mapping[str, Any]) -> tuple[dict[str, Any], pulumi.ResourceOptions]:
        """What the transforms make of one object of a chart, and of its options."""
        found, opts = dict(props), pulumi.ResourceOptions(retain_on_delete=True)
        for transform in self.transforms:
            result = transform(pulumi.ResourceTransformArgs(True, type_, self.name, found, opts))
            if result is not None:
                found, opts = dict(result.props), result.opts
        return found, opts

    def pod(self, container: str, kind: str = "Deployment") -> dict[str, Any]:
        """The pod template of the chart's workload with that one container, as the transforms leave it."""
        template = {"spec": {"containers": [{"name": container}]}}
        made, _ = self.told(f"kubernetes:apps/v1:{kind}", {"spec": {"template": template}})
        told: dict[str, Any] = made["spec"]["template"]
        return told

    @property
    def definitions_stay(self) -> bool:
        """Whether CRDs of this chart or file stay in the cluster when it goes; true as well where nothing is said."""
        return bool(self.told("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", {})[1].retain_on_delete)

    @property
    def object_name(self) -> str:
        """metadata.name of a Kubernetes object."""
        return str(self.inputs["metadata"]["name"])

    @property
    def namespace(self) -> str | None:
        """metadata.namespace of a Kubernetes object."""
        found = self.inputs["metadata"].get("namespace")
        return None if found is None else str(found)
