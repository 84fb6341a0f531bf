"""The pack through the real engine, over a throw-away program whose providers take anything."""

import json
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.paths import ROOT
from tests.policies.samples import Plan
from tests.sandbox.engine_env import Engine, engine

__all__ = ["engine"]
ECHO = ROOT / "tests" / "programs" / "policies" / "echo_provider.py"
ANY = "../policies"
"""The program of tests/programs that `engine` is to copy."""


@dataclass(frozen=True)
class Said:
    """One line of the pack."""

    policy: str
    mandatory: bool
    resource: str
    """Name of the resource; "" where it is about the stack."""
    text: str


@dataclass
class Trial:
    """A stack of anything, and what the pack says of it."""

    engine: Engine

    def write(self, plan: Plan) -> None:
        """What the program registers from now on."""
        text = json.dumps({"root": plan.root, "resources": plan.resources})
        (self.engine.project / "resources.json").write_text(text, encoding="utf-8")

    def run(self, *command: str) -> tuple[int, list[Said], str]:
        """A command with the pack: exit code, what the pack said (from the engine's event log), what the user saw."""
        log = self.engine.home / "events.json"
        log.unlink(missing_ok=True)
        done = self.engine.run(*command, "--policy-pack", str(ROOT / "policies"), "--event-log", str(log))
        events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        return done.code, [said(e["policyEvent"]) for e in events if "policyEvent" in e], done.text


def said(event: dict[str, Any]) -> Said:
    name = event.get("resourceUrn", "").rpartition("::")[2]
    return Said(event["policyName"], event["enforcementLevel"] == "mandatory", name, " ".join(event["message"].split()))


@pytest.fixture
def trial(engine: Engine) -> Iterator[Trial]:
    """Clusters and clouds are an echo here: a policy sees inputs, and what a provider makes of them is not its matter."""
    for package in ("kubernetes", "aws", "gcp", "azure-native"):
        for folder in Path(engine.environment["PULUMI_HOME"], "plugins").glob(f"resource-{package}-v*"):
            command = shlex.join([sys.executable, str(ECHO), package])
            (folder / f"pulumi-resource-{package}").write_text(
                f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {command} "$@"\n', encoding="utf-8"
            )
    engine.environment["PULUMI_DEBUG_COMMANDS"] = "true"
    yield Trial(engine)
    assert engine.gone()
