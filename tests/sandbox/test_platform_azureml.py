"""The tier-all stack on Azure ML, end to end: up, nothing to change, policies content, nothing left.

There is no real API to read back from: what is looked at is the simulated cloud's own record, which refuses what Azure
Resource Manager would (sandbox/providers/azure/checks.py).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from tests.sandbox.platform_env import Project, project

pytestmark = pytest.mark.sandbox

STACK = "sandbox-azureml"
GROUP = "/resourceGroups/mlops-sandbox-azureml"


@dataclass
class Deployed:
    """The stack after its `up`."""

    project: Project
    said: str

    def objects(self, token: str = "") -> dict[str, dict[str, Any]]:
        """Inputs of what the simulated subscription holds, by id."""
        with closing(sqlite3.connect(self.project.home / "azure" / "state.db", timeout=10)) as state:
            rows = state.execute("select id, type, inputs from objects").fetchall()
        return {id: json.loads(inputs) for id, kind, inputs in rows if kind == f"azure-native:{token}" or not token}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with project(tmp_path_factory.mktemp("azureml")) as made:
        said = made.up(STACK)
        yield Deployed(made, said)


def test_a_second_preview_wants_nothing_and_the_pack_is_content(deployed: Deployed) -> None:
    said = deployed.project.settled(STACK, "--policy-pack", "policies")
    assert "[mandatory]" not in said and "[advisory]" not in said


def test_every_system_is_ready_and_status_says_what_is_real(deployed: Deployed) -> None:
    status = deployed.project.mlops("status", STACK, "--format", "json")
    assert status.code == 0, status.text
    found = json.loads(status.text)
    assert {row["system"] for row in found["systems"]} >= {
        "minio", "mysql", "kafka", "mlflow", "jupyterhub", "prometheus", "grafana",
    }  # fmt: skip
    assert found["plugins"]["azure-native"] == "simulated"
    assert found["cloud"] == {"API-backed": 0, "schema-only": len(deployed.objects())}


def test_everything_stands_in_the_stacks_own_group(deployed: Deployed) -> None:
    ids = deployed.objects()
    assert len(ids) > 100 and all(GROUP in id for id in ids)


def test_nothing_but_private_endpoints_leads_in(deployed: Deployed) -> None:
    closed = (
        "storage:StorageAccount",
        "eventhub:Namespace",
        "machinelearningservices:Workspace",
        "monitor:AzureMonitorWorkspace",
    )
    for token in closed:
        found = deployed.objects(token)
        assert found and all(item["publicNetworkAccess"] == "Disabled" for item in found.values()), token
        joined = {
            link["privateLinkServiceConnections"][0]["privateLinkServiceId"]
            for link in deployed.objects("network:PrivateEndpoint").values()
        }
        assert set(found) <= joined, token


def test_no_password_is_in_the_simulated_cloud(deployed: Deployed) -> None:
    (server,) = deployed.objects("dbformysql:Server").values()
    assert set(server["administratorLoginPassword"]) == {"$secret"}
    kept = next(r for r in deployed.project.resources(STACK, secrets=True) if r["type"].endswith(":RandomPassword"))
    files = (deployed.project.home / "azure").iterdir()
    assert all(json.loads(kept["outputs"]["result"]["plaintext"]).encode() not in path.read_bytes() for path in files)


def test_users_have_their_instances(deployed: Deployed) -> None:
    computes = deployed.objects("machinelearningservices:Compute").values()
    assert sorted(c["properties"]["description"] for c in computes if c["properties"]["computeType"] == "ComputeInstance") == [
        "alice",
        "bob",
    ]


def test_destroy_leaves_nothing(deployed: Deployed) -> None:
    # the last of the module, for it takes away what the others look at
    deployed.project.destroy(STACK)
    assert deployed.objects() == {}
