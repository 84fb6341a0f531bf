"""Validation of data on AWS: SageMaker processing jobs that describe a dataset and check it, launched by schedule or hand."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi
import pulumi_aws as aws

from components import contracts
from components.naming import fit
from components.sagemaker import launch
from components.sagemaker.identity import allow, attach, in_network, own_role
from components.spec.base import quantity_value
from components.spec.data import Tfdv
from components.system import Site

ANALYZER = "sagemaker-model-monitor-analyzer"
ACCOUNTS = {
    "eu-north-1": "895015795356", "me-south-1": "607024016150", "ap-south-1": "126357580389", "us-east-2": "777275614652",
    "eu-west-1": "468650794304", "eu-central-1": "048819808253", "sa-east-1": "539772159869", "ap-east-1": "001633400207",
    "us-east-1": "156813124566", "ap-northeast-2": "709848358524", "eu-west-2": "749857270468", "eu-west-3": "680080141114",
    "ap-northeast-1": "574779866223", "us-west-2": "159807026194", "us-west-1": "890145073186",
    "ap-southeast-1": "245545462676", "ap-southeast-2": "563025443158", "ca-central-1": "536280801234",
}  # fmt: skip
"""Accounts of AWS's own analyzer image by region: aws/sagemaker-python-sdk, image_uri_config/model-monitor.json, 2026-11-23."""
INPUT, OUTPUT = "/opt/ml/processing/input/dataset", "/opt/ml/processing/output"
BASELINE = "/opt/ml/processing/baseline"
INSTANCE = "ml.m5.xlarge"
UNSCHEDULED = "data"


@dataclass
class DataQualityDatasetArgs:
    """One dataset."""

    data: str
    """Prefix of its CSV files with a header line in the bucket."""
    schedule: Optional[str] = None
    """Cron expression of five fields, UTC, of its checks."""


@dataclass
class DataQualityJobsArgs:
    """The validations of one stack."""

    stem: str
    """Beginning of the jobs' names, at most 36 characters."""
    bucket: contracts.BucketAccess
    role_name: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    """Role of the jobs; its right to the bucket is granted beforehand."""
    subnet_ids: pulumi.Input[list[str]]
    security_group_id: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    """ARN of the key for volumes, reports and schedules."""
    region: str
    account_id: pulumi.Input[str]
    scratch_gib: int
    """Volume of a job in GiB."""
    datasets: dict[str, DataQualityDatasetArgs] = field(default_factory=dict)
    """Datasets by name."""


class DataQualityJobs(pulumi.ComponentResource):
    """For each dataset two processing jobs to launch: one describes it, one checks new data against that description.

    Creates SSM parameters `/mlops/<stem>/jobs/<dataset>-baseline` and `-check` with CreateProcessingJob requests for
    `aws sagemaker create-processing-job --cli-input-json`, and a scheduler.Schedule that launches the check. A job runs AWS's
    analyzer (Deequ on Spark) in private subnets, isolated from the network, encrypted between containers and at rest. The
    baseline writes statistics.json and constraints.json below `tfdv/<dataset>/baseline/` of the bucket, a check its
    constraint_violations.json below `tfdv/<dataset>/reports/`. Without any declared dataset the templates are for prefix
    `data/`. Source: SageMaker AI developer guide, "Data quality", "Contract inputs" of the prebuilt container. Limits: it is
    not TFDV but AWS's counterpart; checks fail until the baseline was launched once; CSV with a header. SageMaker Model
    Monitor's own schedules are closed to new customers, so nothing here stands on them.
    """

    role_arn: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = ()
    tiers = ("all", "platform")
    essential_type = "aws:ssm/parameter:Parameter"
    role_service = "sagemaker.amazonaws.com"

    def __init__(self, name: str, args: DataQualityJobsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:DataQualityJobs", name, {}, opts)
        self._name, self._args = name, args
        self._opts = pulumi.ResourceOptions(parent=self)
        self.role_arn = pulumi.Output.from_input(args.role_arn)
        self._image = f"{_registry(args.region)}.dkr.ecr.{args.region}.amazonaws.com/{ANALYZER}"
        rights = attach(f"{name}-run", args.role_name, self._statements(), self._opts)
        after = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[rights]))
        self._launcher = launch.Launcher(args.stem, args.account_id, args.kms_key, after)
        self.templates: dict[str, aws.ssm.Parameter] = {}
        for key, dataset in sorted(args.datasets.items()):
            for step in ("baseline", "check"):
                what = f"{step} of {key}: aws sagemaker create-processing-job --cli-input-json"
                request = self._request(key, dataset, step, f"{args.stem}-{key}-{step}")
                made = self._launcher.template(f"{name}-{key}-{step}", f"jobs/{key}-{step}", request, what)
                self.templates[f"{key}-{step}"] = made
        self._schedules()
        self.register_outputs({"roleArn": self.role_arn})

    def _statements(self) -> list[Any]:
        args = self._args
        repository = f"arn:aws:ecr:{args.region}:{_registry(args.region)}:repository/{ANALYZER}"
        logs = pulumi.Output.format("arn:aws:logs:{0}:{1}:log-group:/aws/sagemaker/ProcessingJobs*", args.region, args.account_id)
        pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        return [
            allow(pull, [repository]),
            allow(["ecr:GetAuthorizationToken"], ["*"]),
            allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], [logs]),
            allow(["kms:CreateGrant", "kms:DescribeKey"], [args.kms_key]),
            *in_network(args.region, args.account_id),
        ]

    def _s3(self, path: str) -> pulumi.Output[str]:
        return pulumi.Output.concat("s3://", self._args.bucket.bucket, "/", path)

    def _request(self, key: str, dataset: DataQualityDatasetArgs, step: str, job: str) -> dict[str, Any]:
        """CreateProcessingJob (SageMaker API reference), with the container's variables."""
        args, check = self._args, step == "check"
        baseline = f"tfdv/{key}/baseline"
        environment = {
            "dataset_format": json.dumps({"csv": {"header": True}}),
            "dataset_source": INPUT,
            "output_path": OUTPUT,
            "publish_cloudwatch_metrics": "Disabled",
            **({f"baseline_{k}": f"{BASELINE}/{k}.json" for k in ("constraints", "statistics")} if check else {}),
        }
        sources = {"dataset": (dataset.data, INPUT), **({"baseline": (baseline, BASELINE)} if check else {})}
        target = f"tfdv/{key}/reports" if check else baseline
        return {
            "ProcessingJobName": job,
            "RoleArn": args.role_arn,
            "AppSpecification": {"ImageUri": self._image},
            "Environment": environment,
            "ProcessingInputs": [
                {
                    "InputName": name,
                    "S3Input": {
                        "S3Uri": self._s3(path),
                        "LocalPath": place,
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
                for name, (path, place) in sources.items()
            ],
            "ProcessingOutputConfig": {
                "KmsKeyId": args.kms_key,
                "Outputs": [
                    {
                        "OutputName": "report",
                        "S3Output": {"S3Uri": self._s3(target), "LocalPath": OUTPUT, "S3UploadMode": "EndOfJob"},
                    }
                ],
            },
            "ProcessingResources": {
                "ClusterConfig": {
                    "InstanceCount": 1,
                    "InstanceType": INSTANCE,
                    "VolumeSizeInGB": args.scratch_gib,
                    "VolumeKmsKeyId": args.kms_key,
                }
            },
            "NetworkConfig": {
                "EnableInterContainerTrafficEncryption": True,
                "EnableNetworkIsolation": True,
                "VpcConfig": {"SecurityGroupIds": [args.security_group_id], "Subnets": args.subnet_ids},
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        }

    def _schedules(self) -> None:
        args = self._args
        scheduled = {key: dataset for key, dataset in args.datasets.items() if dataset.schedule}
        if not scheduled:
            return
        jobs = pulumi.Output.format("arn:aws:sagemaker:{0}:{1}:processing-job/{2}-*", args.region, args.account_id, args.stem)
        passed = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
        start = allow(["sagemaker:CreateProcessingJob", "sagemaker:AddTags"], [jobs])
        role = self._launcher.role(self._name, [start, allow(["iam:PassRole"], [args.role_arn], passed)])
        for key, dataset in sorted(scheduled.items()):
            request = self._request(key, dataset, "check", f"{args.stem}-{launch.RUN_ID}")
            action, cron = "sagemaker:createProcessingJob", dataset.schedule or ""
            self._launcher.schedule(f"{self._name}-schedule-{key}", key, cron, action, request, role)

    @staticmethod
    def wants(config: Tfdv) -> contracts.Wants:
        """The bucket with the data, where reports go too."""
        return contracts.Wants(buckets=(config.bucket,))

    @staticmethod
    def plan(site: Site) -> DataQualityJobsArgs:
        """From `systems.tfdv` of the spec."""
        config: Tfdv = site.config
        network = site.contract(contracts.Network)
        role_name, role_arn = own_role(site)
        datasets = {key: DataQualityDatasetArgs(d.data, d.schedule) for key, d in config.datasets.items()}
        return DataQualityJobsArgs(
            stem=fit(f"{site.stack.name}-tfdv", 36),
            bucket=site.buckets[config.bucket],
            role_name=role_name,
            role_arn=role_arn,
            subnet_ids=network.subnet_ids.apply(list),
            security_group_id=network.security_group_id,
            kms_key=network.kms_key,
            region=network.region,
            account_id=network.account_id,
            scratch_gib=max(1, math.ceil(quantity_value(config.scratch) / 2**30)),
            datasets=datasets or {UNSCHEDULED: DataQualityDatasetArgs(UNSCHEDULED)},
        )

    def contracts(self) -> Sequence[contracts.ObjectStore]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The jobs' requests."""
        return {"role": self.role_arn, **{f"job.{key}": made.name for key, made in self.templates.items()}}


def _registry(region: str) -> str:
    """The account that holds AWS's analyzer in a region. RunError where it is not known."""
    if region not in ACCOUNTS:
        known = ", ".join(sorted(ACCOUNTS))
        raise pulumi.RunError(f'cloud.region: "{region}": the analyzer\'s account there is not known; known are {known}')
    return ACCOUNTS[region]
