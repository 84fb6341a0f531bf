"""A real engine with a PULUMI_HOME, backend and project of its own, for one test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from sandbox.build import BuildError, tool
from sandbox.engine.home import prepare
from sandbox.paths import ROOT

PROGRAMS = ROOT / "tests" / "programs" / "engine"
SECONDS = 120.0


def program(name: str) -> pytest.MarkDecorator:
    """The test runs a program of tests/programs/engine."""
    return pytest.mark.parametrize("engine", [name], indirect=True, ids=[name])


@dataclass
class Result:
    """What a command did; `text` is stdout and stderr as the user sees them."""

    code: int
    text: str


@dataclass
class Engine:
    """One project with one stack, `dev`."""

    home: Path
    project: Path
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A command in a session of its own, as if typed into a terminal."""
        return subprocess.Popen(
            ["pulumi", *arguments, "--non-interactive", "--color", "never"],
            cwd=self.project,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> Result:
        """A command, to its end."""
        process = self.start(*arguments)
        try:
            text, _ = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return Result(process.returncode, text)

    def ok(self, *arguments: str) -> str:
        """A command that must succeed; its text."""
        result = self.run(*arguments)
        assert result.code == 0, result.text
        return result.text

    def up(self) -> str:
        """`pulumi up`, must succeed."""
        return self.ok("up", "--yes", "--skip-preview")

    def state(self) -> dict[str, dict[str, Any]]:
        """Resources of the stack by logical name, as recorded (secrets encrypted)."""
        resources = json.loads(self.ok("stack", "export"))["deployment"].get("resources", [])
        return {item["urn"].rsplit("::", 1)[-1]: item for item in resources}

    def outputs(self, *, secrets: bool = False) -> dict[str, Any]:
        """Outputs of the stack."""
        found: dict[str, Any] = json.loads(self.ok("stack", "output", "--json", *(["--show-secrets"] if secrets else [])))
        return found

    def faults(self, *rules: dict[str, Any]) -> None:
        """Write the fault switches; none removes them."""
        path = self.home / "faults.json"
        if rules:
            path.write_text(json.dumps(rules))
        else:
            path.unlink(missing_ok=True)

    def children(self) -> list[psutil.Process]:
        """Processes that any command of this engine left behind."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("MLOPS_SANDBOX_HOME") == str(self.home) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def gone(self, seconds: float = 10.0) -> bool:
        """True when all of them end by themselves within this time."""
        _, alive = psutil.wait_procs(self.children(), timeout=seconds)
        return not alive


@pytest.fixture
def engine(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine for the program that the test's `@program(…)` names."""
    name = request.param
    try:
        pulumi = tool("pulumi")
    except BuildError as error:
        pytest.fail(str(error))
    home, project = tmp_path / "home", tmp_path / "project"
    shutil.copytree(PROGRAMS / name, project)
    if not (project / "Pulumi.yaml").exists():
        (project / "Pulumi.yaml").write_text("name: trial\nruntime:\n  name: python\n  options:\n    virtualenv: VIRTUALENV\n")
    for path in (*project.rglob("Pulumi*.yaml"),):
        path.write_text(path.read_text().replace("VIRTUALENV", sys.prefix))
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "MLOPS_", "PYTEST_"))}
    environment = {
        **kept,
        "PATH": f"{pulumi.parent}{os.pathsep}{os.environ['PATH']}",
        "MLOPS_SANDBOX_HOME": str(home),
        "PULUMI_HOME": str(prepare(home)),
        "PULUMI_BACKEND_URL": f"file://{home / 'backend'}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(home / "passphrase"),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
    trial = Engine(home, project, environment)
    trial.ok("stack", "init", "dev")
    yield trial
    for process in trial.children():
        process.kill()
