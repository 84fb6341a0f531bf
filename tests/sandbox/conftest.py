"""One running sandbox for the whole session, in a home of its own."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from sandbox.controlplane import cluster
from sandbox.environment import environment

SECONDS = 30.0
T = TypeVar("T")


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that is up. `environment` is what a process in it gets, whole."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **environment()}

    def try_kubectl(self, *arguments: str, stdin: object = None) -> subprocess.CompletedProcess[str]:
        """Runs kubectl as the administrator; `stdin` is an object for `-f -`."""
        text = json.dumps(stdin) if stdin is not None else None
        return subprocess.run(
            ["kubectl", *arguments], check=False, env=self.environment, input=text, capture_output=True, text=True, timeout=120
        )

    def kubectl(self, *arguments: str, stdin: object = None) -> str:
        """Likewise; it must succeed."""
        done = self.try_kubectl(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def get(self, *arguments: str) -> Any:
        """`kubectl get … -o json`."""
        return json.loads(self.kubectl("get", *arguments, "-o", "json"))

    def apply(self, *objects: dict[str, Any]) -> None:
        """Server-side apply, as pulumi-kubernetes does."""
        self.kubectl("apply", "--server-side", "-f", "-", stdin={"apiVersion": "v1", "kind": "List", "items": list(objects)})


def eventually(probe: Callable[[], T | None], what: str, seconds: float = SECONDS) -> T:
    """Waits for a true answer of `probe` and returns it."""
    deadline = time.monotonic() + seconds
    while not (answer := probe()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.2)
    return answer


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Started once a session, wiped at its end; leave nothing behind that another test would trip over."""
    home = tmp_path_factory.mktemp("sandbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_SANDBOX_HOME", str(home))
        try:
            cluster.up()
            yield Sandbox(home)
        finally:
            cluster.reset()


@pytest.fixture
def namespace(sandbox: Sandbox) -> Iterator[str]:
    """A namespace for one test; its deletion is not waited for."""
    name = f"test-{time.time_ns():x}"
    sandbox.kubectl("create", "namespace", name)
    yield name
    sandbox.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")
