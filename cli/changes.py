"""Which stacks a change touches, from the files it changes."""

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import yaml

from cli.errors import UserError
from components.settings import ROOT, load_file, stacks
from components.spec.stack import Target
from components.validation.problems import Problems
from components.validation.stackfile import stack_file

EVERYTHING = ("components/", "policies/", "Pulumi.yaml", "requirements.lock", "pyproject.toml", "stacks/__main__.py")
TARGETS = {target.value for target in Target}


def changed_files(base: str) -> list[str]:
    """Files that the current commit changes since it left `base`. UserError where git does not know `base`."""
    if base.startswith("-"):
        raise UserError(f"--base {base}: expected a revision")
    command = ["git", "diff", "--name-only", "--no-renames", "-z", f"{base}...HEAD", "--"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise UserError(f"--base {base}: {said[-1] if said else 'git knows no such revision'}")
    return [name for name in done.stdout.split("\0") if name]


def _document(file: str) -> Mapping[str, object]:
    try:
        found = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _config(stack: str) -> Mapping[str, object]:
    found = _document(f"stacks/Pulumi.{stack}.yaml").get("config")
    return found if isinstance(found, Mapping) else {}


def _blueprints(stack: str) -> set[str]:
    """The blueprint of a stack and what it extends."""
    found: set[str] = set()
    name = _config(stack).get("mlops:blueprint")
    while isinstance(name, str) and name not in found:
        found.add(name)
        name = _document(f"blueprints/{name}.yaml").get("extends")
    return found


def _targets(stack: str) -> set[str]:
    """The targets that a stack uses, those of single systems too; all of them where it cannot be read."""
    found = load_file(stack_file(stack, ROOT))
    if isinstance(found, Problems):
        return TARGETS
    own = (system.target for system in found.spec.systems.chosen().values())
    return {found.target.value} | {target.value for target in own if target is not None}


def touched(files: Iterable[str]) -> list[str]:
    """The stacks that must be previewed for these files, by name; a target's folder touches the stacks of that target."""
    names: list[str] = stacks()
    found: set[str] = set()
    for file in files:
        path = PurePosixPath(file)
        if path.parent == PurePosixPath("stacks") and path.suffix == ".yaml":
            found |= {path.stem.removeprefix("Pulumi.")} & set(names)
        elif path.parent == PurePosixPath("blueprints"):
            found |= {name for name in names if path.stem in _blueprints(name)}
        elif len(path.parts) > 2 and path.parts[0] == "components" and path.parts[1] in TARGETS:
            found |= {name for name in names if path.parts[1] in _targets(name)}
        elif file.startswith(EVERYTHING):
            found |= set(names)
    return sorted(found)
