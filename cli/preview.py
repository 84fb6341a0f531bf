"""`mlops preview`: `pulumi preview` with the policy pack."""

import os
import sys
from collections.abc import Sequence

from cli.engine import environment, program
from cli.errors import UserError
from components.settings import ROOT, find
from components.validation.problems import Problems


def preview(stack: str, extra: Sequence[str]) -> None:
    """Replace this process by pulumi, so that its output, colours and exit code are the user's.

    UserError where there is no such stack; what is wrong with its file the program says itself.
    """
    if isinstance(known := find(stack), Problems):
        raise UserError(known.text())
    surroundings = environment()
    path = program(surroundings)
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve(path, [path, "preview", "--stack", stack, "--policy-pack", "policies", *extra], surroundings)
