"""Distributed file system on AWS: an EMR cluster with HDFS on private subnets, authenticated by Kerberos."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components import contracts
from components.naming import LIMITS, fit
from components.sagemaker.emr_access import service_statements
from components.sagemaker.identity import allow, attach, own_role, workload_role
from components.spec.base import quantity_value
from components.spec.processing import Hadoop
from components.system import Site

BUCKET = "hadoop"
RELEASE = "emr-7.11.0"
"""The line whose serverless release notes were read (see spark), 2026-11-23."""
RPC_PORT = 8020
SOFTWARE = [
    {
        "Classification": "core-site",
        "Properties": {"hadoop.rpc.protection": "privacy", "hadoop.security.authorization": "true"},
    },
    {
        "Classification": "hdfs-site",
        "Properties": {
            "dfs.encrypt.data.transfer": "true",
            "dfs.encrypt.data.transfer.cipher.suites": "AES/CTR/NoPadding",
            "dfs.data.transfer.protection": "privacy",
        },
    },
]
"""What goes over the network is encrypted (Apache Hadoop 3.4, "Hadoop in Secure Mode", "Data confidentiality")."""


@dataclass
class EmrHdfsArgs:
    """One cluster."""

    stem: str
    """Name of the cluster."""
    stack: str
    """Value of tag mlops:stack, by which the service role knows the cluster's instances."""
    instance_type: str
    data_nodes: int
    storage_gib: int
    """Volume of each data node in GiB."""
    bucket: contracts.BucketAccess
    """Logs below `logs/`."""
    role_name: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    """Role of the instances; its right to the bucket is granted beforehand."""
    network_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    """The private subnet of all nodes."""
    security_group_id: pulumi.Input[str]
    """Group of the stack's members, who reach the cluster and whose way out it has."""
    kms_key: pulumi.Input[str]
    """ARN of the key for volumes and logs."""
    region: str
    account_id: pulumi.Input[str]
    production: bool
    """Termination protection."""


class EmrHdfs(pulumi.ComponentResource):
    """emr.Cluster with Hadoop: Kerberos, encrypted volumes, logs and transfers, IMDSv2, no public address.

    Creates emr.BlockPublicAccessConfiguration (one for account and region), a SecurityConfiguration, three SecurityGroups
    that EMR fills itself, the service role and the instance profile, a generated KDC password, and the Cluster with one
    primary node and a core group. Source: Amazon EMR management guide, "Create a security configuration", "Tutorial:
    Configure a cluster-dedicated KDC", "Amazon EMR-managed security groups for private subnets". Limits: one name node
    (EMR's own KDC does not go with three primary nodes), so files that must outlive it belong in the object store; EMR's
    in-transit setting wants a certificate and is not used, Hadoop's own encryption is.
    """

    cluster_id: pulumi.Output[str]
    name_node: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = (contracts.FileSystem,)
    tiers = ("all", "platform")
    essential_type = "aws:emr/cluster:Cluster"
    role_service = "ec2.amazonaws.com"

    def __init__(self, name: str, args: EmrHdfsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:EmrHdfs", name, {}, opts)
        self._name, self._args = name, args
        self._opts = pulumi.ResourceOptions(parent=self)
        closed = aws.emr.BlockPublicAccessConfiguration(f"{name}-closed", block_public_security_group_rules=True, opts=self._opts)
        security = aws.emr.SecurityConfiguration(
            f"{name}-security", name=args.stem, configuration=self._security(), opts=self._opts
        )
        groups = {part: self._group(part) for part in ("primary", "core", "service")}
        service, rights = self._service_role([group.arn for group in groups.values()])
        profile = aws.iam.InstanceProfile(
            f"{name}-nodes", name=fit(f"{args.stem}-nodes", LIMITS["iam-role"]), role=args.role_name, opts=self._opts
        )
        decrypt = allow(["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:DescribeKey"], [args.kms_key])
        disks = attach(f"{name}-key", args.role_name, [decrypt], self._opts)
        admin = random.RandomPassword(f"{name}-kdc", length=32, special=False, opts=self._opts)
        cluster = aws.emr.Cluster(
            f"{name}-cluster",
            name=args.stem,
            release_label=RELEASE,
            applications=["Hadoop"],
            service_role=service,
            security_configuration=security.name,
            log_uri=pulumi.Output.concat("s3://", args.bucket.bucket, "/logs/"),
            log_encryption_kms_key_id=args.kms_key,
            ec2_attributes={
                "instance_profile": profile.arn,
                "subnet_id": args.subnet_id,
                "emr_managed_master_security_group": groups["primary"].id,
                "emr_managed_slave_security_group": groups["core"].id,
                "service_access_security_group": groups["service"].id,
                "additional_master_security_groups": args.security_group_id,
                "additional_slave_security_groups": args.security_group_id,
            },
            master_instance_group={
                "name": "primary",
                "instance_type": args.instance_type,
                "instance_count": 1,
                "ebs_configs": [{"size": 64, "type": "gp3", "volumes_per_instance": 1}],
            },
            core_instance_group={
                "name": "core",
                "instance_type": args.instance_type,
                "instance_count": args.data_nodes,
                "ebs_configs": [{"size": args.storage_gib, "type": "gp3", "volumes_per_instance": 1}],
            },
            kerberos_attributes={"realm": "EC2.INTERNAL", "kdc_admin_password": admin.result},
            configurations_json=json.dumps(SOFTWARE),
            keep_job_flow_alive_when_no_steps=True,
            termination_protection=args.production,
            unhealthy_node_replacement=True,
            scale_down_behavior="TERMINATE_AT_TASK_COMPLETION",
            opts=pulumi.ResourceOptions.merge(
                self._opts,
                pulumi.ResourceOptions(
                    depends_on=[closed, rights, disks],
                    protect=args.production or None,
                    additional_secret_outputs=["kerberosAttributes"],
                ),
            ),
        )
        self.cluster_id = cluster.id
        self.name_node = cluster.master_public_dns  # the private name, where nodes have no public address
        self.register_outputs({"clusterId": self.cluster_id, "nameNode": self.name_node})

    def _security(self) -> pulumi.Output[str]:
        key = self._args.kms_key
        local = {"EncryptionKeyProviderType": "AwsKms", "AwsKmsKey": key, "EnableEbsEncryption": True}
        at_rest = {
            "S3EncryptionConfiguration": {"EncryptionMode": "SSE-KMS", "AwsKmsKey": key},
            "LocalDiskEncryptionConfiguration": local,
        }
        kdc = {"TicketLifetimeInHours": 24}
        configuration: dict[str, Any] = {
            "EncryptionConfiguration": {
                "EnableInTransitEncryption": False,
                "EnableAtRestEncryption": True,
                "AtRestEncryptionConfiguration": at_rest,
            },
            "AuthenticationConfiguration": {
                "KerberosConfiguration": {
                    "Provider": "ClusterDedicatedKdc",
                    "ClusterDedicatedKdcConfiguration": kdc,
                }
            },
            "InstanceMetadataServiceConfiguration": {
                "MinimumInstanceMetadataServiceVersion": 2,
                "HttpPutResponseHopLimit": 1,
            },
        }
        return pulumi.Output.json_dumps(configuration, sort_keys=True)

    def _group(self, part: str) -> aws.ec2.SecurityGroup:
        """Empty: EMR writes the rules between its nodes and itself, and they go with the group."""
        return aws.ec2.SecurityGroup(
            f"{self._name}-{part}",
            name=f"{self._args.stem}-{part}",
            description=f"EMR {part}: rules are EMR's own",
            vpc_id=self._args.network_id,
            revoke_rules_on_delete=True,
            tags={"Name": f"{self._args.stem}-{part}"},
            opts=self._opts,
        )

    def _service_role(self, groups: Sequence[pulumi.Input[str]]) -> tuple[pulumi.Output[str], pulumi.Resource]:
        args, name = self._args, f"{self._name}-service"
        role = workload_role(
            name,
            fit(f"{args.stem}-service", LIMITS["iam-role"]),
            "elasticmapreduce.amazonaws.com",
            args.account_id,
            self._opts,
        )
        statements = service_statements(args.region, args.account_id, args.stack, groups, args.role_arn, args.kms_key)
        return role.arn, attach(name, role.name, statements, self._opts)

    @staticmethod
    def wants(config: Hadoop) -> contracts.Wants:
        """A bucket for logs and for files that outlive the cluster."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> EmrHdfsArgs:
        """From `systems.hadoop` of the spec; journal nodes and ZooKeeper are not needed by one name node."""
        config: Hadoop = site.config
        network = site.contract(contracts.Network)
        role_name, role_arn = own_role(site)
        return EmrHdfsArgs(
            stem=f"{site.stack.name}-hadoop",
            stack=site.stack.name,
            instance_type=config.instance_type,
            data_nodes=config.data_nodes,
            storage_gib=max(10, math.ceil(quantity_value(config.storage) / 2**30)),
            bucket=site.buckets[BUCKET],
            role_name=role_name,
            role_arn=role_arn,
            network_id=network.network_id,
            subnet_id=network.subnet_ids.apply(lambda ids: next(iter(ids))),
            security_group_id=network.security_group_id,
            kms_key=network.kms_key,
            region=network.region,
            account_id=network.account_id,
            production=site.spec.environment == "prod",
        )

    def contracts(self) -> Sequence[contracts.FileSystem]:
        """HDFS at its name node; clients in the network need a ticket of the cluster's KDC."""
        return [contracts.FileSystem(uri=self._uri())]

    def _uri(self) -> pulumi.Output[str]:
        return pulumi.Output.concat("hdfs://", self.name_node, f":{RPC_PORT}")

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The cluster and the file system's address."""
        return {"clusterId": self.cluster_id, "uri": self._uri()}
