"""A copy of the project with a sandbox of its own: what a user's clone is, for one module of tests."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from sandbox.paths import ROOT, contracts
from tests.sandbox.engine_env import Result

PARTS = ("stacks", "blueprints", "policies", "components", "cli", "sandbox", "docs", "images")
SECONDS = 900.0
FOREIGN = ("PULUMI_", "PYTEST_", "AWS_", "MLOPS_SANDBOX")
Variables = Mapping[str, str]


@dataclass
class Project:
    """A checkout and its sandbox. Commands run in `environment` unless they are given a team's."""

    root: Path
    home: Path
    environment: dict[str, str]
    seconds: float = SECONDS
    """What one command may take."""

    def start(self, *command: str, env: Variables | None = None) -> subprocess.Popen[str]:
        """A command in a session of its own, stdout and stderr together."""
        return subprocess.Popen(
            command,
            cwd=self.root,
            env=dict(env or self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str, env: Variables | None = None) -> Result:
        """A command, to its end."""
        process = self.start(*command, env=env)
        try:
            text, _ = process.communicate(timeout=self.seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return Result(process.returncode, text)

    def ok(self, *command: str, env: Variables | None = None) -> str:
        """A command that must succeed; its text."""
        result = self.run(*command, env=env)
        assert result.code == 0, result.text
        return result.text

    def pulumi(self, command: str, stack: str, *arguments: str, env: Variables | None = None) -> Result:
        """`pulumi <command> --stack <stack>`."""
        flags = ["--stack", stack, "--non-interactive", "--color", "never"]
        return self.run("pulumi", *command.split(), *flags, *arguments, env=env)

    def good(self, command: str, stack: str, *arguments: str, env: Variables | None = None) -> str:
        """Likewise; it must succeed."""
        result = self.pulumi(command, stack, *arguments, env=env)
        assert result.code == 0, result.text
        return result.text

    def refused(self, command: str, stack: str, *arguments: str, env: Variables | None = None) -> str:
        """Likewise; it must fail, and say why without a traceback."""
        result = self.pulumi(command, stack, *arguments, env=env)
        assert result.code != 0, result.text
        assert "Traceback" not in result.text, result.text
        return result.text

    def up(self, stack: str, env: Variables | None = None) -> str:
        """`pulumi up`, must succeed."""
        return self.good("up", stack, "--yes", "--skip-preview", env=env)

    def settled(self, stack: str, *arguments: str, env: Variables | None = None) -> str:
        """A preview must want nothing."""
        return self.good("preview", stack, "--expect-no-changes", *arguments, env=env)

    def destroy(self, stack: str, env: Variables | None = None) -> str:
        """`pulumi destroy`, must succeed and leave an empty state."""
        text = self.good("destroy", stack, "--yes", "--skip-preview", env=env)
        assert self.resources(stack, env=env) == []
        return text

    def resources(self, stack: str, *, secrets: bool = False, env: Variables | None = None) -> list[dict[str, Any]]:
        """The resources of a stack as recorded."""
        text = self.json("pulumi", "stack", "export", "--stack", stack, *(["--show-secrets"] if secrets else []), env=env)
        found: list[dict[str, Any]] = text["deployment"].get("resources") or []
        return found

    def outputs(self, stack: str, env: Variables | None = None) -> dict[str, Any]:
        """The exports of a stack, secret ones masked."""
        found: dict[str, Any] = self.json("pulumi", "stack", "output", "--json", "--stack", stack, env=env)
        return found

    def json(self, *command: str, env: Variables | None = None) -> Any:
        """What a command prints on its stdout, which is JSON."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=dict(env or self.environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=self.seconds,
        )
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def mlops(self, *arguments: str) -> Result:
        """Our own command, of this copy."""
        return self.run(sys.executable, "-m", "cli", *arguments)

    def get(self, *arguments: str) -> Any:
        """`kubectl get … -o json` as the administrator."""
        return self.json("kubectl", "get", *arguments, "-o", "json")

    def team(self, name: str) -> dict[str, str]:
        """What `mlops sandbox env --team` gives on top of a clean environment: nothing of the administrator's."""
        done = subprocess.run(
            [sys.executable, "-m", "cli", "sandbox", "env", "--team", name],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        lines = (shlex.split(line) for line in done.stdout.splitlines())
        given = dict(parts[1].split("=", 1) for parts in lines if parts[:1] == ["export"])
        return {**_own(), **given, "PYTHONPATH": str(self.root)}

    def stack_file(self, stack: str) -> Path:
        """The file of a stack."""
        return self.root / "stacks" / f"Pulumi.{stack}.yaml"

    def copy_stack(self, stack: str, name: str, old: str = "", new: str = "", env: Variables | None = None) -> None:
        """A fresh stack whose file is another's, with one piece of its text changed."""
        text = "".join(
            line for line in self.stack_file(stack).read_text().splitlines(True) if not line.startswith("encryptionsalt")
        )
        assert old in text, f"{stack} has no {old!r}"
        self.stack_file(name).write_text(text.replace(old, new, 1) if old else text)
        self.init(name, env=env)

    def init(self, stack: str, env: Variables | None = None) -> None:
        """`pulumi stack init`."""
        self.ok("pulumi", "stack", "init", stack, "--no-select", "--non-interactive", env=env)

    def faults(self, *rules: Mapping[str, Any]) -> None:
        """Write the fault switches; none removes them."""
        path = self.home / "faults.json"
        if rules:
            path.write_text(json.dumps(rules))
        else:
            path.unlink(missing_ok=True)

    def processes(self) -> list[psutil.Process]:
        """Every process of this sandbox, its engines and plugins too."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("MLOPS_SANDBOX_HOME") == str(self.home) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found


def _own() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}


@contextmanager
def project(folder: Path) -> Iterator[Project]:
    """A copy of this checkout whose sandbox is up; gone afterwards, and no process of it left."""
    root, home = folder / "project", folder / "home"
    root.mkdir()
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", ".venv"))
    shutil.copy(ROOT / "Pulumi.yaml", root)
    (root / ".venv").symlink_to(sys.prefix)
    made = Project(root, home, {**_own(), "MLOPS_SANDBOX_HOME": str(home), "PYTHONPATH": str(root)})
    for path in (root / "stacks").glob("Pulumi.*.yaml"):
        # the sandbox of this very checkout may have left its own in the original
        path.write_text("".join(line for line in path.read_text().splitlines(True) if not line.startswith("encryptionsalt")))
    if real := contracts():
        made.environment["MLOPS_CONTRACTS"] = str(real)
    try:
        result = made.mlops("sandbox", "up")
        assert result.code == 0, result.text
        printed = made.json(
            sys.executable, "-c", "import json; from sandbox.environment import environment; print(json.dumps(environment()))"
        )
        made.environment.update(printed)
        yield made
    finally:
        made.mlops("sandbox", "reset")
        left = [process for process in made.processes() if process.pid != os.getpid()]
        for process in left:
            process.kill()
