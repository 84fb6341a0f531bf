"""A platform with a team on Azure, and the team's stack that lives on it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.azureml.identity import Role
from components.platform import Platform
from tests.unit import azure_mock
from tests.unit.azure_stack import composed, identity
from tests.unit.recording import Recording

PLATFORM = """
tier: platform
systems: {minio: {}, kafka: {topics: {payments: {}}}, prometheus: {}}
teams:
  fraud: {systems: [mlflow, jupyterhub], topics: [payments]}
"""
TEAM = """
tier: team
team: fraud
platformStack: {azureml: main}
systems: {mlflow: {}, jupyterhub: {users: [ada]}}
"""
MAIN = "config:\n  mlops:target: azureml\n  mlops:spec:\n" + "".join(f"    {line}\n" for line in PLATFORM.strip().splitlines())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Recording[Platform]:
    return composed(tmp_path_factory.mktemp("platform"), PLATFORM)


@pytest.fixture
def published(made: Recording[Platform]) -> Iterator[dict[str, Any]]:
    document = json.loads(made.one("KeyValue").inputs["value"])
    azure_mock.DOCUMENTS["mlops-fraud-contract"] = document
    yield document
    azure_mock.DOCUMENTS.clear()


def given(made: Recording[Any], principal: str) -> set[tuple[str, str]]:
    """(end of the scope, role) of everything that a principal was given."""
    return {
        (a.inputs["scope"].rpartition("/")[2], a.inputs["roleDefinitionId"].rpartition("/")[2])
        for a in made.all("RoleAssignment")
        if a.inputs["principalId"] == principal
    }


def test_the_deployer_manages_the_teams_group_and_assigns_no_roles(made: Recording[Any]) -> None:
    _, principal = identity(made, "team-fraud-deployer")
    rights = given(made, principal)
    assert ("mlops-demo-fraud", Role.CONTRIBUTOR.value) in rights
    assert [scope for scope, role in rights if role == Role.CONTRIBUTOR.value] == ["mlops-demo-fraud"]
    assert ("endpoints", Role.NETWORK_CONTRIBUTOR.value) in rights
    assert ("demo-encryption", Role.IDENTITY_OPERATOR.value) in rights


def test_workloads_of_the_team_have_identities_in_its_group_with_their_rights(made: Recording[Any]) -> None:
    found, principal = identity(made, "fraud-mlflow-identity")
    assert found.inputs["resourceGroupName"] == "mlops-demo-fraud"
    rights = given(made, principal)
    assert ("fraud-mlflow", Role.BLOB_DATA_CONTRIBUTOR.value) in rights, "its container"
    assert ("mlops-demo-fraud", Role.SECRETS_OFFICER.value) in rights
    _, notebooks = identity(made, "fraud-jupyterhub-identity")
    assert ("mlops-demo-fraud", Role.DATA_SCIENTIST.value) in given(made, notebooks)
    assert ("mlops-demo-fraud", Role.CONTRIBUTOR.value) not in given(made, notebooks)


def test_topics_go_to_the_teams_own_identity(made: Recording[Any]) -> None:
    _, principal = identity(made, "fraud-apps-identity")
    assert {("payments", Role.EVENTS_SENDER.value), ("payments", Role.EVENTS_RECEIVER.value)} <= given(made, principal)


def test_documents_stand_in_a_store_with_our_key_and_no_secret_in_them(made: Recording[Any], published: dict[str, Any]) -> None:
    store = made.one("ConfigurationStore").inputs
    assert store["publicNetworkAccess"] == "Disabled" and store["disableLocalAuth"] is True
    assert store["encryption"]["keyVaultProperties"]["keyIdentifier"].endswith("/keys/mlops")
    assert store["dataPlaneProxy"]["authenticationMode"] == "Pass-through"
    assert set(published["roles"]) == {"mlflow", "jupyterhub", "apps"}
    assert published["group"] == "mlops-demo-fraud" and set(published["buckets"]) == {"mlflow", "notebooks"}
    assert published["brokers"]["apps"]["topics"] == ["payments"]


def test_the_teams_stack_makes_its_workspace_in_its_own_group(published: dict[str, Any], tmp_path: Path) -> None:
    team = composed(tmp_path, TEAM, stack__main=MAIN)
    workspace = team.one("azure-native:machinelearningservices:Workspace").inputs
    assert workspace["resourceGroupName"] == "mlops-demo-fraud"
    assert workspace["primaryUserAssignedIdentity"] == published["roles"]["mlflow"]["id"]
    assert not team.all("RoleAssignment") and not team.all("ResourceGroup"), "a deployer has no right to make these"
    assert all(end.inputs["resourceGroupName"] == "mlops-demo-fraud" for end in team.all("PrivateEndpoint"))
    assert {store.inputs["properties"]["filesystem"] for store in team.all("Datastore")} == {"fraud-mlflow", "fraud-notebooks"}


def test_a_team_that_was_granted_nothing_is_told_so(tmp_path: Path) -> None:
    azure_mock.DOCUMENTS["mlops-fraud-contract"] = {}
    with pytest.raises(pulumi.RunError, match=r'platform stack "main" grants team "fraud" no'):
        composed(tmp_path, TEAM, stack__main=MAIN)
    azure_mock.DOCUMENTS.clear()
