"""What every SageMaker job of a stack runs in: network, key, bucket, and the rights of its role."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components import contracts
from components.sagemaker.identity import allow
from components.system import Site


@dataclass
class JobGround:
    """Network, key, bucket and role of a system's jobs."""

    stack: str
    """Begins the names."""
    region: str
    account_id: pulumi.Input[str]
    role_name: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    """Role that the jobs assume; its right to the bucket is granted beforehand."""
    subnet_ids: pulumi.Input[list[str]]
    security_group_id: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    """ARN of the key for volumes, outputs, logs and templates."""
    bucket: pulumi.Input[str]
    """Bucket of the jobs' inputs and outputs."""
    production: bool
    """Keep logs for a year."""


def ground(site: Site, bucket: str) -> JobGround:
    """The ground of a system's jobs: from the stack's network, its role, and the bucket that it was granted."""
    network = site.contract(contracts.Network)
    if site.role is None or site.role_arn is None:
        raise pulumi.RunError(f"{site.key}: the landing gave no role")
    return JobGround(
        stack=site.stack.name,
        region=network.region,
        account_id=network.account_id,
        role_name=site.role,
        role_arn=site.role_arn,
        subnet_ids=network.subnet_ids.apply(list),
        security_group_id=network.security_group_id,
        kms_key=network.kms_key,
        bucket=site.buckets[bucket].bucket,
        production=site.spec.environment == "prod",
    )


def arn(place: JobGround, service: str, rest: str) -> pulumi.Output[str]:
    """An ARN of the stack's account and region."""
    return pulumi.Output.format(f"arn:aws:{service}:{{0}}:{{1}}:{rest}", place.region, place.account_id)


def uri(place: JobGround, prefix: str) -> pulumi.Output[str]:
    """s3:// address below the jobs' bucket."""
    return pulumi.Output.concat("s3://", place.bucket, "/", prefix)


def run_rights(place: JobGround) -> list[Any]:
    """What a job's role needs beside its bucket: images, logs, samples, its network interfaces and volumes.

    Source: Amazon SageMaker AI developer guide, "How to use SageMaker AI execution roles", the sections on jobs in a VPC and
    with a KMS key; its wildcards are narrowed. The EC2 calls on interfaces know no resource before the interface exists.
    """
    interfaces = [
        "ec2:CreateNetworkInterface",
        "ec2:CreateNetworkInterfacePermission",
        "ec2:DeleteNetworkInterface",
        "ec2:DeleteNetworkInterfacePermission",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeVpcs",
        "ec2:DescribeDhcpOptions",
        "ec2:DescribeSubnets",
        "ec2:DescribeSecurityGroups",
    ]
    return [
        *pull(place.region, place.account_id, f"{place.stack}/*"),
        allow(
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
            [arn(place, "logs", "log-group:/aws/sagemaker/*")],
        ),
        allow(
            ["cloudwatch:PutMetricData"],
            ["*"],
            {"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*", "aws/sagemaker/*"]}},
        ),
        allow(interfaces, ["*"]),
        allow(["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"], [place.kms_key]),
        # volumes are encrypted by a grant that EC2 takes for the job
        allow(["kms:CreateGrant"], [place.kms_key], {"Bool": {"kms:GrantIsForAWSResource": "true"}}),
    ]


def pull(region: str, account_id: pulumi.Input[str], repositories: str) -> list[Any]:
    """Pull from the account's own repositories; a login token is for the registry as a whole."""
    here = pulumi.Output.format(f"arn:aws:ecr:{{0}}:{{1}}:repository/{repositories}", region, account_id)
    return [
        allow(["ecr:GetAuthorizationToken"], ["*"]),
        allow(["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], [here]),
    ]


PREBUILT: Mapping[str, str] = {
    "sagemaker-xgboost": "1.7-1",
    "sagemaker-model-monitor-analyzer": "latest",
}
"""Tags of AWS' own images by repository. XGBoost: aws/sagemaker-python-sdk, image_uri_config/xgboost.json; the analyzer's
address has no tag there, which is `latest`."""


def prebuilt(repository: str, region: str, parent: pulumi.Resource) -> pulumi.Output[str]:
    """Reference of one of AWS' own images (aws.sagemaker.getPrebuiltEcrImage), which lie in accounts of AWS by region."""
    found = aws.sagemaker.get_prebuilt_ecr_image_output(
        repository_name=repository,
        image_tag=PREBUILT[repository],
        region=region,
        opts=pulumi.InvokeOutputOptions(parent=parent),
    )
    return found.registry_path


def network(place: JobGround) -> dict[str, Any]:
    """VpcConfig of a job."""
    return {"SecurityGroupIds": [place.security_group_id], "Subnets": place.subnet_ids}


def run_names(resources: Sequence[str], place: JobGround) -> list[pulumi.Output[str]]:
    """ARNs of every job of some kinds ("training-job"): launches name them."""
    return [arn(place, "sagemaker", f"{resource}/*") for resource in resources]
