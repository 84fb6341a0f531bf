"""One cluster as a provider's configuration names it: connection, kinds, and the provider's switches."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.providers.kubernetes import kubeconfig
from sandbox.providers.kubernetes.api import Api
from sandbox.providers.kubernetes.discovery import Discovery
from sandbox.providers.kubernetes.streams import Streams

_SWITCHES: Final = {
    "enable_patch_force": ("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
    "secret_mutable": ("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
    "config_map_mutable": ("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
    "delete_unreachable": ("deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
    "skip_update_unreachable": ("skipUpdateUnreachable", "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE"),
    "upsert": ("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
}


@dataclass(frozen=True, slots=True)
class Switches:
    """The provider inputs that change how objects are handled; all off by default."""

    enable_patch_force: bool = False
    secret_mutable: bool = False
    config_map_mutable: bool = False
    delete_unreachable: bool = False
    skip_update_unreachable: bool = False
    upsert: bool = False


@dataclass
class Cluster:
    """Shared by all calls of one configuration."""

    connection: kubeconfig.Connection
    switches: Switches
    api: Api
    discovery: Discovery
    streams: Streams
    waits: set[asyncio.Task[Any]] = field(default_factory=set)
    """Running waits, ended when the user interrupts."""

    @property
    def namespace(self) -> str:
        """Where namespaced objects without a namespace go."""
        return self.connection.namespace


def connect(config: Mapping[str, Any]) -> Cluster:
    """A new connection pool. Raises Failure when the configuration names no usable cluster."""
    connection = kubeconfig.load(config)
    api = Api(connection)
    return Cluster(connection, switches(config), api, Discovery(api), Streams(api))


def switches(config: Mapping[str, Any]) -> Switches:
    """The switches of a configuration; where it is silent, those of the environment."""
    return Switches(**{name: _on(config.get(key), variable) for name, (key, variable) in _SWITCHES.items()})


def _on(value: Any, variable: str) -> bool:
    if value is None:
        value = os.environ.get(variable)
    return value is True or str(value).lower() == "true"


def key(config: Mapping[str, Any]) -> str:
    """Equal for equal configurations."""
    return json.dumps({name: value for name, value in config.items() if name != "version"}, sort_keys=True, default=repr)
