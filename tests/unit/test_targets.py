"""The table of targets says what the classes say, and every component reads as a multi-language one."""

import importlib
import inspect
import pkgutil
from typing import Any

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer

import components
from components import contracts
from components.spec.stack import PARTS
from components.targets import FOUNDATION, LANDINGS, RESERVED, TABLE, load

FACTS = {
    f"{target}/{system}{f'/{kind}' if kind else ''}": (target, each)
    for (target, system), fact in sorted(TABLE.items())
    for kind, each in {"": fact, **fact.variants}.items()
}
"""Every row and its variants, by name."""


def names(kinds: Any) -> tuple[str, ...]:
    return tuple(contracts.key(kind) for kind in kinds)


@pytest.mark.parametrize("name", FACTS)
def test_facts_are_those_of_the_class(name: str) -> None:
    target, fact = FACTS[name]
    cls = load(fact.path)
    assert set(fact.needs) == set(names(cls.needs))
    assert set(fact.optional) == set(names(cls.optional))
    assert fact.provides == names(cls.provides)
    assert set(fact.tiers) == set(cls.tiers)
    assert fact.essential_type == cls.essential_type
    if target == "kubernetes":
        assert bool(fact.holds) == getattr(cls, "stateful", False)


@pytest.mark.parametrize("name", FACTS)
def test_every_component_takes_name_args_and_options(name: str) -> None:
    parameters = list(inspect.signature(load(FACTS[name][1].path).__init__).parameters)
    assert parameters == ["self", "name", "args", "opts"]


def test_every_system_key_is_reserved() -> None:
    assert {system for _, system in TABLE} - {FOUNDATION, *PARTS} <= set(RESERVED)


def test_every_target_has_a_landing() -> None:
    assert {target for target, _ in TABLE} == set(LANDINGS)
    for path in LANDINGS.values():
        assert callable(load(path))


def every_component() -> list[type[pulumi.ComponentResource]]:
    """Every ComponentResource of the library but the composer, whose argument is a whole stack."""
    found = {}
    for module in pkgutil.walk_packages(components.__path__, "components."):
        for cls in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(cls) and issubclass(cls, pulumi.ComponentResource) and cls.__module__.startswith("components."):
                found[cls.__name__] = cls
    found.pop("Platform")
    return list(found.values())


def test_the_multi_language_analyzer_reads_every_component() -> None:
    result = Analyzer("mlops").analyze(every_component())
    definitions = result["component_definitions"]
    assert {fact.path.rpartition(":")[2] for _, fact in FACTS.values()} <= set(definitions)
    for name, definition in definitions.items():
        assert definition.description, name
        assert definition.inputs, name


def test_nouns_are_unique_across_targets() -> None:
    nouns = [fact.path.rpartition(":")[2] for _, fact in FACTS.values()]
    assert len(nouns) == len(set(nouns))
