"""What AWS's resources come to under mocks: an ARN under every name that it bears, and the addresses that our components read."""

from collections.abc import Mapping
from typing import Any

REGION = "eu-central-1"
ADDRESSES = {
    "aws:amp/workspace:Workspace": {"prometheusEndpoint": f"https://aps-workspaces.{REGION}.amazonaws.com/workspaces/{{name}}/"},
    "aws:grafana/workspace:Workspace": {"endpoint": f"{{name}}.grafana-workspace.{REGION}.amazonaws.com"},
}
"""Outputs by type that are made of another service's name, with the resource's in place of {name}."""


def made(token: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The state of a new resource."""
    arn = f"arn:aws:{token.split(':')[1].partition('/')[0]}:{name}"
    state = {"name": name, **inputs} | dict.fromkeys(("arn", "endpointArn"), arn)
    state |= dict.fromkeys(("webserverUrl", "masterPublicDns"), f"{name}.example")
    return state | {key: text.format(name=name) for key, text in ADDRESSES.get(token, {}).items()}
