"""The simulated AWS API: moto in server mode on loopback, with a memory that survives stop and start.

    python -m sandbox.providers.aws.server [--parent PID]

Takes the port of its last run when that is free, so that endpoints in a stack's state stay right. When ready it writes
home()/status/cloud.json: {"port", "endpoint", "ready", "simulated", "pid"}. Ends at SIGTERM, SIGINT, or when the process
PID is gone; the state is saved then, and at most SAVE_EVERY seconds after each write before.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import signal
import sys
import threading
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from sandbox import paths
from sandbox.engine.process import log_unexpected

# moto reads these when its modules load. The AMIs of the public list cost memory and nothing here starts instances;
# AWS's own policies must exist, or no role can have one attached.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import BaseWSGIServer, make_server

from sandbox.providers.aws import moto_fixes
from sandbox.providers.aws.persistence import Snapshot

HOST = "127.0.0.1"
SAVE_EVERY = 1.0  # seconds


class QuietHandler(MotoRequestHandler):
    """No log line a request: bodies and paths may carry names that belong to the user."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing."""


def _load(service: Any) -> Any:
    """moto's app of one service, loaded at its first request."""
    app = create_backend_app(service)
    moto_fixes.apply(service)
    return app


class Application:
    """moto's dispatcher, one request at a time: its models take no locks, and a snapshot needs a quiet moment."""

    def __init__(self) -> None:
        self.inner = DomainDispatcherApplication(_load)
        self.lock = threading.Lock()
        self.dirty = threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """WSGI."""
        with self.lock:
            answer = self.inner(environ, start_response)
            try:
                body = [b"".join(answer)]
            finally:
                if close := getattr(answer, "close", None):
                    close()
        self.dirty.set()
        return body


class Server:
    """One moto server for one sandbox home."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "aws"
        self.status = home / "status" / "cloud.json"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.status.parent.mkdir(parents=True, exist_ok=True)
        self.snapshot = Snapshot(self.folder)
        self.application = Application()
        self.stopping = threading.Event()

    def run(self, parent: int | None) -> int:
        """Serve until told to stop; the exit code."""
        with (self.folder / "server.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                print(f"the simulated AWS API of {self.folder.parent} is running already: see {self.status}", file=sys.stderr)
                return 1
            if problem := self.snapshot.restore():
                print(problem, file=sys.stderr)
            server = self._listen()
            threading.Thread(target=server.serve_forever, daemon=True).start()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self.stopping.set())
            self._announce(server.port)
            self._watch(parent)
            self.status.unlink(missing_ok=True)
            server.shutdown()
            self._save()
        return 0

    def _listen(self) -> BaseWSGIServer:
        remembered = self.folder / "port"
        wanted = int(remembered.read_text()) if remembered.is_file() else 0
        for port in (wanted, 0):
            try:
                server = make_server(HOST, port, self.application, threaded=True, request_handler=QuietHandler)
            except (OSError, SystemExit):  # werkzeug exits when the port is taken
                continue
            remembered.write_text(str(server.port))
            return server
        raise OSError(f"no free port on {HOST}")

    def _announce(self, port: int) -> None:
        content = {
            "port": port,
            "endpoint": f"http://{HOST}:{port}",
            "ready": True,
            "simulated": f"moto {version('moto')}",
            "pid": os.getpid(),
        }
        temporary = self.status.with_suffix(".tmp")
        temporary.write_text(json.dumps(content))
        os.replace(temporary, self.status)

    def _watch(self, parent: int | None) -> None:
        watched = psutil.Process(parent) if parent else None
        while not self.stopping.wait(SAVE_EVERY):
            if watched and not watched.is_running():
                return
            if self.application.dirty.is_set():
                self.application.dirty.clear()
                self._save()

    def _save(self) -> None:
        """A service that cannot be saved must not take the others down: the cloud goes on, and the log says so."""
        try:
            with self.application.lock:
                self.snapshot.save()
        except Exception as error:
            where = log_unexpected("cloud", error)
            print(f"the simulated AWS API could not save its state: {error} (details: {where})", file=sys.stderr)


def main(arguments: list[str] | None = None) -> int:
    """Entry point; exit code 0 after a clean stop, 1 when a server of this home runs already."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.providers.aws.server", description=__doc__.split("\n")[0])
    parser.add_argument("--parent", type=int, help="end when this process ends")
    options = parser.parse_args(arguments)
    return Server(paths.home()).run(options.parent)


if __name__ == "__main__":
    sys.exit(main())
