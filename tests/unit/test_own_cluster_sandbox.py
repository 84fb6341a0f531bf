"""The simulated login: for the sandbox's own API server alone, and said."""

import json
from pathlib import Path

import pytest

from sandbox.controlplane import kubeconfig as own
from sandbox.controlplane import pki
from sandbox.providers.kubernetes import kubeconfig
from sandbox.providers.kubernetes.provider import Kubernetes
from sandbox.providers.model import Call, Failure

SERVER, AUTHORITY = "http://127.0.0.1:6443", "Q0E="


@pytest.fixture(autouse=True)
def sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "own_server", lambda: (SERVER, AUTHORITY))
    monkeypatch.setattr(pki, "admin_token", lambda: "admin-of-the-sandbox")


def config(server: str = SERVER, authority: str = AUTHORITY) -> dict[str, str]:
    cluster = {"server": server, "certificate-authority-data": authority}
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "aws", "args": ["eks", "get-token"]}}
    document = {
        "current-context": "c",
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "c", "user": user}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
    }
    return {"kubeconfig": json.dumps(document)}


def test_its_administrator_stands_in_at_the_sandboxs_own_server() -> None:
    found = kubeconfig.load(config())
    assert dict(found.headers) == {"Authorization": "Bearer admin-of-the-sandbox"}
    # tools that need a file run no command of a cloud either
    assert "exec" not in json.loads(found.kubeconfig)["users"][0]["user"]


@pytest.mark.parametrize("other", [{"server": "http://127.0.0.1:6444"}, {"authority": "T1RIRVI="}])
def test_every_other_server_is_refused(other: dict[str, str]) -> None:
    with pytest.raises(Failure, match="logs in through a plugin"):
        kubeconfig.load(config(**other))
    assert kubeconfig.stood_in(config(**other)) == ""


def test_without_a_sandbox_nothing_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "own_server", lambda: ("", ""))
    with pytest.raises(Failure, match="logs in through a plugin"):
        kubeconfig.load(config())


def test_it_is_said_at_every_command() -> None:
    def notes(inputs: dict[str, str]) -> list[str]:
        return Kubernetes().notes(Call(op="configure", urn="", type="", name="", inputs=inputs))

    (said,) = notes(config())
    assert "stands in for the login by aws" in said
    assert notes({"context": "prod"}) == [] and notes({}) == []


def test_the_sandboxs_address_is_read_from_its_administrators_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(own, "admin_path", lambda: tmp_path / "kubeconfig")
    assert own.own_server() == ("", "")
    cluster = {"server": SERVER, "certificate-authority-data": AUTHORITY}
    (tmp_path / "kubeconfig").write_text(json.dumps({"clusters": [{"name": "sandbox", "cluster": cluster}]}))
    assert own.own_server() == (SERVER, AUTHORITY)
