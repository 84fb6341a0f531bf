"""The tier-all stack on SageMaker, end to end: up, read back through boto3, nothing to change, nothing left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.sandbox.cloud_inventory import client, inventory
from tests.sandbox.platform_env import Project, project

pytestmark = pytest.mark.sandbox

STACK = "sandbox-sagemaker"


@dataclass
class Deployed:
    """The stack after its `up`, and what stood in the account before it."""

    project: Project
    before: dict[str, list[str]]

    def client(self, service: str) -> Any:
        return client(self.project.environment, service)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with project(tmp_path_factory.mktemp("sagemaker")) as made:
        before = inventory(made.environment)
        made.up(STACK)
        yield Deployed(made, before)


def test_a_second_preview_wants_nothing_and_the_pack_is_content(deployed: Deployed) -> None:
    deployed.project.settled(STACK, "--policy-pack", "policies")


def test_every_system_is_ready(deployed: Deployed) -> None:
    status = deployed.project.mlops("status", STACK, "--format", "json")
    assert status.code == 0, status.text


def test_buckets_are_encrypted_versioned_and_closed(deployed: Deployed) -> None:
    s3 = deployed.client("s3")
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert len(buckets) >= 2
    for bucket in buckets:
        (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert len(block) == 4 and all(block.values()), f"{bucket}: {block}"
        assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=bucket)["Policy"]
        # access logs can only be delivered to a bucket with S3's own key, and need no earlier versions
        logs = "access-logs" in bucket
        assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == ("AES256" if logs else "aws:kms")
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == ("Suspended" if logs else "Enabled")


def test_the_database_is_encrypted_and_private(deployed: Deployed) -> None:
    (database,) = deployed.client("rds").describe_db_instances()["DBInstances"]
    assert database["Engine"] == "mysql"
    assert database["StorageEncrypted"] is True and database["KmsKeyId"]
    assert database["PubliclyAccessible"] is False
    assert database["IAMDatabaseAuthenticationEnabled"] is True
    assert database["MasterUserSecret"]["SecretArn"]


def test_the_broker_is_there_and_encrypts(deployed: Deployed) -> None:
    api = deployed.client("kafka")
    (listed,) = api.list_clusters()["ClusterInfoList"]
    cluster = api.describe_cluster(ClusterArn=listed["ClusterArn"])["ClusterInfo"]
    assert cluster["NumberOfBrokerNodes"] == 3
    assert cluster["EncryptionInfo"]["EncryptionAtRest"]["DataVolumeKMSKeyId"]
    assert cluster["EncryptionInfo"]["EncryptionInTransit"]["ClientBroker"] == "TLS"


def test_the_studio_stays_in_the_network(deployed: Deployed) -> None:
    api = deployed.client("sagemaker")
    (domain,) = api.list_domains()["Domains"]
    facts = api.describe_domain(DomainId=domain["DomainId"])
    assert facts["AppNetworkAccessType"] == "VpcOnly"
    assert facts["SubnetIds"] and facts["KmsKeyId"]
    # moto has no user profiles: what is known of them is the engine's record
    kept = [r for r in deployed.project.resources(STACK) if r["type"] == "aws:sagemaker/userProfile:UserProfile"]
    assert sorted(r["outputs"]["userProfileName"] for r in kept) == ["alice", "bob"]
    assert {r["outputs"]["domainId"] for r in kept} == {domain["DomainId"]}


def test_flipping_the_deployed_stack_is_refused_by_what_it_holds(deployed: Deployed) -> None:
    path = deployed.project.stack_file(STACK)
    text = path.read_text()
    path.write_text(text.replace("mlops:target: sagemaker", "mlops:target: kubernetes", 1))
    try:
        said = deployed.project.refused("preview", STACK)
    finally:
        path.write_text(text)
    assert f'stack {STACK} is deployed on "sagemaker"' in said
    assert "would destroy" in said
    for system in ("mysql", "minio", "kafka"):
        assert system in said.partition("would destroy")[2]


def test_destroy_leaves_nothing(deployed: Deployed) -> None:
    # the last of the module, for it takes away what the others look at
    deployed.project.destroy(STACK)
    assert inventory(deployed.project.environment) == deployed.before
