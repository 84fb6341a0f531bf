"""The only reader of the Pulumi configuration: blueprint, stack file and secrets become one typed stack.

The program calls `load`; commands that need no engine call `load_file`. Both run the same checks over the same text, so
`mlops validate` and `pulumi preview` report the same. The engine's SDK is imported by `load` alone.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.spec.stack import Stack
from components.validation.document import Document, Unreadable, read
from components.validation.problems import Problem, Problems, meant
from components.validation.secrets import find_encrypted
from components.validation.stackfile import CONFIG, PROJECT, check, stack_file

ROOT = Path(__file__).resolve().parent.parent


def load() -> Stack:
    """The stack of the running program. Raises pulumi.RunError with every problem where its configuration is wrong."""
    import pulumi

    config = pulumi.Config(PROJECT)
    given = {f"{PROJECT}:{key}": _structured(key, value) for key in CONFIG if (value := config.get(key)) is not None}
    name, root = pulumi.get_stack(), _project(Path.cwd())
    found = check(_as_file(given, name, root), name, root)
    if isinstance(found, Problems):
        raise pulumi.RunError(found.text())
    return found


def load_file(path: Path) -> Stack | Problems:
    """The stack that a file describes, or everything that is wrong with it; needs no engine."""
    root = _project(path.resolve().parent)
    name = stack_name(path)
    try:
        document = read(path, _shown(path, root))
    except Unreadable as error:
        return Problems(name, (error.problem,))
    return check(document, name, root)


def find(stack: str, root: Path = ROOT) -> Path | Problems:
    """The file of a stack by its name, or the path itself where a file is named."""
    if "/" in stack or stack.endswith((".yaml", ".yml")):
        return Path(stack)
    file, known = stack_file(stack, root), stacks(root)
    if stack in known:
        return file
    advice = f"; known are {', '.join(known)}" if known else ""
    return Problems(
        stack, (Problem("", f'"{stack}": no such stack, for there is no {file.name} in stacks/{meant(stack, known)}{advice}'),)
    )


def stacks(root: Path = ROOT) -> list[str]:
    """The stacks that have a file."""
    return sorted(stack_name(path) for path in (root / "stacks").glob("Pulumi.*.yaml"))


def stack_name(path: Path) -> str:
    """The stack that a file belongs to: `sandbox` for Pulumi.sandbox.yaml."""
    return path.stem.removeprefix("Pulumi.")


def _structured(key: str, value: str) -> Any:
    """The engine hands objects over as JSON text."""
    if key != "spec":
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _as_file(given: Mapping[str, Any], name: str, root: Path) -> Document:
    """The stack's own file where it says what the engine was given, for it knows the lines; else the bare values."""
    file = stack_file(name, root)
    bare = Document(None, {"config": dict(given)})
    try:
        document = read(file, _shown(file, root)) if file.is_file() else bare
    except Unreadable:
        return bare
    config = document.data.get("config") if isinstance(document.data, dict) else None
    if not isinstance(config, dict):
        return bare
    ours = {
        f"{PROJECT}:{key.removeprefix(f'{PROJECT}:')}": value
        for key, value in config.items()
        if ":" not in key or key.startswith(f"{PROJECT}:")
    }
    # encrypted values reach us decrypted: the file, where they are not, is the one to check
    same = {key: ours.get(key) for key in given} == dict(given) or any(True for _ in find_encrypted(ours))
    return document if same else bare


def _project(folder: Path) -> Path:
    """The nearest directory at or above that is a Pulumi project; ours where there is none."""
    return next((parent for parent in (folder, *folder.parents) if (parent / "Pulumi.yaml").is_file()), ROOT)


def _shown(path: Path, root: Path) -> str:
    """A file's name in problems: from the project's root where it lies in it."""
    resolved = path.resolve()
    return str(resolved.relative_to(root)) if resolved.is_relative_to(root) else str(path)
