"""The few requests the gate sends to the API server, on httpx."""

from __future__ import annotations

import base64
import json
import os
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import yaml

from sandbox.operators.kinds import Resource
from sandbox.operators.store import Object

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON = "application/json"
# of definitions only the names matter, and their schemas are megabytes
METADATA = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1,application/json"
# the server ends a watch after this; a stream that died unnoticed is replaced then
WATCH_SECONDS = 300


class Refused(Exception):
    """The API server refused a request; the message is its own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


def connection(path: Path) -> tuple[str, ssl.SSLContext, dict[str, str]]:
    """Server, trust and headers from the current context of a kubeconfig with a bearer token, as the sandbox writes it."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    parts = {kind: {item["name"]: item[kind] for item in document[f"{kind}s"]} for kind in ("cluster", "user", "context")}
    context = parts["context"][document["current-context"]]
    cluster, user = parts["cluster"][context["cluster"]], parts["user"][context["user"]]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    return cluster["server"], ssl.create_default_context(cadata=authority), {"Authorization": f"Bearer {user['token']}"}


class Client:
    """An async API client; every answer is an object, every refusal a `Refused`."""

    def __init__(self, kubeconfig: Path | None = None) -> None:
        server, trust, headers = connection(kubeconfig or Path(os.environ["KUBECONFIG"]))
        # every watch holds a connection of its own
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=8)
        # a proxy set for the internet must not be asked for loopback
        self._http = httpx.AsyncClient(base_url=server, verify=trust, headers=headers, timeout=30, limits=limits, trust_env=False)

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _call(self, method: str, path: str, body: Any = None, content_type: str = JSON, **query: str) -> Object:
        content = None if body is None else json.dumps(body)
        headers = {"Content-Type": content_type}
        answer = await self._http.request(method, path, content=content, params=query, headers=headers)
        if answer.is_error:
            raise _refusal(answer.status_code, answer.text)
        data: Object = answer.json()
        return data

    async def fetch(self, resource: Resource) -> tuple[list[Object], str]:
        """Every object of a resource, and the version of the list to watch from."""
        accept = METADATA.format("List") if resource.metadata_only else JSON
        answer = await self._http.get(resource.path(), headers={"Accept": accept})
        if answer.is_error:
            raise _refusal(answer.status_code, answer.text)
        data = answer.json()
        return [resource.name(item) for item in data.get("items") or ()], data["metadata"]["resourceVersion"]

    async def watch(self, resource: Resource, version: str) -> AsyncIterator[tuple[str, Object]]:
        """(type, object) of each change since a version, until the server ends the stream."""
        query = {"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true", "timeoutSeconds": str(WATCH_SECONDS)}
        accept = METADATA.format("") if resource.metadata_only else JSON
        timeout = httpx.Timeout(30, read=WATCH_SECONDS + 30)
        async with self._http.stream("GET", resource.path(), params=query, headers={"Accept": accept}, timeout=timeout) as answer:
            if answer.is_error:
                raise _refusal(answer.status_code, (await answer.aread()).decode())
            async for line in answer.aiter_lines():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise _refusal(event["object"].get("code", 500), json.dumps(event["object"]))
                yield event["type"], resource.name(event["object"])

    async def apply(self, resource: Resource, obj: Object, manager: str, subresource: str | None = None) -> Object:
        """Server-side apply: the manager owns what it states and takes it from others."""
        metadata = obj["metadata"]
        path = resource.path(metadata.get("namespace"), metadata["name"], subresource)
        return await self._call("PATCH", path, obj, APPLY, fieldManager=manager, force="true")

    async def set_finalizers(self, resource: Resource, obj: Object, finalizers: list[str]) -> Object:
        """Replaces the finalizers, if nobody changed the object since it was read."""
        metadata = obj["metadata"]
        patch = {"metadata": {"finalizers": finalizers, "resourceVersion": metadata["resourceVersion"]}}
        return await self._call("PATCH", resource.path(metadata.get("namespace"), metadata["name"]), patch, MERGE)

    async def delete(self, resource: Resource, namespace: str | None, name: str) -> None:
        """Deletes an object and lets the garbage collector follow; fine when it is gone already."""
        try:
            await self._call("DELETE", resource.path(namespace, name), {"propagationPolicy": "Background"})
        except Refused as error:
            if error.status != 404:
                raise


def _refusal(status: int, text: str) -> Refused:
    try:
        return Refused(status, json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return Refused(status, text.strip())
