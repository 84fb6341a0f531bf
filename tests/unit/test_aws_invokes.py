"""The functions of the simulated `aws` provider that need no API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.providers.aws.provider import Aws
from sandbox.providers.model import Call, CheckFailed, Failure

GRAFANA = "aws:grafana/workspace:Workspace"
INPUTS = {"accountAccessType": "CURRENT_ACCOUNT", "authenticationProviders": ["SAML"], "permissionType": "SERVICE_MANAGED"}


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """A provider with a sandbox home of its own and no API to talk to."""
    monkeypatch.setenv("MLOPS_SANDBOX_HOME", str(tmp_path))
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    made = Aws()
    yield made
    made.close()


def _call(op: str, token: str = GRAFANA, name: str = "one", **more: Any) -> Call:
    return Call(op=op, urn=f"urn:pulumi:dev::trial::{token}::{name}", type=token, name=name, **more)


def test_a_policy_document_is_computed_as_documented(provider: Aws) -> None:
    statements = [
        {
            "sid": "Read",
            "actions": ["s3:GetObject", "s3:ListBucket"],
            "resources": ["*"],
            "principals": [{"type": "AWS", "identifiers": ["a"]}],
            "conditions": [{"test": "StringEquals", "variable": "aws:x", "values": ["y"]}],
        }
    ]
    override = json.dumps({"Statement": [{"Sid": "Read", "Effect": "Deny", "Action": "*", "Resource": "*"}]})
    made = provider.invoke(_invoke("aws:iam/getPolicyDocument:getPolicyDocument", statements=statements))
    assert json.loads(made["json"])["Statement"] == [
        {
            "Sid": "Read",
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:GetObject"],
            "Resource": "*",
            "Principal": {"AWS": "a"},
            "Condition": {"StringEquals": {"aws:x": "y"}},
        }
    ]
    inputs = {"statements": statements, "overridePolicyDocuments": [override]}
    made = provider.invoke(_invoke("aws:iam/getPolicyDocument:getPolicyDocument", **inputs))
    assert json.loads(made["minifiedJson"])["Statement"] == json.loads(override)["Statement"]
    with pytest.raises(CheckFailed, match='two statements have the sid "Read"'):
        provider.invoke(_invoke("aws:iam/getPolicyDocument:getPolicyDocument", statements=statements * 2))


def _invoke(token: str, **inputs: Any) -> Call:
    return Call(op="invoke", type=token, inputs=inputs)


def test_region_and_partition_need_no_api_and_others_are_refused(provider: Aws) -> None:
    call = _invoke("aws:index/getRegion:getRegion")
    call.config = {"region": "eu-central-1"}
    assert provider.invoke(call)["name"] == "eu-central-1"
    assert provider.invoke(_invoke("aws:index/getPartition:getPartition"))["partition"] == "aws"
    with pytest.raises(
        Failure, match=r"has no function aws:index/getRegions:getRegions; did you mean \"aws:index/getRegion:getRegion\""
    ):
        provider.invoke(_invoke("aws:index/getRegions:getRegions"))
