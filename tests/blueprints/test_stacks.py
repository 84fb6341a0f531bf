"""The stacks and blueprints of this repository are right, small enough, and survive a change of target."""

import subprocess
from pathlib import Path

import pytest

from components.settings import ROOT, load_file, stacks
from components.spec.base import quantity_value
from components.spec.stack import Stack, Target, Tier
from components.validation.blueprints import names
from components.validation.document import parse
from components.validation.problems import Problems
from components.validation.stackfile import check, stack_file
from tests.sandbox.test_platform_blueprints import BLUEPRINTS as brought_up
from tests.sandbox.test_platform_full import BLUEPRINT as whole

BLUEPRINTS = names(ROOT / "blueprints")


def loaded(name: str) -> Stack:
    found = load_file(stack_file(name, ROOT))
    assert isinstance(found, Stack), found.text()
    return found


@pytest.mark.parametrize("name", stacks())
def test_each_stack_is_right_and_fits_a_screen(name: str) -> None:
    assert loaded(name).name == name
    assert len(stack_file(name, ROOT).read_text().splitlines()) <= 40


def test_the_stacks_that_the_guide_names_are_there() -> None:
    shape = {name: (stack.target.value, stack.spec.tier.value) for name in stacks() for stack in (loaded(name),)}
    assert shape == {
        "sandbox": ("kubernetes", "all"),
        "sandbox-sagemaker": ("sagemaker", "all"),
        "sandbox-vertex": ("vertex", "all"),
        "sandbox-azureml": ("azureml", "all"),
        "sandbox-eks": ("kubernetes", "all"),
        "sandbox-gke": ("kubernetes", "all"),
        "sandbox-aks": ("kubernetes", "all"),
        "platform-dev": ("kubernetes", "platform"),
        "fraud-dev": ("kubernetes", "team"),
        "search-dev": ("kubernetes", "team"),
        "platform-prod": ("sagemaker", "platform"),
        "fraud-prod": ("sagemaker", "team"),
    }


def alone(blueprint: str, target: Target) -> Stack | Problems:
    own = (
        "{team: demo, platformStack: {kubernetes: main, sagemaker: main, vertex: main, azureml: main}}"
        if blueprint == "team"
        else "{}"
    )
    text = f"config: {{mlops:target: {target}, mlops:blueprint: {blueprint}, mlops:spec: {own}}}"
    return check(parse(text, "demo.yaml"), "demo", ROOT)


@pytest.mark.parametrize("blueprint", BLUEPRINTS)
@pytest.mark.parametrize("target", list(Target))
def test_each_blueprint_stands_by_itself_on_each_target(blueprint: str, target: Target) -> None:
    found = alone(blueprint, target)
    assert isinstance(found, Stack), found.text()


def test_full_has_every_system_on_each_target() -> None:
    kubernetes = alone(whole, Target.KUBERNETES)
    assert isinstance(kubernetes, Stack)
    for target in Target:
        found = alone(whole, target)
        assert isinstance(found, Stack)
        assert {*kubernetes.spec.systems.chosen()} == {*found.spec.systems.chosen()}, target


def test_each_blueprint_is_used_by_a_stack_or_brought_up_by_itself() -> None:
    used = {blueprint for name in stacks() if (blueprint := loaded(name).blueprint)}
    assert used | {*brought_up, whole} == set(BLUEPRINTS)


@pytest.mark.parametrize("name", ["sandbox", "sandbox-sagemaker", "fraud-dev"])
def test_one_line_changes_the_target(name: str, tmp_path: Path) -> None:
    old = loaded(name).target
    new = Target.SAGEMAKER if old is Target.KUBERNETES else Target.KUBERNETES
    text = stack_file(name, ROOT).read_text()
    assert text.count(f"mlops:target: {old}") == 1
    found = check(parse(text.replace(f"mlops:target: {old}", f"mlops:target: {new}"), name), name, ROOT)
    assert isinstance(found, Stack), found.text()
    assert found.target is new
    assert found.spec == loaded(name).spec


def test_a_team_without_a_platform_on_the_other_target_is_told() -> None:
    text = stack_file("search-dev", ROOT).read_text().replace("mlops:target: kubernetes", "mlops:target: sagemaker")
    found = check(parse(text, "search-dev"), "search-dev", ROOT)
    assert isinstance(found, Problems)
    assert "names no platform for target sagemaker; it has one for kubernetes" in found.text()


def test_the_sandbox_runs_every_system_that_is_built_in_one_nodes_room() -> None:
    """What the servers themselves request; one 16-core, 64Gi node without a GPU takes all that is not a notebook."""
    systems = loaded("sandbox").spec.systems.chosen()
    assert set(systems) == {"minio", "mysql", "kafka", "mlflow", "jupyterhub", "prometheus", "grafana"}
    cores = memory = 0.0
    for config in systems.values():
        resources = getattr(config, "resources", None)
        if resources is not None:
            servers = getattr(config, "replicas", 0) + getattr(config, "brokers", 0) + getattr(config, "controllers", 0)
            cores += servers * quantity_value(resources.cpu)
            memory += servers * quantity_value(resources.memory)
    assert 1 < cores <= 8
    assert 2**30 < memory <= 32 * 2**30


def test_what_a_production_stack_holds_is_kept() -> None:
    for name in ("platform-prod", "fraud-prod"):
        assert loaded(name).spec.environment.value == "prod"
    assert loaded("platform-prod").spec.operators.keep_crds is True
    assert loaded("sandbox").spec.operators.keep_crds is False


def test_each_team_stack_is_granted_by_the_platforms_beside_it() -> None:
    for name in stacks():
        spec = loaded(name).spec
        if spec.tier is Tier.TEAM:
            for target, platform in spec.platform_stack.items():
                assert loaded(platform).target is target
                assert spec.team in loaded(platform).spec.teams


def test_no_stack_file_is_committed_with_a_salt() -> None:
    """It belongs to one sandbox's passphrase, which no other has."""
    if not (ROOT / ".git").exists():
        pytest.skip("NOT RUN: no git checkout")
    found = subprocess.run(
        ["git", "grep", "-l", "^encryptionsalt", "HEAD", "--", "stacks"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.stdout == "" and found.returncode == 1, found.stdout + found.stderr
