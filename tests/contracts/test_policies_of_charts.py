"""What the real charts of gateway, login, secrets, backups and KServe render passes every policy, but for what is excepted."""

import importlib
import pkgutil
from pathlib import Path

import pytest

import policies.rules
from components.kubernetes.chart import Pin
from policies.exceptions import Exceptions, matches
from policies.model import Facts, Resource, Rule
from tests.contracts import rendering, test_kubernetes_backups, test_kubernetes_gateway, test_kubernetes_kserve

CASES = {**test_kubernetes_gateway.CASES, **test_kubernetes_backups.CASES, **test_kubernetes_kserve.CASES}
LATER = ("ownership",)
"""Labels that the landing writes on every object."""


def rules() -> list[Rule]:
    """Every rule but what is not the chart's to keep."""
    modules = [importlib.import_module(f"policies.rules.{m.name}") for m in pkgutil.iter_modules(policies.rules.__path__)]
    return [found for module in modules if (found := getattr(module, "RULE", None)) and found.name not in LATER]


def broken(pin: Pin, values: dict[str, object], folder: Path) -> list[str]:
    """Findings that no exception covers."""
    waivers, found = Exceptions.load().waivers, []
    for obj in rendering.render(pin, values, pin.chart, folder):
        if rendering.hooks([obj]):
            continue
        group, _, version = obj["apiVersion"].rpartition("/")
        place = obj["metadata"].get("namespace")
        name = f"{pin.chart}:{place + '/' if place else ''}{obj['metadata']['name']}"
        resource = Resource(f"kubernetes:{group or 'core'}/{version}:{obj['kind']}", name, obj)
        for rule in rules():
            for finding in rule.check(resource, Facts(registry_mirror="")):
                if not any(matches(waiver, rule.name, resource, finding.path) for waiver in waivers):
                    found.append(f"{rule.name} {obj['kind']}/{name} {finding.path}: {finding.problem}")
    return found


@pytest.mark.parametrize("chart", CASES)
def test_what_the_chart_renders_keeps_the_policies(chart: str, tmp_path: Path) -> None:
    pin, values = CASES[chart]
    said = broken(pin, values, tmp_path)
    # the cases pull through a mirror, whose host no list knows
    assert [line for line in said if 'registry "mirror.example"' not in line] == []


def test_a_privilege_that_nobody_excepted_is_found(tmp_path: Path) -> None:
    pin, values = CASES["dex"]
    assert any("no-privilege" in line for line in broken(pin, {**values, "podSecurityContext": {"runAsUser": 0}}, tmp_path))
