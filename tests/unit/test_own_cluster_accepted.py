"""What a stack with its own cluster makes is what the installed SDKs' schemas and the clouds' rules for names accept."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.providers.aws.provider import Aws
from sandbox.providers.azure.provider import Azure
from sandbox.providers.cloud.engine import Cloud
from sandbox.providers.gcp.provider import Gcp
from sandbox.providers.model import Call
from tests.unit import azure_mock
from tests.unit.own_cluster_stack import made_by

CLOUDS: dict[str, tuple[str, Callable[[], Cloud], dict[str, str]]] = {
    "eks": ("aws", Aws, {"region": "eu-central-1"}),
    "gke": ("gcp", Gcp, {"project": "mlops-trial", "region": "europe-west3"}),
    "aks": ("azure-native", Azure, azure_mock.CONFIG),
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MLOPS_SANDBOX_HOME", str(tmp_path / "home"))
    yield tmp_path


@pytest.mark.parametrize("provisioner", sorted(CLOUDS))
def test_every_resource_is_accepted(home: Path, provisioner: str) -> None:
    package, cloud, config = CLOUDS[provisioner]
    made, provider = made_by(home, provisioner, more="environment: prod"), cloud()
    mine = [r for r in made.resources if r.type.startswith(f"{package}:") and not r.read]
    assert len(mine) > 20
    refused = {}
    for r in mine:
        urn = f"urn:pulumi:demo::mlops::{r.type}::{r.name}"
        found = provider.check(Call(op="check", urn=urn, type=r.type, name=r.name, inputs=r.inputs, config=config))
        if found.failures:
            refused[f"{r.type} {r.name}"] = found.failures
    provider.close()
    assert refused == {}
