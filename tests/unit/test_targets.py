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
from components.mapping.fact import HIDDEN
from components.spec.stack import PARTS
from components.targets import LANDINGS, RESERVED, TABLE, load

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
    # teams' stacks have no cluster of their own
    assert set(fact.tiers) == set(cls.tiers) - ({"team"} if fact.fallback else set())
    assert fact.essential_type == cls.essential_type
    if target == "kubernetes":
        assert bool(fact.holds) == getattr(cls, "stateful", False)


@pytest.mark.parametrize("name", FACTS)
def test_every_component_takes_name_args_and_options(name: str) -> None:
    parameters = list(inspect.signature(load(FACTS[name][1].path).__init__).parameters)
    assert parameters == ["self", "name", "args", "opts"]


def test_every_system_key_is_reserved() -> None:
    assert {system for _, system in TABLE} - {*HIDDEN, *PARTS} <= set(RESERVED)


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
    nouns = [fact.path.rpartition(":")[2] for _, fact in FACTS.values() if not fact.fallback]
    assert len(nouns) == len(set(nouns))


def test_a_fallback_is_the_row_of_kubernetes_itself() -> None:
    fallbacks = {pair: fact for pair, fact in TABLE.items() if fact.fallback}
    assert {target for target, _ in fallbacks} == {"sagemaker", "vertex", "azureml"}
    for (_, system), fact in fallbacks.items():
        row = TABLE["kubernetes", system]
        assert (fact.path, fact.essential_type, fact.needs) == (row.path, row.essential_type, row.needs)
        assert not fact.managed and "team" not in fact.tiers
