"""A team's own credentials in the sandbox: its deployer's token on the cluster, its deployer's role on the cloud."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from rapidfuzz import process as fuzzy

from sandbox.controlplane import cluster, kubeconfig
from sandbox.controlplane.api import Api

DEPLOYER_SECRET = "mlops-deployer-token"
NO_CLUSTER = "/dev/null"
"""KUBECONFIG of a team that stands on the cloud alone: the administrator's must not take its place."""


class TeamError(Exception):
    """A team's credentials are not to be had yet; the message says what makes them."""


def credentials(team: str, administrator: Mapping[str, str]) -> dict[str, str]:
    """Variables with the team's own credentials, found and handed over with the administrator's.

    The cluster's are the token of the ServiceAccount that the platform made, the cloud's one hour of the team's deployer
    role. Raises TeamError where no platform has made either.
    """
    role = _assumed(team, administrator)
    given = {
        "KUBECONFIG": _kubeconfig(team, needed=role is None) or NO_CLUSTER,
        # never the administrator's: who has no role has no access
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
    }
    if role:
        given["AWS_ACCESS_KEY_ID"] = role["AccessKeyId"]
        given["AWS_SECRET_ACCESS_KEY"] = role["SecretAccessKey"]
        given["AWS_SESSION_TOKEN"] = role["SessionToken"]
    return given


def _assumed(team: str, administrator: Mapping[str, str]) -> dict[str, str] | None:
    """Temporary keys of the role that a platform stack named <platform>-<team>-deployer; None where there is none."""

    def client(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=administrator["AWS_ENDPOINT_URL"],
            region_name=administrator["AWS_REGION"],
            aws_access_key_id=administrator["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=administrator["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"max_attempts": 0}, connect_timeout=2),
        )

    try:
        roles = [role for page in client("iam").get_paginator("list_roles").paginate() for role in page["Roles"]]
        mine = [role["Arn"] for role in roles if role["RoleName"].endswith(f"-{team}-deployer")]
        if not mine:
            return None
        found: dict[str, str] = client("sts").assume_role(RoleArn=mine[0], RoleSessionName=team)["Credentials"]
        return found
    except (BotoCoreError, ClientError):
        # the simulated cloud is down: nothing stands on it
        return None


def _kubeconfig(team: str, *, needed: bool) -> str | None:
    with cluster.api() as client:
        found = client.get(f"/api/v1/namespaces/{team}/secrets/{DEPLOYER_SECRET}")
        token = (found or {}).get("data", {}).get("token")
        if token:
            return str(kubeconfig.write_team(team, client.server, base64.b64decode(token).decode()))
        if needed:
            raise TeamError(_no_team(client, team, found is not None))
        return None


def _no_team(client: Api, team: str, has_secret: bool) -> str:
    if has_secret:
        return (
            f"team {team}: Secret {team}/{DEPLOYER_SECRET} has no token yet; the token controller fills it "
            "once the ServiceAccount that it names exists"
        )
    listed = client.items(f"/api/v1/secrets?fieldSelector=metadata.name={DEPLOYER_SECRET}")
    teams = sorted(item["metadata"]["namespace"] for item in listed)
    if not teams:
        return f"team {team}: the sandbox has no teams yet; deploy the platform stack that names it under `teams:`"
    nearest = fuzzy.extractOne(team, teams, score_cutoff=60)
    hint = f'; did you mean "{nearest[0]}"?' if nearest else ""
    return f"team {team}: no Secret {team}/{DEPLOYER_SECRET}; the platform's teams are {', '.join(teams)}{hint}"
