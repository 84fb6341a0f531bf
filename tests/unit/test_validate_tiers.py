"""Tiers: what a team's stack may have, and what its platform must."""

from pathlib import Path

import pytest

from components.targets import TABLE
from tests.unit.stackfiles import checked, messages, only, stack

TEAM = "tier: team\nteam: fraud\nplatformStack: {kubernetes: main}\n"


def test_a_team_says_who_it_is_and_where_it_lives(tmp_path: Path) -> None:
    assert messages(checked(tmp_path, "tier: team\nsystems: {mlflow: {}}")) == [
        "mlops:spec.platformStack: names no platform for target kubernetes; add platformStack: {kubernetes: <platform stack>}",
        "mlops:spec.team: missing: a stack of tier team says whose it is, for example team: fraud",
    ] or {p.split(":")[1] for p in messages(checked(tmp_path, "tier: team\nsystems: {mlflow: {}}"))} == {
        "spec.team",
        "spec.platformStack",
    }


def test_a_team_needs_a_platform_for_its_target(tmp_path: Path) -> None:
    said = only(checked(tmp_path, f"{TEAM}systems: {{mlflow: {{}}}}", target="sagemaker"))
    assert "names no platform for target sagemaker; it has one for kubernetes" in said


def test_a_team_cannot_have_what_the_platform_owns(tmp_path: Path) -> None:
    said = only(checked(tmp_path, f"{TEAM}systems: {{mlflow: {{}}, kafka: {{}}}}"))
    assert said.startswith("mlops:spec.systems.kafka: a stack of tier team cannot have it; it belongs to the platform stack main")


def test_a_team_does_not_bring_its_needs(tmp_path: Path) -> None:
    assert list(stack(checked(tmp_path, f"{TEAM}systems: {{mlflow: {{}}}}")).spec.systems.chosen()) == ["mlflow"]


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ("tier: all\nteams: {fraud: {}}\nsystems: {kafka: {}}", "mlops:spec.teams"),
        ("tier: platform\nteam: fraud\nsystems: {kafka: {}}", "mlops:spec.team"),
        ("tier: all\nplatformStack: {kubernetes: main}\nsystems: {kafka: {}}", "mlops:spec.platformStack"),
        (f"{TEAM}operators: {{keepCrds: false}}\nsystems: {{mlflow: {{}}}}", "mlops:spec.operators"),
    ],
)
def test_a_key_of_another_tier_is_refused(tmp_path: Path, spec: str, path: str) -> None:
    said = only(checked(tmp_path, spec))
    assert said.startswith(f"{path}: belongs in a stack of tier ")


def test_a_wrong_tier_is_the_only_thing_said_about_tiers(tmp_path: Path) -> None:
    said = only(checked(tmp_path, "tier: xyz\nteams: {fraud: {}}\nsystems: {mlflow: {}}"))
    assert said == 'mlops:spec.tier: "xyz": expected one of all, platform, team'


PLATFORM = """
config:
  mlops:target: kubernetes
  mlops:spec:
    tier: platform
    systems: {minio: {}, mysql: {}}
    teams: {fraud: {systems: [jupyterhub]}, search: {}}
"""


def test_a_team_learns_what_its_platform_lacks(tmp_path: Path) -> None:
    said = only(checked(tmp_path, f"{TEAM}systems: {{mlflow: {{}}, jupyterhub: {{}}}}", stack__main=PLATFORM))
    assert said == (
        "mlops:spec.systems.mlflow: main does not grant it to team fraud (granted: jupyterhub); "
        "its owner adds it under mlops:spec.teams.fraud.systems"
    )


def test_a_team_that_its_platform_does_not_know_is_told(tmp_path: Path) -> None:
    spec = "tier: team\nteam: serach\nplatformStack: {kubernetes: main}\nsystems: {mlflow: {}}"
    said = only(checked(tmp_path, spec, stack__main=PLATFORM))
    assert said == 'mlops:spec.team: "serach": main has no such team; expected one of fraud, search; did you mean "search"?'


def test_a_platform_of_another_target_is_told(tmp_path: Path) -> None:
    spec = "tier: team\nteam: fraud\nplatformStack: {sagemaker: main}\nsystems: {mlflow: {}}"
    said = only(checked(tmp_path, spec, target="sagemaker", stack__main=PLATFORM))
    assert said.startswith('mlops:spec.platformStack.sagemaker: "main" is a stack of tier platform and target kubernetes')


def test_a_platform_is_checked_for_what_its_teams_will_run(tmp_path: Path) -> None:
    spec = """
tier: platform
systems: {minio: {}, kafka: {topics: {clicks: {}}}}
teams:
  fraud: {systems: [mlflow, kafka, jupiterhub], topics: [click]}
"""
    offered = ", ".join(s for (t, s), fact in TABLE.items() if t == "kubernetes" and "team" in fact.tiers)
    assert messages(checked(tmp_path, spec)) == [
        'mlops:spec.teams.fraud.systems[0]: "mlflow" needs a database, and this platform has none; '
        "add systems.mysql: {} or bringYourOwn.database",
        f'mlops:spec.teams.fraud.systems[1]: "kafka": a team cannot run it; expected one of {offered}',
        f'mlops:spec.teams.fraud.systems[2]: "jupiterhub": a team cannot run it; expected one of {offered}; '
        'did you mean "jupyterhub"?',
        'mlops:spec.teams.fraud.topics[0]: "click": no such topic under systems.kafka.topics; expected "clicks"; '
        'did you mean "clicks"?',
    ]
