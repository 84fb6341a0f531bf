"""`mlops preview`: `pulumi preview` with the policy pack."""

import os
import shutil
import sys
from collections.abc import Sequence

from cli.engine import environment
from cli.errors import UserError
from components.settings import ROOT


def preview(stack: str, extra: Sequence[str]) -> None:
    """Replace this process by pulumi, so that its output, colours and exit code are the user's."""
    surroundings = environment()
    program = shutil.which("pulumi", path=surroundings.get("PATH"))
    if program is None:
        raise UserError("pulumi is not on PATH; `mlops sandbox setup` builds one, or install the official CLI", code=1)
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execve(program, [program, "preview", "--stack", stack, "--policy-pack", "policies", *extra], surroundings)
