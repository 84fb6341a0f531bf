"""What every test gets."""

import asyncio
import gc
import inspect
from collections.abc import Iterator

import pytest
from pulumi.runtime import resource
from pulumi.runtime.proto import source_pb2


def pytest_collection_finish() -> None:
    """What the imports made stays to the end: no garbage collection looks at its hundreds of thousands of objects again."""
    gc.collect()
    gc.freeze()
    # a recording makes many short-lived objects, and next to no circles that are worth an early search
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(autouse=True, scope="session")
def no_source_positions() -> Iterator[None]:
    """Resources without the call stack that made them: the SDK looks at the file of every frame, pytest's too, for each anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resource, "_get_stack_trace", source_pb2.StackTrace)
        yield


@pytest.fixture(autouse=True)
def own_event_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """An event loop of its own for each plain test: pulumi's runtime wants a current one, and tests close theirs."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        yield
        return
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()
