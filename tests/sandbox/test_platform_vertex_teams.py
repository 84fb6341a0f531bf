"""A platform on Google Cloud and a team on it: what the team was granted is published, found again and enough."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.platform_env import Project, project

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

PLATFORM = """config:
  mlops:target: vertex
  mlops:spec:
    tier: platform
    cloud: {identityDomain: example.org}
    systems: {minio: {}, mysql: {}, kafka: {topics: {events: {}}}}
    teams:
      fraud: {systems: [mlflow, jupyterhub], topics: [events], users: [alice]}
"""
TEAM = """config:
  mlops:target: vertex
  mlops:spec:
    tier: team
    team: fraud
    platformStack: {vertex: base}
    systems: {mlflow: {}, jupyterhub: {users: [alice]}}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with project(tmp_path_factory.mktemp("vertex-teams")) as here:
        for stack, text in (("base", PLATFORM), ("fraud-base", TEAM)):
            here.stack_file(stack).write_text(text)
            here.init(stack)
            here.good("up", stack, "--yes", "--skip-preview", "--policy-pack", "policies")
        yield here


def test_the_team_runs_as_the_accounts_that_the_platform_made_for_it(made: Project) -> None:
    kinds = {resource["type"] for resource in made.resources("fraud-base") if resource.get("custom")}
    assert "gcp:serviceaccount/account:Account" not in kinds and "gcp:sql/user:User" not in kinds
    (server,) = [r for r in made.resources("fraud-base") if r["type"] == "gcp:cloudrunv2/service:Service"]
    template = server["inputs"]["template"]
    assert template["serviceAccount"] == "base-fraud-mlflow@mlops-sandbox.iam.gserviceaccount.com"
    told = {env["name"]: env["value"] for env in template["containers"][0]["envs"]}
    assert told["DATABASE"] == "mysql+pymysql://base-fraud-mlflow@127.0.0.1:3306/fraud_mlflow"
    assert told["ARTIFACTS"] == "gs://base-fraud-mlflow-mlops-sandbox/artifacts"


def test_the_deployer_may_use_those_accounts_alone_and_is_taken_by_the_teams_people(made: Project) -> None:
    found = [r["inputs"] for r in made.resources("base") if r["type"] == "gcp:serviceaccount/iAMMember:IAMMember"]
    used = {i["serviceAccountId"].rpartition("/")[2].partition("@")[0] for i in found if i["role"].endswith("serviceAccountUser")}
    assert used == {"base-fraud-mlflow", "base-fraud-jupyterhub", "base-fraud-apps"}
    assert [i["member"] for i in found if i["role"].endswith("TokenCreator")] == ["user:alice@example.org"]
    (topic,) = [
        r["inputs"]
        for r in made.resources("base")
        if r["type"] == "gcp:managedkafka/acl:Acl" and r["inputs"]["aclId"] == "topic/events"
    ]
    assert {e["principal"] for e in topic["aclEntries"]} == {"User:base-fraud-apps@mlops-sandbox.iam.gserviceaccount.com"}


def test_neither_stack_wants_a_second_change_and_both_go(made: Project) -> None:
    for stack in ("base", "fraud-base"):
        made.settled(stack)
    for stack in ("fraud-base", "base"):
        made.destroy(stack)
