"""The five "onlys" and the other rules of the house that a reader of the source can see."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("components", "policies", "cli", "sandbox", "stacks", "tests")
ONLY = {
    r"pulumi\.Config\(": "components/settings.py",
    r"pulumi_kubernetes\.helm|helm\.v[34]": "components/kubernetes/chart.py",
    r"pulumi_kubernetes\.(kustomize|yaml)|kustomize\.v2|yaml\.v2": "components/kubernetes/manifests.py",
}
MAX_LINES = 300


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


@functools.cache
def code(path: Path) -> str:
    """The file's code without its docstrings and comments."""
    return ast.unparse(_bare(ast.parse(path.read_text(encoding="utf-8"))))


def _bare(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            node.value.value = ""
    return tree


@pytest.mark.parametrize(("pattern", "owner"), ONLY.items())
def test_each_only_has_one_place(pattern: str, owner: str) -> None:
    found = {str(p.relative_to(ROOT)) for p in sources("components", "stacks") if re.search(pattern, code(p))}
    assert found <= {owner}


def test_only_the_pack_constructs_a_policy_pack() -> None:
    # constructing one blocks: it serves until the engine is done
    ours = (p for p in sources(*OURS) if "programs" not in p.parts)  # a test's throw-away pack is a program of its own
    found = {str(p.relative_to(ROOT)) for p in ours if re.search(r"(?<!\w)PolicyPack\(", code(p))}
    assert found == {"policies/__main__.py"}


def test_only_the_composer_asks_for_component_classes() -> None:
    found = {str(p.relative_to(ROOT)) for p in sources("components", "stacks") if re.search(r"targets\.(find|load)\(", code(p))}
    assert found == {"components/platform.py"}


def test_the_program_is_under_twenty_lines() -> None:
    assert len((ROOT / "stacks" / "__main__.py").read_text(encoding="utf-8").splitlines()) < 20


def test_no_file_outgrows_a_screenful_of_screens() -> None:
    long = {
        str(p.relative_to(ROOT)): n for p in sources(*OURS) if (n := len(p.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert not long


def test_components_keep_their_annotations() -> None:
    # the multi-language analyzer reads annotations, which that import turns into text
    found = [
        str(p.relative_to(ROOT))
        for p in sources("components/kubernetes", "components/sagemaker", "components/vertex", "components/azureml")
        if "import annotations" in code(p)
    ]
    assert not found


def test_no_unfinished_marks() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX)\b|raise NotImplementedError|mark\.xfail")
    found = [
        str(p.relative_to(ROOT))
        for p in sources(*OURS)
        if p != Path(__file__).resolve() and marks.search(p.read_text(encoding="utf-8"))
    ]
    assert not found
