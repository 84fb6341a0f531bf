"""Python environments and child processes of programs, policy packs and component providers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

RUNNER = Path(__file__).with_name("runner.py")
_STOP_SECONDS = 3.0


class EnvironmentProblem(Exception):
    """The Python environment of a program cannot be used; the message says what to do."""


def interpreter(root: str, options: Mapping[str, Any]) -> str:
    """The program's Python: option `virtualenv` (relative to the project), else the one that runs the sandbox."""
    name = options.get("virtualenv")
    if not name:
        return sys.executable
    folder = Path(root, str(name))
    python = folder / "bin" / "python"
    if not python.exists():
        raise EnvironmentProblem(
            f"runtime.options.virtualenv: {name!r}: there is no Python in {folder}; run `make setup` in {root}"
        )
    return str(python)


def user_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for user code: without the launcher's own PYTHONPATH."""
    environment = {**os.environ, **(extra or {})}
    before = environment.pop("MLOPS_USER_PYTHONPATH", "")
    environment.pop("PYTHONPATH", None)
    if before:
        environment["PYTHONPATH"] = before
    return environment


class Program:
    """A started runner that imports the SDK while the engine is still preparing."""

    def __init__(self, process: asyncio.subprocess.Process, python: str) -> None:
        self.process = process
        self.python = python

    @classmethod
    async def start(cls, python: str) -> Program:
        """Start the runner; it waits for its request."""
        process = await asyncio.create_subprocess_exec(
            python, str(RUNNER), stdin=asyncio.subprocess.PIPE, env=user_environment(), limit=2**20
        )
        return cls(process, python)

    async def run(self, request: Mapping[str, Any]) -> int:
        """Hand over the request; the exit code of the program. Cancelling ends the program."""
        assert self.process.stdin is not None
        try:
            with suppress(ConnectionError):
                self.process.stdin.write(json.dumps(request).encode() + b"\n")
                await self.process.stdin.drain()
                self.process.stdin.close()
            return await self.process.wait()
        finally:
            await stop(self.process)


async def stop(process: asyncio.subprocess.Process) -> None:
    """End a child: SIGTERM, then SIGKILL."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


async def stream(command: list[str], cwd: str, environment: Mapping[str, str]) -> AsyncIterator[tuple[str, Any]]:
    """Run a command; yields ("stdout", bytes) and ("stderr", bytes) as they come, then ("exitcode", int)."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env=dict(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    queue: asyncio.Queue[tuple[str, bytes] | None] = asyncio.Queue()

    async def pump(name: str, reader: asyncio.StreamReader | None) -> None:
        while reader is not None and (data := await reader.read(65536)):
            await queue.put((name, data))
        await queue.put(None)

    pumps = [asyncio.create_task(pump("stdout", process.stdout)), asyncio.create_task(pump("stderr", process.stderr))]
    try:
        open_pipes = len(pumps)
        while open_pipes:
            item = await queue.get()
            if item is None:
                open_pipes -= 1
            else:
                yield item
        yield "exitcode", await process.wait()
    finally:
        for task in pumps:
            task.cancel()
        await stop(process)
