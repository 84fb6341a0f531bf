"""Which kinds the API server serves and where: asked once a process, again when a kind is missing."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.providers.kubernetes.api import PATIENCE, Api
from sandbox.providers.kubernetes.tables import CLUSTER_WIDE, group_of, is_built_in

_ACCEPT: Final = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
_FRESH: Final = 1.0  # seconds; dozens of misses at once (custom resources before their CRD) ask the server once


class NoKind(Exception):
    """The API server does not serve this apiVersion and kind."""

    def __init__(self, api_version: str, kind: str) -> None:
        super().__init__(f'no matches for kind "{kind}" in version "{api_version}"')


@dataclass(frozen=True, slots=True)
class Resource:
    """Where one kind lives."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool

    def collection(self, namespace: str) -> str:
        """Path of all objects of the kind (in the namespace, for a namespaced kind)."""
        root = f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"
        return f"{root}/namespaces/{namespace or 'default'}/{self.plural}" if self.namespaced else f"{root}/{self.plural}"

    def path(self, namespace: str, name: str) -> str:
        """Path of one object."""
        return f"{self.collection(namespace)}/{name}"


@dataclass
class Discovery:
    """The kinds of one cluster, and those of the CRDs that this very run makes."""

    api: Api
    planned: dict[tuple[str, str], Resource] = field(default_factory=dict)
    """(apiVersion, kind) of CRDs seen in Check: their scope is known before they exist."""
    _served: dict[tuple[str, str], Resource] = field(default_factory=dict)
    _asked: float = 0.0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def find(self, api_version: str, kind: str, patience: float = PATIENCE) -> Resource:
        """The resource that serves a kind. Raises NoKind when the server, asked again, does not serve it."""
        api_version = canonical(api_version)
        if found := self._served.get((api_version, kind)):
            return found
        async with self._lock:
            if (api_version, kind) not in self._served and time.monotonic() - self._asked > _FRESH:
                await self._ask(patience)
        if found := self._served.get((api_version, kind)):
            return found
        raise NoKind(api_version, kind)

    async def namespaced(self, api_version: str, kind: str, patience: float = PATIENCE) -> bool | None:
        """Whether objects of the kind live in namespaces; None when neither the server nor this run's CRDs tell."""
        if (known_scope := scope(api_version, kind)) is not None:
            return known_scope
        key = (canonical(api_version), kind)
        known = self._served.get(key) or self.planned.get(key)
        if known:
            return known.namespaced
        try:
            return (await self.find(api_version, kind, patience)).namespaced
        except NoKind:
            planned = self.planned.get(key)
            return planned.namespaced if planned else None

    async def kinds(self) -> list[tuple[str, str]]:
        """All (apiVersion, kind) that the server serves now."""
        async with self._lock:
            await self._ask(PATIENCE)
        return list(self._served)

    def plan(self, crd: dict[str, Any]) -> None:
        """Notes the kinds of a CRD that this run is about to make."""
        for resource in crd_resources(crd):
            self.planned[resource.api_version, resource.kind] = resource

    def forget(self) -> None:
        """The next miss asks the server, however recently it was asked; a CRD was made or removed."""
        self._asked = 0.0

    def drop(self, crd: dict[str, Any]) -> None:
        """A CRD was deleted."""
        for resource in crd_resources(crd):
            self._served.pop((resource.api_version, resource.kind), None)
        self.forget()

    async def _ask(self, patience: float) -> None:
        served: dict[tuple[str, str], Resource] = {}
        calls = (self.api.call("GET", root, accept=_ACCEPT, patience=patience) for root in ("/api", "/apis"))
        answers = await asyncio.gather(*calls)
        for answer in answers:
            for group in answer.get("items") or []:
                name = (group.get("metadata") or {}).get("name") or ""
                for version in group.get("versions") or []:
                    api_version = f"{name}/{version['version']}" if name else str(version["version"])
                    for resource in version.get("resources") or []:
                        kind = str((resource.get("responseKind") or {}).get("kind") or "")
                        scope = resource.get("scope") == "Namespaced"
                        served[api_version, kind] = Resource(api_version, kind, str(resource["resource"]), scope)
        self._served = served
        self._asked = time.monotonic()


def scope(api_version: str, kind: str) -> bool | None:
    """Whether a built-in kind is namespaced, without asking anybody; None for any other kind."""
    return kind not in CLUSTER_WIDE if is_built_in(api_version) else None


def canonical(api_version: str) -> str:
    """core/v1 is v1."""
    return api_version if group_of(api_version) else api_version.rpartition("/")[2]


def crd_resources(crd: dict[str, Any]) -> list[Resource]:
    """What a CRD object will serve; empty where its spec is unknown or broken."""
    spec = crd.get("spec")
    names = spec.get("names") if isinstance(spec, dict) else None
    if not isinstance(spec, dict) or not isinstance(names, dict):
        return []
    scope = spec.get("scope") != "Cluster"
    versions = spec.get("versions") or [{"name": spec.get("version")}]
    return [
        Resource(f"{spec.get('group')}/{version.get('name')}", str(names.get("kind")), str(names.get("plural")), scope)
        for version in versions
        if isinstance(version, dict) and version.get("served", True)
    ]
