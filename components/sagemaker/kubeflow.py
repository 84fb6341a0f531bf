"""Machine learning pipelines and training on AWS: SageMaker Pipelines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi
import pulumi_aws as aws

from components import contracts
from components.contracts import Wants
from components.naming import fit
from components.sagemaker import jobs, training, training_job
from components.sagemaker.identity import allow, attach
from components.sagemaker.jobs import JobGround
from components.spec.flows import Kubeflow
from components.system import Site

BUCKET = "pipelines"
VERSION = "2020-12-01"
"""Of the pipeline definition schema (aws-sagemaker-mlops.github.io/sagemaker-model-building-pipeline-definition-JSON-schema)."""


@dataclass
class SagemakerPipelinesArgs:
    """Arguments of SagemakerPipelines."""

    ground: JobGround
    """Network, key, bucket and role of pipelines and their steps."""
    training: bool = True
    """Makes the template of single trainings beside the pipeline."""
    tracking_server: Optional[pulumi.Input[str]] = None
    """ARN of the MLflow server that steps log to."""


class SagemakerPipelines(pulumi.ComponentResource):
    """sagemaker.Pipeline `<stack>-train` with parameters for image, data and size; execution role; bucket `pipelines`.

    `aws sagemaker start-pipeline-execution --pipeline-name <kubeflow.pipeline> --pipeline-parameters …` runs it; nothing runs at
    `up`. Its step trains in the stack's network and under its key. The role runs the steps of every pipeline of this stack
    (training, processing, model registration), so that pipelines of users take it (`kubeflow.role`). Training alone is the
    template that `training` makes too. Source: Amazon SageMaker AI developer guide, "Pipelines", "Pipelines actions: IAM
    permissions".
    """

    pipeline_arn: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.Tracking,)
    provides = (contracts.Pipelines, contracts.Training)
    tiers = ("all", "platform")
    essential_type = "aws:sagemaker/pipeline:Pipeline"
    role_service = "sagemaker.amazonaws.com"

    def __init__(self, name: str, args: SagemakerPipelinesArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:SagemakerPipelines", name, {}, opts)
        ground, mine = args.ground, pulumi.ResourceOptions(parent=self)
        self._args = args
        steps = attach(f"{name}-steps", ground.role_name, _steps(ground), mine)
        self._launcher = None
        ready: list[pulumi.Resource] = [steps]
        if args.training:
            self._launcher, run = training.launch(name, "kubeflow-training", ground, args.tracking_server, self)
            ready.append(run)
        else:
            ready.append(attach(f"{name}-run", ground.role_name, jobs.run_rights(ground), mine))
        self._ready = ready
        image = jobs.prebuilt("sagemaker-xgboost", ground.region, self)
        self._pipeline = aws.sagemaker.Pipeline(
            f"{name}-train",
            pipeline_name=fit(f"{ground.stack}-train", 256),
            pipeline_display_name=fit(f"{ground.stack}-train", 256),
            pipeline_description="Trains one model; image, data and size are parameters of an execution",
            role_arn=ground.role_arn,
            parallelism_configuration=aws.sagemaker.PipelineParallelismConfigurationArgs(max_parallel_execution_steps=10),
            pipeline_definition=pulumi.Output.json_dumps(definition(ground, image, args.tracking_server)),
            opts=pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(depends_on=ready)),
        )
        self.pipeline_arn = self._pipeline.arn
        self.register_outputs({"pipelineArn": self.pipeline_arn})

    @staticmethod
    def wants(config: Kubeflow) -> Wants:
        """A bucket for the pipelines' artifacts."""
        return Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> SagemakerPipelinesArgs:
        """From `systems.kubeflow` of the spec; runtimes and sizes of servers are the service's own affair."""
        config: Kubeflow = site.config
        tracking = site.maybe(contracts.Tracking)
        return SagemakerPipelinesArgs(jobs.ground(site, BUCKET), config.training, tracking.server if tracking else None)

    def contracts(self) -> Sequence[Any]:
        """The API of pipelines, and of training where it is wanted."""
        found: list[Any] = [contracts.Pipelines(f"https://api.sagemaker.{self._args.ground.region}.amazonaws.com")]
        if self._launcher is not None:
            found.append(contracts.Training(runtimes=["kubeflow-training"], ready=self._ready))
        return found

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What is launched, and what pipelines of users run as."""
        found: dict[str, pulumi.Input[str]] = {
            "pipeline": self._pipeline.pipeline_name,
            "role": self._args.ground.role_arn,
            "artifacts": jobs.uri(self._args.ground, "artifacts/"),
        }
        if self._launcher is not None:
            found |= {"launcher": self._launcher.machine, "template": self._launcher.template}
        return found


def definition(ground: JobGround, image: pulumi.Input[str], tracking: pulumi.Input[str] | None) -> dict[str, Any]:
    """The pipeline: parameters of an execution, and one training step that takes them."""
    of = "Parameters."
    parameters: list[tuple[str, str, Any]] = [
        ("Image", "String", image),
        ("Input", "String", jobs.uri(ground, "input/")),
        ("ContentType", "String", "text/csv"),
        ("InstanceType", "String", training_job.INSTANCE),
        ("InstanceCount", "Integer", 1),
        ("VolumeGiB", "Integer", 50),
    ]
    source = {"S3DataType": "S3Prefix", "S3DataDistributionType": "FullyReplicated", "S3Uri": {"Get": f"{of}Input"}}
    train = {
        "AlgorithmSpecification": {"TrainingImage": {"Get": f"{of}Image"}, "TrainingInputMode": "File"},
        "HyperParameters": dict(training_job.PARAMETERS),
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "ContentType": {"Get": f"{of}ContentType"},
                "DataSource": {"S3DataSource": source},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": jobs.uri(ground, "artifacts/"), "KmsKeyId": ground.kms_key},
        "ResourceConfig": {
            "InstanceType": {"Get": f"{of}InstanceType"},
            "InstanceCount": {"Get": f"{of}InstanceCount"},
            "VolumeSizeInGB": {"Get": f"{of}VolumeGiB"},
            "VolumeKmsKeyId": ground.kms_key,
        },
        **({"Environment": {"MLFLOW_TRACKING_URI": tracking}} if tracking is not None else {}),
        **training_job.safe(ground),
    }
    return {
        "Version": VERSION,
        "Metadata": {},
        "Parameters": [{"Name": name, "Type": kind, "DefaultValue": value} for name, kind, value in parameters],
        "Steps": [{"Name": "Train", "Type": "Training", "Arguments": train}],
    }


def _steps(ground: JobGround) -> list[Any]:
    """What the pipelines' role may start: jobs and model packages of this account, under itself."""
    verbs = ("Create", "Describe", "Stop")
    actions = [f"sagemaker:{verb}{job}" for job in ("TrainingJob", "ProcessingJob", "TransformJob") for verb in verbs]
    kinds = ("training-job", "processing-job", "transform-job")
    packages = ["sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage", "sagemaker:DescribeModelPackageGroup"]
    groups = [jobs.arn(ground, "sagemaker", f"{kind}/{ground.stack}-*") for kind in ("model-package", "model-package-group")]
    models = [jobs.arn(ground, "sagemaker", f"{kind}/*") for kind in ("model",)]
    return [
        allow([*actions, "sagemaker:AddTags", "sagemaker:ListTags"], [*jobs.run_names(kinds, ground)]),
        allow([*packages, "sagemaker:AddTags"], groups),
        allow(["sagemaker:CreateModel", "sagemaker:DescribeModel", "sagemaker:AddTags"], models),
        allow(["iam:PassRole"], [ground.role_arn], {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}),
    ]
