"""A platform and its teams, each team with its own credentials only; on Kubernetes and on SageMaker."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.sandbox import cloud_inventory
from tests.sandbox.platform_env import Project, project

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

PLATFORM = "platform-dev"
TEAMS = {"fraud": "search", "search": "fraud"}
"""Each team and its neighbour."""


@dataclass
class Deployed:
    """The platform with both teams' stacks side by side on it."""

    project: Project
    environments: dict[str, dict[str, str]]

    def may(self, team: str, *question: str) -> bool:
        """`kubectl auth can-i` with a team's kubeconfig."""
        said = self.project.run("kubectl", "auth", "can-i", *question, env=self.environments[team])
        answer = said.text.strip().splitlines()[-1]
        assert answer in ("yes", "no"), said.text
        return answer == "yes"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with project(tmp_path_factory.mktemp("teams")) as made:
        made.up(PLATFORM)
        environments = {team: made.team(team) for team in TEAMS}
        flags = ("--yes", "--skip-preview", "--non-interactive", "--color", "never")
        running = {
            team: made.start("pulumi", "up", "--stack", f"{team}-dev", *flags, env=environment)
            for team, environment in environments.items()
        }
        for team, process in running.items():
            text, _ = process.communicate(timeout=900)
            assert process.returncode == 0, f"{team}: {text}"
        yield Deployed(made, environments)


def test_a_team_has_nothing_of_the_administrators(deployed: Deployed) -> None:
    admin = deployed.project.environment
    for team, environment in deployed.environments.items():
        for name in ("KUBECONFIG", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_BACKEND_URL"):
            assert environment[name] != admin[name], f"{team}: {name}"
        said = deployed.project.pulumi("stack export", PLATFORM, env=environment)
        assert said.code != 0 and "no stack named" in said.text


def test_every_stack_is_settled(deployed: Deployed) -> None:
    deployed.project.settled(PLATFORM, "--policy-pack", "policies")
    for team, environment in deployed.environments.items():
        deployed.project.settled(f"{team}-dev", "--policy-pack", "policies", env=environment)


def credentials(made: Project) -> set[str]:
    """The administrator's key, and every key, token and password in the Secrets of the platform's own namespaces."""
    kubeconfig = Path(made.environment["KUBECONFIG"]).read_text()
    found = {line.split(":", 1)[1].strip() for line in kubeconfig.splitlines() if "client-key-data:" in line or "token:" in line}
    assert found
    found.add((made.home / "passphrase").read_text().strip())
    for secret in made.get("secrets", "-A")["items"]:
        if secret["metadata"]["namespace"] in TEAMS:
            continue
        for key, value in (secret.get("data") or {}).items():
            text = base64.b64decode(value).decode(errors="replace").strip()
            if len(text) >= 12 and any(word in key.lower() for word in ("key", "token", "password", "secret")):
                found |= {value, text, json.dumps(text)[1:-1]}
    return found


def test_what_is_published_holds_no_credential_of_the_administrator(deployed: Deployed) -> None:
    made = deployed.project
    hidden = credentials(made)
    shown = {f"{PLATFORM} exports": json.dumps(made.outputs(PLATFORM))}
    for team, environment in deployed.environments.items():
        contract = made.get("configmap", "mlops-contract", "-n", team)
        assert json.loads(contract["data"]["contract.json"])["platform"] == PLATFORM
        shown[f"contract of {team}"] = json.dumps(contract)
        shown[f"{team}-dev exports"] = json.dumps(made.outputs(f"{team}-dev", env=environment))
        shown[f"{team}-dev state"] = made.good("stack export", f"{team}-dev", "--show-secrets", env=environment)
    assert [where for where, text in shown.items() for secret in hidden if secret in text] == []


def test_a_team_stays_inside_its_fence(deployed: Deployed) -> None:
    for team, other in TEAMS.items():
        assert deployed.may(team, "get", "secrets", "-n", team)
        for question in (
            ("get", "secrets", "-n", other),
            ("list", "secrets", "-n", other),
            ("get", "secrets", "-n", "minio"),
            ("list", "secrets", "--all-namespaces"),
            ("update", "resourcequotas/mlops-quota", "-n", team),
            ("patch", "resourcequotas/mlops-quota", "-n", team),
            ("delete", "resourcequotas/mlops-quota", "-n", team),
            ("update", "limitranges", "-n", team),
            ("patch", f"namespaces/{team}", "-n", team),
            ("update", f"namespaces/{team}", "-n", team),
            ("create", "namespaces"),
            ("create", "clusterrolebindings"),
            ("create", "serviceaccounts/token", "-n", other),
        ):
            assert not deployed.may(team, *question), f"{team}: {question}"


def test_the_api_server_says_so_too(deployed: Deployed) -> None:
    for team, other in TEAMS.items():
        label = "pod-security.kubernetes.io/enforce=privileged"
        for command in (
            ("label", "namespace", team, label, "--overwrite"),
            ("get", "secrets", "-n", other),
            ("patch", "resourcequota", "mlops-quota", "-n", team, "--type=merge", "-p", '{"spec":{"hard":{"pods":"999"}}}'),
        ):
            said = deployed.project.run("kubectl", *command, env=deployed.environments[team])
            assert said.code != 0 and "forbidden" in said.text, said.text


def test_what_the_platform_lacks_is_said_by_name(deployed: Deployed) -> None:
    path = deployed.project.stack_file("search-dev")
    text = path.read_text()
    environment = deployed.environments["search"]
    try:
        path.write_text(text.replace("platform-dev", "platform-other"))
        said = deployed.project.refused("preview", "search-dev", env=environment)
        assert '"platform-other"' in said and 'carries "platform-dev"' in said
        path.write_text(text.replace("    team: search\n", "    team: fraud\n", 1))
        said = deployed.project.refused("preview", "search-dev", env=environment)
        assert "fraud" in said and "forbidden" in said
    finally:
        path.write_text(text)
    unknown = deployed.project.mlops("sandbox", "env", "--team", "searhc")
    assert unknown.code != 0 and 'did you mean "search"?' in unknown.text


def test_a_grant_that_was_not_made_is_said_by_name(deployed: Deployed) -> None:
    platform = deployed.project.stack_file(PLATFORM)
    text = platform.read_text()
    without = text.replace(
        "        systems: [mlflow, jupyterhub]\n        topics: [clicks]",
        "        systems: [jupyterhub]\n        topics: [clicks]",
    )
    assert without != text
    environment = deployed.environments["search"]
    deployed.project.destroy("search-dev", env=environment)
    try:
        platform.write_text(without)
        deployed.project.up(PLATFORM)
        # the platform's file in the team's checkout says so before anything is asked of the cluster
        said = " ".join(deployed.project.refused("preview", "search-dev", env=environment).split())
        assert f"{PLATFORM} does not grant it to team search (granted: jupyterhub)" in said
        platform.write_text(text)
        # the file says granted, but nobody has brought it up yet: what is published is the judge
        said = " ".join(deployed.project.refused("preview", "search-dev", env=environment).split())
    finally:
        platform.write_text(text)
        deployed.project.up(PLATFORM)
    assert f'platform stack "{PLATFORM}" grants team "search" no' in said
    assert "Ask its owner to add it under mlops:spec.teams.search" in said
    deployed.project.up("search-dev", env=environment)


def test_destroying_one_team_leaves_the_other_and_the_platform(deployed: Deployed) -> None:
    made = deployed.project
    made.destroy("search-dev", env=deployed.environments["search"])
    for kind in ("deployments", "statefulsets", "persistentvolumeclaims"):
        assert made.get(kind, "-n", "search")["items"] == [], kind
    made.settled("fraud-dev", env=deployed.environments["fraud"])
    made.settled(PLATFORM)
    assert (
        made.run(
            "pulumi", "refresh", "--stack", "fraud-dev", "--yes", "--expect-no-changes", env=deployed.environments["fraud"]
        ).code
        == 0
    )
    status = made.mlops("status", PLATFORM)
    assert status.code == 0, status.text


def test_in_the_cloud_the_same_two_tiers(deployed: Deployed) -> None:
    made = deployed.project
    made.up("platform-prod")
    made.settled("platform-prod", "--policy-pack", "policies")
    fraud = made.team("fraud")
    assert fraud["AWS_SESSION_TOKEN"] and fraud["AWS_ACCESS_KEY_ID"] != made.environment["AWS_ACCESS_KEY_ID"]
    session = {key: fraud[key] for key in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")}
    assert ":assumed-role/platform-prod-fraud-deployer/fraud" in cloud_inventory.who(session)
    made.up("fraud-prod", env=fraud)
    made.settled("fraud-prod", "--policy-pack", "policies", env=fraud)
    hidden = {made.environment["AWS_SECRET_ACCESS_KEY"], (made.home / "passphrase").read_text().strip()}
    shown = made.good("stack export", "fraud-prod", "--show-secrets", env=fraud)
    assert not any(secret in shown for secret in hidden - {"sandbox"})
    # the team of the cluster moves to the cloud by one line: its platform there has a place for it
    made.copy_stack("fraud-dev", "fraud-moved", "mlops:target: kubernetes", "mlops:target: sagemaker", env=fraud)
    assert "aws:sagemaker:Domain" in made.good("preview", "fraud-moved", env=fraud)
    # what holds data in production goes only after somebody says so
    said = made.refused("destroy", "fraud-prod", "--yes", "--skip-preview", env=fraud)
    assert "protected" in said and "mlflow-server" in said
    made.good("state unprotect", "fraud-prod", "--all", "--yes", env=fraud)
    made.destroy("fraud-prod", env=fraud)
    made.settled("platform-prod")
