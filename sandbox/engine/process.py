"""What every plugin process shares: announcing its port, ending with its parent, no traceback in the user's terminal."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from sandbox.paths import home

_MAX_MESSAGE = 400 * 1024 * 1024  # bytes; the engine's own limit
_PARENT_CHECK = 1.0  # seconds
OPTIONS = [
    ("grpc.max_receive_message_length", _MAX_MESSAGE),
    ("grpc.max_send_message_length", _MAX_MESSAGE),
    ("grpc.so_reuseport", 0),
]


def log_unexpected(name: str, error: BaseException) -> str:
    """Append the traceback of a bug of ours to home()/logs/<name>.log; its path."""
    path = home() / "logs" / f"{name}.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # private: the text of an error may repeat what a user typed
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
            file.write(f"--- {datetime.now(UTC).isoformat(timespec='seconds')} pid {os.getpid()}\n")
            file.writelines(traceback.format_exception(error))
    except OSError as problem:
        return f"no log: {problem}"
    return str(path)


def serve_until_stopped(start: Callable[[Any], Awaitable[None]], close: Callable[[], Awaitable[None]]) -> None:
    """Serve on a free loopback port, print it, and end on SIGINT, SIGTERM or the parent's death. Never returns.

    `start(server)` registers the services before the port is announced; `close()` is called once at the end.
    """
    parent = os.getppid()
    code = asyncio.run(_serve(parent, start, close))
    sys.stdout.flush()
    os._exit(code)  # threads of abandoned calls must not keep the process or print at exit


def _hush() -> None:
    """Say nothing more: grpc prints a traceback for a call that the end cuts off, and the engine shows it to the user."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)
    os.close(quiet)


async def _serve(parent: int, start: Callable[[Any], Awaitable[None]], close: Callable[[], Awaitable[None]]) -> int:
    import grpc.aio

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    server = grpc.aio.server(options=OPTIONS)
    try:
        await start(server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        print(port, flush=True)
        while os.getppid() == parent:
            try:
                await asyncio.wait_for(stopped.wait(), _PARENT_CHECK)
                break
            except TimeoutError:
                continue
        _hush()
        await server.stop(grace=None)
        await close()
    except Exception as error:
        print(f"error: plugin could not run: {error} (details: {log_unexpected('plugin', error)})", file=sys.stderr, flush=True)
        return 1
    return 0
