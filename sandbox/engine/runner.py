"""Runs one Pulumi program: started by the language host with the program's own Python, by file name, so it imports pulumi alone.

The host writes one line of JSON to stdin when the engine asks for the run; until then the SDK is being imported, which is why the
host starts this process early. Exit codes: 0 done, 32 failed and reported to the engine already, anything else a crash.

`runner.py --module NAME ARGS…` runs a module of the SDK instead (the policy analyzer), quiet on SIGINT as well.
"""

from __future__ import annotations

import signal
import sys

TYPE_CHECKING = False  # typing itself is not imported: every program waits for this file
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task
    from types import TracebackType
    from typing import Any

signal.signal(signal.SIGINT, signal.SIG_DFL)  # the engine interrupts its plugins at the end; that is no news to the user
sys.path.pop(0)  # this file's folder is not the program's

REPORTED = 32
_SHUT_DOWN = "Resource monitor has terminated"
_MONITOR_GONE = "resource monitor shut down"  # the SDK's words for the engine's when a child of a remote component failed


def main() -> int:
    """Wait for the request, run the program, report what went wrong."""
    import json
    import os

    defer("pulumi.automation", "pulumi.dynamic")
    try:
        import pulumi
        import pulumi.runtime
    except ImportError as error:
        print(f"{error}: the Pulumi SDK is not installed in {sys.prefix}; run `make setup`", file=sys.stderr)
        return 1

    line = sys.stdin.readline()
    if not line:
        return 0  # the host ended without a run
    request = json.loads(line)
    # The program must not read what is left of the host's pipe.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    pulumi.runtime.set_all_config(request["config"], request["secretKeys"])
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            project=request["project"],
            stack=request["stack"],
            organization=request["organization"] or "organization",
            root_directory=request["root"],
            parallel=request["parallel"],
            dry_run=request["preview"],
            monitor=request["monitor"],
            engine=request["engine"],
        )
    )
    program = request["program"]
    os.chdir(request["pwd"])
    sys.argv = [program, *request["args"]]
    return _run(program, request["root"], request["parallel"])


def defer(*names: str) -> None:
    """Load these modules of the SDK at their first use: `import pulumi` imports them, few programs need them (0.13 s)."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec
    from types import ModuleType

    class Deferred(ModuleType):
        def __getattr__(self, attribute: str) -> object:
            spec = self.__spec__
            if attribute.startswith("__") or spec is None or spec.loader is None:
                raise AttributeError(attribute)
            self.__class__ = ModuleType  # type: ignore[assignment]
            spec.loader.exec_module(self)
            return getattr(self, attribute)

    for name in names:
        parent = PathFinder.find_spec(name.partition(".")[0])
        spec = PathFinder.find_spec(name, parent.submodule_search_locations) if parent else None
        if spec is None:
            continue  # another version of the SDK
        module = module_from_spec(spec)
        module.__class__ = Deferred
        sys.modules[name] = module


def _run(program: str, root: str, parallel: int) -> int:
    import asyncio
    import logging
    import runpy
    from concurrent.futures import ThreadPoolExecutor

    import pulumi
    from pulumi.runtime.stack import run_in_stack

    # A failed run leaves futures that nobody awaits; asyncio would tell the user about each.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    origins = _remember_origins(loop)
    # every registration blocks a thread until the engine has done it
    loop.set_default_executor(ThreadPoolExecutor(max_workers=min(max(parallel, 4) * 4, 256)))

    _keep_first_frames()

    def user_program() -> None:
        runpy.run_path(program, run_name="__main__")

    try:
        loop.run_until_complete(run_in_stack(user_program))
        return 0
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException as error:
        text = message(error.with_traceback(origins.get(id(error), error.__traceback__)), root)
        if text:
            try:
                pulumi.log.error(text)
            except Exception:
                return 1  # the engine is gone; whoever ended it knows
        return REPORTED


def _keep_first_frames() -> None:
    """Of the call stack that the SDK sends with each resource, the frame that makes it: the rest was a seventh of the state.

    The engine keeps it in the state, our own frames and the interpreter's paths with it, and writes it at every step. The SDK
    also looks at the file of every frame, for each resource anew.
    """
    from traceback import FrameSummary

    from pulumi.runtime import resource
    from pulumi.runtime.proto import source_pb2

    position = getattr(resource, "_get_source_position_for_frame", None)
    if position is None or not hasattr(resource, "_get_stack_trace"):
        return  # another version of the SDK

    def first() -> Any:
        # past the constructors of Resource, of CustomResource or ComponentResource, and of the concrete class, as the SDK counts
        frame, left = sys._getframe(1), 3
        while left and frame.f_back is not None:
            left -= frame.f_code.co_name == "__init__"
            frame = frame.f_back
        if left:
            return source_pb2.StackTrace()
        made = FrameSummary(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name, lookup_line=False)
        return source_pb2.StackTrace(frames=[source_pb2.StackFrame(pc=position(made))])

    resource._get_stack_trace = first


def _remember_origins(loop: AbstractEventLoop) -> dict[int, TracebackType | None]:
    """id of an exception -> traceback of the first task that it ended, where the user's frames are.

    A task gives its traceback to the first that awaits it; an Output that several resources use loses it on the way.
    """
    import asyncio

    origins: dict[int, TracebackType | None] = {}
    kept: list[BaseException] = []  # or an id could be used again

    def remember(task: Task[Any]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and id(error) not in origins:
            kept.append(error)
            origins[id(error)] = error.__traceback__

    def factory(loop: AbstractEventLoop, coroutine: Any, **arguments: Any) -> Task[Any]:
        task: Task[Any] = asyncio.Task(coroutine, loop=loop, **arguments)
        task.add_done_callback(remember)
        return task

    loop.set_task_factory(factory)
    return origins


def message(error: BaseException, root: str) -> str:
    """What the user is told: the text of a RunError alone, else the error with the frames of the user's own files.

    Empty when the program only saw the engine shut down, whose reason the engine reports itself.
    """
    import pulumi

    plain = _run_error(error, pulumi.RunError)
    if plain is not None:
        text = str(plain)
        return "" if text.startswith(_SHUT_DOWN) else text
    if _is_shut_down(error):
        return ""
    return "Program failed with an unhandled exception:\n" + report(error, root)


def _is_shut_down(error: BaseException) -> bool:
    import grpc

    if str(error) == _MONITOR_GONE:
        return True
    return isinstance(error, grpc.RpcError) and error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


def _run_error(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    """The RunError that this error is or was raised from (the SDK re-raises what failed inside an apply)."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, kind):
            return seen
        seen = seen.__cause__
    return None


def report(error: BaseException, root: str) -> str:
    """The traceback with the user's own frames only; all of it where there is no such frame."""
    import traceback

    trace = traceback.TracebackException.from_exception(error)
    if not _trim(trace, _own(root), set()):
        trace = traceback.TracebackException.from_exception(error)
    return "".join(trace.format()).rstrip()


def _own(root: str) -> tuple[str, ...]:
    import os

    return tuple({os.path.join(root, ""), os.path.join(os.path.realpath(root), "")})


def _trim(trace: object, roots: tuple[str, ...], seen: set[int]) -> bool:
    """Drop foreign frames in the whole chain; True when an own frame (or a syntax error's own place) is left."""
    from traceback import FrameSummary, StackSummary, TracebackException

    if not isinstance(trace, TracebackException) or id(trace) in seen:
        return False
    seen.add(id(trace))

    def own(frame: FrameSummary) -> bool:
        return frame.filename.startswith(roots) and "site-packages" not in frame.filename and frame.filename != __file__

    kept = [frame for frame in trace.stack if own(frame)]
    found = bool(kept) or issubclass(trace.exc_type or Exception, SyntaxError)
    trace.stack = StackSummary.from_list(kept)
    cause, context = _trim(trace.__cause__, roots, seen), _trim(trace.__context__, roots, seen)
    # An exception of the SDK's that wraps the user's own, or has nothing of his in it, only hides it.
    if trace.__context__ is not None and not context:
        trace.__context__ = None
    if trace.__cause__ is not None and not cause:
        trace.__cause__ = None
    return found or cause or context


def module(name: str, args: list[str]) -> None:
    """Run a module as `python -m` would."""
    import runpy

    sys.argv = [name, *args]
    runpy.run_module(name, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--module"]:
        module(sys.argv[2], sys.argv[3:])
    else:
        code = main()
        sys.stdout.flush()
        sys.stderr.flush()
        import os

        os._exit(code)  # abandoned registrations hold threads; waiting for them would hang
