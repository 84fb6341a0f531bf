"""`mlops validate`: stack files checked without an engine, every problem at once."""

import json
import sys
from pathlib import Path

from cli.errors import UserError
from components import settings
from components.spec.stack import Stack
from components.validation.problems import Problems

BAD_INPUT = 2
FORMATS = ("table", "json")


def validate(stacks: list[str], format: str = "table") -> None:
    """Check the named stacks (names or files), or every stack of the project; exits with 2 where one has problems."""
    if format not in FORMATS:
        raise UserError(f"--format {format}: expected one of {', '.join(FORMATS)}")
    results = {stack: _check(stack) for stack in stacks or settings.stacks()}
    if not results:
        raise UserError("no stack is named and stacks/ holds none; add stacks/Pulumi.<stack>.yaml")
    if format == "json":
        sys.stdout.write(json.dumps([_row(stack, result) for stack, result in results.items()], indent=2) + "\n")
    else:
        _print(results)
    if any(isinstance(result, Problems) for result in results.values()):
        sys.exit(BAD_INPUT)


def _check(stack: str) -> Stack | Problems:
    found = settings.find(stack)
    return settings.load_file(found) if isinstance(found, Path) else found


def _row(asked: str, result: Stack | Problems) -> dict[str, object]:
    if isinstance(result, Problems):
        problems = [{"path": p.path, "message": p.message, "file": p.file, "line": p.line} for p in result]
        return {"stack": result.stack, "asked": asked, "valid": False, "problems": problems}
    return {
        "stack": result.name,
        "asked": asked,
        "valid": True,
        "target": result.target.value,
        "tier": result.spec.tier.value,
        "blueprint": result.blueprint,
        "systems": list(result.spec.systems.chosen()),
        "problems": [],
    }


def _print(results: dict[str, Stack | Problems]) -> None:
    good = [result for result in results.values() if isinstance(result, Stack)]
    width = max((len(stack.name) for stack in good), default=0)
    for stack in good:
        systems = " ".join(stack.spec.systems.chosen())
        sys.stdout.write(f"ok  {stack.name:{width}}  {stack.target:10}  {stack.spec.tier:8}  {systems}\n")
    for result in results.values():
        if isinstance(result, Problems):
            sys.stderr.write(result.text() + "\n")
