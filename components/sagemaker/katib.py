"""Hyperparameter search on AWS: SageMaker's tuning jobs, launched from a template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components import contracts
from components.contracts import Wants
from components.sagemaker import jobs, training_job
from components.sagemaker.identity import attach
from components.sagemaker.jobs import JobGround
from components.sagemaker.launcher import TUNING, launcher, merged
from components.spec.flows import Katib
from components.system import Site

BUCKET = "tuning"
SEARCH: Mapping[str, Any] = {
    "strategy": "Bayesian",
    "metric": "validation:rmse",
    "goal": "Minimize",
    "trials": 20,
    "parallel": 4,
    "ranges": {
        "ContinuousParameterRanges": [{"Name": "eta", "MinValue": "0.01", "MaxValue": "0.5", "ScalingType": "Logarithmic"}],
        "IntegerParameterRanges": [{"Name": "max_depth", "MinValue": "3", "MaxValue": "10", "ScalingType": "Auto"}],
        "CategoricalParameterRanges": [],
    },
    "validation": "",
}
"""A search over two parameters of XGBoost (developer guide, "Tune an XGBoost Model"), where a launch says nothing else."""


@dataclass
class SagemakerTuningArgs:
    """Arguments of SagemakerTuning."""

    ground: JobGround
    """Network, key, bucket and role of the jobs."""


class SagemakerTuning(pulumi.ComponentResource):
    """Tuning jobs that are launched, never run by an `up`: role, bucket `tuning`, state machine, SSM parameter.

    An execution's input names image, data, ranges, metric and strategy (Bayesian, Random, Grid, Hyperband), each with a default
    in the template; trials run in the stack's network and under its key, and are stopped early where their metric lags. The
    execution's name is the job's: 32 characters at most. Source: Amazon SageMaker AI API reference,
    CreateHyperParameterTuningJob; Step Functions developer guide, "Create and manage Amazon SageMaker AI jobs".
    """

    machine: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = (contracts.Tuning,)
    tiers = ("all", "platform")
    essential_type = "aws:sfn/stateMachine:StateMachine"
    role_service = "sagemaker.amazonaws.com"

    def __init__(self, name: str, args: SagemakerTuningArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:SagemakerTuning", name, {}, opts)
        ground, mine = args.ground, pulumi.ResourceOptions(parent=self)
        self._region = ground.region
        attach(f"{name}-run", ground.role_name, jobs.run_rights(ground), mine)
        given = {
            **training_job.defaults(ground, "katib", jobs.prebuilt("sagemaker-xgboost", ground.region, self)),
            **SEARCH,
            "validation": jobs.uri(ground, "katib/validation/"),
        }
        tune = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync",
            "Parameters": _request(ground),
            "End": True,
        }
        definition = {"StartAt": "Defaults", "States": {**merged(given, "Tune"), "Tune": tune}}
        template = {**training_job.template("katib"), **{key: value for key, value in SEARCH.items() if key != "validation"}}
        self._launcher = launcher(name, "katib", ground, TUNING, definition, template, mine)
        self.machine = self._launcher.machine
        self.register_outputs({"machine": self.machine})

    @staticmethod
    def wants(config: Katib) -> Wants:
        """A bucket for data and models."""
        return Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> SagemakerTuningArgs:
        """From the stack's network and role; the service runs the search, so that its sizes mean nothing here."""
        return SagemakerTuningArgs(jobs.ground(site, BUCKET))

    def contracts(self) -> Sequence[contracts.Tuning]:
        """The API at which tuning jobs are asked for; it keeps the trials itself, in no database."""
        return [contracts.Tuning(f"https://api.sagemaker.{self._region}.amazonaws.com", engine="sagemaker")]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What a search is launched by."""
        return {"launcher": self.machine, "template": self._launcher.template}


def _request(ground: JobGround) -> dict[str, Any]:
    """CreateHyperParameterTuningJob with what the launch said under `$.job`."""
    validation = {"S3DataType": "S3Prefix", "S3DataDistributionType": "FullyReplicated", "S3Uri.$": "$.job.validation"}
    seen = {"ChannelName": "validation", "ContentType.$": "$.job.contentType", "DataSource": {"S3DataSource": validation}}
    trial = {
        "AlgorithmSpecification": {"TrainingImage.$": "$.job.image", "TrainingInputMode": "File"},
        "StaticHyperParameters.$": "$.job.hyperParameters",
        "InputDataConfig": [*training_job.channel(), seen],
        "OutputDataConfig": training_job.output(ground),
        "ResourceConfig": training_job.resources(ground),
        **training_job.safe(ground),
    }
    search = {
        "Strategy.$": "$.job.strategy",
        "HyperParameterTuningJobObjective": {"Type.$": "$.job.goal", "MetricName.$": "$.job.metric"},
        "ParameterRanges.$": "$.job.ranges",
        "ResourceLimits": {
            "MaxNumberOfTrainingJobs.$": "$.job.trials",
            "MaxParallelTrainingJobs.$": "$.job.parallel",
        },
        "TrainingJobEarlyStoppingType": "Auto",
    }
    return {
        "HyperParameterTuningJobName.$": "$$.Execution.Name",
        "HyperParameterTuningJobConfig": search,
        "TrainingJobDefinition": trial,
    }
