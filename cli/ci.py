"""`mlops ci`: preview every stack that a change touches, with the policy pack, and say it in Markdown.

The same step runs in the user's GitHub Actions and Jenkins and, here, against the sandbox. What happened is read from
the engine's event log, not from its terminal output.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.changes import changed_files, touched
from cli.engine import environment
from cli.errors import UserError
from components.settings import ROOT, find, load_file
from components.validation.problems import Problems

REPLACES = {"replace", "create-replacement", "delete-replaced"}


@dataclass
class Result:
    """One stack's preview."""

    stack: str
    failed: bool = False
    changes: Counter[str] = field(default_factory=Counter)
    protected: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    advice: int = 0
    errors: list[str] = field(default_factory=list)


def read_events(stack: str, lines: Iterable[str]) -> Result:
    """The result from an engine event log (one JSON object a line)."""
    result = Result(stack)
    for line in lines:
        event: Mapping[str, Any] = json.loads(line)
        if metadata := (event.get("resourcePreEvent") or {}).get("metadata"):
            _note_step(result, metadata)
        elif policy := event.get("policyEvent"):
            _note_policy(result, policy)
        elif (diagnostic := event.get("diagnosticEvent")) and diagnostic.get("severity") == "error":
            result.errors.append(" ".join(str(diagnostic["message"]).split()))
    result.failed = bool(result.violations or result.errors)
    return result


def _note_step(result: Result, metadata: Mapping[str, Any]) -> None:
    operation = metadata["op"]
    if operation in ("same", "read"):
        return
    kind = "replace" if operation in REPLACES else operation
    if operation not in ("create-replacement", "delete-replaced"):
        result.changes[kind] += 1
    old = metadata.get("old") or {}
    if old.get("protect") and kind in ("replace", "delete"):
        result.protected.append(f"{kind} {name_of(metadata['urn'])}")


def _note_policy(result: Result, policy: Mapping[str, Any]) -> None:
    if policy["enforcementLevel"] != "mandatory":
        result.advice += 1
        return
    text = " ".join(str(policy["message"]).split())
    result.violations.append(f"`{policy['policyName']}` on `{name_of(policy.get('resourceUrn', ''))}`: {text}")


def name_of(urn: str) -> str:
    """Type and name of a URN, short enough to read."""
    kind, _, name = urn.rpartition("::")
    return f"{kind.rpartition('$')[2].rpartition('::')[2]} {name}".strip() or "the stack"


def preview(stack: str) -> Result:
    """Validate, then preview with the pack; nothing is raised for a stack that fails."""
    found = find(stack)
    checked = found if isinstance(found, Problems) else load_file(found)
    if isinstance(checked, Problems):
        return Result(stack, failed=True, errors=checked.text().splitlines())
    surroundings = environment() | {"PULUMI_DEBUG_COMMANDS": "true"}
    program = shutil.which("pulumi", path=surroundings.get("PATH"))
    if program is None:
        raise UserError("pulumi is not on PATH; `mlops sandbox setup` builds one, or install the official CLI", code=1)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "events.json"
        command = [
            program,
            "preview",
            "--stack",
            stack,
            "--policy-pack",
            "policies",
            "--non-interactive",
            "--event-log",
            str(log),
        ]
        done = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    result = read_events(stack, lines)
    if done.returncode and not result.failed:
        result.failed, result.errors = True, (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
    return result


def markdown(results: list[Result]) -> str:
    """The summary for a pull request's comment or a build page."""
    if not results:
        return "No stack is touched by this change.\n"
    lines = ["| stack | result | create | update | replace | delete | protected | advice |", "|---|---|---|---|---|---|---|---|"]
    for r in results:
        verdict = "**fails**" if r.failed else "passes"
        counts = " | ".join(str(r.changes.get(kind, 0)) for kind in ("create", "update", "replace", "delete"))
        lines.append(f"| {r.stack} | {verdict} | {counts} | {len(r.protected)} | {r.advice} |")
    for r in results:
        for title, items in (("violations", r.violations), ("protected", r.protected), ("errors", r.errors)):
            if items:
                lines += ["", f"**{r.stack}: {title}**", "", *(f"- {item}" for item in items[:50])]
    return "\n".join(lines) + "\n"


def ci(base: str | None, names: list[str], summary: str | None) -> None:
    """Preview the named stacks, or those that the change since `base` touches; exit code 1 where one fails."""
    chosen = names or touched(changed_files(base or "origin/main"))
    results = [preview(stack) for stack in chosen]
    text = markdown(results)
    print(text, end="")
    for target in filter(None, (summary, os.environ.get("GITHUB_STEP_SUMMARY"))):
        with Path(target).open("a", encoding="utf-8") as file:
            file.write(text)
    if any(r.failed for r in results):
        raise SystemExit(1)
