"""Runs the simulated operators beside the control plane: `python -m sandbox.operators.gate`.

Everything an operator does is data (data/<group>/<Kind>.yaml). Reads KUBECONFIG and MLOPS_SANDBOX_HOME; says that it is ready
in home()/status/operators.json. Without a change in the cluster it does nothing.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

import httpx

from sandbox.operators.autoscale import Autoscaler
from sandbox.operators.client import Client
from sandbox.operators.kinds import BUILTIN, DEFINITIONS
from sandbox.operators.model import load
from sandbox.operators.reconcile import RETRY_SECONDS, Reconciler
from sandbox.operators.store import Key, Store
from sandbox.operators.watch import Watch
from sandbox.paths import home

# a burst of events (three pods turning Ready) is one reconciliation
SETTLE_SECONDS = 0.05
logger = logging.getLogger("operators")


class Gate:
    """Custom resources waiting to be reconciled, one at a time: each is short, and they build on each other."""

    def __init__(self, client: Client) -> None:
        self._data = load()
        self._waiting: dict[Key, None] = {}
        self._work = asyncio.Event()
        self._timers: dict[Key, asyncio.TimerHandle] = {}
        self._store = Store(self.wake)
        self._autoscaler = Autoscaler(client, self._store)
        self._reconciler = Reconciler(self._store, client, self._data)
        resources = [DEFINITIONS, *BUILTIN, *(item.resource for item in self._data.values())]
        self._watches = [Watch(client, self._store, resource) for resource in resources]
        self._defined_by = {watch.definition: watch for watch in self._watches}

    def wake(self, keys: Iterable[Key]) -> None:
        """Marks custom resources for a reconciliation, and starts the watch of a resource whose definition came."""
        for key in keys:
            if key[0] == "Pod":
                self._autoscaler.look.set()
            elif key[0] == DEFINITIONS.kind and (watch := self._defined_by.get(key[2])):
                watch.defined.set()
            elif key[0] in self._data:
                self._waiting[key] = None
                self._work.set()

    async def run(self, ready: asyncio.Event) -> None:
        """Watches and reconciles for ever; nothing is reconciled (and generated anew) before all was seen once."""
        async with asyncio.TaskGroup() as group:
            for watch in self._watches:
                group.create_task(watch.run())
            for watch in self._watches:
                await watch.listed.wait()
            ready.set()
            group.create_task(self._reconcile())
            group.create_task(self._autoscaler.run())

    async def _reconcile(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._work.wait()
            await asyncio.sleep(SETTLE_SECONDS)
            self._work.clear()
            batch, self._waiting = self._waiting, {}
            for key in batch:
                if timer := self._timers.pop(key, None):
                    timer.cancel()
                seconds = await self._one(key)
                if seconds is not None:
                    self._timers[key] = loop.call_later(seconds, self.wake, [key])

    async def _one(self, key: Key) -> float | None:
        try:
            return await self._reconciler.reconcile(key)
        except httpx.HTTPError:
            # the API server restarts
            return RETRY_SECONDS
        except Exception:
            # a fault in one kind's data must not end the operators of the others
            logger.exception("%s %s/%s", *key)
            return 5 * RETRY_SECONDS


def write_status(path: Path) -> None:
    """Says that the operators are ready, and which there are."""
    kinds: dict[str, list[str]] = {}
    for item in load().values():
        kinds.setdefault(item.operator.name, []).append(item.kind)
    operators = [{"name": name, "simulated": True, "kinds": found} for name, found in sorted(kinds.items())]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps({"ready": True, "pid": os.getpid(), "operators": operators}, indent=2) + "\n")
    temporary.replace(path)


async def run() -> None:
    """Runs until SIGTERM or SIGINT."""
    status = home() / "status" / "operators.json"
    client, ready, stop = Client(), asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    gate = asyncio.create_task(Gate(client).run(ready))
    asked, announced = asyncio.create_task(stop.wait()), asyncio.create_task(ready.wait())
    try:
        await asyncio.wait({gate, asked, announced}, return_when=asyncio.FIRST_COMPLETED)
        if ready.is_set():
            write_status(status)
            await asyncio.wait({gate, asked}, return_when=asyncio.FIRST_COMPLETED)
        if gate.done():
            gate.result()
    finally:
        status.unlink(missing_ok=True)
        for task in (gate, asked, announced):
            task.cancel()
        await asyncio.gather(gate, asked, announced, return_exceptions=True)
        await client.close()


def main() -> int:
    """Entry point."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stdout, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if not os.environ.get("KUBECONFIG"):
        print("KUBECONFIG is not set: the simulated operators run beside a sandbox, `mlops sandbox up` starts both")
        return 2
    asyncio.run(run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
