"""`mlops ci`: preview every stack that a change touches, with the policy pack, and say it in Markdown.

The same step runs in the user's GitHub Actions and Jenkins and, here, against the sandbox. What happened is read from
the engine's event log, not from its terminal output.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from cli.changes import changed_files, touched
from cli.engine import environment, program
from cli.events import Result, flat, read_events
from components.settings import ROOT, find, load_file
from components.validation.problems import Problems

COLUMNS = ("create", "update", "replace", "delete")
SHOWN = 50
"""Lines of one kind a stack: a page with thousands helps nobody."""
LONGEST = 60_000
"""Characters; a comment on GitHub may have 65,536."""


def preview(stack: str) -> Result:
    """Validate, then preview with the pack; nothing is raised for a stack that fails."""
    found = find(stack)
    checked = found if isinstance(found, Problems) else load_file(found)
    if isinstance(checked, Problems):
        return Result(stack, failed=True, errors=[flat(f"{p.path}: {p.message}").removeprefix(": ") for p in checked])
    # PULUMI_DEBUG_COMMANDS: without it the engine does not know --event-log
    surroundings = environment() | {"PULUMI_DEBUG_COMMANDS": "true"}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "events.json"
        command = [program(surroundings), "preview", "--stack", checked.name, "--policy-pack", "policies"]
        command += ["--non-interactive", "--color", "never", "--event-log", str(log)]
        done = subprocess.run(
            command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    result = read_events(checked.name, lines)
    if done.returncode and not result.failed:
        said = (done.stderr.strip() or done.stdout.strip() or f"pulumi ended with exit code {done.returncode}").splitlines()
        result.failed, result.errors = True, [flat(line) for line in said[-3:]]
    return result


def markdown(results: list[Result]) -> str:
    """The summary for a pull request's comment or a build page."""
    if not results:
        return "No stack is touched by this change.\n"
    head = ["stack", "result", *COLUMNS, "protected", "violations", "advice"]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for r in results:
        counts = [r.changes.get(kind, 0) for kind in COLUMNS]
        numbers = [*counts, len(r.protected), len(r.violations), len(r.advice)]
        lines.append("| " + " | ".join([r.stack, "**fails**" if r.failed else "passes", *map(str, numbers)]) + " |")
    for r in results:
        for title, items in (("violations", r.violations), ("protected", r.protected), ("errors", r.errors)):
            if items:
                lines += ["", f"**{r.stack}: {title}**", "", *_listed(items)]
        if r.advice:
            lines += ["", f"<details><summary>{r.stack}: advice</summary>", "", *_listed(r.advice), "", "</details>"]
    text = "\n".join(lines) + "\n"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n\n… cut off; the build's log has the rest.\n"


def _listed(items: list[str]) -> list[str]:
    shown = [f"- {safe(item)}" for item in items[:SHOWN]]
    return shown + ([f"- … and {len(items) - SHOWN} more"] if len(items) > SHOWN else [])


def safe(text: str) -> str:
    """Text from a change, that may neither call anybody nor bring HTML or pictures into a page."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("@", "@\u200b").replace("![", "!\u200b[")


def ci(base: str | None, names: list[str], summary: str | None) -> None:
    """Preview the named stacks, or those that the change since `base` touches; exit code 1 where one fails."""
    chosen = names or touched(changed_files(base or "origin/main"))
    results = [preview(stack) for stack in chosen]
    text = markdown(results)
    print(text, end="")
    if summary:
        Path(summary).write_text(text, encoding="utf-8")  # not of an earlier build in the same workspace
    if page := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(page).open("a", encoding="utf-8") as file:
            file.write(text)
    if any(r.failed for r in results):
        raise SystemExit(1)
