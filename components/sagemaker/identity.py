"""One least-privilege role a workload, and the policies that grants attach to it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.system import Site

LOG_RUNS = (
    "sagemaker-mlflow:AccessUI",
    "sagemaker-mlflow:Get*",
    "sagemaker-mlflow:Search*",
    "sagemaker-mlflow:List*",
    "sagemaker-mlflow:CreateExperiment",
    "sagemaker-mlflow:CreateRun",
    "sagemaker-mlflow:UpdateRun",
    "sagemaker-mlflow:Log*",
    "sagemaker-mlflow:SetTag",
    "sagemaker-mlflow:SetExperimentTag",
)
"""Read and log runs of a tracking server (service authorization reference, "Amazon SageMaker with MLflow")."""


OWN_ACCOUNT_ONLY = ("ec2.amazonaws.com",)
"""Services that assume roles of their own account alone and send no aws:SourceAccount: an instance profile cannot name
another account's role (IAM user guide, "Use instance profiles")."""


def trust(service: str | Sequence[str], account_id: pulumi.Input[str]) -> pulumi.Output[str]:
    """Trust policy: `service` (for example sagemaker.amazonaws.com, or several) may assume the role for this account alone.

    Source: IAM user guide, "The confused deputy problem" (aws:SourceAccount).
    """
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service if isinstance(service, str) else list(service)},
        "Action": "sts:AssumeRole",
    }
    if service not in OWN_ACCOUNT_ONLY:
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account_id}}
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(actions: Sequence[str], resources: Sequence[pulumi.Input[str]], condition: Mapping[str, Any] | None = None) -> Any:
    """One Allow statement; a policy of ours never has a wildcard action on a wildcard resource."""
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return statement | ({"Condition": dict(condition)} if condition else {})


def policy(statements: Sequence[Any]) -> pulumi.Output[str]:
    """A policy document of `statements`."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def attach(
    name: str, role: pulumi.Input[str], statements: Sequence[Any], opts: pulumi.ResourceOptions | None
) -> aws.iam.RolePolicy:
    """An inline policy `name` on the role named `role`: goes with the role, shared with nobody."""
    return aws.iam.RolePolicy(name, name=name, role=role, policy=policy(statements), opts=opts)


def workload_role(
    name: str,
    role_name: str,
    service: str | Sequence[str],
    account_id: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
    *,
    boundary: pulumi.Input[str] | None = None,
) -> aws.iam.Role:
    """The role of one workload, named `role_name`, that `service` assumes; `boundary` caps what may ever be granted."""
    return aws.iam.Role(
        name,
        name=role_name,
        assume_role_policy=trust(service, account_id),
        max_session_duration=3600,
        permissions_boundary=boundary,
        opts=opts,
    )


def own_role(site: Site) -> tuple[pulumi.Input[str], pulumi.Input[str]]:
    """(name, ARN) of the role that the landing made for a system. RunError where it made none."""
    if site.role is None or site.role_arn is None:
        raise pulumi.RunError(f"{site.key}: the landing gave no role")
    return site.role, site.role_arn


VPC_MEMBER = (
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
)
"""What a managed service does in our subnets, on network interfaces, subnets and security groups of this account."""
VPC_LOOK = (
    "ec2:DescribeVpcs",
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
)
"""What it reads there; EC2 has no resource-level permission for these."""


def in_network(region: str, account_id: pulumi.Input[str]) -> list[Any]:
    """Statements by which a workload's role puts its interfaces into the network (service authorization reference, EC2)."""
    arns = [
        pulumi.Output.format("arn:aws:ec2:{0}:{1}:{2}/*", region, account_id, kind)
        for kind in ("network-interface", "subnet", "security-group")
    ]
    return [allow(VPC_MEMBER, arns), allow(VPC_LOOK, ["*"])]
