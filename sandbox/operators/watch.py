"""Keeps the store in step with the cluster: a list and a watch for each resource, for as long as it is served.

kopf was tried and left: it looks for a new CRD's resource once, at the CRD's last event, and when discovery is not that
far yet it never watches it; it also tells nothing of what was deleted while a watch was down.
"""

from __future__ import annotations

import asyncio

import httpx

from sandbox.operators.client import Client, Refused
from sandbox.operators.kinds import DEFINITIONS, Resource
from sandbox.operators.store import Store

RETRY_SECONDS = 1.0
# a CRD is there a moment before its resource is served
SERVED_SECONDS = 0.2
GONE, NOT_FOUND = 410, 404


class Watch:
    """One resource of the cluster in the store."""

    def __init__(self, client: Client, store: Store, resource: Resource) -> None:
        self._client = client
        self._store = store
        self._resource = resource
        self.listed = asyncio.Event()
        """Set once the store holds what the cluster had; also where the resource is not served yet."""
        self.defined = asyncio.Event()
        """Set by whoever sees its definition come."""

    @property
    def definition(self) -> str:
        """Name of the CRD that brings this resource."""
        return f"{self._resource.plural}.{self._resource.group}"

    async def run(self) -> None:
        """Follows the resource for ever."""
        while True:
            try:
                version = await self._list()
                while True:
                    version = await self._follow(version)
            except Refused as error:
                if error.status == NOT_FOUND:
                    await self._until_served()
                elif error.status != GONE:
                    await asyncio.sleep(RETRY_SECONDS)
            except (httpx.HTTPError, ValueError):
                # the API server restarts, or ended in the middle of a line
                await asyncio.sleep(RETRY_SECONDS)

    async def _list(self) -> str:
        objects, version = await self._client.fetch(self._resource)
        self._store.replace(self._resource.kind, objects, int(version))
        self.listed.set()
        return version

    async def _follow(self, version: str) -> str:
        async for type_, obj in self._client.watch(self._resource, version):
            version = obj["metadata"]["resourceVersion"]
            if type_ == "DELETED":
                self._store.drop(obj)
            elif type_ != "BOOKMARK":
                self._store.put(obj)
        return version

    async def _until_served(self) -> None:
        self._store.replace(self._resource.kind, [])
        self.listed.set()
        if self._store.get((DEFINITIONS.kind, "", self.definition)) is None:
            self.defined.clear()
            await self.defined.wait()
        else:
            await asyncio.sleep(SERVED_SECONDS)
