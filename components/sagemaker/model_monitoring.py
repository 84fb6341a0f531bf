"""Checks of served models on AWS: SageMaker Model Monitor over what endpoints captured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi
import pulumi_aws as aws

from components import contracts
from components.contracts import Wants
from components.naming import fit
from components.sagemaker import jobs
from components.sagemaker.identity import allow, attach
from components.sagemaker.jobs import JobGround
from components.sagemaker.launcher import PROCESSING, Launcher, launcher, merged
from components.spec.managed import ModelMonitoring
from components.system import Site

BUCKET, CAPTURED = "monitoring", "models"
HOURS = 1
"""A check ends after so many hours at the latest: the next one begins."""
BASELINE: Mapping[str, Any] = {"instanceType": "ml.m5.xlarge", "name": "baseline", "format": '{"csv": {"header": true}}'}


@dataclass
class MonitoredModelArgs:
    """The schedule of one endpoint."""

    endpoint: pulumi.Input[str]
    """Its name."""
    schedule: str
    instance_type: str
    baseline: Optional[str] = None
    """Prefix of its baseline in the bucket."""


@dataclass
class SagemakerModelMonitorArgs:
    """Arguments of SagemakerModelMonitor."""

    ground: JobGround
    """Network, key, bucket and role of the checks."""
    models: dict[str, MonitoredModelArgs] = field(default_factory=dict)


class SagemakerModelMonitor(pulumi.ComponentResource):
    """Role, bucket `monitoring` and a launchable baseline; a DataQualityJobDefinition and MonitoringSchedule a declared model.

    `aws stepfunctions start-execution --state-machine-arn <modelMonitoring.launcher> --input '{"input": "s3://…"}'` has AWS'
    analyzer make statistics and constraints of a data set; a model whose `baseline` names their prefix is held to them, and its
    violations stand below `reports/<model>/`. Checks run in the stack's network and under its key, cut off from everything else.
    Source: Amazon SageMaker AI developer guide, "Monitor data quality", "Create a baseline".
    """

    machine: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.Serving,)
    provides = ()
    tiers = ("all", "platform")
    essential_type = "aws:sfn/stateMachine:StateMachine"
    role_service = "sagemaker.amazonaws.com"

    def __init__(self, name: str, args: SagemakerModelMonitorArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:SagemakerModelMonitor", name, {}, opts)
        self._name, self._ground = name, args.ground
        self._opts = pulumi.ResourceOptions(parent=self)
        seen = [jobs.arn(args.ground, "sagemaker", f"endpoint/{args.ground.stack}-*")]
        looks = allow(["sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig"], [*seen, *_configurations(args.ground)])
        self._rights = attach(f"{name}-run", args.ground.role_name, [*jobs.run_rights(args.ground), looks], self._opts)
        self._image = jobs.prebuilt("sagemaker-model-monitor-analyzer", args.ground.region, self)
        self._launcher = self._baseline()
        self.machine = self._launcher.machine
        self._schedules = {model: self._watch(model, found) for model, found in args.models.items()}
        self.register_outputs({"machine": self.machine})

    def _baseline(self) -> Launcher:
        ground = self._ground
        given = {**BASELINE, "input": jobs.uri(ground, "input/"), "output": jobs.uri(ground, "baseline/")}
        paths = {"in": "/opt/ml/processing/input", "out": "/opt/ml/processing/output"}
        s3 = {"LocalPath": paths["in"], "S3DataType": "S3Prefix", "S3InputMode": "File", "S3Uri.$": "$.job.input"}
        left = {"LocalPath": paths["out"], "S3UploadMode": "EndOfJob", "S3Uri.$": "$.job.output"}
        request = {
            "ProcessingJobName.$": "$$.Execution.Name",
            "AppSpecification": {"ImageUri": self._image},
            "Environment": {
                "dataset_format.$": "$.job.format",
                "dataset_source": paths["in"],
                "output_path": paths["out"],
                "publish_cloudwatch_metrics": "Disabled",
            },
            "ProcessingInputs": [{"InputName": "data", "S3Input": s3}],
            "ProcessingOutputConfig": {"KmsKeyId": ground.kms_key, "Outputs": [{"OutputName": "baseline", "S3Output": left}]},
            "ProcessingResources": {
                "ClusterConfig": {
                    "InstanceCount": 1,
                    "InstanceType.$": "$.job.instanceType",
                    "VolumeSizeInGB": 50,
                    "VolumeKmsKeyId": ground.kms_key,
                }
            },
            "NetworkConfig": {
                "EnableInterContainerTrafficEncryption": True,
                "EnableNetworkIsolation": True,
                "VpcConfig": jobs.network(ground),
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": HOURS * 3600},
            "RoleArn": ground.role_arn,
        }
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
            "Parameters": request,
            "End": True,
        }
        definition = {"StartAt": "Defaults", "States": {**merged(given, "Analyze"), "Analyze": task}}
        return launcher(self._name, "baseline", ground, PROCESSING, definition, BASELINE, self._opts)

    def _watch(self, model: str, args: MonitoredModelArgs) -> pulumi.Output[str]:
        sm, ground, name = aws.sagemaker, self._ground, f"{self._name}-{model}"
        stem = fit(f"{ground.stack}-{model}", 56)
        where = jobs.uri(ground, f"reports/{model}")
        baseline = None
        if args.baseline is not None:
            below = jobs.uri(ground, args.baseline)
            baseline = sm.DataQualityJobDefinitionDataQualityBaselineConfigArgs(
                constraints_resource=sm.DataQualityJobDefinitionDataQualityBaselineConfigConstraintsResourceArgs(
                    s3_uri=pulumi.Output.concat(below, "/constraints.json")
                ),
                statistics_resource=sm.DataQualityJobDefinitionDataQualityBaselineConfigStatisticsResourceArgs(
                    s3_uri=pulumi.Output.concat(below, "/statistics.json")
                ),
            )
        definition = sm.DataQualityJobDefinition(
            f"{name}-check",
            role_arn=ground.role_arn,
            data_quality_app_specification=sm.DataQualityJobDefinitionDataQualityAppSpecificationArgs(image_uri=self._image),
            data_quality_baseline_config=baseline,
            data_quality_job_input=sm.DataQualityJobDefinitionDataQualityJobInputArgs(
                endpoint_input=sm.DataQualityJobDefinitionDataQualityJobInputEndpointInputArgs(
                    endpoint_name=args.endpoint, local_path="/opt/ml/processing/input/endpoint"
                )
            ),
            data_quality_job_output_config=sm.DataQualityJobDefinitionDataQualityJobOutputConfigArgs(
                kms_key_id=ground.kms_key,
                monitoring_outputs=sm.DataQualityJobDefinitionDataQualityJobOutputConfigMonitoringOutputsArgs(
                    s3_output=sm.DataQualityJobDefinitionDataQualityJobOutputConfigMonitoringOutputsS3OutputArgs(
                        s3_uri=where, local_path="/opt/ml/processing/output", s3_upload_mode="EndOfJob"
                    )
                ),
            ),
            job_resources=sm.DataQualityJobDefinitionJobResourcesArgs(
                cluster_config=sm.DataQualityJobDefinitionJobResourcesClusterConfigArgs(
                    instance_count=1,
                    instance_type=args.instance_type,
                    volume_size_in_gb=50,
                    volume_kms_key_id=ground.kms_key,
                )
            ),
            network_config=sm.DataQualityJobDefinitionNetworkConfigArgs(
                enable_inter_container_traffic_encryption=True,
                enable_network_isolation=True,
                vpc_config=sm.DataQualityJobDefinitionNetworkConfigVpcConfigArgs(
                    security_group_ids=[ground.security_group_id], subnets=ground.subnet_ids
                ),
            ),
            stopping_condition=sm.DataQualityJobDefinitionStoppingConditionArgs(max_runtime_in_seconds=HOURS * 3600 - 300),
            opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[self._rights])),
        )
        schedule = sm.MonitoringSchedule(
            f"{name}-schedule",
            name=stem,
            monitoring_schedule_config=sm.MonitoringScheduleMonitoringScheduleConfigArgs(
                monitoring_type="DataQuality",
                monitoring_job_definition_name=definition.name,
                schedule_config=sm.MonitoringScheduleMonitoringScheduleConfigScheduleConfigArgs(
                    schedule_expression=args.schedule
                ),
            ),
            opts=self._opts,
        )
        return schedule.name

    @staticmethod
    def wants(config: ModelMonitoring) -> Wants:
        """A bucket for reports and baselines, and the one with what was captured."""
        return Wants(buckets=(BUCKET, CAPTURED))

    @staticmethod
    def plan(site: Site) -> SagemakerModelMonitorArgs:
        """From `systems.modelMonitoring` of the spec; endpoints by the serving system's contract."""
        config: ModelMonitoring = site.config
        serving = site.maybe(contracts.Serving)
        known = serving.endpoints if serving else {}
        for model in config.endpoints:
            if model not in known:
                raise pulumi.RunError(
                    f"mlops:spec.systems.modelMonitoring.endpoints.{model}: no such model is served; "
                    f"expected one of {', '.join(sorted(known)) or 'none: the stack serves none'}"
                )
        models = {
            model: MonitoredModelArgs(known[model], found.schedule, found.instance_type, found.baseline)
            for model, found in config.endpoints.items()
        }
        return SagemakerModelMonitorArgs(jobs.ground(site, BUCKET), models)

    def contracts(self) -> Sequence[Any]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What a baseline is launched by, where reports lie, and the schedules."""
        found: dict[str, pulumi.Input[str]] = {"launcher": self.machine, "template": self._launcher.template}
        found["reports"] = jobs.uri(self._ground, "reports/")
        return found | {f"schedule.{model}": schedule for model, schedule in self._schedules.items()}


def _configurations(ground: JobGround) -> list[pulumi.Output[str]]:
    """Endpoint configurations: their names are drawn, for each change makes another."""
    return [jobs.arn(ground, "sagemaker", "endpoint-config/*")]
