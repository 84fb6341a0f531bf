"""Images and workflows' logins on Azure."""

from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.azureml.identity import Role
from components.azureml.registry import AzureRegistry, AzureRegistryArgs
from components.contracts import Consumer
from tests.unit.azure_place import PLACE
from tests.unit.azure_stack import composed, identity, roles
from tests.unit.recording import record

SPEC = """
environment: prod
systems:
  docker: {}
  mlflow: {}
  github-actions: {url: https://github.com/acme/models}
"""


def test_the_registry_is_closed_encrypted_and_lends_pulling_alone() -> None:
    def build() -> tuple[Any, Any]:
        registry = AzureRegistry("docker", AzureRegistryArgs("images01", True, PLACE))
        consumer = Consumer("serving", role="principal")
        (contract,) = registry.contracts()
        return contract.grant(consumer), consumer.ready

    made = record(build)
    registry = made.one("Registry")
    given = registry.inputs
    assert given["sku"] == {"name": "Premium"} and given["publicNetworkAccess"] == "Disabled"
    assert given["adminUserEnabled"] is False and given["anonymousPullEnabled"] is False
    assert given["encryption"]["status"] == "enabled" and given["encryption"]["keyVaultProperties"]["identity"]
    assert given["policies"]["exportPolicy"] == {"status": "disabled"}
    assert registry.protect and registry.retain
    assert roles(made, "principal") == {"images01/serving-images": Role.PULL_IMAGES.value}
    assert made.one("PrivateEndpoint").inputs["privateLinkServiceConnections"][0]["groupIds"] == ["registry"]


def test_workflows_log_in_for_one_repository_and_environment(tmp_path: Path) -> None:
    made = composed(tmp_path, SPEC)
    login = made.one("FederatedIdentityCredential").inputs
    assert login["subject"] == "repo:acme/models:environment:prod"
    assert login["issuer"] == "https://token.actions.githubusercontent.com"
    assert login["audiences"] == ["api://AzureADTokenExchange"]
    _, principal = identity(made, "github-actions-identity")
    assert login["resourceName"] == "demo-github-actions"
    assert roles(made, principal) == {"demo-mlflow/github-actions-jobs-0": Role.DATA_SCIENTIST.value}
    assert len(made.all("Registry")) == 1


def test_an_organisation_is_no_repository(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r"github-actions.url: .https://github.com/acme.: expected a repository"):
        composed(tmp_path, "systems: {github-actions: {url: https://github.com/acme}}")
