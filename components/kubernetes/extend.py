"""What a chart's workload is told beyond its values: those are plain and the same in every stack, while host and Secret of a
grant may be known only during the run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.contracts import DatabaseAccess

Transform = Callable[[pulumi.ResourceTransformArgs], pulumi.ResourceTransformResult | None]

CA_PATH = "/etc/mlops/database"
SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"
"""The bundle of Debian and Alpine images: where a database has no private CA."""


@dataclass
class Extension:
    """Additions to one container and its pod, in the API's own shape."""

    env: list[dict[str, Any]] = field(default_factory=list)
    """Entries replace those of the same name."""
    mounts: list[dict[str, Any]] = field(default_factory=list)
    volumes: list[dict[str, Any]] = field(default_factory=list)
    notes: Mapping[str, Any] = field(default_factory=dict)
    """Annotations of the pod: a changed one restarts it."""
    image: Any = None
    """In place of the container's image, and of that of init containers which run the same; theirs if unset."""

    def value(self, **entries: Any) -> None:
        """Plain variables."""
        self.env += [{"name": name, "value": value} for name, value in entries.items()]

    def secret(self, name: Any, **keys: str) -> None:
        """Variables from the keys of Secret `name`."""
        self.env += [
            {"name": variable, "valueFrom": {"secretKeyRef": {"name": name, "key": key}}} for variable, key in keys.items()
        ]

    def trust(self, access: DatabaseAccess) -> str:
        """Mounts the CA that signed the database's certificate; returns the path of the bundle."""
        if access.ca_config_map is None:
            return SYSTEM_CA
        self.mounts.append({"name": "database-ca", "mountPath": CA_PATH, "readOnly": True})
        self.volumes.append({"name": "database-ca", "configMap": {"name": access.ca_config_map}})
        return f"{CA_PATH}/ca.crt"


def _container(spec: Mapping[str, Any], extension: Extension) -> dict[str, Any]:
    named = {entry["name"] for entry in extension.env}
    env = [entry for entry in spec.get("env") or [] if entry["name"] not in named]
    return {
        **spec,
        **({} if extension.image is None else {"image": extension.image}),
        "env": [*env, *extension.env],
        "volumeMounts": [*(spec.get("volumeMounts") or []), *extension.mounts],
    }


def _inits(spec: Mapping[str, Any], image: Any, init: str, extension: Extension) -> dict[str, Any]:
    """The init containers: the one named `init` is told the same, those of the replaced image run the new one."""
    made = [_container(each, extension) if each["name"] == init else dict(each) for each in spec.get("initContainers") or []]
    if extension.image is not None:
        made = [{**each, "image": extension.image} if each.get("image") == image else each for each in made]
    return {"initContainers": made} if made else {}


def deployment(container: str, extension: Extension, init: str = "", kind: str = "Deployment") -> Transform:
    """Resource transform of the workload that has a container of that name; every other resource is left as it is.

    `kind` is Deployment, StatefulSet or DaemonSet; `init` an init container that is told the same.
    """

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ != f"kubernetes:apps/v1:{kind}":
            return None
        spec: Any = args.props["spec"]
        template = spec["template"]
        containers: Sequence[Mapping[str, Any]] = template["spec"]["containers"]
        if all(c["name"] != container for c in containers):
            return None
        head = template.get("metadata") or {}
        own = next(c.get("image") for c in containers if c["name"] == container)
        there = template["spec"].get("initContainers") or []
        inits = [_container(c, extension) if c["name"] == init else c for c in there]
        changed = {
            **template,
            "metadata": {**head, "annotations": {**(head.get("annotations") or {}), **extension.notes}},
            "spec": {
                **template["spec"],
                "containers": [_container(c, extension) if c["name"] == container else c for c in containers],
                **({"initContainers": inits} if inits else {}),
                "volumes": [*(template["spec"].get("volumes") or []), *extension.volumes],
                **_inits(template["spec"], own, init, extension),
            },
        }
        return pulumi.ResourceTransformResult(props={**args.props, "spec": {**spec, "template": changed}}, opts=args.opts)

    return transform


def stateful_set(container: str, extension: Extension) -> Transform:
    """`deployment` for the StatefulSet that has a container of that name."""
    return deployment(container, extension, kind="StatefulSet")
