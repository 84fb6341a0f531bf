"""Changes on the simulated `aws` provider: update, drift, replacement, crashes, refusals, many at once."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.providers.cloud.store import counts
from tests.sandbox.aws_env import Trial, trial

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """The program `steps`, up."""
    with trial(tmp_path_factory.mktemp("aws"), "steps") as made:
        made.up()
        yield made


def test_changes_in_place_reach_the_api_and_the_record(steps: Trial) -> None:
    vpc, role = steps.outputs()["vpc"], steps.outputs()["role"]
    steps.set(step="two", size="Large", indent="2")
    text = steps.up()
    assert "2 updated" in text and "replace" not in text, text  # JSON that only looks different is no change
    (live,) = steps.cloud.client("ec2").describe_vpcs(VpcIds=[vpc])["Vpcs"]
    assert {"Key": "step", "Value": "two"} in live["Tags"]
    assert steps.state()["net"]["outputs"]["tagsAll"] == {"step": "two"}
    assert steps.state()["tracking"]["outputs"]["trackingServerSize"] == "Large"
    assert steps.outputs()["role"] == role
    steps.ok("preview", "--expect-no-changes")


def test_drift_is_seen_by_refresh_and_repaired_by_up(steps: Trial) -> None:
    s3, bucket = steps.cloud.client("s3"), steps.outputs()["bucket"]
    rules = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
    assert "unchanged" in steps.ok("preview", "--expect-no-changes")  # without refresh nobody looks
    refused = steps.refused("preview", "--refresh", "--expect-no-changes", "--diff")
    assert 'sseAlgorithm: "AES256" => "aws:kms"' in refused, refused
    assert "1 updated" in steps.ok("refresh", "--yes", "--skip-preview")
    assert "1 updated" in steps.up()
    live = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert live["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


@pytest.mark.slow
def test_what_others_deleted_is_made_again(steps: Trial) -> None:
    s3, bucket = steps.cloud.client("s3"), steps.outputs()["bucket"]
    s3.delete_bucket_encryption(Bucket=bucket)
    assert "1 deleted" in steps.ok("refresh", "--yes", "--skip-preview")
    assert "1 created" in steps.up()
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]


def test_replacement_makes_the_new_one_first_and_leaves_no_old_one(steps: Trial) -> None:
    before = steps.outputs()
    steps.set(cidr="10.9.0.0/16", path="/workers/")
    assert "3 to replace" in steps.ok("preview")
    assert "3 replaced" in steps.up()
    after = steps.outputs()
    assert after["vpc"] != before["vpc"] and after["role"] != before["role"]
    vpcs = [vpc["VpcId"] for vpc in steps.cloud.client("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
    assert vpcs == [after["vpc"]]
    assert [role["RoleName"] for role in steps.cloud.client("iam").list_roles()["Roles"]] == [after["role"]]
    steps.ok("preview", "--expect-no-changes")


@pytest.mark.slow
def test_a_replacement_on_demand_does_not_adopt_what_it_replaces(steps: Trial) -> None:
    before = steps.outputs()
    urns = [steps.state()[name]["urn"] for name in ("worker", "tracking")]
    steps.ok("up", "--yes", "--skip-preview", *(f"--replace={urn}" for urn in urns))
    assert steps.outputs()["role"] != before["role"]
    assert [role["RoleName"] for role in steps.cloud.client("iam").list_roles()["Roles"]] == [steps.outputs()["role"]]
    steps.ok("preview", "--expect-no-changes")


@pytest.mark.slow
def test_a_destroyed_stack_comes_up_again(steps: Trial) -> None:
    steps.ok("destroy", "--yes", "--skip-preview")
    assert counts(steps.home / "aws" / "state.db") == {}
    steps.up()  # the secret of the same name still waits for its deletion
    name = steps.outputs()["secret"]
    assert "DeletedDate" not in steps.cloud.client("secretsmanager").describe_secret(SecretId=name)


@pytest.mark.parametrize(
    "name",
    [
        "aws:iam/role:Role",
        pytest.param("aws:ec2/vpc:Vpc", marks=pytest.mark.slow),
        pytest.param("aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer", marks=pytest.mark.slow),
    ],
)
def test_an_engine_killed_before_its_record_makes_nothing_twice(steps: Trial, name: str) -> None:
    steps.ok("destroy", "--yes", "--skip-preview")
    rule = {"provider": "aws", "type": name, "op": "create", "action": "kill-engine"}
    (steps.home / "faults.json").write_text(json.dumps([rule]))
    killed = steps.run("up", "--yes", "--skip-preview")
    assert killed.code != 0
    (steps.home / "faults.json").unlink()
    assert steps.gone_but(steps.cloud)
    steps.run("cancel", "--yes")
    steps.up()
    assert len([vpc for vpc in steps.cloud.client("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]) == 1
    assert len(steps.cloud.client("iam").list_roles()["Roles"]) == 1
    assert len(steps.cloud.client("s3").list_buckets()["Buckets"]) == 1
    assert counts(steps.home / "aws" / "state.db") == {"dev": {"api": 6, "schema-only": 1}}
    steps.ok("preview", "--expect-no-changes")


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """The program `bad`, never up."""
    with trial(tmp_path_factory.mktemp("aws"), "bad") as made:
        yield made


@pytest.mark.parametrize(
    ("type_", "properties", "expected"),
    [
        (
            "aws:s3/bucket:Bucket",
            {"forceDestory": True},
            r'unknown property of aws:s3/bucket:Bucket; did you mean "forceDestroy"\?',
        ),
        ("aws:ec2/subnet:Subnet", {"cidrBlock": "10.0.0.0/24"}, r"vpcId.*required by aws:ec2/subnet:Subnet, but missing"),
        (
            "aws:rds/instance:Instance",
            {"instanceClass": "db.t4g.medium", "multiAz": "yes"},
            r'multiAz.*must be true or false, not "yes"',
        ),
        (
            "aws:msk/topic:Topic",
            {"clusterArn": "arn", "partitionCount": 1.5, "replicationFactor": 2},
            r"partitionCount.*must be a whole number, not 1.5",
        ),
        (
            "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
            {"bucket": "b", "rule": {"objectOwnership": "BucketOwnerEnforce"}},
            r'rule.objectOwnership.*did you mean "BucketOwnerEnforced"\?',
        ),
        ("aws:ec2/subnet:Subnt", {}, r'no such resource type; did you mean "aws:ec2/subnet:Subnet"\?'),
    ],
)
def test_bad_inputs_fail_the_preview_and_are_named(bad: Trial, type_: str, properties: dict[str, object], expected: str) -> None:
    bad.set(type=type_, properties=json.dumps(properties))
    text = bad.refused("preview")
    assert re.search(expected, text.replace("\n", " ")), text


def test_a_wrong_value_known_only_after_the_update_is_refused_then(bad: Trial) -> None:
    bad.set(type="aws:s3/bucketOwnershipControls:BucketOwnershipControls", properties='{"bucket": "later"}', late="yes")
    bad.ok("preview")
    text = bad.refused("up", "--yes", "--skip-preview")
    bad.ok("config", "rm", "late")
    bad.ok("destroy", "--yes", "--skip-preview")
    assert "rule.objectOwnership" in text and "is not accepted" in text, text


def test_an_api_refusal_is_shown_in_its_own_words(bad: Trial) -> None:
    bad.set(type="aws:ec2/subnet:Subnet", properties=json.dumps({"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24"}))
    assert "InvalidVpcID.NotFound" in bad.refused("up", "--yes", "--skip-preview")
    bad.set(
        type="aws:msk/topic:Topic", properties=json.dumps({"clusterArn": "arn:none", "partitionCount": 1, "replicationFactor": 1})
    )
    assert 'clusterArn: there is no MSK cluster "arn:none"' in bad.refused("up", "--yes", "--skip-preview")
    assert counts(bad.home / "aws" / "state.db") == {}


def test_a_bucket_that_is_not_ours_is_not_taken(bad: Trial) -> None:
    bad.cloud.client("s3").create_bucket(Bucket="somebody-elses")
    bad.set(type="aws:s3/bucket:Bucket", properties=json.dumps({"bucket": "somebody-elses"}))
    assert '"somebody-elses" exists already' in bad.refused("up", "--yes", "--skip-preview")
    bad.refused("up", "--yes", "--skip-preview")
    assert [bucket["Name"] for bucket in bad.cloud.client("s3").list_buckets()["Buckets"]] == ["somebody-elses"]


def test_nothing_beyond_this_machine_is_called(bad: Trial) -> None:
    bad.set(type="aws:s3/bucket:Bucket", properties="{}")
    kept = bad.environment["AWS_ENDPOINT_URL"]
    bad.environment["AWS_ENDPOINT_URL"] = "https://s3.example.com"
    try:
        assert "calls only this machine" in bad.refused("up", "--yes", "--skip-preview")
    finally:
        bad.environment["AWS_ENDPOINT_URL"] = kept


@pytest.mark.slow
def test_forty_resources_come_up_at_once(tmp_path: Path) -> None:
    with trial(tmp_path, "many") as many:
        start = time.monotonic()
        assert "41 created" in many.up()
        print(f"forty resources up in {time.monotonic() - start:.1f} s")
        many.ok("preview", "--expect-no-changes")
        assert counts(many.home / "aws" / "state.db") == {"dev": {"api": 20, "schema-only": 20}}
        many.ok("destroy", "--yes", "--skip-preview")
        assert counts(many.home / "aws" / "state.db") == {}
