"""`mlops preview`: `pulumi preview` with the policy pack."""

import os
import sys
from collections.abc import Sequence

from cli.engine import environment, program
from components.settings import ROOT


def preview(stack: str, extra: Sequence[str]) -> None:
    """Replace this process by pulumi, so that its output, colours and exit code are the user's."""
    surroundings = environment()
    path = program(surroundings)
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve(path, [path, "preview", "--stack", stack, "--policy-pack", "policies", *extra], surroundings)
