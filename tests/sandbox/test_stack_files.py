"""Stack files and the real engine: what it writes into them, and what it says of broken ones."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from components import settings
from components.validation.problems import Problems
from sandbox import salt
from sandbox.build import tool
from sandbox.engine.home import prepare
from sandbox.paths import ROOT
from tests.sandbox.engine_env import Engine

pytestmark = pytest.mark.sandbox

BROKEN = ROOT / "tests" / "unit" / "broken_stacks"


def git(project: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=test", "-c", "user.email=test@example.com", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A checkout of the project's stacks and blueprints, and an engine with a home of its own."""
    home, project = tmp_path / "home", tmp_path / "project"
    for name in ("stacks", "blueprints"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (project / "stacks").glob("Pulumi.*.yaml"):
        # the sandbox of this very checkout may have left its own in the original
        path.write_text("".join(line for line in path.read_text().splitlines(True) if not line.startswith("encryptionsalt")))
    (project / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text().replace(".venv", sys.prefix))
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "first")
    monkeypatch.setenv("MLOPS_SANDBOX_HOME", str(home))
    monkeypatch.setattr(salt, "COMMAND", f"PYTHONPATH={ROOT} {sys.executable} -m sandbox.salt %f")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "PYTEST_"))}
    environment = {
        **kept,
        "PATH": f"{tool('pulumi').parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PULUMI_HOME": str(prepare(home)),
        "PULUMI_BACKEND_URL": f"file://{home / 'backend'}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(home / "passphrase"),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
    }
    return Engine(home, project, environment)


def test_initialising_a_stack_writes_its_salt_and_nothing_else(clone: Engine) -> None:
    for stack in settings.stacks():
        clone.ok("stack", "init", stack, "--no-select")
        before = git(clone.project, "show", f"HEAD:stacks/Pulumi.{stack}.yaml")
        after = (clone.project / "stacks" / f"Pulumi.{stack}.yaml").read_text()
        added = after.removeprefix(before)
        assert after.startswith(before), f"{stack}: the CLI rewrites the file; write it as the CLI would"
        assert added.startswith("encryptionsalt: ") and added.count("\n") == 1


def test_the_checkout_stays_clean(clone: Engine) -> None:
    assert salt.install(clone.project)
    clone.ok("stack", "init", "sandbox")
    salt.settle(clone.project)
    assert git(clone.project, "status", "--short") == ""
    # a salt that was taken out comes back the same from the state
    git(clone.project, "checkout", "stacks")
    path = clone.project / "stacks" / "Pulumi.sandbox.yaml"
    path.write_text(git(clone.project, "show", "HEAD:stacks/Pulumi.sandbox.yaml"))
    clone.ok("config", "set", "--secret", "aws:token", "x", "--stack", "sandbox")
    clone.ok("config", "rm", "aws:token", "--stack", "sandbox")
    salt.settle(clone.project)
    assert git(clone.project, "status", "--short") == ""


@pytest.mark.parametrize("kind", ["everything", "ring", "plain-secret", "empty"])
def test_preview_reports_what_validate_reports_and_makes_nothing(clone: Engine, kind: str) -> None:
    path = clone.project / "stacks" / "Pulumi.demo.yaml"
    clone.ok("stack", "init", "demo")
    shutil.copy(BROKEN / f"{kind}.yaml", path)
    expected = settings.load_file(path)
    assert isinstance(expected, Problems)
    result = clone.run("preview", "--stack", "demo")
    assert result.code != 0
    assert "Traceback" not in result.text
    for problem in expected:
        assert f"{problem}" in result.text
    assert set(clone.state()) <= {"mlops-demo"}
    assert "hunter2" not in result.text


@pytest.mark.parametrize("kind", ["yaml-error", "wrong-top-level"])
def test_what_the_engine_itself_cannot_read_is_refused_by_it(clone: Engine, kind: str) -> None:
    clone.ok("stack", "init", "demo")
    shutil.copy(BROKEN / f"{kind}.yaml", clone.project / "stacks" / "Pulumi.demo.yaml")
    result = clone.run("preview", "--stack", "demo")
    assert result.code != 0
    assert "Traceback" not in result.text
    assert clone.state() == {}
