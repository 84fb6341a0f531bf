"""One model behind a SageMaker endpoint: model, configuration, endpoint, alarms, autoscaling."""

import re
from dataclasses import dataclass, field
from typing import Optional

import pulumi
import pulumi_aws as aws

from components.naming import fit
from components.sagemaker.jobs import JobGround, uri

MAIN, CANARY = "main", "canary"
LOCAL_STORAGE = re.compile(r"^ml\.([a-z]+\d+[a-z]*d[a-z]*|g5|g6|g6e|p5)\.")
"""Instance types with disks of their own, which their hardware encrypts: SageMaker refuses a configuration that names a key for
them (API reference, CreateEndpointConfig, KmsKeyId). The letter d says so (EC2, "Instance type naming conventions")."""
BAKE = 300
"""Seconds that a new fleet is watched before the old one goes."""


@dataclass
class EndpointModelArgs:
    """One served model."""

    instance_type: str
    replicas: int
    """Instances at least."""
    max_replicas: int
    """Instances at most."""
    target_cpu: int
    """Percent of an instance's CPU that the autoscaler aims at."""
    image: Optional[pulumi.Input[str]] = None
    prebuilt: Optional[str] = None
    """Repository of AWS' own image, where none is named."""
    model: Optional[str] = None
    """Prefix of its files in bucket `models`."""
    environment: dict[str, str] = field(default_factory=dict)
    canary_weight: int = 0
    """Percent of the requests that go to a second version; 0: there is none."""
    canary_image: Optional[pulumi.Input[str]] = None
    canary_model: Optional[str] = None
    canary_replicas: int = 1


def cores(instance_type: str) -> int:
    """vCPUs by the size in an instance type: 2 of `large`, 4 of `xlarge`, 4 n of `<n>xlarge`.

    Holds for the general, compute and GPU families of today (EC2 user guide, "Instance type specifications"); others count as 2.
    """
    size = instance_type.rpartition(".")[2]
    if not size.endswith("xlarge"):
        return 2
    number = size.removesuffix("xlarge")
    return 4 * int(number) if number.isdigit() else 4


def endpoint(
    name: str,
    noun: str,
    system: str,
    place: JobGround,
    args: EndpointModelArgs,
    image: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> aws.sagemaker.Endpoint:
    """Endpoint `<stack>-<noun>` and everything of it; `image` serves where the canary has none of its own.

    Models run in the stack's network, cut off from it (network isolation: SageMaker brings the files); volumes and captured
    requests are under the stack's key, an instance's own disks under its hardware's; all requests and answers are captured
    below `<system>/captured`. A change makes a new fleet beside the old one (blue/green, by one instance first where there
    are two) and goes back by itself when the alarm of server errors goes off. Source: SageMaker AI developer guide,
    "Deployment guardrails", "Capture data", "Automatic scaling".
    """
    full = fit(f"{place.stack}-{noun}", 63)
    logs = aws.cloudwatch.LogGroup(
        f"{name}-log",
        name=f"/aws/sagemaker/Endpoints/{full}",
        kms_key_id=place.kms_key,
        retention_in_days=365 if place.production else 30,
        opts=opts,
    )
    sm = aws.sagemaker
    variants = [_variant(name, MAIN, place, args, image, args.model, args.replicas, 100 - args.canary_weight, opts)]
    if args.canary_weight:
        second, files = args.canary_image or image, args.canary_model or args.model
        variants.append(_variant(name, CANARY, place, args, second, files, args.canary_replicas, args.canary_weight, opts))
    configuration = sm.EndpointConfiguration(
        f"{name}-configuration",
        production_variants=variants,
        kms_key_arn=None if LOCAL_STORAGE.match(args.instance_type) else place.kms_key,
        data_capture_config=sm.EndpointConfigurationDataCaptureConfigArgs(
            enable_capture=True,
            initial_sampling_percentage=100,
            destination_s3_uri=uri(place, f"{system}/captured"),
            kms_key_id=place.kms_key,
            capture_options=[
                sm.EndpointConfigurationDataCaptureConfigCaptureOptionArgs(capture_mode=mode) for mode in ("Input", "Output")
            ],
        ),
        opts=opts,
    )
    alarms = [_alarm(f"{name}-errors", full, MAIN, opts)]
    made = sm.Endpoint(
        f"{name}-endpoint",
        name=full,
        endpoint_config_name=configuration.name,
        deployment_config=_deployment(args, alarms),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[logs])),
    )
    if args.max_replicas > args.replicas:
        _scale(name, made, args, opts)
    return made


def _variant(
    name: str,
    variant: str,
    place: JobGround,
    args: EndpointModelArgs,
    image: pulumi.Input[str],
    files: str | None,
    replicas: int,
    weight: int,
    opts: pulumi.ResourceOptions,
) -> aws.sagemaker.EndpointConfigurationProductionVariantArgs:
    """A version: its Model, and its share of instances and requests."""
    sm = aws.sagemaker
    source = None
    if files is not None:
        s3 = sm.ModelPrimaryContainerModelDataSourceS3DataSourceArgs(
            compression_type="None", s3_data_type="S3Prefix", s3_uri=uri(place, f"{files.rstrip('/')}/")
        )
        source = sm.ModelPrimaryContainerModelDataSourceArgs(s3_data_sources=[s3])
    model = sm.Model(
        f"{name}-model" if variant == MAIN else f"{name}-{variant}-model",
        execution_role_arn=place.role_arn,
        enable_network_isolation=True,
        vpc_config=sm.ModelVpcConfigArgs(security_group_ids=[place.security_group_id], subnets=place.subnet_ids),
        primary_container=sm.ModelPrimaryContainerArgs(
            image=image, model_data_source=source, environment=args.environment or None
        ),
        opts=opts,
    )
    return sm.EndpointConfigurationProductionVariantArgs(
        variant_name=variant,
        model_name=model.name,
        instance_type=args.instance_type,
        initial_instance_count=replicas,
        initial_variant_weight=weight,
    )


def _alarm(name: str, full: str, variant: str, opts: pulumi.ResourceOptions) -> aws.cloudwatch.MetricAlarm:
    return aws.cloudwatch.MetricAlarm(
        name,
        name=f"{full}-{variant}-errors",
        alarm_description=f"{full} answers with server errors: a change under way goes back",
        namespace="AWS/SageMaker",
        metric_name="Invocation5XXErrors",
        dimensions={"EndpointName": full, "VariantName": variant},
        statistic="Average",
        period=60,
        evaluation_periods=2,
        comparison_operator="GreaterThanThreshold",
        threshold=0.05,
        treat_missing_data="notBreaching",
        opts=opts,
    )


def _deployment(args: EndpointModelArgs, alarms: list[aws.cloudwatch.MetricAlarm]) -> aws.sagemaker.EndpointDeploymentConfigArgs:
    sm = aws.sagemaker
    by_one = sm.EndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationCanarySizeArgs(
        type="INSTANCE_COUNT", value=1
    )
    # the first step is half of the instances at most, so one instance can only be exchanged at once
    careful = args.replicas > 1 and not args.canary_weight
    routing = sm.EndpointDeploymentConfigBlueGreenUpdatePolicyTrafficRoutingConfigurationArgs(
        type="CANARY" if careful else "ALL_AT_ONCE",
        wait_interval_in_seconds=BAKE,
        canary_size=by_one if careful else None,
    )
    return sm.EndpointDeploymentConfigArgs(
        blue_green_update_policy=sm.EndpointDeploymentConfigBlueGreenUpdatePolicyArgs(
            traffic_routing_configuration=routing,
            termination_wait_in_seconds=BAKE,
            maximum_execution_timeout_in_seconds=3600,
        ),
        auto_rollback_configuration=sm.EndpointDeploymentConfigAutoRollbackConfigurationArgs(
            alarms=[sm.EndpointDeploymentConfigAutoRollbackConfigurationAlarmArgs(alarm_name=a.name) for a in alarms]
        ),
    )


def _scale(name: str, made: aws.sagemaker.Endpoint, args: EndpointModelArgs, opts: pulumi.ResourceOptions) -> None:
    """Between the two counts, by CPU: CloudWatch adds up the cores, so the aim is the percentage times the cores."""
    scaling = aws.appautoscaling
    target = scaling.Target(
        f"{name}-capacity",
        service_namespace="sagemaker",
        scalable_dimension="sagemaker:variant:DesiredInstanceCount",
        resource_id=pulumi.Output.concat("endpoint/", made.name, f"/variant/{MAIN}"),
        min_capacity=args.replicas,
        max_capacity=args.max_replicas,
        opts=opts,
    )
    dimension = scaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationDimensionArgs
    scaling.Policy(
        f"{name}-capacity",
        name=f"{name}-cpu",
        policy_type="TargetTrackingScaling",
        service_namespace=target.service_namespace,
        scalable_dimension=target.scalable_dimension,
        resource_id=target.resource_id,
        target_tracking_scaling_policy_configuration=scaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
            target_value=args.target_cpu * cores(args.instance_type),
            scale_in_cooldown=600,
            scale_out_cooldown=120,
            customized_metric_specification=scaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationArgs(
                namespace="/aws/sagemaker/Endpoints",
                metric_name="CPUUtilization",
                statistic="Average",
                unit="Percent",
                dimensions=[
                    dimension(name="EndpointName", value=made.name),
                    dimension(name="VariantName", value=MAIN),
                ],
            ),
        ),
        opts=opts,
    )
