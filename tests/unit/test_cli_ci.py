"""`mlops ci` on recorded event lines: what is counted, what is said, what a page may not be made to do."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cli import changes, ci
from cli.errors import UserError
from cli.events import Result, name_of, read_events
from tests.unit.stackfiles import project

URN = "urn:pulumi:dev::mlops::mlops:index:Platform$kubernetes:apps/v1:Deployment::web"
# recorded from `pulumi preview --event-log` of engine v3.250.0, cut to what is read
POLICY = {
    "resourceUrn": URN, "message": "Images are pinned.\nspec.image: \"x:latest\" is not pinned. Name a tag\n", "color": "never",
    "policyName": "image-pinned", "policyPackName": "mlops", "enforcementLevel": "mandatory",
}  # fmt: skip
FAILED = {"prefix": "error: ", "message": "preview failed\n", "color": "never", "severity": "error"}


def line(**event: Any) -> str:
    return json.dumps({"sequence": 1, "timestamp": 1795432772, **event})


def step(op: str, protect: bool = False, kind: str = "kubernetes:apps/v1:Deployment") -> str:
    old = None if op == "create" else {"type": kind, "urn": URN, "protect": protect}
    return line(resourcePreEvent={"metadata": {"op": op, "urn": URN, "type": kind, "old": old}, "planning": True})


def test_steps_are_counted_once_each() -> None:
    log = [step(op) for op in ("create", "create", "update", "same", "read", "create-replacement", "replace", "delete-replaced")]
    result = read_events("dev", [*log, step("delete"), step("create", kind="pulumi:providers:aws")])
    assert dict(result.changes) == {"create": 2, "update": 1, "replace": 1, "delete": 1}
    assert not result.failed and not result.protected


def test_what_is_protected_and_would_be_lost_is_named_once() -> None:
    log = [step(op, protect=True) for op in ("create-replacement", "replace", "delete-replaced", "update")]
    assert read_events("dev", log).protected == ["replace `kubernetes:apps/v1:Deployment web`"]
    assert read_events("dev", [step("delete", protect=True)]).protected == ["delete `kubernetes:apps/v1:Deployment web`"]


def test_a_violation_fails_and_names_rule_resource_and_remedy() -> None:
    result = read_events("dev", [line(policyEvent=POLICY), line(diagnosticEvent=FAILED)])
    assert result.failed and not result.errors
    assert result.violations == [
        "`image-pinned` on `kubernetes:apps/v1:Deployment web`: "
        'Images are pinned. spec.image: "x:latest" is not pinned. Name a tag'
    ]


def test_advice_does_not_fail() -> None:
    result = read_events("dev", [line(policyEvent={**POLICY, "enforcementLevel": "advisory"})])
    assert not result.failed and len(result.advice) == 1


def test_an_error_names_its_resource_and_a_lone_failure_is_told() -> None:
    invalid = {"severity": "error", "message": "spec.replicas:\n  must be >= 0\n", "urn": URN}
    result = read_events("dev", [line(diagnosticEvent=invalid), line(diagnosticEvent=FAILED)])
    assert result.failed and result.errors == ["`kubernetes:apps/v1:Deployment web`: spec.replicas: must be >= 0"]
    assert read_events("dev", [line(diagnosticEvent=FAILED)]).errors == ["preview failed"]
    assert not read_events("dev", [line(diagnosticEvent={"severity": "debug", "message": "x"}), '{"cut off']).failed


@pytest.mark.parametrize(
    ("urn", "name"),
    [
        (URN, "kubernetes:apps/v1:Deployment web"),
        ("urn:pulumi:dev::mlops::aws:s3/bucket:Bucket::a::b", "aws:s3/bucket:Bucket a::b"),
        ("", "the stack"),
    ],
)
def test_names(urn: str, name: str) -> None:
    assert name_of(urn) == name


def test_the_summary_counts_and_lists() -> None:
    good = read_events("good", [step("create"), step("update")])
    bad = Result("bad", failed=True, violations=["v"] * 60, protected=["replace `x`"], advice=["a"])
    text = ci.markdown([good, bad])
    assert "| good | passes | 1 | 1 | 0 | 0 | 0 | 0 | 0 |" in text
    assert "| bad | **fails** | 0 | 0 | 0 | 0 | 1 | 60 | 1 |" in text
    assert text.count("- v\n") == 50 and "… and 10 more" in text
    assert "**bad: protected**" in text and "<details>" in text
    assert ci.markdown([]) == "No stack is touched by this change.\n"


def test_the_summary_fits_into_a_comment_and_brings_nothing_into_it() -> None:
    nasty = "@team <img src=x> ![p](http://x) & " + "x" * 2000
    text = ci.markdown([Result("bad", failed=True, violations=[nasty] * 50)])
    assert len(text) < 65_536 and "cut off" in text
    assert "@team" not in text and "<img" not in text and "![p]" not in text


def test_a_stack_with_problems_fails_without_an_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("no engine is needed"))
    (error,) = ci.preview("sandbx").errors
    assert 'did you mean "sandbox"' in error


class Engine:
    """A pulumi that writes an event log and ends with a code."""

    def __init__(self, lines: list[str], code: int, stderr: str = ""):
        self.lines, self.code, self.stderr = lines, code, stderr
        self.commands: list[list[str]] = []

    def __call__(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        assert options["env"]["PULUMI_DEBUG_COMMANDS"] == "true"
        if self.lines:
            Path(command[command.index("--event-log") + 1]).write_text("\n".join(self.lines), encoding="utf-8")
        return subprocess.CompletedProcess(command, self.code, "", self.stderr)


def engine(monkeypatch: pytest.MonkeyPatch, lines: list[str], code: int, stderr: str = "") -> Engine:
    made = Engine(lines, code, stderr)
    monkeypatch.setattr(subprocess, "run", made)
    monkeypatch.setattr(ci, "program", lambda surroundings: "pulumi")
    return made


def test_ci_previews_with_the_pack_and_fails_with_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page.md"))
    summary = tmp_path / "preview.md"
    summary.write_text("of an earlier build")
    made = engine(monkeypatch, [line(policyEvent=POLICY)], 255)
    with pytest.raises(SystemExit) as ended:
        ci.ci(None, ["sandbox"], str(summary))
    assert ended.value.code == 1
    (command,) = made.commands
    assert command[1:6] == ["preview", "--stack", "sandbox", "--policy-pack", "policies"]
    assert summary.read_text() == (tmp_path / "page.md").read_text() == capsys.readouterr().out
    assert "of an earlier build" not in summary.read_text() and "image-pinned" in summary.read_text()


def test_an_engine_that_fails_without_a_word_in_the_log_is_not_taken_for_passing(monkeypatch: pytest.MonkeyPatch) -> None:
    engine(monkeypatch, [], 255, "error: no stack named 'sandbox' found\n")
    result = ci.preview("sandbox")
    assert result.failed and result.errors == ["error: no stack named 'sandbox' found"]
    engine(monkeypatch, [], 3)
    assert ci.preview("sandbox").errors == ["pulumi ended with exit code 3"]


FILES = {
    "stack__a": "config:\n  mlops:target: kubernetes\n  mlops:blueprint: child\n",
    "stack__b": "config:\n  mlops:target: sagemaker\n  mlops:spec: {systems: {minio: {}}}\n",
    "blueprint__base": "description: d\nspec: {systems: {minio: {}}}\n",
    "blueprint__child": "description: d\nextends: base\nspec: {}\n",
}


@pytest.mark.parametrize(
    ("file", "stacks"),
    [
        ("stacks/Pulumi.a.yaml", ["a"]),
        ("stacks/Pulumi.gone.yaml", []),
        ("blueprints/child.yaml", ["a"]),
        ("blueprints/base.yaml", ["a"]),
        ("components/sagemaker/rds.py", ["b"]),
        ("components/kubernetes/kafka.py", ["a"]),
        ("components/platform.py", ["a", "b"]),
        ("policies/rules/budget.py", ["a", "b"]),
        ("requirements.lock", ["a", "b"]),
        ("stacks/__main__.py", ["a", "b"]),
        ("README.md", []),
        ("tests/unit/test_x.py", []),
    ],
)
def test_a_change_touches_the_stacks_that_it_can_alter(
    file: str, stacks: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project(tmp_path, **FILES)
    monkeypatch.setattr(changes, "ROOT", root)
    monkeypatch.setattr(changes, "stacks", lambda: ["a", "b"])
    assert changes.touched([file]) == stacks


def test_a_stack_that_cannot_be_read_could_use_any_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "ROOT", project(tmp_path, stack__a="config:\n  mlops:target: kubernets\n"))
    monkeypatch.setattr(changes, "stacks", lambda: ["a"])
    assert changes.touched(["components/sagemaker/rds.py"]) == ["a"]


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_changed_files_are_those_of_the_commits_since_the_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "-b", "main")
    (tmp_path / "kept").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "base")
    git(tmp_path, "checkout", "-b", "change")
    odd = "stacks/Pulumi.a b ü.yaml"
    (tmp_path / "stacks").mkdir()
    (tmp_path / odd).write_text("x")
    (tmp_path / "kept").rename(tmp_path / "renamed")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-m", "change")
    monkeypatch.setattr(changes, "ROOT", tmp_path)
    assert sorted(changes.changed_files("main")) == ["kept", "renamed", odd]
    for base in ("nowhere", "--output=evil"):
        with pytest.raises(UserError, match=f"--base {base}"):
            changes.changed_files(base)
    assert not (tmp_path / "evil").exists() and not list(tmp_path.glob("evil*"))
