"""The sandbox's own salt never shows in git; anybody else's does."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import salt
from sandbox.paths import ROOT

OURS = "encryptionsalt: v1:b3Vycw==:v1:abc:def+/=="
THEIRS = "encryptionsalt: v1:dGhlaXJz:v1:abc:def"
TEXT = "# a comment\nconfig:\n  mlops:target: kubernetes\n"


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=test", "-c", "user.email=test@example.com", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one stack, whose salt the sandbox's backend holds."""
    root, home = tmp_path / "clone", tmp_path / "home"
    (root / "stacks").mkdir(parents=True)
    (root / "stacks" / "Pulumi.demo.yaml").write_text(TEXT)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    state = home / "backend" / ".pulumi" / "stacks" / "mlops" / "demo.json"
    state.parent.mkdir(parents=True)
    providers = {"type": "passphrase", "state": {"salt": OURS.split(": ")[1]}}
    state.write_text(json.dumps({"version": 3, "checkpoint": {"latest": {"secrets_providers": providers}}}))
    monkeypatch.setenv("MLOPS_SANDBOX_HOME", str(home))
    monkeypatch.setattr(salt, "COMMAND", f"PYTHONPATH={ROOT} {sys.executable} -m sandbox.salt %f")
    return root


def stack_file(clone: Path) -> Path:
    return clone / "stacks" / "Pulumi.demo.yaml"


def test_our_salt_leaves_the_checkout_clean(clone: Path) -> None:
    stack_file(clone).write_text(f"{TEXT}{OURS}\n")
    assert git(clone, "status", "--short") == " M stacks/Pulumi.demo.yaml\n"
    assert salt.install(clone)
    salt.settle(clone)
    assert git(clone, "status", "--short") == ""
    assert git(clone, "diff", "HEAD") == ""
    assert OURS in stack_file(clone).read_text()


def test_a_change_beside_our_salt_is_seen_without_it(clone: Path) -> None:
    salt.install(clone)
    stack_file(clone).write_text(f"{TEXT}  mlops:blueprint: starter\n{OURS}\n")
    diff = git(clone, "diff")
    assert "+  mlops:blueprint: starter" in diff
    assert "encryptionsalt" not in diff


def test_a_wiped_sandbox_leaves_the_checkout_clean(clone: Path, tmp_path: Path) -> None:
    salt.install(clone)
    stack_file(clone).write_text(f"{TEXT}{OURS}\n")
    salt.settle(clone)
    (tmp_path / "home" / "backend" / ".pulumi" / "stacks" / "mlops" / "demo.json").unlink()
    assert salt.heal(clone) == [stack_file(clone)]
    assert stack_file(clone).read_text() == TEXT
    assert git(clone, "status", "--short") == ""


def test_settling_stages_nothing_of_the_users(clone: Path) -> None:
    salt.install(clone)
    stack_file(clone).write_text(f"{TEXT}  mlops:blueprint: starter\n{OURS}\n")
    salt.settle(clone)
    assert git(clone, "diff", "--cached") == ""
    assert git(clone, "status", "--short") == " M stacks/Pulumi.demo.yaml\n"


def test_settling_survives_a_file_that_is_gone(clone: Path) -> None:
    salt.install(clone)
    stack_file(clone).unlink()
    salt.settle(clone)
    assert git(clone, "status", "--short") == " D stacks/Pulumi.demo.yaml\n"


def test_another_salt_is_committed_as_always(clone: Path) -> None:
    salt.install(clone)
    stack_file(clone).write_text(f"{TEXT}{THEIRS}\n")
    assert THEIRS in git(clone, "diff")


def test_setting_it_up_twice_changes_nothing_more(clone: Path) -> None:
    (clone / ".git" / "info").mkdir(exist_ok=True)
    (clone / ".git" / "info" / "attributes").write_text("*.bin binary\n")
    salt.install(clone)
    salt.install(clone)
    assert (clone / ".git" / "info" / "attributes").read_text() == f"*.bin binary\n{salt.ATTRIBUTE}\n"


def test_a_stale_salt_is_taken_out_and_the_others_stay(clone: Path) -> None:
    stack_file(clone).write_text(f"{TEXT}{THEIRS}\n")
    assert salt.heal(clone) == [stack_file(clone)]
    assert stack_file(clone).read_text() == TEXT
    stack_file(clone).write_text(f"{TEXT}{OURS}\n")
    assert salt.heal(clone) == []
    git(clone, "add", "-A")
    git(clone, "commit", "-qm", "a salt of the user's own")
    (clone / "stacks" / "Pulumi.demo.yaml").write_text(f"{TEXT}{OURS}\n\n")
    assert salt.heal(clone) == []


def test_before_the_sandbox_is_wiped_its_salts_go_from_files_that_git_does_not_know_too(clone: Path) -> None:
    ours, theirs = stack_file(clone), clone / "stacks" / "Pulumi.other.yaml"
    git(clone, "rm", "-q", "--cached", "stacks/Pulumi.demo.yaml")
    ours.write_text(f"{TEXT}{OURS}\n")
    theirs.write_text(f"{TEXT}{THEIRS}\n")
    salt.withdraw(clone)
    assert ours.read_text() == TEXT and THEIRS in theirs.read_text()


def test_without_git_nothing_is_touched(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    path = tmp_path / "stacks" / "Pulumi.demo.yaml"
    path.write_text(f"{TEXT}{THEIRS}\n")
    assert salt.install(tmp_path) is False
    assert salt.heal(tmp_path) == []
    assert path.read_text() == f"{TEXT}{THEIRS}\n"


def test_a_copy_for_another_sandbox_has_no_salt_at_all() -> None:
    assert salt.bare("config: {}\nencryptionsalt: v1:a:b\n") == "config: {}\n"
