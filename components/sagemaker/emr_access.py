"""What EMR itself may do: the service role of a cluster, limited to what bears the stack's tag and to its own roles."""

from collections.abc import Sequence
from typing import Any

import pulumi

from components.sagemaker.identity import allow

MAKE = (
    "ec2:CreateFleet",
    "ec2:CreateLaunchTemplate",
    "ec2:CreateLaunchTemplateVersion",
    "ec2:CreateNetworkInterface",
    "ec2:CreateTags",
    "ec2:CreateVolume",
    "ec2:RunInstances",
)
CHANGE = (
    "ec2:AttachVolume",
    "ec2:DeleteLaunchTemplate",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteVolume",
    "ec2:DetachVolume",
    "ec2:ModifyInstanceAttribute",
    "ec2:TerminateInstances",
)
RULES = (
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:RevokeSecurityGroupIngress",
)
LOOK = (
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeCapacityReservations",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeImages",
    "ec2:DescribeInstances",
    "ec2:DescribeInstanceTypeOfferings",
    "ec2:DescribeLaunchTemplates",
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVolumes",
    "ec2:DescribeVolumeStatus",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
)
"""Actions of AmazonEMRServicePolicy_v2 (AWS managed policy reference); that one asks for a tag on the network itself."""


def service_statements(
    region: str,
    account_id: pulumi.Input[str],
    stack: str,
    groups: Sequence[pulumi.Input[str]],
    instance_role: pulumi.Input[str],
    kms_key: pulumi.Input[str],
) -> list[Any]:
    """Make instances, change those of this stack (tag mlops:stack), the rules of its `groups` (ARNs), pass one role."""
    ours = pulumi.Output.format("arn:aws:ec2:{0}:{1}:*", region, account_id)
    tagged = {"StringEquals": {"aws:ResourceTag/mlops:stack": stack}}
    return [
        allow(MAKE, [ours, f"arn:aws:ec2:{region}::image/*"]),
        allow(CHANGE, [ours], tagged),
        allow(RULES, groups),
        allow(LOOK, ["*"]),
        allow(["iam:PassRole"], [instance_role], {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}),
        allow(
            ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"],
            [kms_key],
        ),
        allow(["kms:CreateGrant"], [kms_key], {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
    ]
