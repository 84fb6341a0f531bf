"""Stackable's five operators that HDFS stands on: charts, and their custom resource definitions at the commits of their tags.

The operators would write their definitions themselves, and a custom resource could then not be planned before they run: ours
come first, and `maintenance.customResourceDefinitions.maintain` is off.
"""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.kubernetes import chart, manifests
from components.kubernetes.place import Compute, Place

REGISTRY = "oci.stackable.tech"
REPOSITORY = f"{REGISTRY}/sdp"
"""Where charts published to oci.stackable.tech take images from (values/oci.stackable.tech.yaml beside each chart)."""
UID = 1000
COMMITS = {
    "commons-operator": ("26.3.0", "3a091b688efd860d59362cbc615e211bafbf4022"),
    "secret-operator": ("26.7.0", "97ea93209344a36e384d133e0b5b04e8f55f5141"),
    "listener-operator": ("26.7.0", "326ddb2dbf310d93698583f700565c66a2387847"),
    "zookeeper-operator": ("26.7.0", "1b2257bf86e3edb2823d0f5e215f745905593600"),
    "hdfs-operator": ("26.7.0", "eee742e04b3fb129668b82a7cb39139eb1ec9604"),
}
"""Version and commit by chart, in the order they are installed."""
CHECKED = "2026-11-23"
PINS = {name: chart.Pin(name, version, f"oci://{REGISTRY}/sdp-charts/{name}", CHECKED) for name, (version, _) in COMMITS.items()}
SOURCES = {
    name: manifests.Source(f"stackabletech/{name}", commit, "extra/crds.yaml", CHECKED) for name, (_, commit) in COMMITS.items()
}
_RESOURCES = Compute("100m", "256Mi", "500m").spec()
_HARDENED: dict[str, Any] = {
    "podSecurityContext": {
        "runAsUser": UID,
        "runAsGroup": UID,
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    },
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    "resources": _RESOURCES,
}


def values(name: str, mirror: str | None) -> dict[str, Any]:
    """Values of one operator's chart; the two that serve volumes keep the rights that a node's driver needs."""
    repository = f"{mirror.rstrip('/')}/sdp" if mirror else REPOSITORY
    common: dict[str, Any] = {
        "maintenance": {"endOfSupportCheck": {"enabled": False}, "customResourceDefinitions": {"maintain": False}}
    }
    if name == "commons-operator":
        # its chart, a release older, names the image whole
        return {**common, **_HARDENED, "image": {"repository": f"{repository}/{name}"}}
    common["image"] = {"repository": repository}
    if name == "listener-operator":
        # its own presets would come after what needs them
        common["preset"] = "none"
    return common if name in ("secret-operator", "listener-operator") else {**common, **_HARDENED}


def install(
    name: str,
    place: Place,
    *,
    manifest_mirror: str | None,
    chart_mirror: str | None,
    keep_crds: bool,
    extra: Mapping[str, Mapping[str, Any]],
) -> list[pulumi.Resource]:
    """Definitions, then operators; `extra` holds the stack file's values by chart."""
    opts = place.opts
    if keep_crds:
        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transforms=[chart.keep_crds]))
    definitions = [
        manifests.render(f"{name}-{key}-crds", source, mirror=manifest_mirror, opts=opts) for key, source in SOURCES.items()
    ]
    return [
        chart.render(
            f"{name}-{key}",
            pin,
            values(key, place.mirror),
            namespace=place.namespace,
            extra=extra.get(key),
            mirror=chart_mirror,
            keep=keep_crds,
            opts=place.after(*definitions),
        )
        for key, pin in PINS.items()
    ]
