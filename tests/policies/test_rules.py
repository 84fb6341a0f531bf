"""The rules as plain functions: every way in which a value can be unknown or malformed, and what people try."""

from collections.abc import Iterator
from typing import Any

import pytest

from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule
from policies.pack import all_rules
from tests.policies.cases import CASES, LACKS
from tests.policies.samples import Case, Props, steps

RULES = {rule.name: rule for rule in all_rules()}
STRICT = Facts(Level.HARDENED)
Way = tuple[str | int, ...]


def findings(rule: Rule, resource: Resource, facts: Facts = STRICT) -> list[Finding]:
    """Everything that a rule says of one resource."""
    found = list(rule.check(resource, facts))
    if rule.measure and rule.check_total:
        found += rule.check_total(resource, {resource.name: rule.measure(resource)}, facts)
    if rule.check_stack:
        found += [finding for _, finding in rule.check_stack([resource], facts)]
    return found


def said(rule: str, type: str, props: Props, facts: Facts = STRICT, **more: Any) -> list[Finding]:
    """What a rule says of a resource of that type."""
    return findings(RULES[rule], Resource(type, "x", props, protect=True, **more), facts)


def breaks(rule: str, type: str, props: Props, facts: Facts = STRICT, **more: Any) -> bool:
    """Whether a rule finds a breach in it."""
    return any(not finding.undecided for finding in said(rule, type, props, facts, **more))


def resource(case: Case, props: Props) -> Resource:
    """The resource of a case, with the markers of the engine's program as a rule sees them."""
    secrets: set[str] = set()
    return Resource(case.type, case.name, plain(props, "", secrets), protect=True, secrets=frozenset(secrets))


def plain(value: Any, path: str, secrets: set[str]) -> Any:
    if isinstance(value, dict) and "$secret" in value:
        secrets.add(path)
        return value["$secret"]
    if isinstance(value, dict):
        return {k: plain(v, f"{path}.{k}" if path else k, secrets) for k, v in value.items()}
    return [plain(v, f"{path}[{i}]", secrets) for i, v in enumerate(value)] if isinstance(value, list) else value


def put(value: Any, way: Way, new: Any) -> Any:
    """A copy of plain data with another value at a place."""
    if not way:
        return new
    made: Any = dict(value) if isinstance(value, dict) else list(value)
    made[way[0]] = put(value[way[0]], way[1:], new)
    return made


def places(value: Any, way: Way = ()) -> Iterator[Way]:
    """Every place in plain data, outermost first."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*way, key)
        yield from places(item, (*way, key))


def names(value: Any) -> str:
    return f"{value.rule}-{value.name}"


@pytest.mark.parametrize("case", CASES, ids=names)
def test_a_rule_names_the_place_and_the_remedy_and_is_silent_otherwise(case: Case) -> None:
    rule = RULES[case.rule]
    assert findings(rule, resource(case, case.good)) == []
    found = findings(rule, resource(case, case.bad()))
    assert [f.path for f in found if not f.undecided] == [case.path]
    assert found[0].problem and found[0].remedy


@pytest.mark.parametrize("case", [c for c in CASES if c.value is not None], ids=names)
def test_a_rule_is_never_silent_where_any_part_of_the_way_to_a_breach_is_unknown(case: Case) -> None:
    bad = resource(case, case.bad())
    way = tuple(steps(case.change))
    silent = []
    for length in range(1, len(way) + 1):
        blurred = Resource(case.type, case.name, put(bad.props, way[:length], UNKNOWN), protect=True)
        if not findings(RULES[case.rule], blurred):
            silent.append(way[:length])
    assert not silent


@pytest.mark.parametrize("case", CASES, ids=names)
def test_no_rule_trips_over_anything_malformed(case: Case) -> None:
    bad = resource(case, case.bad())
    for way in places(bad.props):
        for garbage in (None, "", 0, 1.5, True, [], {}, [None], {"": None}, "x", UNKNOWN, [UNKNOWN], {"a": UNKNOWN}):
            odd = Resource(case.type, case.name, put(bad.props, way, garbage))
            for rule in RULES.values():
                findings(rule, odd)


@pytest.mark.parametrize("lack", LACKS, ids=names)
def test_what_is_missing_beside_a_resource_is_a_breach(lack: Any) -> None:
    rule = RULES[lack.rule]
    bare = Resource(lack.type, lack.name, lack.props, protect=lack.protect)
    assert [f.path for f in findings(rule, bare)] == [lack.where]


def test_every_rule_is_tested_through_the_engine() -> None:
    seen = {case.rule for case in CASES} | {lack.rule for lack in LACKS}
    assert seen == set(RULES)
