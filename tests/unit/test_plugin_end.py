"""A plugin process that ends with calls still running says nothing: what it prints, the engine shows to the user."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import grpc.aio

from sandbox.engine.process import OPTIONS

SERVER = """
import asyncio, sys
import grpc
from sandbox.engine.process import serve_until_stopped

async def slow(request, context):
    await asyncio.sleep(60)

class Slow(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(slow)

async def start(server):
    server.add_generic_rpc_handlers((Slow(),))

async def close():
    print("closed", flush=True)

serve_until_stopped(start, close)
"""


async def _ended() -> tuple[int, str, str]:
    """Exit code, rest of stdout and stderr of a server that is stopped while twenty calls run."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=OPTIONS) as channel:
        calls = [channel.unary_unary("/probe/Slow")(b"") for _ in range(20)]
        await asyncio.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(answer, grpc.aio.AioRpcError | asyncio.CancelledError) for answer in answers)
        out, said = await process.communicate()
    return process.returncode or 0, out.decode(), said.decode()


def test_calls_cut_off_by_the_end_print_nothing() -> None:
    for _ in range(4):  # the traceback was a matter of luck
        code, out, said = asyncio.run(_ended())
        assert (code, out, said) == (0, "closed\n", "")
