"""No connection of any blueprint dangles, as far as its program, the lock and the simulated operators tell without a cluster."""

import functools
from typing import Any

import pytest

from cli.stackfile import load
from cli.wiring.check import check
from cli.wiring.graph import build, svg
from cli.wiring.rendered import objects
from cli.wiring.stack import rendered
from cli.wiring.systems import Owners
from components.settings import ROOT
from tests.blueprints.golden import NAMES
from tests.blueprints.recorded import loaded

PICTURE = ROOT / "docs" / "wiring-sandbox.svg"


@functools.cache
def platform() -> list[dict[str, Any]]:
    return objects(load("platform-dev"))


@pytest.mark.parametrize("name", NAMES)
def test_no_connection_of_a_blueprint_dangles(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = check(objects(loaded(name)), secrets=True)
    with capsys.disabled():
        print(f"\n{name}: {len(found.connections)} connections, {len(found.flows)} flows")
    assert [str(problem) for problem in found.problems] == []
    assert len(found.connections) > 10


def test_no_connection_of_a_platform_and_its_team_dangles() -> None:
    found = check(objects(load("fraud-dev"), platform()), secrets=True)
    assert [str(problem) for problem in found.problems] == []
    assert {c.target.namespace for c in found.connections if c.consumer.namespace == "fraud"} >= {"minio", "mysql"}


def test_the_picture_in_the_guide_is_the_sandbox_stack() -> None:
    """Written by `mlops graph sandbox -o docs/wiring-sandbox.svg` where the stack is not up."""
    from cli.wiring.check import wired

    stack = load("sandbox")
    owners, wiring = wired(rendered(stack))
    assert isinstance(owners, Owners)
    assert PICTURE.read_text(encoding="utf-8") == svg(build("sandbox", list(stack.spec.chosen()), owners, wiring))
