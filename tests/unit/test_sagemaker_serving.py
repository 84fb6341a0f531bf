"""Model services, their registry and their checks on AWS: endpoints for declared models alone."""

import json
from typing import Any

import pulumi
import pytest

from components import contracts
from components.sagemaker.endpoint import cores
from tests.unit.recording import Recording
from tests.unit.sagemaker_site import KEY, actions, built, statements, wide

SYSTEMS = ("fastapi", "flask", "bentoml", "tfserving", "kserve")
CHURN: dict[str, Any] = {"image": "registry.example.com/churn:1", "model": "churn/1", "maxReplicas": 4}


def churn(**more: Any) -> Recording[Any]:
    return built("fastapi", {"models": {"churn": {**CHURN, **more}}})


@pytest.mark.parametrize("key", SYSTEMS)
def test_without_a_model_there_is_what_a_delivery_needs_and_no_endpoint(key: str) -> None:
    made = built(key)
    repository = made.one("Repository").inputs
    assert repository["name"] == f"test/{key}" and repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    assert repository["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": KEY}]
    assert made.one("LogGroup").inputs["kmsKeyId"] == KEY
    assert made.one("RolePolicy", f"{key}-run").inputs["role"] == f"test-{key}"
    assert made.all("Endpoint") == [] and made.result.contracts() == []
    assert wide(made) == []


def test_a_model_is_isolated_encrypted_and_captured() -> None:
    made = churn()
    model, configuration = made.one("Model").inputs, made.one("EndpointConfiguration").inputs
    assert model["enableNetworkIsolation"] is True
    assert model["vpcConfig"] == {"securityGroupIds": ["sg-1"], "subnets": ["subnet-1", "subnet-2"]}
    (files,) = model["primaryContainer"]["modelDataSource"]["s3DataSources"]
    assert files["s3Uri"] == "s3://test-models/churn/1/"
    capture = configuration["dataCaptureConfig"]
    assert configuration["kmsKeyArn"] == KEY == capture["kmsKeyId"]
    assert capture["enableCapture"] is True and capture["destinationS3Uri"] == "s3://test-models/fastapi/captured"
    assert [o["captureMode"] for o in capture["captureOptions"]] == ["Input", "Output"]


def test_a_change_goes_by_one_instance_and_back_at_errors() -> None:
    made = churn()
    deployment = made.one("Endpoint").inputs["deploymentConfig"]
    routing = deployment["blueGreenUpdatePolicy"]["trafficRoutingConfiguration"]
    assert routing["type"] == "CANARY" and routing["canarySize"] == {"type": "INSTANCE_COUNT", "value": 1}
    (alarm,) = deployment["autoRollbackConfiguration"]["alarms"]
    assert made.one("MetricAlarm").inputs["name"] == alarm["alarmName"]
    assert made.one("MetricAlarm").inputs["dimensions"]["EndpointName"] == made.one("Endpoint").inputs["name"]
    assert "cloudwatch:DescribeAlarms" in actions(made)


def test_one_instance_is_exchanged_at_once() -> None:
    made = churn(replicas=1, maxReplicas=1)
    assert made.one("Endpoint").inputs["deploymentConfig"]["blueGreenUpdatePolicy"]["trafficRoutingConfiguration"]["type"] == (
        "ALL_AT_ONCE"
    )
    assert made.all("Target") == []


def test_it_grows_by_cpu_between_its_counts() -> None:
    made = churn(targetCpu=60, instanceType="ml.m5.2xlarge")
    target = made.one("Target").inputs
    assert (target["minCapacity"], target["maxCapacity"]) == (2, 4)
    assert target["resourceId"] == "endpoint/test-fastapi-churn/variant/main"
    policy = made.one("aws:appautoscaling/policy:Policy").inputs["targetTrackingScalingPolicyConfiguration"]
    assert policy["targetValue"] == 60 * 8


@pytest.mark.parametrize(
    ("kind", "count"), [("ml.m5.large", 2), ("ml.g5.xlarge", 4), ("ml.c5.12xlarge", 48), ("ml.t2.medium", 2)]
)
def test_cores_by_size(kind: str, count: int) -> None:
    assert cores(kind) == count


def test_a_canary_is_a_second_variant_with_its_share() -> None:
    made = churn(canary={"weight": 10, "image": "registry.example.com/churn:2"})
    variants = made.one("EndpointConfiguration").inputs["productionVariants"]
    assert {v["variantName"]: v["initialVariantWeight"] for v in variants} == {"main": 90, "canary": 10}
    assert made.one("Model", "fastapi-churn-canary-model").inputs["primaryContainer"]["image"].endswith(":2")


def test_several_gpus_want_a_type_that_has_them() -> None:
    with pytest.raises(pulumi.RunError, match=r"models\.churn\.instanceType: missing"):
        churn(gpus=4)
    assert churn(gpus=1).one("EndpointConfiguration").inputs["productionVariants"][0]["instanceType"] == "ml.g4dn.xlarge"


@pytest.mark.parametrize(
    ("kind", "keyed"),
    [
        ("ml.m5.large", True),
        ("ml.c6i.xlarge", True),
        ("ml.m5d.large", False),
        ("ml.g4dn.xlarge", False),
        ("ml.g5.2xlarge", False),
    ],
)
def test_no_key_is_named_for_disks_that_are_the_instances_own(kind: str, keyed: bool) -> None:
    configuration = churn(instanceType=kind).one("EndpointConfiguration").inputs
    assert configuration.get("kmsKeyArn") == (KEY if keyed else None)
    assert configuration["dataCaptureConfig"]["kmsKeyId"] == KEY


def test_a_format_that_aws_serves_needs_no_image_and_others_do() -> None:
    scores = {"models": {"scores": {"format": "xgboost", "model": "scores/1"}}}
    assert built("kserve", scores).one("Endpoint").inputs["name"] == "test-kserve-scores"
    with pytest.raises(pulumi.RunError, match=r"kserve\.models\.net\.image: missing.*onnx"):
        built("kserve", {"models": {"net": {"format": "onnx", "model": "net/1"}}})


def test_versions_are_for_this_account_and_named_readers() -> None:
    made = built("modelRegistry", {"groups": ["churn"], "readers": ["210987654321"]}, environment="prod")
    assert made.one("ModelPackageGroup").inputs["modelPackageGroupName"] == "test-churn" and made.one("ModelPackageGroup").protect
    own, readers = json.loads(made.one("ModelPackageGroupPolicy").inputs["resourcePolicy"])["Statement"]
    assert own["Principal"]["AWS"] == ["arn:aws:iam::123456789012:root"]
    assert readers["Principal"]["AWS"] == ["arn:aws:iam::210987654321:root"]
    assert "sagemaker:CreateModelPackage" in own["Action"] and "sagemaker:CreateModelPackage" not in readers["Action"]


def test_a_check_stands_for_a_declared_model_alone() -> None:
    assert built("modelMonitoring").all("MonitoringSchedule") == []
    serving = contracts.Serving("https://x", {"churn": "test-fastapi-churn"}, "s3://test-models/fastapi/captured")
    made = built("modelMonitoring", {"endpoints": {"churn": {"baseline": "baseline/churn"}}}, serving)
    check = made.one("DataQualityJobDefinition").inputs
    assert check["dataQualityJobInput"]["endpointInput"]["endpointName"] == "test-fastapi-churn"
    assert check["networkConfig"]["enableNetworkIsolation"] is True
    assert check["networkConfig"]["enableInterContainerTrafficEncryption"] is True
    assert check["jobResources"]["clusterConfig"]["volumeKmsKeyId"] == KEY == check["dataQualityJobOutputConfig"]["kmsKeyId"]
    assert check["dataQualityBaselineConfig"]["constraintsResource"]["s3Uri"] == (
        "s3://test-monitoring/baseline/churn/constraints.json"
    )
    assert made.one("MonitoringSchedule").inputs["monitoringScheduleConfig"]["monitoringType"] == "DataQuality"


def test_a_check_of_what_nobody_serves_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match=r"modelMonitoring\.endpoints\.churn: no such model is served"):
        built("modelMonitoring", {"endpoints": {"churn": {}}})


def test_the_analyzer_reads_what_was_captured_and_nothing_runs_wide() -> None:
    made = built("modelMonitoring")
    (looks,) = [
        s for s in statements(made.one("RolePolicy", "modelMonitoring-run")) if "sagemaker:DescribeEndpoint" in s["Action"]
    ]
    assert "arn:aws:sagemaker:eu-central-1:123456789012:endpoint/test-*" in looks["Resource"]
    assert wide(made) == []
