"""The SDK's policy server reads a resource's properties anew for every policy; here it reads them once a request.

A pack of 26 policies made it turn each custom resource definition from protobuf to Python 26 times: half of a preview with
the pack. Our rules change no properties, so all policies of a request may look at the same ones. Of an SDK that is built in
another way nothing is changed.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import ModuleType
from typing import Any

from pulumi_policy import policy as sdk

READERS = ("deserialize_properties", "unknown_checking_proxy")
REQUESTS = ("Analyze", "AnalyzeStack", "Remediate")


class _Read(threading.local):
    """What one thread's request has read so far: (reader, id of what was read, arguments) -> (that, the result)."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, int, tuple[Any, ...]], tuple[Any, Any]] | None = None

    @contextmanager
    def request(self) -> Iterator[None]:
        self.known = {}
        try:
            yield
        finally:
            self.known = None


_READ = _Read()


def remembered(name: str, reader: Callable[..., Any]) -> Callable[..., Any]:
    """The reader, which within a request answers a second time with the same result for the same object."""

    @wraps(reader)
    def read(value: Any, *arguments: Any) -> Any:
        if _READ.known is None:
            return reader(value, *arguments)
        key = (name, id(value), arguments)
        if key not in _READ.known:
            # what was read is kept with it: an object that is gone could lend its id to another
            _READ.known[key] = (value, reader(value, *arguments))
        return _READ.known[key][1]

    return read


def _bounded(handler: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(handler)
    def handle(*arguments: Any) -> Any:
        with _READ.request():
            return handler(*arguments)

    return handle


def read_once() -> None:
    """Make the installed SDK's server read each message once a request; to be called once, before the server is made."""
    servicer = getattr(sdk, "_PolicyAnalyzerServicer", None)
    if servicer is None or not all(hasattr(sdk, name) for name in (*READERS, "json_format")):
        return
    original = vars(sdk)["json_format"]
    for name in READERS:
        setattr(sdk, name, remembered(name, getattr(sdk, name)))
    protobuf = ModuleType("json_format")
    protobuf.__dict__.update(vars(original))
    protobuf.__dict__["MessageToDict"] = remembered("MessageToDict", original.MessageToDict)
    vars(sdk)["json_format"] = protobuf
    for name in REQUESTS:
        setattr(servicer, name, _bounded(getattr(servicer, name)))
