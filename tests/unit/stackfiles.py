"""Stack files written for one test each."""

from pathlib import Path
from unittest.mock import patch

from components.settings import load_file
from components.spec.stack import Stack
from components.validation.problems import Problems


def project(folder: Path, **files: str) -> Path:
    """A project directory of its own: `blueprint__x` becomes blueprints/x.yaml, `stack__x` stacks/Pulumi.x.yaml."""
    (folder / "Pulumi.yaml").write_text("name: mlops\nruntime: python\n")
    for name, text in files.items():
        place, _, key = name.partition("__")
        path = folder / ("blueprints" if place == "blueprint" else "stacks")
        path.mkdir(exist_ok=True)
        (path / (f"{key}.yaml" if place == "blueprint" else f"Pulumi.{key}.yaml")).write_text(text)
    return folder


def checked(folder: Path, spec: str, target: str = "kubernetes", head: str = "", **files: str) -> Stack | Problems:
    """What validation makes of a stack with this spec (YAML, unindented)."""
    body = "".join(f"    {line}\n" for line in spec.strip().splitlines())
    project(folder, stack__demo=f"config:\n  mlops:target: {target}\n{head}  mlops:spec:\n{body}", **files)
    return load_file(folder / "stacks" / "Pulumi.demo.yaml")


def refused_by_components(folder: Path, spec: str, target: str, head: str = "", **files: str) -> Stack | Problems:
    """As `checked`, without the rules over managed services: the components refuse the same by themselves, in their own words."""
    with patch("components.validation.managed.check", lambda case: iter(())):
        return checked(folder, spec, target, head, **files)


def messages(result: Stack | Problems) -> list[str]:
    """Each problem as `path: message`."""
    assert isinstance(result, Problems), f"expected problems, got {result!r}"
    return [f"{problem.path}: {problem.message}" for problem in result]


def only(result: Stack | Problems) -> str:
    """The one problem there is."""
    found = messages(result)
    assert len(found) == 1, found
    return found[0]


def stack(result: Stack | Problems) -> Stack:
    """The stack, where there are no problems."""
    assert isinstance(result, Stack), result.text() if isinstance(result, Problems) else result
    return result


def problems(result: Stack | Problems) -> Problems:
    """The problems, where there are any."""
    assert isinstance(result, Problems), f"expected problems, got {result!r}"
    return result
