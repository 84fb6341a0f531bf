"""The model and serving systems on SageMaker, end to end: up, read back through boto3, nothing to change, nothing left."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.sandbox.cloud_inventory import client, inventory
from tests.sandbox.platform_env import Project, project

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

STACK = "models"
SPEC = """config:
  mlops:target: sagemaker
  mlops:spec:
    tier: all
    cloud: {region: eu-central-1}
    systems:
      minio: {}
      mysql: {instanceClass: db.t4g.medium}
      prometheus: {}
      grafana: {}
      mlflow: {}
      docker: {users: [ada]}
      kubeflow: {}
      katib: {}
      optuna: {}
      git: {repositories: {features: {url: "https://github.com/acme/features.git"}}}
      github-actions: {url: "https://github.com/acme/platform", branch: release}
      thanos: {}
      loki: {}
      fastapi:
        models:
          churn: {image: "registry.example.com/churn:1", model: churn/1, maxReplicas: 4}
          fraud: {image: "registry.example.com/fraud:1", gpus: 1, canary: {weight: 10, image: "registry.example.com/fraud:2"}}
      flask: {}
      bentoml: {}
      tfserving: {}
      kserve: {models: {scores: {format: xgboost, model: scores/1}}}
      training: {}
      experiments: {}
      automl: {}
      modelRegistry: {readers: ["210987654321"]}
      modelMonitoring: {endpoints: {churn: {baseline: baseline/churn}}}
"""
LISTS = (
    ("sagemaker", "list_endpoints", "Endpoints"),
    ("sagemaker", "list_endpoint_configs", "EndpointConfigs"),
    ("sagemaker", "list_models", "Models"),
    ("sagemaker", "list_pipelines", "PipelineSummaries"),
    ("stepfunctions", "list_state_machines", "stateMachines"),
    ("ecr", "describe_repositories", "repositories"),
    ("codebuild", "list_projects", "projects"),
    ("cloudwatch", "describe_alarms", "MetricAlarms"),
    ("iam", "list_open_id_connect_providers", "OpenIDConnectProviderList"),
)
"""What this stack has beyond cloud_inventory's lists."""


@dataclass
class Deployed:
    """The stack after its `up`, and what stood in the account before it."""

    project: Project
    before: dict[str, list[str]]

    def client(self, service: str) -> Any:
        return client(self.project.environment, service)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with project(tmp_path_factory.mktemp("models")) as made:
        made.stack_file(STACK).write_text(SPEC)
        made.init(STACK)
        before = inventory(made.environment)
        made.up(STACK)
        yield Deployed(made, before)


def test_a_second_preview_wants_nothing_and_the_pack_is_content(deployed: Deployed) -> None:
    deployed.project.settled(STACK, "--policy-pack", "policies")


def test_endpoints_capture_and_encrypt(deployed: Deployed) -> None:
    api = deployed.client("sagemaker")
    names = sorted(e["EndpointName"] for e in api.list_endpoints()["Endpoints"])
    assert names == ["models-fastapi-churn", "models-fastapi-fraud", "models-kserve-scores"]
    for name in names:
        used = api.describe_endpoint(EndpointName=name)["EndpointConfigName"]
        found = api.describe_endpoint_config(EndpointConfigName=used)
        key = found["DataCaptureConfig"]["KmsKeyId"]
        assert key and found["DataCaptureConfig"]["EnableCapture"] is True
        # the disk of a GPU instance is its own, and AWS takes no key for it
        assert found.get("KmsKeyId") == (None if name == "models-fastapi-fraud" else key)
        for variant in found["ProductionVariants"]:
            model = api.describe_model(ModelName=variant["ModelName"])
            assert model["VpcConfig"]["Subnets"] and model["VpcConfig"]["SecurityGroupIds"]
    # moto does not keep a model's isolation: what is known of it is the engine's record
    kept = [r["inputs"] for r in deployed.project.resources(STACK) if r["type"] == "aws:sagemaker/model:Model"]
    assert len(kept) == 4 and all(inputs["enableNetworkIsolation"] is True for inputs in kept)
    weights = {v["VariantName"]: v["InitialVariantWeight"] for v in _variants(api, "models-fastapi-fraud")}
    assert weights == {"main": 90, "canary": 10}


def _variants(api: Any, endpoint: str) -> list[dict[str, Any]]:
    used = api.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    return list(api.describe_endpoint_config(EndpointConfigName=used)["ProductionVariants"])


def test_a_model_that_may_grow_is_scaled(deployed: Deployed) -> None:
    api = deployed.client("application-autoscaling")
    (target,) = api.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert target["ResourceId"] == "endpoint/models-fastapi-churn/variant/main"
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 4)
    (policy,) = api.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert policy["PolicyType"] == "TargetTrackingScaling"


def test_templates_are_encrypted_and_nothing_has_run(deployed: Deployed) -> None:
    api = deployed.client("stepfunctions")
    machines = {m["name"]: m["stateMachineArn"] for m in api.list_state_machines()["stateMachines"]}
    nouns = ("automl", "baseline", "katib", "kubeflow-training", "optuna", "training")
    assert sorted(machines) == [f"models-{noun}" for noun in nouns]
    for name, arn in machines.items():
        found = api.describe_state_machine(stateMachineArn=arn)
        assert found["encryptionConfiguration"]["type"] == "CUSTOMER_MANAGED_KMS_KEY", name
        assert found["loggingConfiguration"]["level"] == "ALL", name
        json.loads(found["definition"])
        assert api.list_executions(stateMachineArn=arn)["executions"] == []
    sagemaker = deployed.client("sagemaker")
    assert sagemaker.list_training_jobs()["TrainingJobSummaries"] == []
    (pipeline,) = sagemaker.list_pipelines()["PipelineSummaries"]
    assert pipeline["PipelineName"] == "models-train"
    ssm = deployed.client("ssm")
    template = ssm.get_parameter(Name="/mlops/models/training/template")["Parameter"]["Value"]
    assert json.loads(template)["instanceCount"] == 1


def test_repositories_are_closed_and_the_builder_finds_its_files(deployed: Deployed) -> None:
    found = deployed.client("ecr").describe_repositories()["repositories"]
    assert {"models/dvc", "models/ada", "models/fastapi", "models/kserve"} <= {r["repositoryName"] for r in found}
    for repository in found:
        assert repository["imageTagMutability"] == "IMMUTABLE"
        assert repository["imageScanningConfiguration"]["scanOnPush"] is True
        assert repository["encryptionConfiguration"]["encryptionType"] == "KMS"
    builds = deployed.client("codebuild")
    (project_found,) = builds.batch_get_projects(names=builds.list_projects()["projects"])["projects"]
    assert project_found["encryptionKey"]
    bucket = project_found["source"]["location"].partition("/")[0]
    listed = deployed.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert "images/dvc/Dockerfile" in {o["Key"] for o in listed}


def test_github_is_trusted_on_one_branch(deployed: Deployed) -> None:
    role = deployed.client("iam").get_role(RoleName="models-github-acme-platform")["Role"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    subject = statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    assert subject == "repo:acme/platform:ref:refs/heads/release"


def test_logs_have_a_key_and_an_end(deployed: Deployed) -> None:
    groups = deployed.client("logs").describe_log_groups()["logGroups"]
    assert "/mlops/models/logs/platform" in {g["logGroupName"] for g in groups}
    assert all(g.get("kmsKeyId") and g.get("retentionInDays") for g in groups)


def test_what_moto_lacks_stands_in_the_record(deployed: Deployed) -> None:
    kinds = {r["type"] for r in deployed.project.resources(STACK)}
    assert {
        "aws:amp/workspaceConfiguration:WorkspaceConfiguration",
        "aws:codeconnections/connection:Connection",
        "aws:sagemaker/mlflowApp:MlflowApp",
        "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
        "aws:sagemaker/monitoringSchedule:MonitoringSchedule",
    } <= kinds


def test_another_image_is_a_new_configuration_of_the_same_endpoint(deployed: Deployed) -> None:
    api = deployed.client("sagemaker")
    before = api.describe_endpoint(EndpointName="models-fastapi-churn")["EndpointConfigName"]
    path = deployed.project.stack_file(STACK)
    path.write_text(path.read_text().replace("churn:1", "churn:3"))
    deployed.project.up(STACK)
    after = api.describe_endpoint(EndpointName="models-fastapi-churn")["EndpointConfigName"]
    assert after != before
    model = api.describe_model(ModelName=_variants(api, "models-fastapi-churn")[0]["ModelName"])
    assert model["PrimaryContainer"]["Image"] == "registry.example.com/churn:3"


def test_destroy_leaves_nothing(deployed: Deployed) -> None:
    # the last of the module, for it takes away what the others look at
    deployed.project.destroy(STACK)
    assert inventory(deployed.project.environment) == deployed.before
    for service, operation, key in LISTS:
        assert getattr(deployed.client(service), operation)().get(key) == [], f"{service} {key}"
