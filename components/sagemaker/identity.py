"""One least-privilege role a workload, and the policies that grants attach to it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

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


def trust(service: str, account_id: pulumi.Input[str]) -> pulumi.Output[str]:
    """Trust policy: `service` (for example sagemaker.amazonaws.com) may assume the role for this account alone.

    Source: IAM user guide, "The confused deputy problem" (aws:SourceAccount).
    """
    return pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": service},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
                }
            ],
        }
    )


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
    service: str,
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
