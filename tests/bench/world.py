"""A throw-away sandbox with its own project folder, and commands that are timed in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from sandbox import salt
from sandbox.controlplane import cluster
from sandbox.environment import UNSET, environment
from sandbox.paths import ROOT, home

PROGRAMS = Path(__file__).parent / "programs"
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "dist", "bench")
SAMPLE_SECONDS = 0.2
# how the user's program shows among the processes: our language host's runner, or the official one's
RUNNERS = ("sandbox/engine/runner.py", "pulumi-language-python-exec")


class CommandFailed(Exception):
    """A command ended with an error or in no time; the message has its last words."""


@dataclass(frozen=True)
class Run:
    """What one command took: seconds, and the most memory (MiB) that the user's program held, 0.0 where there was none."""

    seconds: float
    memory: float
    output: str


class World:
    """One sandbox home and a copy of the project beside it. `folder` is removed by whoever made it."""

    def __init__(self, folder: Path, timeout: float) -> None:
        self.folder = folder
        self.timeout = timeout
        self.project = folder / "project"
        shutil.copytree(ROOT, self.project, ignore=LEFT_OUT, symlinks=True)
        (self.project / ".venv").symlink_to(sys.prefix)
        self._stack_files()

    def environment(self, team: str | None = None, **more: str) -> dict[str, str]:
        """The whole environment of a command in this sandbox."""
        kept = {key: value for key, value in os.environ.items() if key not in UNSET}
        return {**kept, **environment(team), **more}

    def fresh(self) -> None:
        """An empty sandbox that is up, whatever was there before."""
        cluster.reset()
        self._stack_files()
        cluster.up()

    def _stack_files(self) -> None:
        """The project's own, without the salt that a sandbox of the checkout may have left there."""
        for path in (ROOT / "stacks").glob("Pulumi.*.yaml"):
            text = path.read_text(encoding="utf-8")
            (self.project / "stacks" / path.name).write_text(salt.bare(text), encoding="utf-8")

    def write(self, stack: str, blueprint: str) -> None:
        """A stack file with nothing but a blueprint, on Kubernetes."""
        text = f"config:\n  mlops:target: kubernetes\n  mlops:blueprint: {blueprint}\n  mlops:spec: {{owner: platform-team}}\n"
        (self.project / "stacks" / f"Pulumi.{stack}.yaml").write_text(text, encoding="utf-8")

    def program(self, name: str) -> Path:
        """A copy of one of the bench's own programs."""
        target = self.folder / f"program-{name}-{time.monotonic_ns()}"
        shutil.copytree(PROGRAMS / name, target)
        settings = target / "Pulumi.yaml"
        settings.write_text(settings.read_text(encoding="utf-8").replace("VIRTUALENV", sys.prefix), encoding="utf-8")
        return target

    def run(
        self, *command: str, cwd: Path | None = None, env: Mapping[str, str] | None = None, good: tuple[int, ...] = (0,)
    ) -> Run:
        """One command to its end, timed. CommandFailed where its exit code is none of `good`, or after the timeout."""
        surroundings = dict(env or self.environment())
        with tempfile.TemporaryFile("w+", dir=self.folder) as said:
            begun = time.perf_counter()
            process = subprocess.Popen(
                [shutil.which(command[0], path=surroundings["PATH"]) or command[0], *command[1:]],
                cwd=cwd or self.project,
                env=surroundings,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            memory = 0.0
            try:
                while True:
                    try:
                        process.wait(SAMPLE_SECONDS)
                        break
                    except subprocess.TimeoutExpired:
                        memory = max(memory, _memory(process.pid))
                    if time.perf_counter() - begun > self.timeout:
                        raise CommandFailed(f"{' '.join(command[:2])}: not done after {self.timeout:.0f} s")
            finally:
                seconds = time.perf_counter() - begun
                _end(process)
            said.seek(0)
            output = said.read()
        if process.returncode not in good:
            lines = [line.strip() for line in output.splitlines() if line.strip()]
            words = [line for line in lines if "error: " in line][:3] or lines[-3:]
            raise CommandFailed(f"{' '.join(command[:2])}: exit code {process.returncode}: {' / '.join(words)}")
        return Run(seconds, memory, output)

    def pulumi(self, *arguments: str, stack: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Run:
        """A pulumi command on a stack."""
        return self.run("pulumi", *arguments, "--stack", stack, "--non-interactive", "--color", "never", cwd=cwd, env=env)

    def initialise(self, stack: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
        """Initialise a stack in this sandbox's backend, a team's own where `env` is the team's."""
        backend = (env or self.environment())["PULUMI_BACKEND_URL"].removeprefix("file://").partition("?")[0]
        Path(backend).mkdir(parents=True, exist_ok=True)
        self.run("pulumi", "stack", "init", stack, "--non-interactive", cwd=cwd, env=env)

    def exported(self, stack: str, env: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """The resources of a stack with their secrets in the clear: in memory only, never through a file or a message."""
        done = subprocess.run(
            ["pulumi", "stack", "export", "--show-secrets", "--stack", stack],
            cwd=self.project,
            env=dict(env or self.environment()),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CommandFailed(f"pulumi stack export: {done.stderr.strip()}")
        found: list[dict[str, Any]] = json.loads(done.stdout)["deployment"].get("resources", [])
        return found


@contextmanager
def secret_file(content: Any) -> Iterator[Path]:
    """A JSON file of mode 600, in memory where the machine has such a place, gone at the end."""
    memory = Path("/dev/shm")
    descriptor, name = tempfile.mkstemp(suffix=".json", dir=memory if os.access(memory, os.W_OK) else home())
    path = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as target:
            json.dump(content, target)
        yield path
    finally:
        path.unlink(missing_ok=True)


def _memory(pid: int) -> float:
    """MiB that the user's program below this process holds now."""
    try:
        below = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return 0.0
    held = 0.0
    for process in below:
        try:
            command = process.cmdline()
            if "--module" not in command and any(part.endswith(RUNNERS) for part in command):
                held = max(held, process.memory_info().rss / 2**20)
        except psutil.Error:
            continue
    return held


def _end(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """Stop what is left of a command that we started; the engine takes its plugins along."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
