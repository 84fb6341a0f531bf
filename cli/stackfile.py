"""A stack as commands are told of it: by its name."""

from pathlib import Path

from cli.errors import UserError
from components.settings import find, load_file
from components.spec.stack import Stack
from components.validation.problems import Problems


def load(name: str) -> Stack:
    """A stack by its name or file. UserError with all that is wrong with it."""
    found = find(name)
    checked = load_file(found) if isinstance(found, Path) else found
    if isinstance(checked, Problems):
        raise UserError(checked.text())
    return checked
