"""An operator that is ours, by its chart in the system's own namespace, or the cluster's own, which is only looked at."""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.kubernetes import chart, crds
from components.kubernetes.place import Place


def operator(
    name: str,
    place: Place,
    ownership: str,
    pin: chart.Pin,
    values: Mapping[str, Any],
    *,
    key: str,
    keep: bool,
    mirror: str | None,
) -> pulumi.Resource:
    """What its custom resources wait for. `ownership` is managed or existing: then it is held against `key` of installed.py.

    `keep` leaves its definitions in the cluster on destroy; `mirror` is the stack's chartMirror.
    """
    if ownership == "existing":
        return crds.existing(f"{name}-operator", key, place.opts)
    return chart.render(f"{name}-operator", pin, values, namespace=place.namespace, mirror=mirror, keep=keep, opts=place.opts)
