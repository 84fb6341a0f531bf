"""Hadoop, DVC, Feast and Amundsen on AWS: what each stands as, encrypted and by the least rights."""

import json
from pathlib import Path

import pulumi
import pytest

from tests.unit.sagemaker_stack import actions, composed, no_wildcards, statements

STORE = "  minio: {}\n"
KEY = "arn:aws:kms:foundation-key"


def test_hdfs_is_private_authenticated_and_encrypted(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  hadoop: {dataNodes: 4, storage: 200Gi}\n")
    no_wildcards(made)
    cluster = made.one("aws:emr/cluster:Cluster")
    security = json.loads(made.one("aws:emr/securityConfiguration:SecurityConfiguration").inputs["configuration"])
    local = security["EncryptionConfiguration"]["AtRestEncryptionConfiguration"]["LocalDiskEncryptionConfiguration"]
    assert local == {"EncryptionKeyProviderType": "AwsKms", "AwsKmsKey": KEY, "EnableEbsEncryption": True}
    assert security["InstanceMetadataServiceConfiguration"]["MinimumInstanceMetadataServiceVersion"] == 2
    assert security["AuthenticationConfiguration"]["KerberosConfiguration"]["Provider"] == "ClusterDedicatedKdc"
    software = {c["Classification"]: c["Properties"] for c in json.loads(cluster.inputs["configurationsJson"])}
    assert software["core-site"]["hadoop.rpc.protection"] == "privacy"
    assert software["hdfs-site"]["dfs.encrypt.data.transfer"] == "true"
    assert cluster.inputs["coreInstanceGroup"]["instanceCount"] == 4
    assert cluster.inputs["coreInstanceGroup"]["ebsConfigs"][0]["size"] == 200
    assert cluster.inputs["logEncryptionKmsKeyId"] == KEY
    assert made.one("BlockPublicAccessConfiguration").inputs == {"blockPublicSecurityGroupRules": True}
    assert made.leaks() == [] and made.passwords
    assert "hadoop-closed" in made.waits_for("hadoop-cluster")


def test_emr_changes_instances_of_this_stack_alone(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  hadoop: {}\n")
    rights = statements(made.one("RolePolicy", "hadoop-service"))
    ending = next(s for s in rights if "ec2:TerminateInstances" in s["Action"])
    assert ending["Condition"] == {"StringEquals": {"aws:ResourceTag/mlops:stack": "demo"}}
    passed = next(s for s in rights if s["Action"] == ["iam:PassRole"])
    assert passed["Resource"] == ["arn:aws:iam:hadoop-role"]
    (trust,) = statements(made.one("aws:iam/role:Role", "hadoop-role"))
    assert trust["Principal"] == {"Service": "ec2.amazonaws.com"}


def test_dvcs_remote_is_a_configuration_and_a_role(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  dvc: {prefix: data/v1}\n")
    no_wildcards(made)
    config = made.one("Parameter").inputs
    assert config["name"] == "/mlops/demo/dvc/config"
    assert "url = s3://demo-dvc-" in config["value"] and "/data/v1\n" in config["value"]
    assert "region = eu-central-1" in config["value"]
    granted = made.one("RolePolicy", "dvc-bucket-dvc")
    assert granted.inputs["role"] == "demo-dvc" and "s3:PutObject" in actions(granted)


def test_feast_alone_has_what_a_group_needs_and_no_group(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  feast: {}\n")
    no_wildcards(made)
    assert made.one("CatalogDatabase").inputs["name"] == "demo_features"
    assert not made.all("FeatureGroup")
    assert "glue:CreateTable" in actions(made.one("RolePolicy", "feast-offline"))


def test_a_declared_feature_group_is_encrypted_in_both_stores(tmp_path: Path) -> None:
    features = "{customers: {key: id, columns: {id: string, orders: integral, spent: fractional}}}"
    made = composed(tmp_path, STORE + f"  feast: {{features: {features}}}\n")
    group = made.one("FeatureGroup").inputs
    assert group["featureGroupName"] == "demo-features-customers"
    assert group["recordIdentifierFeatureName"] == "id" and group["eventTimeFeatureName"] == "event_time"
    kinds = {d["featureName"]: d["featureType"] for d in group["featureDefinitions"]}
    assert kinds == {"id": "String", "orders": "Integral", "spent": "Fractional", "event_time": "String"}
    assert group["onlineStoreConfig"]["securityConfig"]["kmsKeyId"] == KEY
    offline = group["offlineStoreConfig"]
    assert offline["s3StorageConfig"]["kmsKeyId"] == KEY and offline["s3StorageConfig"]["s3Uri"].endswith("/offline")
    assert offline["dataCatalogConfig"]["database"] == "demo_features"
    assert {"feast-offline", "feast-bucket-feast"} <= made.waits_for("feast-customers")


def test_feast_applies_no_repository(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match="declare the groups under features"):
        composed(tmp_path, STORE + "  feast: {repository: 'https://git.example/features'}\n")


def test_the_catalogue_reads_what_systems_write_and_writes_nothing_there(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  flume: {agents: {clicks: {}}}\n  amundsen: {}\n")
    no_wildcards(made)
    crawler = made.one("Crawler").inputs
    paths = [target["path"] for target in crawler["s3Targets"]]
    assert len(paths) == 2 and paths[0].startswith("s3://demo-catalog-") and paths[1].startswith("s3://demo-flume-")
    assert crawler["schedule"] == "cron(0 3 * * ? *)" and crawler["securityConfiguration"] == "demo-catalog"
    rights = made.one("RolePolicy", "amundsen-crawl")
    assert {a for a in actions(rights) if a.startswith("s3:")} == {"s3:ListBucket", "s3:GetBucketLocation", "s3:GetObject"}
    assert not [p for p in made.all("RolePolicy") if p.name.startswith("amundsen-bucket")]
    held = made.one("SecurityConfiguration").inputs["encryptionConfiguration"]
    assert held["s3Encryption"] == {"s3EncryptionMode": "SSE-KMS", "kmsKeyArn": KEY}
    settings = made.one("DataCatalogEncryptionSettings").inputs["dataCatalogEncryptionSettings"]
    assert settings["encryptionAtRest"] == {"catalogEncryptionMode": "SSE-KMS", "sseAwsKmsKeyId": KEY}


def test_the_domain_has_our_key_and_roles_of_its_own(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  amundsen: {}\n")
    domain = made.one("aws:datazone/domain:Domain").inputs
    assert domain["domainVersion"] == "V2" and domain["kmsKeyIdentifier"] == KEY
    assert domain["domainExecutionRole"] != domain["serviceRole"]
    (trust,) = statements(made.one("aws:iam/role:Role", "amundsen-execution"))
    assert set(trust["Action"]) == {"sts:AssumeRole", "sts:TagSession", "sts:SetContext"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
