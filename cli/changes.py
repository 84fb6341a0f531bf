"""Which stacks a change touches, from the files it changes."""

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import yaml

from cli.errors import UserError
from components.settings import ROOT, stacks

EVERYTHING = ("components/", "policies/", "Pulumi.yaml", "requirements.lock", "pyproject.toml", "stacks/__main__.py")
TARGETS = ("kubernetes", "sagemaker", "vertex", "azureml")


def changed_files(base: str) -> list[str]:
    """Files that differ between `base` and the working tree. UserError where git does not know `base`."""
    done = subprocess.run(["git", "diff", "--name-only", f"{base}...HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"--base {base}: {done.stderr.strip().splitlines()[-1] if done.stderr else 'git knows no such revision'}")
    return done.stdout.split()


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


def touched(files: Iterable[str]) -> list[str]:
    """The stacks that must be previewed for these files, by name; a target's folder touches the stacks of that target."""
    names, found = stacks(), set()
    for file in files:
        path = PurePosixPath(file)
        if path.parent == PurePosixPath("stacks") and path.suffix == ".yaml":
            found |= {path.stem.removeprefix("Pulumi.")} & set(names)
        elif path.parent == PurePosixPath("blueprints"):
            found |= {name for name in names if path.stem in _blueprints(name)}
        elif len(path.parts) > 2 and path.parts[0] == "components" and path.parts[1] in TARGETS:
            found |= {name for name in names if _config(name).get("mlops:target") == path.parts[1]}
        elif file.startswith(EVERYTHING):
            found |= set(names)
    return sorted(found)
