"""One repository of container images, the same for everybody: our key, scanned, immutable tags, old layers tidied away."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from components.sagemaker.identity import allow

KEEP = 50
"""Tagged images that a repository keeps; untagged ones go after a week."""


def repository(
    name: str, path: str, kms_key: pulumi.Input[str], production: bool, opts: pulumi.ResourceOptions
) -> aws.ecr.Repository:
    """ecr.Repository `path` (`<stack>/<name>`) and its LifecyclePolicy.

    Source: Amazon ECR user guide, "Image scanning", "Preventing image tags from being overwritten", "Lifecycle policies".
    """
    keep = pulumi.ResourceOptions(protect=production or None, retain_on_delete=production or None)
    made = aws.ecr.Repository(
        name,
        name=path,
        image_tag_mutability="IMMUTABLE",
        image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
        encryption_configurations=[aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=kms_key)],
        force_delete=not production,
        opts=pulumi.ResourceOptions.merge(opts, keep),
    )
    aws.ecr.LifecyclePolicy(name, repository=made.name, policy=json.dumps({"rules": _rules()}, sort_keys=True), opts=opts)
    return made


def _rules() -> list[dict[str, Any]]:
    old = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7}
    many = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": KEEP}
    return [
        {"rulePriority": number, "description": text, "selection": selection, "action": {"type": "expire"}}
        for number, text, selection in ((1, "untagged", old), (2, f"all but the last {KEEP}", many))
    ]


def push(repositories: list[pulumi.Input[str]]) -> list[Any]:
    """Push to (and pull from) repositories by ARN."""
    layers = [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:DescribeImages",
        "ecr:GetDownloadUrlForLayer",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
    ]
    return [allow(["ecr:GetAuthorizationToken"], ["*"]), allow(layers, repositories)]
