"""A custom resource waits for the chart that brings its kind: else its up is a matter of luck."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import pytest
from pulumi.runtime.mocks import MockMonitor

from cli.charts import registrations, wanted_chart
from components.kubernetes.crds import OWNERS
from sandbox.providers.kubernetes.components import CHART
from tests.blueprints import golden
from tests.blueprints.recorded import KUBERNETES, SOURCES, loaded, lock, render


def urn(request: Any) -> str:
    """As the monitor of the mocks makes it."""
    return str(cast(Any, MockMonitor)(None).make_urn(request.parent, request.type, request.name))


def brings(request: Any, stack: str) -> frozenset[str]:
    """The groups whose definitions a chart installs with these values."""
    wanted = wanted_chart(request.object, stack)
    known = render(wanted) or {}
    names: Iterable[str] = known["definitions"] if "definitions" in known else OWNERS.get(wanted.chart, ())
    if wanted.skip_crds and "definitions" not in known:
        of_templates = {f"{crd['plural']}.{crd['group']}" for crd in lock()[wanted.chart]["crds"] if not crd.get("folder")}
        names = [name for name in names if name in of_templates]
    return frozenset(name.partition(".")[2] for name in names)


def closure(start: str, after: Mapping[str, set[str]]) -> set[str]:
    """Everything that stands before a resource."""
    seen, todo = set[str](), [start]
    while todo:
        for before in after.get(todo.pop(), ()):
            if before not in seen:
                seen.add(before)
                todo.append(before)
    return seen


def unordered(found: list[Any], stack: str) -> list[str]:
    """Custom resources that no chart of their kind stands before, by name."""
    # a child is registered once its parent is, which waits for what the parent depends on
    after = {urn(one): {*one.dependencies, *([one.parent] if one.parent else [])} for one in found}
    by_group: dict[str, set[str]] = {}
    for one in found:
        if one.type == CHART:
            for group in brings(one, stack):
                by_group.setdefault(group, set()).add(urn(one))
    hasty = []
    for one in found:
        group = one.type.removeprefix(KUBERNETES).partition("/")[0]
        ours = one.type.startswith(KUBERNETES) and not one.type.startswith(SOURCES)
        if ours and group in by_group and not by_group[group] & closure(urn(one), after):
            charts = sorted(chart.rpartition("::")[2] for chart in by_group[group])
            hasty.append(f"{one.type.removeprefix(KUBERNETES)} {one.name} waits for none of {charts}")
    return hasty


@pytest.mark.parametrize("name", golden.NAMES)
def test_every_custom_resource_waits_for_what_brings_its_kind(name: str) -> None:
    stack = loaded(name)
    assert unordered(registrations(stack), stack.name) == []


def test_one_that_does_not_wait_is_named() -> None:
    stack = loaded("starter")
    found = registrations(stack)
    topic = next(one for one in found if one.type.startswith("kubernetes:cert-manager.io"))
    del topic.dependencies[:]
    (said,) = [line for line in unordered(found, stack.name) if topic.name in line]
    assert "foundation-cert-manager" in said
