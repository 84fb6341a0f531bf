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
from components.validation.stackfile import PROJECT, check, stack_file

ROOT = Path(__file__).resolve().parent.parent


def load() -> Stack:
    """The stack of the running program. Raises pulumi.RunError with every problem where its configuration is wrong."""
    import pulumi
    from pulumi.runtime.config import CONFIG, is_config_secret

    # pulumi.Config reads single keys; a misspelt one is found only by looking at all that the engine was given
    given = {key: _SECRET if is_config_secret(key) else _structured(value) for key, value in CONFIG.get().items()}
    name, root = pulumi.get_stack(), _project(Path.cwd())
    found = check(_document(given, name, root), name, root)
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


_SECRET = {"secure": ""}
"""An encrypted value: what it holds is nobody's business here."""


def _structured(value: str) -> Any:
    """The engine hands objects over as JSON text."""
    if not value.startswith(("{", "[")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _document(given: Mapping[str, Any], name: str, root: Path) -> Document:
    """The stack's own file where it says what the engine was given, for it knows the lines; else the bare values."""
    bare = Document(None, {"config": dict(given)})
    file = stack_file(name, root)
    try:
        document = read(file, _shown(file, root)) if file.is_file() else bare
    except Unreadable:
        return bare
    config = document.data.get("config") if isinstance(document.data, dict) else None
    written = {
        key if ":" in key else f"{PROJECT}:{key}": _SECRET if any(True for _ in find_encrypted(value)) else value
        for key, value in (config if isinstance(config, dict) else {}).items()
    }
    return document if _ours(written) == _ours(given) else bare


def _ours(config: Mapping[str, Any]) -> dict[str, Any]:
    """The project's own keys; what a provider is told may come from elsewhere too."""
    return {key: value for key, value in config.items() if key.startswith(f"{PROJECT}:")}


def _project(folder: Path) -> Path:
    """The nearest directory at or above that is a Pulumi project; ours where there is none."""
    return next((parent for parent in (folder, *folder.parents) if (parent / "Pulumi.yaml").is_file()), ROOT)


def _shown(path: Path, root: Path) -> str:
    """A file's name in problems: from the project's root where it lies in it."""
    resolved = path.resolve()
    return str(resolved.relative_to(root)) if resolved.is_relative_to(root) else str(path)
