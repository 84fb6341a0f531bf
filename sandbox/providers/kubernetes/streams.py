"""One watch a collection, shared by everybody who waits for something in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any, Final

from sandbox.providers.kubernetes.api import Api, ApiError, Gone, lost

Object = dict[str, Any]
_LONGEST_WATCH: Final = 300.0  # seconds; the server ends a watch then and it is taken up again
_LINGER: Final = 3.0  # seconds that a watch without subscribers is kept: the next object of the kind is often waited for at once


async def follow(api: Api, path: str, params: Mapping[str, str]) -> AsyncGenerator[tuple[str, Object], None]:
    """("LIST", the list) with the present state, then ("ADDED" | "MODIFIED" | "DELETED", object); lost connections list anew."""
    while True:
        listing = await api.call("GET", path, params)
        yield "LIST", listing
        version = str(listing["metadata"]["resourceVersion"])
        try:
            while True:
                async with aclosing(api.watch(path, params, version, _LONGEST_WATCH)) as events:
                    async for event in events:
                        version = str(event["object"]["metadata"]["resourceVersion"])
                        yield event["type"], event["object"]
        except Gone:
            continue
        except ApiError as error:
            if error.code < 500 and error.code != 429:
                raise
        except Exception as error:
            if not lost(error):
                raise
            # the list that follows waits for the server to come back


def _version(obj: Object) -> int:
    """Versions of one collection grow; the API guarantees that they compare as numbers since Kubernetes 1.35."""
    text = str((obj.get("metadata") or {}).get("resourceVersion") or "0")
    return int(text) if text.isdigit() else 0


class Stream:
    """The present objects of a collection and how new that knowledge is."""

    def __init__(self, api: Api, path: str, params: Mapping[str, str]) -> None:
        self.objects: dict[str, Object] = {}
        self.version = -1
        self.error: Exception | None = None
        self.subscribers: set[Subscription] = set()
        self.task = asyncio.ensure_future(self._run(api, path, params))

    async def _run(self, api: Api, path: str, params: Mapping[str, str]) -> None:
        try:
            async with aclosing(follow(api, path, params)) as events:
                async for kind, obj in events:
                    self._take(kind, obj)
        except Exception as error:  # handed to everybody who waits here
            self.error = error
            self._tell(None)

    def _take(self, kind: str, obj: Object) -> None:
        self.version = max(self.version, _version(obj))
        if kind == "LIST":
            names = {"apiVersion": obj.get("apiVersion"), "kind": str(obj.get("kind", "")).removesuffix("List")}
            self.objects = {item["metadata"]["uid"]: {**names, **item} for item in obj.get("items") or []}
            self._tell(None)
            return
        uid = obj["metadata"]["uid"]
        if kind == "DELETED":
            self.objects.pop(uid, None)
        else:
            self.objects[uid] = obj
        self._tell(obj)

    def _tell(self, obj: Object | None) -> None:
        for subscriber in self.subscribers:
            subscriber.changed(obj)


class Subscription:
    """One wait's view of a stream; an async context manager."""

    def __init__(self, streams: Streams, key: tuple[str, tuple[tuple[str, str], ...]]) -> None:
        self._streams, self._key = streams, key
        self._queue: asyncio.Queue[Object | None] = asyncio.Queue()

    async def __aenter__(self) -> Subscription:
        self._stream = self._streams.join(self._key, self)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._streams.leave(self._key, self._stream, self)

    def changed(self, obj: Object | None) -> None:
        """Called by the stream: this object changed, or (None) anything may have."""
        self._queue.put_nowait(obj)

    @property
    def objects(self) -> list[Object]:
        """The collection as far as it is known."""
        return list(self._stream.objects.values())

    async def next(self, wanted: Callable[[Object], bool]) -> None:
        """Until something that may be wanted changed. Raises what ended the stream."""
        while True:
            if self._stream.error is not None:
                raise self._stream.error
            obj = await self._queue.get()
            if obj is None or wanted(obj):
                return

    async def of(self, known: Object) -> AsyncGenerator[Object | None, None]:
        """Newer states of one object, None when it is gone; `known` is the state that the caller has already."""
        uid, version = known["metadata"]["uid"], _version(known)
        while True:
            seen = self._stream.objects.get(uid)
            if seen is None and self._stream.version >= version:
                yield None
                return
            if seen is not None and _version(seen) > version:
                version = _version(seen)
                yield seen
            await self.next(lambda obj: obj["metadata"]["uid"] == uid)


class Streams:
    """The running watches of one cluster."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._streams: dict[tuple[str, tuple[tuple[str, str], ...]], Stream] = {}

    def subscribe(self, path: str, params: Mapping[str, str]) -> Subscription:
        """What happens in the collection at `path`; enter it to start."""
        return Subscription(self, (path, tuple(sorted(params.items()))))

    def join(self, key: tuple[str, tuple[tuple[str, str], ...]], subscription: Subscription) -> Stream:
        """The stream of a collection, started when there is none."""
        stream = self._streams.get(key)
        if stream is None or stream.task.done():
            stream = self._streams[key] = Stream(self._api, key[0], dict(key[1]))
        stream.subscribers.add(subscription)
        return stream

    def leave(self, key: tuple[str, tuple[tuple[str, str], ...]], stream: Stream, subscription: Subscription) -> None:
        """Ends the stream some time after its last subscriber left."""
        stream.subscribers.discard(subscription)
        if not stream.subscribers:
            asyncio.get_running_loop().call_later(_LINGER, self._end, key, stream)

    def _end(self, key: tuple[str, tuple[tuple[str, str], ...]], stream: Stream) -> None:
        if not stream.subscribers:
            stream.task.cancel()
            if self._streams.get(key) is stream:
                del self._streams[key]

    async def close(self) -> None:
        """Ends all watches."""
        for stream in self._streams.values():
            stream.task.cancel()
        await asyncio.gather(*(stream.task for stream in self._streams.values()), return_exceptions=True)
        self._streams.clear()
