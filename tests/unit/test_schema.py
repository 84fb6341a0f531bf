"""Schemas derived from the installed SDKs, and what they say about inputs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.providers.schema import Package, Type, UnknownType, problems
from sandbox.providers.schema.model import Property, Resource
from sandbox.providers.values import UNKNOWN


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    monkeypatch.setenv("MLOPS_CACHE", str(tmp_path))
    return tmp_path / "schemas"


def _required(resource: Resource) -> set[str]:
    return {name for name, item in resource.inputs.items() if item.required}


def test_a_type_has_the_names_types_and_duties_of_the_sdk() -> None:
    domain = Package("aws").resource("aws:sagemaker/domain:Domain")
    assert _required(domain) == {"authMode", "defaultUserSettings", "domainName", "subnetIds", "vpcId"}
    assert domain.inputs["subnetIds"].type == Type("array", items=Type("string"))
    assert domain.inputs["tags"].type == Type("map", items=Type("string"))
    settings = domain.types[domain.inputs["defaultUserSettings"].type.ref or ""]
    assert settings["executionRole"] == Property(Type("string"), required=True)
    assert {"arn", "url", "tagsAll"} <= set(domain.outputs) - set(domain.inputs)
    assert domain.outputs["arn"].required and not domain.outputs["kmsKeyId"].required


def test_secrets_aliases_and_renamed_argument_classes_are_found() -> None:
    package = Package("aws")
    instance = package.resource("aws:rds/instance:Instance")
    assert instance.secret_inputs == instance.secret_outputs == {"password", "passwordWo"}
    assert package.resource("aws:s3/bucket:Bucket").aliases == ("aws:s3/bucketV2:BucketV2",)
    encryption = package.resource("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
    assert _required(encryption) == {"bucket", "rules"}  # its Args class is named …InitArgs
    assert package.resource("aws:s3/bucketV2:BucketV2").deprecated


def test_recursive_types_end() -> None:
    assert len(Package("aws").resource("aws:wafv2/webAcl:WebAcl").types) > 100


@pytest.mark.parametrize(
    ("package", "token", "name", "kind"),
    [
        ("azure-native", "azure-native:storage:StorageAccount", "accessTier", "enum"),
        ("azure-native", "azure-native:storage:StorageAccount", "kind", "union"),
        ("gcp", "gcp:sql/databaseInstance:DatabaseInstance", "settings", "object"),
        ("kubernetes", "kubernetes:apps/v1:Deployment", "spec", "object"),
        ("random", "random:index/randomPassword:RandomPassword", "length", "integer"),
    ],
)
def test_every_packages_sdk_is_read_the_same_way(package: str, token: str, name: str, kind: str) -> None:
    item = Package(package).resource(token).inputs[name].type
    options = item.options if item.kind == "union" and kind != "union" else (item,)
    assert kind in {option.kind for option in options}


def test_what_was_derived_is_cached_and_a_damaged_file_is_derived_again(cache: Path) -> None:
    first = Package("aws").resource("aws:ec2/vpc:Vpc")
    (path,) = cache.rglob("*.json")
    assert Resource.from_json(json.loads(path.read_text())) == first
    path.write_text(json.dumps(first.to_json() | {"inputs": {"only": ["string", 0]}}))
    assert set(Package("aws").resource("aws:ec2/vpc:Vpc").inputs) == {"only"}
    path.write_text("{")
    assert Package("aws").resource("aws:ec2/vpc:Vpc") == first


def test_an_unknown_type_names_the_nearest() -> None:
    with pytest.raises(UnknownType, match=r"aws:s3/bucket:Bukket.*did you mean"):
        Package("aws").resource("aws:s3/bucket:Bukket")


def _problems(token: str, inputs: Mapping[str, object], **more: tuple[str, ...]) -> dict[str, str]:
    choices = {path.replace("__", "."): values for path, values in more.items()}
    return dict(problems(Package("aws").resource(token), inputs, choices))


DOMAIN = {"authMode": "IAM", "domainName": "d", "subnetIds": ["s"], "vpcId": "v", "defaultUserSettings": {"executionRole": "r"}}


def test_good_inputs_and_unknown_values_pass() -> None:
    assert _problems("aws:sagemaker/domain:Domain", DOMAIN) == {}
    unknown = {**DOMAIN, "subnetIds": UNKNOWN, "defaultUserSettings": {"executionRole": UNKNOWN}, "kmsKeyId": None}
    assert _problems("aws:sagemaker/domain:Domain", unknown, authMode=("IAM",)) == {}
    assert _problems("aws:sagemaker/domain:Domain", {**DOMAIN, "__defaults": []}) == {}


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"domainNam": "x"}, "domainNam", 'unknown property of aws:sagemaker/domain:Domain; did you mean "domainName"?'),
        ({"vpcId": None}, "vpcId", "required by aws:sagemaker/domain:Domain, but missing"),
        ({"vpcId": 3}, "vpcId", "must be a string, not 3"),
        ({"subnetIds": "s"}, "subnetIds", 'must be a list, not "s"'),
        ({"subnetIds": ["s", 1]}, "subnetIds[1]", "must be a string, not 1"),
        ({"tags": {"a.b": True}}, 'tags["a.b"]', "must be a string, not true"),
        (
            {"defaultUserSettings": {"executionRole": "r", "securityGroup": []}},
            "defaultUserSettings.securityGroup",
            'unknown property of defaultUserSettings; did you mean "securityGroups"?',
        ),
        ({"defaultUserSettings": {}}, "defaultUserSettings.executionRole", "required by defaultUserSettings, but missing"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(change: dict[str, object], path: str, reason: str) -> None:
    assert _problems("aws:sagemaker/domain:Domain", {**DOMAIN, **change}) == {path: reason}


def test_values_outside_an_enum_or_a_choice_are_named() -> None:
    kind = dict(
        problems(
            Package("azure-native").resource("azure-native:storage:StorageAccount"),
            {"accessTier": "hot", "kind": "AnyKind", "resourceGroupName": "g", "sku": {"name": "Standard_LRS"}},
        )
    )
    assert kind == {"accessTier": '"hot" is not accepted; did you mean "Hot"?; accepted: Hot, Cool, Premium, Cold'}
    found = _problems("aws:sagemaker/domain:Domain", {**DOMAIN, "authMode": "SS"}, authMode=("IAM", "SSO"))
    assert found == {"authMode": '"SS" is not accepted; did you mean "SSO"?; accepted: IAM, SSO'}


def test_a_secret_is_never_shown() -> None:
    inputs = {"instanceClass": "db.t4g.medium", "password": ["hunter2hunter2"], "username": 7}
    found = problems(Package("aws").resource("aws:rds/instance:Instance"), inputs, hidden=lambda path: path == ("username",))
    assert {path for path, _ in found} == {"password", "username"}
    assert "hunter2" not in str(found) and "7" not in str(found)
