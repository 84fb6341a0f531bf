"""Who the parts of a cluster on EKS are: its control plane, its nodes, and the pods that act on AWS."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.naming import LIMITS, fit
from components.sagemaker.identity import allow, attach, workload_role

MANAGED = "arn:aws:iam::aws:policy/"
SCALING_ROLE = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
"""There once any group of EC2 Auto Scaling was made in the account (`aws iam create-service-linked-role`)."""
USE_KEY = (
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:DescribeKey",
)


def role(
    name: str, stem: str, service: str, account: pulumi.Input[str], policies: Sequence[str], opts: pulumi.ResourceOptions
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """A role of a part of the cluster with policies of AWS's own, and what must be there before it is used."""
    made = workload_role(name, fit(stem, LIMITS["iam-role"]), service, account, opts)
    return made, _attached(name, made, policies, opts)


def _attached(name: str, made: aws.iam.Role, policies: Sequence[str], opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    return [
        aws.iam.RolePolicyAttachment(
            f"{name}-{policy.rpartition('/')[2].lower()}", role=made.name, policy_arn=MANAGED + policy, opts=opts
        )
        for policy in policies
    ]


def pod_role(
    name: str, stem: str, account: pulumi.Input[str], policies: Sequence[str], opts: pulumi.ResourceOptions
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """A role that EKS Pod Identity lends to one ServiceAccount of a cluster of this account.

    Source: EKS user guide, "Create IAM role with trust policy required by EKS Pod Identity".
    """
    trust: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    made = aws.iam.Role(
        name,
        name=fit(stem, LIMITS["iam-role"]),
        assume_role_policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [trust]}),
        opts=opts,
    )
    return made, _attached(name, made, policies, opts)


def volume_key(name: str, made: aws.iam.Role, key: pulumi.Input[str], opts: pulumi.ResourceOptions) -> pulumi.Resource:
    """The right of the driver of volumes to encrypt them with the stack's key, and to lend it to EC2 for that alone."""
    lend = allow(["kms:CreateGrant"], [key], {"Bool": {"kms:GrantIsForAWSResource": "true"}})
    return attach(f"{name}-key", made.name, [allow(USE_KEY, [key]), lend], opts)


def node_disks(name: str, key: pulumi.Input[str], account: pulumi.Input[str], opts: pulumi.ResourceOptions) -> aws.kms.Grant:
    """The right of EC2 Auto Scaling to start nodes whose disks are encrypted with the stack's key.

    Source: EC2 Auto Scaling user guide, "Required AWS KMS key policy for use with encrypted volumes".
    """
    return aws.kms.Grant(
        f"{name}-node-disks",
        key_id=key,
        grantee_principal=pulumi.Output.format("arn:aws:iam::{0}:{1}", account, SCALING_ROLE),
        operations=[
            "Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
            "DescribeKey", "CreateGrant",
        ],
        opts=opts,
    )  # fmt: skip
