"""Served models, git, long-term metrics, logs and checks on Vertex AI."""

from pathlib import Path

import pulumi
import pytest

from components.spec.model import Git
from components.vertex.git import SourceManager
from components.vertex.loki import selection
from components.vertex.model_monitoring import cron
from tests.unit.recording import record
from tests.unit.vertex_site import consumer, site
from tests.unit.vertex_stack import NUMBER, PROJECT, STORE, body, composed, no_lending, rights, workflow

RUN = "gcp:cloudrunv2/service:Service"


@pytest.mark.parametrize("system", ["fastapi", "flask", "bentoml", "tfserving", "kserve"])
def test_without_a_model_there_is_a_place_for_a_delivery(tmp_path: Path, system: str) -> None:
    made = composed(tmp_path, STORE + f"  {system}: {{}}\n")
    no_lending(made)
    repository = made.one("gcp:artifactregistry/repository:Repository", f"{system}-repository").inputs
    assert repository["kmsKeyName"].endswith("/platform") and repository["dockerConfig"] == {"immutableTags": True}
    assert made.one("RepositoryIamMember").inputs["member"] == f"serviceAccount:demo-{system}@{PROJECT}.iam.gserviceaccount.com"
    assert made.all(RUN) == [] and made.all("AiEndpoint") == [] and made.all("Workflow") == []


def test_a_model_is_a_private_service_that_reads_its_files(tmp_path: Path) -> None:
    model = '{image: "europe-west3-docker.pkg.dev/p/r/churn:1", model: churn/1, replicas: 1, maxReplicas: 6, environment: {A: b}}'
    made = composed(tmp_path, STORE + f"  bentoml: {{models: {{churn: {model}}}}}\n")
    service = made.one(RUN).inputs
    assert service["name"] == "demo-bentoml-churn" and service["ingress"] == "INGRESS_TRAFFIC_INTERNAL_ONLY"
    template = service["template"]
    assert template["scaling"] == {"minInstanceCount": 1, "maxInstanceCount": 6}
    (container,) = template["containers"]
    assert container["image"] == "europe-west3-docker.pkg.dev/p/r/churn:1" and container["ports"] == {"containerPort": 3000}
    assert container["startupProbe"]["httpGet"]["path"] == "/readyz" and "dependsOns" not in container
    assert {e["name"]: e["value"] for e in container["envs"]} == {"A": "b", "MODEL_PATH": "/models/churn/1"}
    assert template["volumes"] == [{"name": "models", "gcs": {"bucket": f"demo-models-{PROJECT}", "readOnly": True}}]
    assert len(made.all("gcp:artifactregistry/repository:Repository")) == 1  # no remote one: it is in the registry already


def test_a_gpu_comes_with_cores_and_memory(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + '  fastapi: {models: {fraud: {image: "ghcr.io/a/b:1", gpus: 1}}}\n')
    template = made.one(RUN).inputs["template"]
    assert template["nodeSelector"] == {"accelerator": "nvidia-l4"} and template["gpuZonalRedundancyDisabled"] is True
    assert template["containers"][0]["resources"]["limits"] == {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"}
    assert (
        made.one("gcp:artifactregistry/repository:Repository", "fastapi-fraud-fraud-images").inputs["mode"] == "REMOTE_REPOSITORY"
    )


@pytest.mark.parametrize(
    ("system", "model", "said"),
    [
        ("flask", "{image: 'a/b:1', canary: {weight: 10}}", r"models\.m\.canary: leave it out"),
        ("bentoml", "{image: 'a/b:1', gpus: 2}", r"models\.m\.gpus: 2: Cloud Run has one GPU"),
        ("kserve", "{format: onnx, model: a/1}", r"systems\.kserve\.models\.m\.image: missing"),
    ],
)
def test_models_that_cannot_be_served_are_refused(tmp_path: Path, system: str, model: str, said: str) -> None:
    with pytest.raises(pulumi.RunError, match=said):
        composed(tmp_path, STORE + f"  {system}: {{models: {{m: {model}}}}}\n")


def test_a_declared_format_is_a_private_endpoint_and_a_deployment_to_launch(tmp_path: Path) -> None:
    made = composed(
        tmp_path, STORE + "  kserve: {models: {iris: {format: sklearn, model: iris/1, replicas: 1, maxReplicas: 3}}}\n"
    )
    no_lending(made)
    endpoint = made.one("AiEndpoint").inputs
    assert endpoint["privateServiceConnectConfig"] == {"enablePrivateServiceConnect": True, "projectAllowlists": [PROJECT]}
    assert endpoint["encryptionSpec"]["kmsKeyName"].endswith("/platform")
    assert endpoint["predictRequestResponseLoggingConfig"]["samplingRate"] == 1
    steps = workflow(made, "kserve-template")
    served = steps["models"]["assign"][0]["models"]["iris"]
    assert served["upload"]["containerSpec"]["imageUri"].startswith("europe-docker.pkg.dev/vertex-ai/prediction/sklearn")
    assert served["upload"]["artifactUri"] == f"gs://demo-models-{PROJECT}/iris/1" and (served["least"], served["most"]) == (1, 3)
    assert body(steps)["trafficSplit"] == {"0": 100}
    assert set(rights(made, "-kserve-deploy-launch")) <= {"roles/aiplatform.user", "roles/logging.logWriter"}
    table = made.one("gcp:bigquery/table:Table").inputs
    assert table["timePartitioning"] == {"type": "DAY", "field": "logging_time"}


def test_checks_look_at_what_an_endpoint_was_asked(tmp_path: Path) -> None:
    served = "  kserve: {models: {iris: {format: sklearn, model: iris/1}}}\n"
    made = composed(tmp_path, STORE + served + "  modelMonitoring: {endpoints: {iris: {schedule: 'cron(0 */6 ? * * *)'}}}\n")
    no_lending(made)
    scan = made.one("Datascan").inputs
    assert scan["data"]["resource"].endswith("/datasets/demo_kserve_asked/tables/iris")
    assert scan["executionIdentity"]["serviceAccount"]["email"].startswith("demo-modelmonitoring@")
    assert scan["executionSpec"]["trigger"]["schedule"] == {"cron": "0 */6 * * *"}
    asked = body(workflow(made, "modelMonitoring-template"))
    assert asked["endpoint"] == '${"projects/mlops-trial/locations/europe-west3/endpoints/" + job.endpoint}'
    with pytest.raises(pulumi.RunError, match="no such model is served; expected one of iris"):
        composed(tmp_path, STORE + served + "  modelMonitoring: {endpoints: {other: {}}}\n")
    assert cron("cron(0 * ? * * *)") == "0 * * * *"


def test_git_is_private_and_its_branches_are_protected(tmp_path: Path) -> None:
    repositories = '{features: {url: "https://github.com/a/b.git", branch: trunk}}'
    made = composed(tmp_path, STORE + f"  git: {{repositories: {repositories}}}\n", "environment: prod")
    instance = made.one("gcp:securesourcemanager/instance:Instance")
    assert instance.inputs["privateConfig"] == {"isPrivate": True} and instance.inputs["kmsKey"].endswith("/platform")
    assert instance.protect and instance.retain
    rule = made.one("BranchRule").inputs
    assert rule["includePattern"] == "trunk" and rule["requirePullRequest"] is True and rule["minimumApprovalsCount"] == 1


def test_logs_of_a_team_go_to_its_own_bucket_for_as_long_as_it_says(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  loki: {retention: 30d, teamRetention: {fraud: 90d}}\n")
    days = {bucket.name: bucket.inputs["retentionDays"] for bucket in made.all("ProjectBucketConfig")}
    assert days == {"loki-fraud": 90, "loki-platform": 30}
    assert all(b.inputs["cmekSettings"]["kmsKeyName"].endswith("/platform") for b in made.all("ProjectBucketConfig"))
    assert f"cmek-p{NUMBER}@gcp-sa-logging" in made.one("CryptoKeyIAMMember", "loki-key").inputs["member"]
    filters = {sink.name: sink.inputs["filter"] for sink in made.all("ProjectSink")}
    assert filters["loki-fraud"] == '(labels.team="fraud" OR resource.labels.team="fraud")'
    assert filters["loki-platform"] == f"NOT {filters['loki-fraud']}"
    assert selection("platform", []) == 'logName:"logs"'


def test_long_term_metrics_are_googles_own_and_no_longer(tmp_path: Path) -> None:
    made = composed(tmp_path, STORE + "  prometheus: {}\n  thanos: {}\n")
    assert {alert.name for alert in made.all("AlertPolicy")} >= {"thanos-DatabaseDiskFullInAMonth", "thanos-BucketGrowsFast"}
    with pytest.raises(pulumi.RunError, match="24 months at most"):
        composed(tmp_path, STORE + "  prometheus: {}\n  thanos: {retention1H: 5y}\n")


def test_a_grant_on_a_repository_is_a_role_on_it_and_the_way_in() -> None:
    def build() -> SourceManager:
        made = SourceManager("git", SourceManager.plan(site("git", Git())))
        app = consumer()
        made.grant("models", app)
        made.grant("platform", app)
        return made

    made = record(build)
    who = consumer().role
    given = {m.inputs["repositoryId"]: m.inputs for m in made.all("RepositoryIamMember")}
    assert set(given) == {"models", "platform"}
    assert all(
        m["role"] == "roles/securesourcemanager.repoWriter" and m["member"] == f"serviceAccount:{who}" for m in given.values()
    )
    (entered,) = made.all("InstanceIamMember")  # once, for both
    assert entered.inputs["role"] == "roles/securesourcemanager.instanceAccessor"
    assert {rule.inputs["repositoryId"] for rule in made.all("BranchRule")} == {"models", "platform"}
