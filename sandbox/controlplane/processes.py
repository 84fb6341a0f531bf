"""The processes of the sandbox: started apart from the terminal, recorded in run.json, stopped by recorded identity."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from sandbox.paths import ROOT, home

# psutil derives creation times from the boot time, which a clock correction moves by fractions of a second
CREATED_TOLERANCE_SECONDS = 2.0
STOP_SECONDS = 10.0


class ProcessError(Exception):
    """A process did not start or died; the message carries the end of its log."""


@dataclass(frozen=True)
class Proc:
    """One recorded process. `created` (seconds since the epoch) tells it from a later one with the same pid."""

    name: str
    pid: int
    created: float
    argv: tuple[str, ...]
    log: str
    port: int | None = None
    version: str | None = None


def run_file() -> Path:
    """Where pids, ports, versions and the kubeconfig of the running sandbox are recorded."""
    return home() / "run.json"


def read_run() -> dict[str, Any]:
    """The record; {} where nothing was ever started. A damaged file is an error that names it."""
    try:
        data = json.loads(run_file().read_text())
    except FileNotFoundError:
        return {}
    except json.JSONDecodeError as error:
        raise ProcessError(f"{run_file()}: not JSON ({error}); `mlops sandbox reset` starts afresh") from error
    return data if isinstance(data, dict) else {}


@contextmanager
def _changing() -> Iterator[dict[str, Any]]:
    """The record, written back whole: a reader never sees half of it, two writers never lose each other's change."""
    home().mkdir(parents=True, exist_ok=True)
    with (home() / ".run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        data = read_run()
        yield data
        temporary = run_file().with_suffix(".tmp")
        temporary.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n")
        temporary.replace(run_file())


def note(**values: Any) -> None:
    """Records facts beside the processes (kubeconfig, versions, ports, engine)."""
    with _changing() as data:
        data.update(values)


def note_port(name: str, port: int | None) -> None:
    """Records the port that a process chose itself."""
    with _changing() as data:
        for entry in data.get("processes", []):
            if entry["name"] == name:
                entry["port"] = port


def processes() -> dict[str, Proc]:
    """Everything recorded, alive or not, in the order it was started."""
    recorded = read_run().get("processes", [])
    return {entry["name"]: Proc(**{**entry, "argv": tuple(entry["argv"])}) for entry in recorded}


def _forget(data: dict[str, Any], name: str) -> None:
    data["processes"] = [entry for entry in data.get("processes", []) if entry["name"] != name]


def live(proc: Proc) -> psutil.Process | None:
    """The recorded process if it still runs and is the same one, not a stranger that got its pid."""
    try:
        process = psutil.Process(proc.pid)
        same = abs(process.create_time() - proc.created) < CREATED_TOLERANCE_SECONDS
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def alive(name: str) -> bool:
    """Whether the process of that name runs."""
    proc = processes().get(name)
    return proc is not None and live(proc) is not None


def spawn(
    name: str,
    argv: Sequence[str],
    env: Mapping[str, str] | None,
    log: Path,
    *,
    port: int | None = None,
    version: str | None = None,
) -> Proc:
    """Starts a process of the sandbox and records it.

    `env` is added to this process' environment. Output goes to `log`, which starts empty and only its owner may read.
    The process leads a session of its own: Ctrl-C in the terminal that started the sandbox does not end it, `stop` does.
    Raises ProcessError when one of that name runs already or the program cannot be executed.
    """
    if alive(name):
        raise ProcessError(f"{name} runs already (pid {processes()[name].pid})")
    log.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        process = subprocess.Popen(
            list(argv),
            env={**os.environ, **(env or {})},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise ProcessError(f"{name}: {argv[0]} cannot be started: {error.strerror}") from error
    finally:
        os.close(descriptor)
    # `up` returns and leaves it running: Popen must not warn that nobody waited for it
    process.returncode = 0
    try:
        created = psutil.Process(process.pid).create_time()
    except psutil.Error as error:
        raise ProcessError(f"{name} ended at once\n{tail(log)}") from error
    proc = Proc(name, process.pid, created, tuple(argv), str(log), port, version)
    with _changing() as data:
        _forget(data, name)
        data.setdefault("processes", []).append(asdict(proc))
    return proc


def stop(name: str, seconds: float = STOP_SECONDS) -> None:
    """Ends a process and what it started, politely at first; returns when it is gone. Unknown or dead names are fine."""
    proc = processes().get(name)
    process = live(proc) if proc else None
    if process:
        # looked up before it ends: afterwards its children belong to init
        children = process.children(recursive=True)
        _end([process], seconds)
        _end(children, 2)
    with _changing() as data:
        _forget(data, name)


def _end(targets: list[psutil.Process], seconds: float) -> None:
    _signal(targets, signal.SIGTERM)
    left = _wait(targets, seconds)
    _signal(left, signal.SIGKILL)
    _wait(left, 5)


def _wait(targets: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still run when time is up. Ended ones that nobody collected yet do not count: an init may take its
    time (psutil.wait_procs would wait for it), and our own children are collected here.
    """
    deadline = time.monotonic() + seconds
    left = [target for target in targets if _runs(target)]
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [target for target in left if _runs(target)]
    for target in targets:
        with suppress(ChildProcessError):
            os.waitpid(target.pid, os.WNOHANG)
    return left


def _runs(target: psutil.Process) -> bool:
    try:
        return target.is_running() and target.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _signal(targets: list[psutil.Process], number: signal.Signals) -> None:
    for target in targets:
        try:
            target.send_signal(number)
        except psutil.Error:
            continue


def tail(log: Path, lines: int = 12) -> str:
    """The end of a log, for an error message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"


def require_alive(name: str) -> None:
    """ProcessError with the end of its log if the process has died."""
    if not alive(name):
        proc = processes().get(name)
        log = Path(proc.log) if proc else home() / "logs" / f"{name}.log"
        raise ProcessError(f"{name} has died; {log} ends with:\n{tail(log)}")


def wait_until(ready: Callable[[], bool], what: str, name: str, seconds: float) -> None:
    """Polls `ready()` until true; ProcessError when `name` dies meanwhile or time is up."""
    deadline = time.monotonic() + seconds
    while not ready():
        require_alive(name)
        if time.monotonic() > deadline:
            proc = processes()[name]
            raise ProcessError(f"{what}: not within {seconds:.0f} s; {proc.log} ends with:\n{tail(Path(proc.log))}")
        time.sleep(0.1)
