"""Kubeconfig files of the sandbox: the administrator's, the controllers' and the teams'."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import yaml

from sandbox.controlplane import pki
from sandbox.paths import home

NAME = "sandbox"


def admin_path() -> Path:
    """The administrator's kubeconfig."""
    return home() / "kubeconfig"


def team_folder() -> Path:
    """Where the teams' kubeconfigs and passphrases lie."""
    return home() / "teams"


def _write(path: Path, server: str, user: dict[str, str], namespace: str = "default") -> Path:
    document: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": NAME,
        "clusters": [
            {
                "name": NAME,
                "cluster": {
                    "server": server,
                    "certificate-authority-data": base64.b64encode(pki.authority()).decode(),
                },
            }
        ],
        "users": [{"name": NAME, "user": user}],
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME, "namespace": namespace}}],
    }
    return pki.write_private(path, yaml.safe_dump(document, sort_keys=False))


def write_admin(server: str) -> Path:
    """The kubeconfig that everything run by the sandbox's owner uses."""
    return _write(admin_path(), server, {"token": pki.admin_token()})


def write_component(name: str, server: str) -> Path:
    """Kubeconfig of a control-plane process, by its client certificate."""
    certificate, key = pki.folder() / f"{name}.crt", pki.folder() / f"{name}.key"
    user = {"client-certificate": str(certificate), "client-key": str(key)}
    return _write(pki.folder() / f"{name}.kubeconfig", server, user)


def write_team(team: str, server: str, token: str) -> Path:
    """Kubeconfig of a team's deployer; its default namespace is the team's."""
    return _write(team_folder() / f"{team}.kubeconfig", server, {"token": token}, namespace=team)


def own_server() -> tuple[str, str]:
    """(address, base64 of the authority's PEM) of the sandbox's API server as its administrator reaches it; empty without one."""
    try:
        cluster = yaml.safe_load(admin_path().read_text())["clusters"][0]["cluster"]
    except (FileNotFoundError, KeyError, IndexError, TypeError):
        return "", ""
    return str(cluster["server"]), str(cluster["certificate-authority-data"])


def move_teams(server: str) -> None:
    """Points the teams' kubeconfigs at a new address; only needed when the old port was taken meanwhile."""
    for path in team_folder().glob("*.kubeconfig"):
        document = yaml.safe_load(path.read_text())
        document["clusters"][0]["cluster"]["server"] = server
        pki.write_private(path, yaml.safe_dump(document, sort_keys=False))
