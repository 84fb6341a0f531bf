"""Keeps the sandbox's encryption salts out of git.

The Pulumi CLI writes `encryptionsalt` into stacks/Pulumi.<stack>.yaml when a stack is initialised with a passphrase (and
on the next command where the line is missing). In a real project the line is committed; the sandbox's passphrase is this
clone's own, so its salt would be noise in every diff and an "incorrect passphrase" in every other clone. So:

- a git clean filter (`python -m sandbox.salt <file>`), set up in the clone's own .git/config and .git/info/attributes by
  `install`, leaves out a salt that the sandbox's own backend holds for that stack. Any other salt is left alone.
- `settle` has git look again where the salt is all that changed: git takes a file of another size for modified without
  asking the filter, until the file is added once.
- `heal` takes a salt out of the file itself that neither the sandbox's backend nor the last commit knows: a sandbox that
  was reset, or another home's, left it there.
- PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER=true (sandbox.environment) makes the CLI take a missing salt from the state
  rather than draw a new one.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

from sandbox.paths import ROOT, home

PROJECT = "mlops"
ATTRIBUTE = "stacks/Pulumi.*.yaml filter=mlops-sandbox-salt"
FILTER = "filter.mlops-sandbox-salt.clean"
COMMAND = ".venv/bin/python -m sandbox.salt %f"
_LINE = re.compile(r"^encryptionsalt: *(\S+)[ \t]*\r?\n?", re.MULTILINE)


def install(root: Path = ROOT) -> bool:
    """Set the filter up for this clone; False where it is no git checkout."""
    where = _git(root, "rev-parse", "--git-path", "info/attributes")
    if where is None:
        return False
    attributes = root / where.strip()
    lines = attributes.read_text().splitlines() if attributes.is_file() else []
    if ATTRIBUTE not in lines:
        attributes.parent.mkdir(parents=True, exist_ok=True)
        attributes.write_text("\n".join([*lines, ATTRIBUTE]) + "\n")
    return _git(root, "config", "--local", FILTER, COMMAND) is not None


def heal(root: Path = ROOT) -> list[Path]:
    """Take stale salts out of the stack files; the files that were changed."""
    changed = []
    for path in sorted((root / "stacks").glob("Pulumi.*.yaml")):
        text = path.read_text(encoding="utf-8")
        committed = _git(root, "show", f"HEAD:./{path.relative_to(root)}")
        if committed is None:
            continue  # never committed: whose salt it is, nobody can tell
        healed = _without(text, set(_LINE.findall(text)) - set(_LINE.findall(committed)) - {_own(_stack(path))})
        if healed != text:
            path.write_text(healed, encoding="utf-8")
            changed.append(path)
    settle(root)
    return changed


def withdraw(root: Path = ROOT) -> None:
    """Take the sandbox's own salts out of the stack files, committed or not: before its backends are wiped."""
    for path in sorted((root / "stacks").glob("Pulumi.*.yaml")):
        text = path.read_text(encoding="utf-8")
        if (without := clean(text, _stack(path))) != text:
            path.write_text(without, encoding="utf-8")


def settle(root: Path = ROOT) -> None:
    """Have git see that stack files without a difference but our salt (or the lack of it) are unchanged; stages nothing."""
    modified = _git(root, "ls-files", "--modified", "--", "stacks/Pulumi.*.yaml") or ""
    for name in modified.splitlines():
        # no difference through the filter: adding it stores no new content, only that this is what it looks like
        if (root / name).is_file() and _git(root, "diff", "--quiet", "--", name) is not None:
            _git(root, "add", "--", name)


def clean(text: str, stack: str) -> str:
    """The text as git is to see it: without the salt of the sandbox's own backend."""
    return _without(text, {_own(stack)})


def bare(text: str) -> str:
    """The text without any salt: what a copy in another sandbox begins from."""
    return _LINE.sub("", text)


def _without(text: str, salts: Collection[str | None]) -> str:
    return _LINE.sub(lambda found: "" if found.group(1) in salts else found.group(0), text)


def _stack(path: Path) -> str:
    return path.stem.removeprefix("Pulumi.")


def _own(stack: str) -> str | None:
    """The salt that the sandbox's backend (or a team's own) holds for a stack, None where none does."""
    for backend in (home() / "backend", *sorted(home().glob("teams/*/backend"))):
        try:
            content = json.loads((backend / ".pulumi" / "stacks" / PROJECT / f"{stack}.json").read_text(encoding="utf-8"))
            return str(content["checkpoint"]["latest"]["secrets_providers"]["state"]["salt"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def _git(root: Path, *arguments: str) -> str | None:
    """Output of a git command in the clone; None where it fails or there is no git."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None


if __name__ == "__main__":
    # newline="" keeps the file's own line ends
    with open(0, encoding="utf-8", newline="") as source, open(1, "w", encoding="utf-8", newline="") as target:
        target.write(clean(source.read(), _stack(Path(sys.argv[1]))))
