"""An Azure ML stack through the composer, for tests."""

from pathlib import Path
from typing import Any

from components.platform import Platform
from tests.unit.recording import Recording, record
from tests.unit.registered import Registered
from tests.unit.stackfiles import refused_by_components, stack

SPINE = """
environment: prod
cloud: {region: westeurope, network: {cidr: 10.64.0.0/16}}
systems:
  minio: {buckets: {raw: {expireAfter: 30d}}}
  mysql: {replicas: 3}
  kafka: {topics: {events: {partitions: 6, retention: 3d}}}
  mlflow: {}
  jupyterhub: {users: [alice], admins: [bob], entraIds: {alice: 0d0d0d0d-1111-4222-8333-444444444444}}
  prometheus: {}
  grafana: {}
"""


def composed(folder: Path, spec: str = SPINE, **files: str) -> Recording[Platform]:
    """The stack's whole graph."""
    made = stack(refused_by_components(folder, spec, target="azureml", **files))
    return record(lambda: Platform("platform", made))


def roles(made: Recording[Any], principal: str) -> dict[str, str]:
    """Role (GUID) by the last two steps of the scope that a principal was given it on."""
    return {
        f"{given.inputs['scope'].split('/')[-1]}/{given.name}": given.inputs["roleDefinitionId"].rpartition("/")[2]
        for given in made.all("RoleAssignment")
        if given.inputs["principalId"] == principal
    }


def identity(made: Recording[Any], name: str) -> tuple[Registered, str]:
    """A managed identity by its resource name, with its principal."""
    from sandbox.providers.azure.shapes import guid
    from tests.unit import azure_mock

    found = made.one("UserAssignedIdentity", name)
    id, _ = azure_mock.made(found.type, found.name, found.inputs)
    return found, guid(id, "principal")
