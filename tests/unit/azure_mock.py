"""What the mock of a component test answers for azure-native: ids and computed outputs as the simulated provider gives them."""

import base64
import json
from functools import cache
from typing import Any

from sandbox.providers.azure.provider import ArmContext
from sandbox.providers.azure.shapes import ArmOutputs, guid
from sandbox.providers.azure.tables import COMMON, KINDS
from sandbox.providers.cloud.spec import render
from sandbox.providers.model import Call
from sandbox.providers.schema import Package
from sandbox.providers.values import bare
from tests.unit import cluster_mock

SUBSCRIPTION = "11111111-2222-4333-8444-555555555555"
TENANT = "66666666-7777-4888-9999-aaaaaaaaaaaa"
CONFIG = {"location": "westeurope", "subscriptionId": SUBSCRIPTION, "tenantId": TENANT}
DOCUMENTS: dict[str, dict[str, Any]] = {}
"""What stands in the App Configuration store, by key."""


@cache
def _package() -> Package:
    return Package("azure-native")


def made(token: str, name: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Id and outputs of a resource with these inputs."""
    kind = KINDS.get(token)
    spec = kind.spec if kind else COMMON
    call = Call(op="create", type=token, name=name, urn=f"urn:pulumi:test::mlops::{token}::{name}", config=CONFIG)
    given = {**spec.defaults, **inputs}
    if spec.name and spec.name.property not in given:
        given[spec.name.property] = f"{name}0000"
    given.setdefault("location", "westeurope")
    context = ArmContext(call)
    outputs = ArmOutputs(_package().resource(token), spec, context, None)
    outputs.kind = kind
    id = str(render(spec.id, {**context.values(), **given, "hash": "0" * 40}))
    return id, bare(outputs.complete(id, given, {}))


def asked(token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """The functions that the components use."""
    if token.endswith(":getClientConfig"):
        return {"subscriptionId": SUBSCRIPTION, "tenantId": TENANT, "clientId": "c", "objectId": "o"}
    if token.endswith(":listManagedClusterUserCredentials"):
        told = f"clusters: [{{cluster: {{server: {cluster_mock.SERVER}, certificate-authority-data: {cluster_mock.AUTHORITY}}}}}]"
        return {"kubeconfigs": [{"name": "clusterUser", "value": base64.b64encode(told.encode()).decode()}]}
    if token.endswith(":getUserAssignedIdentity"):
        return {"clientId": guid(inputs["resourceName"], "client")}
    assert token.endswith(":getKeyValue"), token
    return {"value": json.dumps(DOCUMENTS[inputs["keyValueName"]])}
