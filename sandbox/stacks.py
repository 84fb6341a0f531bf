"""The project's stacks in the sandbox's file backend, so that a plain `pulumi up -s <stack>` finds them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import yaml

from sandbox import salt
from sandbox.paths import ROOT

PROJECT = "mlops"


class StackError(Exception):
    """A stack that could not be initialised; the message is pulumi's own."""


def owners() -> dict[str, str | None]:
    """Every stack that has a file, and the team whose it is (None: the platform's or nobody's)."""
    found: dict[str, str | None] = {}
    for path in sorted((ROOT / "stacks").glob("Pulumi.*.yaml")):
        try:
            document = yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.YAMLError:
            continue  # `mlops validate` says what is wrong with it
        config = document.get("config") if isinstance(document, dict) else None
        spec = config.get(f"{PROJECT}:spec") if isinstance(config, dict) else None
        mine = isinstance(spec, dict) and spec.get("tier") == "team"
        found[path.stem.removeprefix("Pulumi.")] = str(spec.get("team")) if mine and isinstance(spec, dict) else None
    return found


def initialise(team: str | None, variables: Mapping[str, str]) -> list[str]:
    """Initialise the stacks of a team (None: those of no team) that its backend lacks; their names.

    Raises StackError where pulumi refuses.
    """
    backend = Path(variables["PULUMI_BACKEND_URL"].removeprefix("file://").partition("?")[0])
    backend.mkdir(parents=True, exist_ok=True)
    made = []
    for name, owner in owners().items():
        state = backend / ".pulumi" / "stacks" / PROJECT / f"{name}.json"
        if owner != team or state.exists():
            continue
        command = ["pulumi", "stack", "init", name, "--no-select", "--non-interactive"]
        surroundings = {**os.environ, **variables}
        surroundings.pop("PULUMI_CONFIG_PASSPHRASE", None)
        done = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StackError(f"stack {name}: {(done.stderr or done.stdout).strip()}")
        made.append(name)
    if made:
        salt.settle()
    return made
