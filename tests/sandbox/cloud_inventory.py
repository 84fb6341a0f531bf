"""What stands in the simulated AWS account, read back through boto3 as anybody else would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

# service, operation that lists (it paginates or answers whole), key of the answer, field that tells one from another
LISTS = (
    ("ec2", "describe_vpcs", "Vpcs", "VpcId"),
    ("ec2", "describe_subnets", "Subnets", "SubnetId"),
    ("ec2", "describe_route_tables", "RouteTables", "RouteTableId"),
    ("ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId"),
    ("ec2", "describe_flow_logs", "FlowLogs", "FlowLogId"),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("rds", "describe_db_instances", "DBInstances", "DBInstanceIdentifier"),
    ("rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
    ("rds", "describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroupName"),
    ("kafka", "list_clusters", "ClusterInfoList", "ClusterArn"),
    ("sagemaker", "list_domains", "Domains", "DomainId"),
    ("secretsmanager", "list_secrets", "SecretList", "ARN"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("amp", "list_workspaces", "workspaces", "workspaceId"),
    ("ssm", "describe_parameters", "Parameters", "Name"),
    ("kms", "list_aliases", "Aliases", "AliasName"),
)


def client(environment: Mapping[str, str], service: str, region: str = "eu-central-1") -> Any:
    """A boto3 client on the sandbox's cloud."""
    return boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=region,
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        config=Config(retries={"max_attempts": 0}),
    )


def who(environment: Mapping[str, str]) -> str:
    """ARN of the caller."""
    return str(client(environment, "sts").get_caller_identity()["Arn"])


def inventory(environment: Mapping[str, str]) -> dict[str, list[str]]:
    """Names or ids by kind of everything that is there; keys that wait for their deletion are not."""
    found = {}
    for service, operation, key, field in LISTS:
        api = client(environment, service)
        if api.can_paginate(operation):
            items = [item for page in api.get_paginator(operation).paginate() for item in page.get(key, [])]
        else:
            items = getattr(api, operation)().get(key, [])
        # an endpoint that was deleted is listed as such for a while
        found[f"{service} {key}"] = sorted(str(item[field]) for item in items if item.get("State") != "deleted")
    kms = client(environment, "kms")
    keys = [kms.describe_key(KeyId=item["KeyId"])["KeyMetadata"] for item in kms.list_keys()["Keys"]]
    found["kms Keys"] = sorted(
        key["KeyId"] for key in keys if key["KeyState"] != "PendingDeletion" and key["KeyManager"] != "AWS"
    )
    return found


def sizes(found: Mapping[str, list[str]]) -> dict[str, int]:
    """How many of each kind."""
    return {kind: len(names) for kind, names in found.items()}
