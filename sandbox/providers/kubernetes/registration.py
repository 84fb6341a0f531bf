"""Registering a component and its objects with the engine, many at once, without the SDK."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

import grpc
import grpc.aio
from google.protobuf.struct_pb2 import Struct

from sandbox.engine import protos
from sandbox.engine.process import OPTIONS
from sandbox.providers.kubernetes.manifests import Key, key_of, order
from sandbox.providers.model import Failure
from sandbox.providers.values import RESOURCE, SIGNATURE, Secret, wrap

pb, res, res_grpc, engine_pb, engine_grpc = protos.load(
    "provider_pb2", "resource_pb2", "resource_pb2_grpc", "engine_pb2", "engine_pb2_grpc"
)
Object = dict[str, Any]
KEEP: Final = "helm.sh/resource-policy"


class Ended(Exception):
    """The engine ends the run (it has reported why) and takes no more registrations."""


class Registration:
    """One ConstructRequest: the connection to the engine that sent it, and what was registered for it."""

    def __init__(self, request: Any, engine: str, version: str) -> None:
        self.request, self.engine, self.version = request, engine, version
        self.urn = ""

    async def __aenter__(self) -> Registration:
        self._channel = grpc.aio.insecure_channel(self.request.monitorEndpoint, options=OPTIONS)
        self._monitor = res_grpc.ResourceMonitorStub(self._channel)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._channel.close()

    async def component(self) -> None:
        """Registers the component itself with the options the program gave it."""
        given = self.request
        request = res.RegisterResourceRequest(
            type=given.type,
            name=given.name,
            parent=given.parent,
            custom=False,
            object=Struct(),
            dependencies=list(given.dependencies),
            providers=dict(given.providers),
            aliases=list(given.aliases),
            aliasSpecs=True,
            ignoreChanges=list(given.ignoreChanges),
            replaceOnChanges=list(given.replaceOnChanges),
            acceptSecrets=True,
            acceptResources=True,
            supportsPartialValues=True,
            deletedWith=given.deletedWith,
            parentStackTraceHandle=given.stack_trace_handle,
        )
        for name in ("protect", "retainOnDelete"):
            if given.HasField(name):
                setattr(request, name, getattr(given, name))
        self.urn = (await self._register(request)).urn

    async def children(self, objects: list[Object], prefix: str, secret_texts: set[str]) -> list[dict[str, str]]:
        """Registers the objects, each as soon as those it needs are there; urn and id of those that could be."""
        ordered, needs = order(objects)
        jobs: dict[Key, asyncio.Task[Any]] = {}
        async with _Group() as group:
            for obj in ordered:
                waits = [jobs[need] for need in needs[key_of(obj)]]
                jobs[key_of(obj)] = group.start(self._child(obj, prefix, secret_texts, waits))
        return [child for obj in ordered if (child := jobs[key_of(obj)].result())]

    async def _child(self, obj: Object, prefix: str, secret_texts: set[str], waits: list[asyncio.Task[Any]]) -> dict[str, str]:
        needed = [(await wait).get("urn") for wait in waits]
        if None in needed:
            return {}
        metadata = obj["metadata"]
        name = f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else str(metadata["name"])
        group, _, version = obj["apiVersion"].rpartition("/")
        request = res.RegisterResourceRequest(
            type=f"kubernetes:{group or 'core'}/{version}:{obj['kind']}",
            name=f"{prefix}:{name}" if prefix else name,
            parent=self.urn,
            custom=True,
            object=wrap(_hidden(obj, secret_texts)),
            dependencies=needed,
            provider=self.request.providers.get("kubernetes", ""),
            version=self.version,
            acceptSecrets=True,
            acceptResources=True,
            supportsPartialValues=True,
            supportsResultReporting=True,
            parentStackTraceHandle=self.request.stack_trace_handle,
        )
        if self.request.HasField("protect"):
            request.protect = self.request.protect
        if (metadata.get("annotations") or {}).get(KEEP) == "keep":
            request.retainOnDelete = True
        try:
            answer = await self._register(request)
        except Ended:  # an error from here would only add a second message, and a traceback, to the real one
            return {}
        if answer.result == res.Result.FAIL:
            raise Failure(f"{request.name}: see its own error")
        return {"urn": answer.urn, "id": answer.id}

    async def _register(self, request: Any) -> Any:
        try:
            return await self._monitor.RegisterResource(request)
        except grpc.aio.AioRpcError as error:
            if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                raise Ended from None
            raise Failure(f"{request.name}: {error.details()}") from None

    async def warn(self, text: str) -> None:
        """A warning beside the component in the engine's display."""
        async with grpc.aio.insecure_channel(self.engine, options=OPTIONS) as channel:
            line = engine_pb.LogRequest(severity=engine_pb.WARNING, message=text, urn=self.urn)
            await engine_grpc.EngineStub(channel).Log(line)

    async def finish(self, children: list[dict[str, str]]) -> Any:
        """Ends the component: its `resources` are references to the children."""
        references = [{SIGNATURE: RESOURCE, "urn": child["urn"], "id": child["id"]} for child in children]
        state = wrap({"resources": references})
        outputs = res.RegisterResourceOutputsRequest(urn=self.urn, outputs=state)
        with suppress(grpc.aio.AioRpcError):  # the run has ended; the engine knows
            await self._monitor.RegisterResourceOutputs(outputs)
        depends = pb.ConstructResponse.PropertyDependencies(urns=[child["urn"] for child in children])
        return pb.ConstructResponse(urn=self.urn, state=state, stateDependencies={"resources": depends})


class _Group:
    """Tasks that all end before the block does; the first failure is raised when every task has ended.

    A failed child does not stop its siblings: the engine lets running steps end too, and records them.
    """

    async def __aenter__(self) -> _Group:
        self._tasks: list[asyncio.Task[Any]] = []
        return self

    def start(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._tasks.append(task)
        return task

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is not None:
            for task in self._tasks:
                task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        failures = [result for result in results if isinstance(result, BaseException)]
        if failures and kind is None:
            raise failures[0]


def _hidden(obj: Object, secret_texts: set[str]) -> Object:
    """The object with what must not be readable in the state marked: data of Secrets, and texts that hold a secret value."""
    if obj.get("kind") == "Secret" and obj.get("apiVersion") == "v1":
        obj = {key: Secret(value) if key in ("data", "stringData") else value for key, value in obj.items()}
    return {key: _marked(value, secret_texts) for key, value in obj.items()} if secret_texts else obj


def _marked(value: Any, secret_texts: set[str]) -> Any:
    if isinstance(value, str):
        return Secret(value) if any(text in value for text in secret_texts) else value
    if isinstance(value, dict):
        return {key: _marked(item, secret_texts) for key, item in value.items()}
    return [_marked(item, secret_texts) for item in value] if isinstance(value, list) else value
