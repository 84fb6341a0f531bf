"""A whole small platform on the simulated `aws` provider: the API's own word, stability, secrets, destroy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.providers.cloud.store import counts
from tests.sandbox.aws_env import TOKEN, Trial, trial

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def spine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """The program `spine`, up."""
    with trial(tmp_path_factory.mktemp("aws"), "spine") as made:
        made.ok("config", "set", "--secret", "token", TOKEN)
        first = made.ok("preview")
        assert "56 to create" in first and "warning" not in first, first
        made.up()
        yield made


def test_the_buckets_settings_are_read_back_as_written(spine: Trial) -> None:
    s3, bucket = spine.cloud.client("s3"), spine.outputs()["bucket"]
    rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == spine.state()["key"]["outputs"]["arn"]
    assert rules[0]["BucketKeyEnabled"] is True
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"] == [
        {"ObjectOwnership": "BucketOwnerEnforced"}
    ]
    assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=bucket)["Policy"]
    assert s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]["TargetPrefix"] == "lake/"
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]["Expiration"] == {"Days": 30}
    assert [tag for tag in s3.get_bucket_tagging(Bucket=bucket)["TagSet"] if tag["Key"] == "owner"] == [
        {"Key": "owner", "Value": "ml"}
    ]


def test_the_database_is_encrypted_private_and_its_password_managed(spine: Trial) -> None:
    (database,) = spine.cloud.client("rds").describe_db_instances()["DBInstances"]
    assert database["StorageEncrypted"] is True and database["PubliclyAccessible"] is False
    assert database["KmsKeyId"] == spine.state()["key"]["outputs"]["arn"]
    assert database["IAMDatabaseAuthenticationEnabled"] is True and database["MultiAZ"] is True
    assert database["MasterUserSecret"]["SecretArn"].startswith("arn:aws:secretsmanager:")
    assert spine.state()["db"]["type"].startswith("aws:rds/")
    group = database["DBParameterGroups"][0]["DBParameterGroupName"]
    with pytest.raises(ClientError, match="InvalidDBParameterGroupState"):  # as AWS, moto itself would break here
        spine.cloud.client("rds").delete_db_parameter_group(DBParameterGroupName=group)
    parameters = spine.cloud.client("rds").describe_db_parameters(DBParameterGroupName=group)["Parameters"]
    assert [entry["ParameterValue"] for entry in parameters if entry["ParameterName"] == "require_secure_transport"] == ["ON"]


def test_the_broker_is_encrypted_and_takes_iam_only(spine: Trial) -> None:
    kafka = spine.cloud.client("kafka")
    (listed,) = kafka.list_clusters()["ClusterInfoList"]
    cluster = kafka.describe_cluster(ClusterArn=listed["ClusterArn"])["ClusterInfo"]
    assert cluster["EncryptionInfo"]["EncryptionInTransit"] == {"ClientBroker": "TLS", "InCluster": True}
    assert cluster["ClientAuthentication"]["Sasl"]["Iam"]["Enabled"] is True
    assert spine.outputs()["brokers"].count(":9098") == 2


def test_the_studio_domain_is_closed(spine: Trial) -> None:
    domain = spine.cloud.client("sagemaker").describe_domain(DomainId=spine.outputs()["domain"])
    assert domain["AppNetworkAccessType"] == "VpcOnly"
    assert (
        domain["KmsKeyId"] == spine.state()["key"]["outputs"]["arn"]
        or domain["KmsKeyId"] == spine.state()["key"]["outputs"]["keyId"]
    )
    assert domain["VpcId"] == spine.state()["net"]["id"]


def test_network_key_roles_and_the_rest_are_there(spine: Trial) -> None:
    client = spine.cloud.client
    (rule,) = _rules(client("ec2"), spine.state()["inside"]["id"], egress=False)
    assert rule["ReferencedGroupInfo"]["GroupId"] == spine.state()["inside"]["id"]
    (out,) = _rules(client("ec2"), spine.state()["inside"]["id"], egress=True)
    assert out["CidrIpv4"] == "10.20.0.0/16"
    default = spine.state()["net"]["outputs"]["defaultSecurityGroupId"]
    assert spine.state()["closed"]["id"] == default and _rules(client("ec2"), default, egress=True) == []
    key = spine.state()["key"]["id"]
    assert client("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True
    role = spine.state()["studio-inline"]["inputs"]["role"]
    attached = client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert "CloudWatchLogsFullAccess" in {entry["PolicyName"] for entry in attached} and len(attached) == 2
    assert len(client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]) == 1
    assert client("logs").describe_log_groups()["logGroups"][0]["retentionInDays"] == 30
    assert client("amp").list_workspaces()["workspaces"][0]["alias"] == "platform"
    assert client("ecr").describe_repositories()["repositories"][0]["imageTagMutability"] == "IMMUTABLE"
    assert client("ssm").get_parameter(Name="/mlops/contract")["Parameter"]["Value"] == "{}"
    name = next(
        entry["Name"] for entry in client("secretsmanager").list_secrets()["SecretList"] if entry["Name"].startswith("token-")
    )
    assert client("secretsmanager").get_secret_value(SecretId=name)["SecretString"] == TOKEN


def _rules(ec2: Any, group: str, *, egress: bool) -> list[dict[str, Any]]:
    found = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    return [rule for rule in found if rule["IsEgress"] is egress]


def test_nothing_changes_at_the_second_run(spine: Trial) -> None:
    assert "56 unchanged" in spine.ok("preview", "--expect-no-changes")
    assert "56 unchanged" in spine.ok("refresh", "--yes", "--skip-preview", "--expect-no-changes")


def test_objects_are_counted_by_what_backs_them(spine: Trial) -> None:
    assert counts(spine.home / "aws" / "state.db") == {"dev": {"api": 51, "schema-only": 4}}


def test_no_secret_lies_in_any_file_in_plain_text(spine: Trial) -> None:
    files = [path for path in (*spine.home.rglob("*"), *spine.project.rglob("*")) if path.is_file()]
    assert any(path.name == "moto.state" for path in files)
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []


def test_the_cloud_survives_a_restart_and_destroy_leaves_none(spine: Trial) -> None:
    endpoint = spine.cloud.endpoint
    assert spine.cloud.stop() == 0
    spine.cloud.start()
    assert spine.cloud.endpoint == endpoint
    assert "56 unchanged" in spine.ok("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    spine.ok("destroy", "--yes", "--skip-preview")
    client = spine.cloud.client
    assert spine.state() == {}
    assert counts(spine.home / "aws" / "state.db") == {}
    assert [vpc for vpc in client("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]] == []
    assert client("s3").list_buckets()["Buckets"] == []
    assert client("rds").describe_db_instances()["DBInstances"] == []
    assert client("kafka").list_clusters()["ClusterInfoList"] == []
    assert client("sagemaker").list_domains()["Domains"] == []
    assert client("iam").list_roles()["Roles"] == []
    assert client("secretsmanager").list_secrets()["SecretList"] == []
    assert client("ssm").describe_parameters()["Parameters"] == []
    assert client("amp").list_workspaces()["workspaces"] == []
    assert client("ecr").describe_repositories()["repositories"] == []
    assert client("logs").describe_log_groups()["logGroups"] == []
    kms = client("kms")
    states = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] for key in kms.list_keys()["Keys"]]
    assert set(states) <= {"PendingDeletion"}
