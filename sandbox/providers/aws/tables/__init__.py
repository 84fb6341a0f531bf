"""One module a service of AWS; each has a dictionary TYPES from type token to `Spec`."""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws.tables import (
    catalog,
    ecr,
    eks,
    hosting,
    iam,
    iam_policies,
    kms,
    launching,
    logs,
    monitoring,
    msk,
    processing,
    rds,
    routes,
    s3,
    sagemaker,
    secretsmanager,
    security_groups,
    ssm,
    vpc,
)
from sandbox.providers.cloud.spec import Spec

MODULES = (
    catalog,
    ecr,
    eks,
    hosting,
    iam,
    iam_policies,
    kms,
    launching,
    logs,
    monitoring,
    msk,
    processing,
    rds,
    routes,
    s3,
    sagemaker,
    secretsmanager,
    security_groups,
    ssm,
    vpc,
)


def _arn(values: dict[str, Any]) -> str:
    """arn:aws:<module>:<region>:<account>:<kind>/<id>, from a token such as aws:glue/job:Job."""
    module, _, kind = str(values["type"]).split(":")[1].partition("/")
    return f"arn:aws:{module}:{values['region']}:{values['account']}:{kind.lower()}/{values['id']}"


COMMON = Spec(outputs={"arn": _arn})
"""Types no table names: kept in the state file with an ARN of the usual form."""

KINDS = {
    "VPC": ("aws:ec2/vpc:Vpc", "aws:ec2/defaultVpc:DefaultVpc"),
    "subnet": ("aws:ec2/subnet:Subnet", "aws:ec2/defaultSubnet:DefaultSubnet"),
    "security group": ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"),
    "SageMaker domain": ("aws:sagemaker/domain:Domain",),
    "MSK cluster": ("aws:msk/cluster:Cluster", "aws:msk/serverlessCluster:ServerlessCluster"),
    "AMP workspace": ("aws:amp/workspace:Workspace",),
    "Grafana workspace": ("aws:grafana/workspace:Workspace",),
    "EKS cluster": ("aws:eks/cluster:Cluster",),
    "launch template": ("aws:ec2/launchTemplate:LaunchTemplate",),
    "Glue database": ("aws:glue/catalogDatabase:CatalogDatabase",),
}
"""What a `Spec.references` may ask for -> the types that can be it."""


def table() -> dict[str, Spec]:
    """All types that a table names."""
    return {token: spec for module in MODULES for token, spec in module.TYPES.items()}
