"""Functions of the package that programs call (`aws.get_caller_identity()`): a few, computed here or asked of moto."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from rapidfuzz import process

from sandbox.providers.aws.clients import AwsContext
from sandbox.providers.aws.shapes import at
from sandbox.providers.cloud.spec import Json
from sandbox.providers.model import CheckFailed, Failure


def invoke(cx: AwsContext) -> Json:
    """The result of the function that `cx.call` names. Raises Failure for one the simulation does not have."""
    token = cx.call.type
    function = FUNCTIONS.get(token)
    if function is None:
        near = process.extractOne(token, list(FUNCTIONS), score_cutoff=80)
        hint = f'; did you mean "{near[0]}"?' if near else ""
        raise Failure(f"the simulated aws provider has no function {token}{hint}; it has: {', '.join(sorted(FUNCTIONS))}")
    return function(cx, {key: value for key, value in cx.call.inputs.items() if value is not None})


def _identity(cx: AwsContext, _: Json) -> Json:
    who = cx.run("sts", "get_caller_identity")
    return {"accountId": who["Account"], "arn": who["Arn"], "userId": who["UserId"], "id": who["Account"]}


def _region(cx: AwsContext, inputs: Json) -> Json:
    name = inputs.get("region") or inputs.get("name") or cx.region
    return {"region": name, "name": name, "id": name, "description": name, "endpoint": f"ec2.{name}.amazonaws.com"}


def _partition(cx: AwsContext, _: Json) -> Json:
    return {"partition": "aws", "id": "aws", "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}


def _zones(cx: AwsContext, inputs: Json) -> Json:
    zones = cx.run("ec2", "describe_availability_zones")["AvailabilityZones"]
    state = inputs.get("state")
    hidden = {*(inputs.get("excludeNames") or []), *(inputs.get("excludeZoneIds") or [])}
    kept = [
        zone
        for zone in zones
        if (not state or zone.get("State") == state) and not hidden & {zone["ZoneName"], zone.get("ZoneId")}
    ]
    return {
        "names": [zone["ZoneName"] for zone in kept],
        "zoneIds": [zone.get("ZoneId", "") for zone in kept],
        "groupNames": [cx.region],
        "id": cx.region,
        "region": cx.region,
        **inputs,
    }


def _parameter(cx: AwsContext, inputs: Json) -> Json:
    decrypt = inputs.get("withDecryption", True)
    found = at(cx.maybe("ssm", "get_parameter", Name=inputs["name"], WithDecryption=decrypt), "Parameter")
    if found is None:
        raise CheckFailed([("name", f'there is no SSM parameter "{inputs["name"]}" in {cx.region}')])
    value = found.get("Value", "")
    plain = value if found["Type"] != "SecureString" else ""
    return {
        "id": inputs["name"],
        "name": inputs["name"],
        "type": found["Type"],
        "value": _secret(value),
        "insecureValue": plain,
        "version": found.get("Version", 1),
        "arn": found.get("ARN", ""),
        "region": cx.region,
        "withDecryption": decrypt,
    }


def _secret(value: str) -> Any:
    from sandbox.providers.values import Secret

    return Secret(value)


def _document(cx: AwsContext, inputs: Json) -> Json:
    """`iam.get_policy_document`, by its documented rules: sources first, statements, then overrides by sid."""
    statements: dict[str, Json] = {}
    for text in inputs.get("sourcePolicyDocuments") or []:
        _merge(statements, json.loads(text).get("Statement", []), replace=False)
    _merge(statements, [_statement(entry) for entry in inputs.get("statements") or []], replace=False)
    for text in inputs.get("overridePolicyDocuments") or []:
        _merge(statements, json.loads(text).get("Statement", []), replace=True)
    document: Json = {"Version": inputs.get("version", "2012-10-17")}
    if inputs.get("policyId"):
        document["Id"] = inputs["policyId"]
    document["Statement"] = list(statements.values())
    text = json.dumps(document, indent=2)
    return {
        **inputs,
        "json": text,
        "minifiedJson": json.dumps(document, separators=(",", ":")),
        "id": str(int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)),
    }


def _merge(into: dict[str, Json], statements: Any, *, replace: bool) -> None:
    for entry in statements if isinstance(statements, list) else [statements]:
        sid = entry.get("Sid") or f"\0{len(into)}"
        if sid in into and not replace:
            raise CheckFailed([("statements", f'two statements have the sid "{sid}"')])
        into[sid] = entry


def _statement(entry: Json) -> Json:
    found: Json = {"Sid": entry["sid"]} if entry.get("sid") else {}
    found["Effect"] = entry.get("effect") or "Allow"
    for name, member in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if entry.get(name):
            found[member] = _one_or_all(entry[name])
    for name, member in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if entry.get(name):
            found[member] = _principals(entry[name])
    conditions: Json = {}
    for condition in entry.get("conditions") or []:
        conditions.setdefault(condition["test"], {})[condition["variable"]] = _one_or_all(condition["values"])
    return found | ({"Condition": conditions} if conditions else {})


def _principals(entries: list[Json]) -> Any:
    if [(entry["type"], entry["identifiers"]) for entry in entries] == [("*", ["*"])]:
        return "*"
    found: dict[str, list[str]] = {}
    for entry in entries:
        found.setdefault(entry["type"], []).extend(entry["identifiers"])
    return {kind: _one_or_all(identifiers) for kind, identifiers in found.items()}


def _one_or_all(values: list[str]) -> Any:
    return values[0] if len(values) == 1 else sorted(values, reverse=True)


def _prebuilt(cx: AwsContext, inputs: Json) -> Json:
    """`sagemaker.get_prebuilt_ecr_image`: AWS keeps these images in accounts of its own, a number a region and repository.

    The simulation has no table of them: the number here is made from the two, so that it is the same at every run.
    """
    region, name, tag = inputs.get("region") or cx.region, inputs["repositoryName"], inputs.get("imageTag") or "1"
    registry = str(int(hashlib.sha256(f"{region}/{name}".encode()).hexdigest()[:12], 16)).zfill(12)[:12]
    suffix = inputs.get("dnsSuffix") or "amazonaws.com"
    path = f"{registry}.dkr.ecr.{region}.{suffix}/{name}:{tag}"
    return {**inputs, "id": registry, "region": region, "registryId": registry, "registryPath": path}


FUNCTIONS: dict[str, Callable[[AwsContext, Json], Json]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:iam/getPolicyDocument:getPolicyDocument": _document,
    "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage": _prebuilt,
    "aws:ssm/getParameter:getParameter": _parameter,
}
