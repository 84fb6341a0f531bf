"""Blueprints: maps merge, lists and scalars are replaced, null turns off; one `extends`, no rings."""

from pathlib import Path

import pytest

from components.validation.blueprints import merge
from tests.unit.stackfiles import checked, messages, only, problems, stack

BASE = """
spec:
  owner: base-team
  systems:
    minio: {storage: 1Ti}
    kafka: {brokers: 5, storage: 10Gi}
    jupyterhub: {users: [alice, bob]}
"""
HEAD = "  mlops:blueprint: base\n"


@pytest.mark.parametrize(
    ("base", "over", "merged"),
    [
        ({"a": 1, "b": 2}, {"b": 3}, {"a": 1, "b": 3}),
        ({"a": {"x": 1, "y": 2}}, {"a": {"y": 3}}, {"a": {"x": 1, "y": 3}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"x": 1}}, {"a": None}, {"a": None}),
        ({"a": 1}, {"a": {"x": 1}}, {"a": {"x": 1}}),
        ({"a": {"x": 1}}, {}, {"a": {"x": 1}}),
    ],
)
def test_maps_merge_and_all_else_is_replaced(base: object, over: object, merged: object) -> None:
    assert merge(base, over) == merged


def test_merging_changes_neither_side() -> None:
    base, over = {"a": {"x": 1}}, {"a": {"y": 2}}
    merge(base, over)
    assert (base, over) == ({"a": {"x": 1}}, {"a": {"y": 2}})


def test_a_stack_lies_over_its_blueprint(tmp_path: Path) -> None:
    spec = "systems: {kafka: {brokers: 3}, jupyterhub: {users: [carol]}}"
    found = stack(checked(tmp_path, spec, head=HEAD, blueprint__base=BASE))
    assert found.blueprint == "base"
    assert found.spec.owner == "base-team"
    kafka, hub = found.spec.systems.kafka, found.spec.systems.jupyterhub
    assert kafka is not None and (kafka.brokers, kafka.storage) == (3, "10Gi")
    assert hub is not None and hub.users == ["carol"]


def test_null_turns_a_blueprints_system_off(tmp_path: Path) -> None:
    found = stack(checked(tmp_path, "systems: {kafka: null}", head=HEAD, blueprint__base=BASE))
    assert list(found.spec.systems.chosen()) == ["minio", "jupyterhub"]


def test_a_blueprint_extends_one_other(tmp_path: Path) -> None:
    top = "extends: base\nspec: {systems: {kafka: {brokers: 7}}}\n"
    found = stack(checked(tmp_path, "tier: all", head="  mlops:blueprint: top\n", blueprint__base=BASE, blueprint__top=top))
    assert found.spec.systems.kafka is not None
    assert (found.spec.systems.kafka.brokers, found.spec.owner) == (7, "base-team")


def test_blueprints_in_a_ring_are_shown(tmp_path: Path) -> None:
    result = checked(
        tmp_path,
        "systems: {kafka: {}}",
        head="  mlops:blueprint: a\n",
        blueprint__a="extends: b\nspec: {}\n",
        blueprint__b="extends: a\nspec: {}\n",
    )
    assert only(result) == "extends: blueprints extend each other in a ring: a -> b -> a"
    assert str(problems(result)[0]).startswith("blueprints/b.yaml:1: ")


def test_a_missing_blueprint_names_the_nearest(tmp_path: Path) -> None:
    result = checked(tmp_path, "systems: {kafka: {}}", head="  mlops:blueprint: bsae\n", blueprint__base=BASE)
    assert only(result) == 'mlops:blueprint: "bsae": unknown blueprint; expected "base"; did you mean "base"?'
    assert problems(result)[0].line == 3


def test_a_missing_extended_blueprint_is_told_where_it_is_named(tmp_path: Path) -> None:
    top = "description: x\nextends: bse\nspec: {}\n"
    files = {"blueprint__base": BASE, "blueprint__top": top}
    result = checked(tmp_path, "systems: {kafka: {}}", head="  mlops:blueprint: top\n", **files)
    assert str(problems(result)[0]).startswith(
        'blueprints/top.yaml:2: extends: "bse": unknown blueprint; expected one of base, top'
    )


@pytest.mark.parametrize(
    ("blueprint", "said"),
    [
        ("- a\n", "blueprints/base.yaml: expected a mapping with the keys description, extends, spec, on, got a list"),
        ("", "blueprints/base.yaml: expected a mapping with the keys description, extends, spec, on, got nothing"),
        ("spec: [a]\n", "blueprints/base.yaml:1: spec: expected a mapping, got a list"),
        ("spec: {}\nextend: x\n", 'blueprints/base.yaml:2: extend: unknown key; did you mean "extends"?'),
        ("extends: [a, b]\nspec: {}\n", "blueprints/base.yaml:1: extends: expected the name of one blueprint, got a list"),
        ("spec: {a: \n", "blueprints/base.yaml:2: not valid YAML"),
    ],
)
def test_a_broken_blueprint_is_placed_in_its_own_file(tmp_path: Path, blueprint: str, said: str) -> None:
    result = checked(tmp_path, "systems: {kafka: {}}", head=HEAD, blueprint__base=blueprint)
    assert len(messages(result)) == 1
    assert str(problems(result)[0]).startswith(said)


def test_a_wrong_value_is_placed_in_the_file_that_holds_it(tmp_path: Path) -> None:
    base = "spec:\n  systems:\n    kafka:\n      brokers: 0\n      storage: 10Gi\n"
    result = checked(tmp_path, "systems:\n  kafka:\n    storage: 10Gb", head=HEAD, blueprint__base=base)
    assert [(p.file, p.line, p.path) for p in problems(result)] == [
        ("stacks/Pulumi.demo.yaml", 7, "mlops:spec.systems.kafka.storage"),
        ("blueprints/base.yaml", 4, "mlops:spec.systems.kafka.brokers"),
    ]


def test_a_blueprint_must_be_named_by_text(tmp_path: Path) -> None:
    result = checked(tmp_path, "systems: {kafka: {}}", head="  mlops:blueprint: [a]\n")
    assert only(result) == "mlops:blueprint: expected the name of a blueprint, got a list"
