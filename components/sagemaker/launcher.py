"""A job that is launched from a template: a Step Functions state machine, and a parameter with an input to begin from.

`aws stepfunctions start-execution --state-machine-arn <export> --input <what differs>` runs it; nothing runs at `up`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.naming import LIMITS, fit
from components.sagemaker.identity import allow, attach, workload_role
from components.sagemaker.jobs import JobGround, arn, run_names


@dataclass(frozen=True)
class JobKind:
    """One kind of SageMaker job as Step Functions runs it."""

    resources: tuple[str, ...]
    """Nouns of its ARNs."""
    actions: tuple[str, ...]
    rule: str = ""
    """Managed EventBridge rule by which Step Functions learns of its end."""


TRAINING = JobKind(
    ("training-job",),
    ("sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"),
    "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
)
TUNING = JobKind(
    ("hyper-parameter-tuning-job", "training-job"),
    (
        "sagemaker:CreateHyperParameterTuningJob",
        "sagemaker:DescribeHyperParameterTuningJob",
        "sagemaker:StopHyperParameterTuningJob",
    ),
    "StepFunctionsGetEventsForSageMakerTuningJobsRule",
)
PROCESSING = JobKind(
    ("processing-job",),
    ("sagemaker:CreateProcessingJob", "sagemaker:DescribeProcessingJob", "sagemaker:StopProcessingJob"),
    "StepFunctionsGetEventsForSageMakerProcessingJobsRule",
)
AUTOML = JobKind(("automl-job",), ("sagemaker:CreateAutoMLJobV2", "sagemaker:DescribeAutoMLJobV2", "sagemaker:StopAutoMLJob"))
"""Rights: Step Functions developer guide, "IAM policies for Amazon SageMaker"."""


@dataclass(frozen=True)
class Launcher:
    """What was made."""

    machine: pulumi.Output[str]
    """ARN of the state machine."""
    template: pulumi.Output[str]
    """Name of the SSM parameter with its input."""


def merged(defaults: Mapping[str, Any], then: str) -> dict[str, Any]:
    """The two states that lay an execution's input over the defaults, as `$.job`, and go on to `then`."""
    return {
        "Defaults": {"Type": "Pass", "Result": dict(defaults), "ResultPath": "$.defaults", "Next": "Merge"},
        "Merge": {
            "Type": "Pass",
            "Parameters": {"job.$": "States.JsonMerge($.defaults, $$.Execution.Input, false)"},
            "Next": then,
        },
    }


def launcher(
    name: str,
    noun: str,
    place: JobGround,
    kind: JobKind,
    definition: Mapping[str, Any],
    template: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
    extra: Sequence[Any] = (),
) -> Launcher:
    """State machine `<stack>-<noun>` with its own role, encrypted logs and definition, and its SSM parameter.

    `definition` is Amazon States Language without wrappers (it may hold Outputs); `template` an input to begin from; `extra`
    further statements of the role. The role makes jobs of `kind` and hands them the ground's role, nothing else. Execution data
    is left out of the logs, for it may hold names of data. Source: Step Functions developer guide, "Data at rest encryption",
    "Using CloudWatch Logs to log execution history".
    """
    stem = f"{place.stack}-{noun}"
    logs = aws.cloudwatch.LogGroup(
        f"{name}-runs-log",
        name=f"/aws/vendedlogs/states/{stem}",
        kms_key_id=place.kms_key,
        retention_in_days=365 if place.production else 30,
        opts=opts,
    )
    role = workload_role(
        f"{name}-launch", fit(f"{stem}-launch", LIMITS["iam-role"]), "states.amazonaws.com", place.account_id, opts
    )
    rights = attach(f"{name}-launch", role.name, [*_rights(place, kind), *extra], opts)
    machine = aws.sfn.StateMachine(
        f"{name}-machine",
        name=fit(stem, 80),
        role_arn=role.arn,
        type="STANDARD",
        definition=pulumi.Output.json_dumps(definition),
        encryption_configuration=aws.sfn.StateMachineEncryptionConfigurationArgs(
            type="CUSTOMER_MANAGED_KMS_KEY", kms_key_id=place.kms_key, kms_data_key_reuse_period_seconds=300
        ),
        logging_configuration=aws.sfn.StateMachineLoggingConfigurationArgs(
            level="ALL", include_execution_data=False, log_destination=pulumi.Output.concat(logs.arn, ":*")
        ),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[rights])),
    )
    parameter = aws.ssm.Parameter(
        f"{name}-template",
        name=f"/mlops/{place.stack}/{noun}/template",
        type="String",
        tier="Intelligent-Tiering",
        description=f"An input to launch {stem} with; every key has a default there",
        value=json.dumps(template, sort_keys=True),
        opts=opts,
    )
    return Launcher(machine.arn, parameter.name)


def _rights(place: JobGround, kind: JobKind) -> list[Any]:
    deliver = [
        "logs:CreateLogDelivery",
        "logs:GetLogDelivery",
        "logs:UpdateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        "logs:DescribeLogGroups",
    ]
    jobs = run_names(kind.resources, place)
    statements = [
        allow([*kind.actions, "sagemaker:ListTags", "sagemaker:AddTags"], jobs),
        allow(["iam:PassRole"], [place.role_arn], {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}),
        # log delivery has no resource-level rights
        allow(deliver, ["*"]),
        allow(["kms:Decrypt", "kms:GenerateDataKey"], [place.kms_key]),
    ]
    if kind.rule:
        events = ["events:PutTargets", "events:PutRule", "events:DescribeRule"]
        statements.append(allow(events, [arn(place, "events", f"rule/{kind.rule}")]))
    return statements
