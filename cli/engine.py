"""Running `pulumi` from a command: with the sandbox's surroundings where it is up, else with the user's own."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any

from cli.errors import UserError
from components.settings import ROOT


def sandbox_running() -> bool:
    """Whether this checkout's sandbox is up."""
    try:
        from sandbox.paths import home
    except ModuleNotFoundError:
        return False
    return (home() / "run.json").is_file()


def environment() -> dict[str, str]:
    """The process environment for pulumi and for cluster clients."""
    if sandbox_running() and "PULUMI_BACKEND_URL" not in os.environ:
        from sandbox.environment import environment as sandbox_environment

        return {**os.environ, **sandbox_environment()}
    return dict(os.environ)


def program(surroundings: Mapping[str, str]) -> str:
    """Path of the pulumi to run. UserError where there is none."""
    found = shutil.which("pulumi", path=surroundings.get("PATH"))
    if found is None:
        raise UserError("pulumi is not on PATH; `mlops sandbox setup` builds one, or install the official CLI", code=1)
    return found


def pulumi(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run pulumi in the project and capture what it prints; UserError with its last lines where it fails."""
    surroundings = environment()
    command = [program(surroundings), *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if check and done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        text = said[-1].removeprefix("error: ") if said else f"exit code {done.returncode}"
        raise UserError(f"pulumi {' '.join(arguments[:2])}: {text}", code=1)
    return done


def exported(stack: str, secrets: bool = False) -> dict[str, Any]:
    """The stack's deployment as pulumi exports it; secrets stay encrypted unless `secrets` asks for them."""
    found = json.loads(pulumi("stack", "export", "--stack", stack, *(["--show-secrets"] if secrets else [])).stdout)
    deployment: dict[str, Any] = found.get("deployment") or {}
    return deployment


def outputs(stack: str) -> dict[str, Any]:
    """The stack's exports; secret ones masked."""
    found: dict[str, Any] = json.loads(pulumi("stack", "output", "--json", "--stack", stack).stdout or "{}")
    return found
