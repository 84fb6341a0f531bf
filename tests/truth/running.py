"""A started program of the machine: what it said, how it ended, and its end."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 900.0
"""Seconds after which a step counts as stuck; a machine that does much else takes its time."""


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a program and all that it has started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@dataclass
class Running:
    """A started program."""

    process: subprocess.Popen[bytes]
    log: Path
    title: str

    @property
    def said(self) -> str:
        """Everything that it has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def done(self, seconds: float = PATIENCE) -> str:
        """What it said, once it has ended well."""
        code = self.process.wait(seconds)
        assert code == 0, f"{self.title}: exit code {code}\n{self.said[-3000:]}"
        return self.said

    def failed(self, seconds: float = PATIENCE) -> str:
        """What it said, once it has ended badly."""
        assert self.process.wait(seconds) != 0, f"{self.title} ended well\n{self.said[-2000:]}"
        return self.said

    def end(self) -> None:
        """Ends it, for another that wants its port."""
        end(self.process)

    def until(self, ready: Callable[[], bool], seconds: float = PATIENCE) -> "Running":
        """Waits for a condition; it must not end before."""
        deadline = time.monotonic() + seconds
        while not ready():
            assert self.process.poll() is None, f"{self.title} ended with {self.process.returncode}\n{self.said[-3000:]}"
            assert time.monotonic() < deadline, f"{self.title}: not ready in {seconds:.0f} s\n{self.said[-3000:]}"
            time.sleep(0.5)
        return self
