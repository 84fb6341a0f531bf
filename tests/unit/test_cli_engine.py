"""How commands reach pulumi: the pack is always given, and what goes wrong is one line."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli import engine, main, preview
from cli.errors import UserError
from components.settings import ROOT


def script(folder: Path, text: str) -> dict[str, str]:
    """An environment whose pulumi is this shell script."""
    path = folder / "pulumi"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def test_preview_becomes_pulumi_with_the_pack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    surroundings = script(tmp_path, "exit 0")
    called: list[Any] = []
    monkeypatch.setattr(preview, "environment", lambda: surroundings)
    monkeypatch.setattr(os, "execve", lambda *arguments: called.append(arguments))
    monkeypatch.chdir(tmp_path)
    preview.preview("sandbox", ["--diff"])
    path, command, given = called[0]
    assert path == str(tmp_path / "pulumi") and given == surroundings
    assert command[1:] == ["preview", "--stack", "sandbox", "--policy-pack", "policies", "--diff"]
    assert Path.cwd() == ROOT and (ROOT / "policies" / "PulumiPolicy.yaml").is_file()


def test_no_pulumi_is_told_with_advice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="mlops sandbox setup") as caught:
        engine.program({"PATH": str(tmp_path)})
    assert caught.value.code == 1


def test_what_pulumi_says_last_is_the_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(
        engine, "environment", lambda: script(tmp_path, "echo noise >&2; echo 'error: no such thing' >&2; exit 255")
    )
    with pytest.raises(UserError, match=r"^pulumi stack export: no such thing$"):
        engine.exported("dev")
    monkeypatch.setattr(engine, "environment", lambda: script(tmp_path, "exit 7"))
    with pytest.raises(UserError, match="exit code 7"):
        engine.pulumi("about")
    assert engine.pulumi("about", check=False).returncode == 7


def test_an_empty_stack_has_no_deployment_and_no_outputs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(engine, "environment", lambda: script(tmp_path, 'echo \'{"version": 3, "deployment": null}\''))
    assert engine.exported("dev") == {}
    monkeypatch.setattr(engine, "environment", lambda: script(tmp_path, "exit 0"))
    assert engine.outputs("dev") == {}


def test_a_users_own_backend_is_left_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    monkeypatch.setenv("MLOPS_SANDBOX_HOME", str(tmp_path))
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://mine")
    assert engine.sandbox_running()
    assert engine.environment() == dict(os.environ)


BAD = ("explain kafak", "preview sandbx", "status sandbx", "images sandbx", "systems --format x")


@pytest.mark.parametrize("arguments", BAD)
def test_bad_input_is_a_line_and_exit_code_two(
    arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["mlops", *arguments.split()])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 2
    shown = capsys.readouterr().err
    assert shown.startswith("mlops: ") and "Traceback" not in shown


def test_the_help_names_every_command() -> None:
    done = subprocess.run([sys.executable, "-m", "cli", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    commands = ("systems", "validate", "preview", "ci", "explain", "doctor", "status", "sources", "images", "sandbox")
    assert [name for name in commands if name not in done.stdout] == []
