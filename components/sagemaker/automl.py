"""Automatic machine learning on AWS: SageMaker Autopilot, launched from a template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components import contracts
from components.contracts import Wants
from components.sagemaker import jobs
from components.sagemaker.identity import allow, attach
from components.sagemaker.jobs import JobGround
from components.sagemaker.launcher import AUTOML, launcher, merged
from components.system import Site

BUCKET = "automl"
LAUNCH: Mapping[str, Any] = {"target": "target", "candidates": 20, "mode": "ENSEMBLING", "contentType": "text/csv;header=present"}


@dataclass
class SagemakerAutopilotArgs:
    """Arguments of SagemakerAutopilot."""

    ground: JobGround
    """Network, key, bucket and role of the jobs."""


class SagemakerAutopilot(pulumi.ComponentResource):
    """Autopilot jobs over tables that are launched, never run by an `up`: role, bucket `automl`, state machine, SSM parameter.

    An execution's input names the table's prefix and its target column; the job tries candidates in the stack's network and
    under its key, and the execution ends with it. The execution's name is the job's: 32 characters at most. Source: Amazon
    SageMaker AI API reference, CreateAutoMLJobV2; developer guide, "CreateAutoMLJob API: Execution Role Permissions".
    """

    machine: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = ()
    tiers = ("all", "platform")
    essential_type = "aws:sfn/stateMachine:StateMachine"
    role_service = "sagemaker.amazonaws.com"

    def __init__(self, name: str, args: SagemakerAutopilotArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:SagemakerAutopilot", name, {}, opts)
        ground, mine = args.ground, pulumi.ResourceOptions(parent=self)
        attach(f"{name}-run", ground.role_name, [*jobs.run_rights(ground), *_candidates(ground)], mine)
        given = {**LAUNCH, "input": jobs.uri(ground, "input/"), "output": jobs.uri(ground, "output/")}
        states = {
            **merged(given, "Search"),
            "Search": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sagemaker:createAutoMLJobV2",
                "Parameters": _request(ground),
                "ResultPath": "$.made",
                "Next": "Wait",
            },
            "Wait": {"Type": "Wait", "Seconds": 60, "Next": "Look"},
            "Look": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeAutoMLJobV2",
                "Parameters": {"AutoMLJobName.$": "$$.Execution.Name"},
                "ResultPath": "$.seen",
                "Next": "Ended",
            },
            "Ended": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.seen.AutoMLJobStatus", "StringEquals": "Completed", "Next": "Found"},
                    {"Variable": "$.seen.AutoMLJobStatus", "StringEquals": "Failed", "Next": "Lost"},
                    {"Variable": "$.seen.AutoMLJobStatus", "StringEquals": "Stopped", "Next": "Lost"},
                ],
                "Default": "Wait",
            },
            "Found": {"Type": "Succeed"},
            "Lost": {"Type": "Fail", "Error": "AutoMLJob", "Cause": "the job failed or was stopped"},
        }
        self._launcher = launcher(name, "automl", ground, AUTOML, {"StartAt": "Defaults", "States": states}, LAUNCH, mine)
        self.machine = self._launcher.machine
        self.register_outputs({"machine": self.machine})

    @staticmethod
    def wants(config: Any) -> Wants:
        """A bucket for tables and candidates."""
        return Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> SagemakerAutopilotArgs:
        """From the stack's network and role."""
        return SagemakerAutopilotArgs(jobs.ground(site, BUCKET))

    def contracts(self) -> Sequence[Any]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What a search is launched by."""
        return {"launcher": self.machine, "template": self._launcher.template}


def _request(ground: JobGround) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri.$": "$.job.input"}
    channel = {"ChannelType": "training", "ContentType.$": "$.job.contentType", "DataSource": {"S3DataSource": source}}
    table = {
        "TargetAttributeName.$": "$.job.target",
        "Mode.$": "$.job.mode",
        "CompletionCriteria": {"MaxCandidates.$": "$.job.candidates"},
    }
    return {
        "AutoMLJobName.$": "$$.Execution.Name",
        "AutoMLJobInputDataConfig": [channel],
        "OutputDataConfig": {"S3OutputPath.$": "$.job.output", "KmsKeyId": ground.kms_key},
        "AutoMLProblemTypeConfig": {"TabularJobConfig": table},
        "RoleArn": ground.role_arn,
        "SecurityConfig": {
            "VolumeKmsKeyId": ground.kms_key,
            "EnableInterContainerTrafficEncryption": True,
            "VpcConfig": jobs.network(ground),
        },
    }


def _candidates(ground: JobGround) -> list[Any]:
    """What Autopilot starts in the role's name to try its candidates."""
    verbs = ("Create", "Describe", "Stop")
    started = [f"sagemaker:{verb}{job}" for job in ("TrainingJob", "ProcessingJob", "TransformJob") for verb in verbs]
    served = [
        f"sagemaker:{v}{thing}" for thing in ("Model", "EndpointConfig", "Endpoint") for v in ("Create", "Describe", "Delete")
    ]
    kinds = ("training-job", "processing-job", "transform-job")
    return [
        allow([*started, "sagemaker:AddTags", "sagemaker:ListTags"], jobs.run_names(kinds, ground)),
        allow([*served, "sagemaker:InvokeEndpoint"], jobs.run_names(("model", "endpoint-config", "endpoint"), ground)),
        allow(["iam:PassRole"], [ground.role_arn], {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}),
    ]
