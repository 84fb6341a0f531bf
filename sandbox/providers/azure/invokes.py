"""Functions of the package that programs call: who asks, and every `get` of a type that a table names."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import yaml
from rapidfuzz import process

from sandbox.providers.azure.tables import KINDS, PACKAGE
from sandbox.providers.cloud.own import api_server
from sandbox.providers.cloud.spec import Json, render
from sandbox.providers.model import Call, CheckFailed, Failure

if TYPE_CHECKING:
    from sandbox.providers.azure.provider import Azure

CLIENT = f"{PACKAGE}:authorization:getClientConfig"
KUBECONFIG = f"{PACKAGE}:containerservice:listManagedClusterUserCredentials"


def invoke(azure: Azure, call: Call) -> Json:
    """The result of the function that `call` names. Raises Failure for one that the simulation does not have."""
    if call.type == CLIENT:
        cx = azure.context(call)
        return {"clientId": cx.client, "objectId": cx.user, "subscriptionId": cx.account, "tenantId": cx.tenant}
    if call.type == KUBECONFIG:
        return _kubeconfig(azure, call)
    token = _kind(call.type)
    if token not in KINDS:
        known = [CLIENT, KUBECONFIG, *(_getter(kind) for kind in KINDS)]
        near = process.extractOne(call.type, known, score_cutoff=80)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise Failure(f"the simulated azure-native provider has no function {call.type}{hint}")
    return _get(azure, call, token)


def _kubeconfig(azure: Azure, call: Call) -> Json:
    """As AKS answers for Entra logins: address, authority, and kubelogin; the address is the sandbox's own API server."""
    _get(azure, call, f"{PACKAGE}:containerservice:ManagedCluster")
    server, authority = api_server()
    if not server:
        raise Failure("the sandbox's control plane is not there, which a simulated cluster stands on: `mlops sandbox up`")
    name = str(call.inputs["resourceName"])
    login = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "kubelogin", "args": ["get-token"]}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": authority}}],
        "users": [{"name": name, "user": {"exec": login}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    text = base64.b64encode(yaml.safe_dump(document).encode()).decode()
    return {"kubeconfigs": [{"name": "clusterUser", "value": text}]}


def _get(azure: Azure, call: Call, token: str) -> Json:
    """What is there under the name and the parents that the arguments give."""
    spec = KINDS[token].spec
    arguments = {key: value for key, value in call.inputs.items() if value is not None}
    id = str(render(spec.id, {**spec.defaults, **azure.context(call).values(), **arguments}))
    record = azure.store.by_id(token, id)
    if record is None:
        raise CheckFailed([("", f"ResourceNotFound: there is no {id}")])
    outputs = azure.outputs(call, azure.package_schema.resource(token), spec, record.inputs, token)
    return {**outputs.complete(id, record.inputs, record.outputs), "id": id}


def _kind(function: str) -> str:
    """The type that `azure-native:appconfiguration:getKeyValue` reads."""
    head, _, name = function.rpartition(":")
    return f"{head}:{name.removeprefix('get')}" if name.startswith("get") else ""


def _getter(token: str) -> str:
    head, _, name = token.rpartition(":")
    return f"{head}:get{name}"
