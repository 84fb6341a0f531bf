"""What a simulated provider has to tell users, in the engine's own display."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import grpc
import grpc.aio

from sandbox.engine import protos


async def warn(engine: str, notes: Sequence[str]) -> None:
    """A warning each; none is worth a failure."""
    log_pb, log_grpc = protos.load("engine_pb2", "engine_pb2_grpc")
    async with grpc.aio.insecure_channel(engine) as channel:
        for text in notes:
            with suppress(grpc.aio.AioRpcError):
                await log_grpc.EngineStub(channel).Log(log_pb.LogRequest(severity=log_pb.WARNING, message=text))
