"""`mlops preview` and `mlops ci` as a user runs them, in a copy of the project against the sandbox."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.paths import ROOT
from tests.sandbox.conftest import Sandbox

pytestmark = pytest.mark.sandbox
BROKEN = ROOT / "tests" / "programs" / "policies" / "Pulumi.broken.yaml"
PARTS = ("blueprints", "cli", "components", "policies", "sandbox")
SALT = "encryptionsalt:"


@pytest.fixture
def project(sandbox: Sandbox, tmp_path: Path) -> Path:
    """A project of its own with the stacks `sandbox` and `broken`: what the engine writes into stack files stays in it."""
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "stacks").mkdir()
    shutil.copy(ROOT / "stacks" / "__main__.py", tmp_path / "stacks")
    shutil.copy(BROKEN, tmp_path / "stacks")
    lines = (ROOT / "stacks" / "Pulumi.sandbox.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "stacks" / "Pulumi.sandbox.yaml").write_text(
        "".join(x for x in lines if not x.startswith(SALT)), encoding="utf-8"
    )
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    for stack in ("sandbox", "broken"):
        subprocess.run(
            ["pulumi", "stack", "init", stack], cwd=tmp_path, env=sandbox.environment, check=False, capture_output=True
        )
    return tmp_path


def mlops(project: Path, sandbox: Sandbox, *arguments: str) -> tuple[int, str]:
    """Exit code and everything shown, on one line."""
    command = [sys.executable, "-m", "cli", *arguments]
    done = subprocess.run(command, cwd=project, env=sandbox.environment, check=False, capture_output=True, text=True, timeout=300)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


BREACHES = {
    "budget (kubernetes:kafka.strimzi.io/v1:KafkaNodePool: kafka-brokers)": "Ask for less, or raise mlops:spec.budget",
    "image-pinned (kubernetes:kafka.strimzi.io/v1:Kafka: kafka-cluster)": "Name a tag other than latest",
    "no-public-access (kubernetes:ps.percona.com/v1:PerconaServerMySQL: mysql-cluster)": "Reach it through the gateway",
}


def test_a_stack_that_breaks_three_rules_is_refused_with_resource_rule_and_remedy(project: Path, sandbox: Sandbox) -> None:
    assert mlops(project, sandbox, "validate", "broken")[0] == 0
    code, shown = mlops(project, sandbox, "preview", "broken", "--non-interactive", "--color", "never")
    assert code != 0 and "Traceback" not in shown
    silent = [said for breach, remedy in BREACHES.items() for said in (breach, remedy) if said not in shown]
    assert not silent, shown
    assert shown.count("[mandatory]") == len(BREACHES)


def test_ci_passes_what_is_good_and_fails_what_is_not(project: Path, sandbox: Sandbox) -> None:
    code, _ = mlops(project, sandbox, "ci", "sandbox", "broken", "--summary", "preview.md")
    summary = (project / "preview.md").read_text(encoding="utf-8")
    assert code == 1
    good, broken = (line for line in summary.splitlines() if line.startswith(("| sandbox |", "| broken |")))
    assert good.split(" | ")[1] == "passes" and int(good.split(" | ")[2]) > 300
    assert broken.split(" | ")[1] == "**fails**" and broken.split(" | ")[7] == str(len(BREACHES))
    assert all(remedy in summary for remedy in BREACHES.values())
    assert code == mlops(project, sandbox, "ci", "nowhere")[0]
