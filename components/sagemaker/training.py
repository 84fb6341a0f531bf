"""Training jobs on AWS: a role, a bucket, and a launchable template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components import contracts
from components.contracts import Wants
from components.sagemaker import jobs, training_job
from components.sagemaker.identity import LOG_RUNS, allow, attach
from components.sagemaker.jobs import JobGround
from components.sagemaker.launcher import TRAINING, Launcher, launcher, merged
from components.system import Site

BUCKET = "training"


@dataclass
class SagemakerTrainingArgs:
    """Arguments of SagemakerTraining."""

    ground: JobGround
    """Network, key, bucket and role of the jobs."""
    tracking_server: Optional[pulumi.Input[str]] = None
    """ARN of the MLflow server that trainings log to."""


def launch(
    name: str, noun: str, ground: JobGround, tracking: pulumi.Input[str] | None, parent: pulumi.Resource
) -> tuple[Launcher, pulumi.Resource]:
    """The template of a training below `parent`, and the rights of its role."""
    opts = pulumi.ResourceOptions(parent=parent)
    rights = jobs.run_rights(ground)
    if tracking is not None:
        rights.append(allow(LOG_RUNS, [tracking]))
    attached = attach(f"{name}-run", ground.role_name, rights, opts)
    given: dict[str, Any] = training_job.defaults(ground, noun, jobs.prebuilt("sagemaker-xgboost", ground.region, parent))
    if tracking is not None:
        given["environment"] = {"MLFLOW_TRACKING_URI": tracking}
    train = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Parameters": training_job.request(ground, {"TrainingJobName.$": "$$.Execution.Name"}),
        "End": True,
    }
    definition = {"StartAt": "Defaults", "States": {**merged(given, "Train"), "Train": train}}
    made = launcher(name, noun, ground, TRAINING, definition, training_job.template(noun), opts)
    return made, attached


class SagemakerTraining(pulumi.ComponentResource):
    """Training jobs that are launched, never run by an `up`: role, bucket `training`, state machine, SSM parameter.

    `aws stepfunctions start-execution --state-machine-arn <training.launcher> --input '{"input": "s3://…"}'` trains AWS' own
    XGBoost, or the image that the input names, in the stack's network, on volumes and to outputs under the stack's key, and
    waits for its end. The execution's name is the job's. Source: Step Functions developer guide, "Create and manage Amazon
    SageMaker AI jobs with Step Functions".
    """

    machine: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.Tracking,)
    provides = (contracts.Training,)
    tiers = ("all", "platform")
    essential_type = "aws:sfn/stateMachine:StateMachine"
    role_service = "sagemaker.amazonaws.com"

    def __init__(self, name: str, args: SagemakerTrainingArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:SagemakerTraining", name, {}, opts)
        self._launcher, self._rights = launch(name, "training", args.ground, args.tracking_server, self)
        self.machine = self._launcher.machine
        self.register_outputs({"machine": self.machine})

    @staticmethod
    def wants(config: Any) -> Wants:
        """A bucket for data and models."""
        return Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> SagemakerTrainingArgs:
        """From the stack's network, role and tracking server."""
        tracking = site.maybe(contracts.Tracking)
        return SagemakerTrainingArgs(jobs.ground(site, BUCKET), tracking.server if tracking else None)

    def contracts(self) -> Sequence[contracts.Training]:
        """Training: its template."""
        return [contracts.Training(runtimes=["training"], ready=[self._rights])]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What a training is launched by."""
        return {"launcher": self.machine, "template": self._launcher.template}
