"""One module an area of Azure; each has a dictionary KINDS from type token (without the package) to `Kind`."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers.azure.arm import Kind
from sandbox.providers.azure.tables import apps, containers, data, learning, monitoring, network, processing, security
from sandbox.providers.cloud.spec import Spec

PACKAGE = "azure-native"
MODULES = (network, security, containers, data, processing, learning, monitoring, apps)

KINDS: Mapping[str, Kind] = {f"{PACKAGE}:{token}": kind for module in MODULES for token, kind in module.KINDS.items()}
"""All types that a table names, by token."""

TOKENS: Mapping[str, str] = {kind.arm.lower(): token for token, kind in KINDS.items()}
"""Token by ARM type in lower case, for ARM does not mind capitals."""

COMMON = Spec(
    id="/subscriptions/{account}/resourceGroups/{resourceGroupName}/providers/{type}/{logical}-{hash:.8}",
    outputs={"name": "{logical}-{hash:.8}", "provisioningState": "Succeeded"},
)
"""Types that no table names: kept with an id of the usual form."""


def table() -> dict[str, Spec]:
    """What the engine reads."""
    return {token: kind.spec for token, kind in KINDS.items()}
