"""What a blueprint says of one target: laid over its spec there and nowhere else; null takes out; bad input is told."""

from pathlib import Path

import pytest

from components.validation import blueprints
from components.validation.problems import Problem

HERE = Problem("mlops:blueprint", "", "demo.yaml", 1)
BASE = """\
spec: {gateway: {}, systems: {kafka: {brokers: 3}, argo: {}}}
on:
  vertex: {gateway: null, systems: {argo: null, kafka: {brokers: 5}}}
"""


def load(folder: Path, text: str, name: str = "it") -> blueprints.Layers:
    (folder / f"{name}.yaml").write_text(text)
    return blueprints.load(name, folder, HERE)


def test_it_holds_on_its_target_alone(tmp_path: Path) -> None:
    layers = load(tmp_path, BASE)
    assert layers.problems == ()
    assert layers.spec("vertex") == {"systems": {"kafka": {"brokers": 5}}}
    assert layers.spec("kubernetes") == layers.spec() == {"gateway": {}, "systems": {"kafka": {"brokers": 3}, "argo": {}}}


def test_a_blueprint_over_it_has_the_last_word(tmp_path: Path) -> None:
    load(tmp_path, BASE)
    layers = load(tmp_path, "extends: it\nspec: {systems: {argo: {replicas: 2}}}\n", "over")
    assert layers.spec("vertex") == {"systems": {"kafka": {"brokers": 5}, "argo": {"replicas": 2}}}


@pytest.mark.parametrize(
    ("said", "path", "message"),
    [
        ("on: {vertx: {}}", "on.vertx", 'unknown target; expected one of .*did you mean "vertex"'),
        ("on: [vertex]", "on", "^expected a mapping by target, got a list"),
        ("on: {vertex: 3}", "on.vertex", "^expected a mapping, got a"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, said: str, path: str, message: str) -> None:
    layers = load(tmp_path, f"spec: {{}}\n{said}\n")
    (problem,) = layers.problems
    assert problem.path == path and problem.line == 2
    # what is no mapping is not laid over anything
    assert all(isinstance(layers.spec(target), dict) for target in ("vertex", "kubernetes", None))
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(problem.message)
