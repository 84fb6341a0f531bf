"""Registry, git, GitHub, logs and long-term metrics on AWS: who may do what, and under whose key."""

import json
from typing import Any

import pulumi
import pytest

from components import contracts
from components.contracts import Consumer
from components.sagemaker.docker import EcrRegistry, sources
from components.sagemaker.git import CodeConnection, full_name
from components.sagemaker.loki import days
from components.sagemaker.thanos import workspace
from tests.unit.recording import Recording, record
from tests.unit.sagemaker_site import KEY, built, site, statements, wide

METRICS = contracts.Metrics(query_url="https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-1/")


def test_every_image_of_ours_has_a_closed_repository() -> None:
    made = built("docker", {"users": ["ada"]})
    names = {r.inputs["name"] for r in made.all("Repository")}
    assert {"test/dvc", "test/tfdv", "test/ada"} <= names
    for repository in made.all("Repository"):
        assert repository.inputs["imageTagMutability"] == "IMMUTABLE"
        assert repository.inputs["imageScanningConfiguration"]["scanOnPush"] is True
        assert repository.inputs["encryptionConfigurations"][0]["kmsKey"] == KEY
    assert len(made.all("LifecyclePolicy")) == len(names)


def test_the_builder_is_launched_and_pushes_to_our_images_alone() -> None:
    made = built("docker", {"users": ["ada"]})
    project = made.one("Project").inputs
    assert project["encryptionKey"] == KEY and project["source"]["type"] == "S3"
    assert project["source"]["location"] == "test-builds/images/"
    assert project["logsConfig"]["cloudwatchLogs"]["status"] == "ENABLED"
    assert project["projectVisibility"] == "PRIVATE"
    (pushes,) = [s for s in statements(made.one("RolePolicy", "docker-build")) if "ecr:PutImage" in s["Action"]]
    assert len(pushes["Resource"]) == len(sources_of_ours()) and wide(made) == []
    keys = {o.inputs["key"] for o in made.all("BucketObjectv2")}
    assert "images/dvc/Dockerfile" in keys
    assert all(o.inputs["kmsKeyId"] == KEY for o in made.all("BucketObjectv2"))


def sources_of_ours() -> dict[str, dict[str, str]]:
    from components.sagemaker.docker import FOLDER

    return sources(FOLDER)


def test_without_a_builder_there_is_no_project_and_no_bucket() -> None:
    made = built("docker", {"builder": None})
    assert made.all("Project") == [] and made.all("BucketObjectv2") == [] and made.all("Repository")


def test_a_grant_pushes_to_its_own_repository_and_pulls_the_stacks() -> None:
    consumer = Consumer("fraud-fastapi", role="fraud-role")

    def build() -> pulumi.Output[str]:
        registry: contracts.ImageRegistry = EcrRegistry("docker", EcrRegistry.plan(site("docker"))).contracts()[0]
        return pulumi.Output.from_input(registry.grant(consumer))

    made = record(build)
    policy = made.one("RolePolicy", "fraud-fastapi-images")
    assert policy.inputs["role"] == "fraud-role" and len(consumer.ready) == 1
    assert made.one("Repository", "docker-fraud-fastapi").inputs["name"] == "test/fraud-fastapi"
    pulls = [s["Resource"] for s in statements(policy) if "ecr:GetDownloadUrlForLayer" in s["Action"]]
    assert ["arn:aws:ecr:eu-central-1:123456789012:repository/test/*"] in pulls
    assert not any("ecr:PutImage" in s["Action"] and "*" in str(s["Resource"]) for s in statements(policy))


def test_production_keeps_its_images() -> None:
    made = built("docker", None, environment="prod")
    assert all(r.protect and r.retain and not r.inputs["forceDelete"] for r in made.all("Repository"))


def test_a_repository_is_cloned_with_a_secret_of_its_own() -> None:
    made = built("git", {"repositories": {"features": {"url": "https://github.com/acme/features.git"}}})
    assert made.one("Connection").inputs["providerType"] == "GitHub"
    secret = made.one("Secret").inputs
    assert secret["kmsKeyId"] == KEY and secret["name"] == "AmazonSageMaker-test-features"
    assert made.one("CodeRepository").inputs["gitConfig"]["repositoryUrl"] == "https://github.com/acme/features.git"
    assert made.all("SecretVersion") == [], "the token is its owner's"


@pytest.mark.parametrize(("repository", "secret"), [("acme/features", True), ("acme/other", False)])
def test_a_grant_uses_the_connection_for_one_repository(repository: str, secret: bool) -> None:
    consumer = Consumer("kubeflow", role="role")

    def build() -> Any:
        settings = {"repositories": {"features": {"url": "https://github.com/acme/features.git"}}}
        return CodeConnection("git", CodeConnection.plan(site("git", settings))).contracts()[0].grant(repository, consumer)

    found = statements(record(build).one("RolePolicy", f"kubeflow-git-{repository.replace('/', '-')}"))
    assert found[0]["Condition"] == {"StringEquals": {"codeconnections:FullRepositoryId": repository}}
    assert any("secretsmanager:GetSecretValue" in s["Action"] for s in found) is secret


def test_full_name_of_an_address() -> None:
    assert full_name("https://gitlab.com/acme/deep/features.git") == "acme/deep/features"


def trusted(made: Recording[Any]) -> Any:
    return json.loads(made.one("Role").inputs["assumeRolePolicy"])["Statement"][0]["Condition"]


@pytest.mark.parametrize(
    ("more", "subject"),
    [
        ({}, "repo:acme/platform:ref:refs/heads/main"),
        ({"branch": "release"}, "repo:acme/platform:ref:refs/heads/release"),
        ({"environment": "prod"}, "repo:acme/platform:environment:prod"),
    ],
)
def test_a_role_trusts_one_repository_and_branch_or_environment(more: dict[str, Any], subject: str) -> None:
    made = built("github-actions", {"url": "https://github.com/acme/platform", **more})
    issuer = "token.actions.githubusercontent.com"
    assert trusted(made) == {"StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": subject}}
    assert made.one("OpenIdConnectProvider").inputs["clientIdLists"] == ["sts.amazonaws.com"]


def test_a_role_delivers_what_the_stack_has_and_changes_nothing_else() -> None:
    config = {"url": "https://github.com/acme/platform"}
    alone = statements(built("github-actions", config).one("RolePolicy"))
    assert {a for s in alone for a in s["Action"]} == {"ssm:GetParameter"}
    registry = contracts.ImageRegistry("https://r", "r", lambda consumer: "r")
    made = built("github-actions", config, registry, contracts.Pipelines("https://p"))
    found = statements(made.one("RolePolicy"))
    assert wide(made) == []
    assert {"ecr:PutImage", "sagemaker:StartPipelineExecution", "states:StartExecution"} <= {
        a for s in found for a in s["Action"]
    }
    assert not any(a.split(":")[1].startswith(("Create", "Delete")) for s in found for a in s["Action"])
    assert [s["Resource"] for s in found if s["Resource"] == ["*"]] == [["*"]], "a login token alone"


def test_an_organisation_alone_says_what_is_missing() -> None:
    with pytest.raises(pulumi.RunError, match=r"github-actions\.repositories: missing"):
        built("github-actions", {"url": "https://github.com/acme"})


def test_logs_lie_by_team_under_the_stacks_key() -> None:
    made = built("loki", {"teamRetention": {"fraud": "400d"}})
    found = {g.inputs["name"]: g.inputs["retentionInDays"] for g in made.all("LogGroup")}
    assert found == {"/mlops/test/logs/platform": 30, "/mlops/test/logs/fraud": 400}
    assert all(g.inputs["kmsKeyId"] == KEY for g in made.all("LogGroup"))
    assert made.one("QueryDefinition") and len(made.all("LogMetricFilter")) == 2


@pytest.mark.parametrize(("asked", "kept"), [("1d", 1), ("31d", 60), ("1y", 365), ("2y", 731), ("50y", 3653)])
def test_a_retention_is_never_shorter_than_asked(asked: str, kept: int) -> None:
    assert days(asked) == kept


def test_grafana_queries_the_logs_where_the_stack_has_some() -> None:
    made = built("grafana", None, METRICS, contracts.Logs("https://logs", push_url="https://logs"))
    assert made.one("Workspace").inputs["dataSources"] == ["PROMETHEUS", "CLOUDWATCH"]
    asks = [s for s in statements(made.one("RolePolicy")) if "logs:StartQuery" in s["Action"]]
    assert [s["Resource"] for s in asks] == [["arn:aws:logs:eu-central-1:123456789012:log-group:/mlops/*"]]
    assert built("grafana", None, METRICS).one("Workspace").inputs["dataSources"] == ["PROMETHEUS"]


def test_the_workspace_keeps_samples_for_the_longest_retention() -> None:
    made = built("thanos", {"retention1h": "9y"}, METRICS)
    kept = made.one("WorkspaceConfiguration").inputs
    assert kept == {"workspaceId": "ws-1", "retentionPeriodInDays": 1095}
    assert built("thanos", None, METRICS).one("WorkspaceConfiguration").inputs["retentionPeriodInDays"] == 730


def test_an_address_that_is_no_workspaces_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match="expected the address of a workspace"):
        workspace("https://prometheus.example.com/")
