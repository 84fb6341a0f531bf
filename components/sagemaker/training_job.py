"""The request of one SageMaker training job as a state of Step Functions or a step of SageMaker Pipelines has it."""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.sagemaker.jobs import JobGround, network, uri

INSTANCE = "ml.m5.xlarge"
HOURS = 24
"""A training ends after so many hours at the latest."""
PARAMETERS = {"objective": "reg:squarederror", "num_round": "100"}
"""Of XGBoost, where a launch says nothing else (developer guide, "XGBoost hyperparameters")."""


def defaults(place: JobGround, prefix: str, image: pulumi.Input[str]) -> dict[str, Any]:
    """What a launch may say otherwise, with what holds if it does not."""
    return {
        "image": image,
        "input": uri(place, f"{prefix}/input/"),
        "output": uri(place, f"{prefix}/output/"),
        "contentType": "text/csv",
        "instanceType": INSTANCE,
        "instanceCount": 1,
        "volumeGiB": 50,
        "hyperParameters": dict(PARAMETERS),
        "environment": {},
    }


def template(prefix: str) -> dict[str, Any]:
    """The keys of a launch that are plain, to begin from."""
    return {"hyperParameters": dict(PARAMETERS), "instanceType": INSTANCE, "instanceCount": 1, "volumeGiB": 50}


def channel() -> list[dict[str, Any]]:
    """InputDataConfig of the launch's `input`: one channel, `train`."""
    source = {"S3DataType": "S3Prefix", "S3DataDistributionType": "FullyReplicated", "S3Uri.$": "$.job.input"}
    return [{"ChannelName": "train", "ContentType.$": "$.job.contentType", "DataSource": {"S3DataSource": source}}]


def safe(place: JobGround) -> dict[str, Any]:
    """What no launch may say otherwise: network, encryption, an end."""
    return {
        "RoleArn": place.role_arn,
        "VpcConfig": network(place),
        "EnableInterContainerTrafficEncryption": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": HOURS * 3600},
    }


def resources(place: JobGround, instance: str = "$.job.instanceType") -> dict[str, Any]:
    """ResourceConfig of a launch, its volumes under the stack's key."""
    return {
        "InstanceType.$": instance,
        "InstanceCount.$": "$.job.instanceCount",
        "VolumeSizeInGB.$": "$.job.volumeGiB",
        "VolumeKmsKeyId": place.kms_key,
    }


def output(place: JobGround) -> dict[str, Any]:
    """OutputDataConfig of a launch, under the stack's key."""
    return {"S3OutputPath.$": "$.job.output", "KmsKeyId": place.kms_key}


def request(place: JobGround, name: Mapping[str, Any], more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """CreateTrainingJob with what the launch said under `$.job`.

    The container reaches the stack's network and nothing beyond (tracking server, object store); it is not cut off from it.
    Source: Amazon SageMaker AI API reference, CreateTrainingJob.
    """
    return {
        **name,
        "AlgorithmSpecification": {"TrainingImage.$": "$.job.image", "TrainingInputMode": "File"},
        "HyperParameters.$": "$.job.hyperParameters",
        "Environment.$": "$.job.environment",
        "InputDataConfig": channel(),
        "OutputDataConfig": output(place),
        "ResourceConfig": resources(place),
        **safe(place),
        **(more or {}),
    }
