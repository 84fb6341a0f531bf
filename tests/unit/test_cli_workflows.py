"""The user's own CI: no secret, no right too many, nothing unpinned, and the same command as here."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from cli.changes import EVERYTHING
from cli.main import app

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / ".github" / "workflows" / "preview.yaml"
TEXT = FILE.read_text(encoding="utf-8")
# YAML 1.1 reads the key `on` as true
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
JOBS: dict[str, Any] = WORKFLOW["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]
JENKINS = (ROOT / "Jenkinsfile").read_text(encoding="utf-8")


def test_no_secret_is_used() -> None:
    assert not re.search(r"\bsecrets\s*[.\[]", TEXT)
    assert "credentials(" not in JENKINS and "withCredentials" not in JENKINS


def test_rights_are_given_job_by_job_and_none_beyond_need() -> None:
    assert WORKFLOW["permissions"] == {}
    assert JOBS["preview"]["permissions"] == {"contents": "read", "id-token": "write"}
    assert JOBS["comment"]["permissions"] == {"pull-requests": "write"}


def test_the_job_that_may_write_runs_nothing_of_the_change() -> None:
    (step,) = JOBS["comment"]["steps"]
    assert "uses" not in step and step["run"].startswith("printf")


def test_a_fork_gets_nothing() -> None:
    assert set(WORKFLOW[True]) == {"pull_request"}
    assert JOBS["preview"]["if"] == "github.event.pull_request.head.repo.full_name == github.repository"
    assert JOBS["comment"]["needs"] == "preview"
    assert "!env.CHANGE_FORK" in JENKINS


def test_actions_are_pinned_to_commits_with_the_version_beside() -> None:
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used and all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name) for name in used)
    assert all(re.search(rf"{re.escape(name)} # v\d+\.\d+\.\d+", TEXT) for name in used)
    (checkout,) = (step for step in STEPS if step.get("uses", "").startswith("actions/checkout@"))
    assert checkout["with"]["persist-credentials"] is False


def test_the_engine_is_of_the_locked_sdk() -> None:
    (step,) = (step for step in STEPS if step.get("uses", "").startswith("pulumi/actions@"))
    assert f"pulumi=={step['with']['pulumi-version']} " in (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "command" not in step["with"]


def test_nothing_of_a_pull_request_is_pasted_into_a_script() -> None:
    assert not [step["run"] for step in STEPS if "${{" in step.get("run", "")]


def test_every_file_that_can_alter_a_stack_starts_it() -> None:
    paths = [path.removesuffix("**") for path in WORKFLOW[True]["pull_request"]["paths"]]
    assert all(
        any(file.startswith(path) for path in paths) for file in (*EVERYTHING, "stacks/Pulumi.x.yaml", "blueprints/x.yaml")
    )


@pytest.mark.parametrize("text", [TEXT, JENKINS], ids=["actions", "jenkins"])
def test_both_run_the_command_that_runs_here(text: str) -> None:
    (line,) = re.findall(r"\.venv/bin/(mlops ci [^'|\n]*)", text)
    options = {part for part in shlex.split(line) if part.startswith("--")}
    known = {name for param in get_command(app).commands["ci"].params for name in param.opts}  # type: ignore[attr-defined]
    assert options == {"--base", "--summary"} <= known
    assert "make .venv/ready" in text
