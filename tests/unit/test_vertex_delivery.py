"""Artifact Registry and Workload Identity Federation: who may push, pull, and come in from GitHub."""

from typing import Any

import pulumi
import pytest

from components import contracts
from components.spec.data import Docker
from components.spec.delivery import GithubActions
from components.vertex.github_actions import GithubFederation, condition
from components.vertex.registry import ArtifactRegistryDocker
from tests.unit.recording import Recording, record
from tests.unit.vertex_site import KEY, PROJECT, REGION, ROBOT, consumer, site


def registry(environment: str = "dev") -> Recording[Any]:
    def build() -> ArtifactRegistryDocker:
        config = Docker.model_validate({"users": ["alice"]})
        given = site("docker", config, environment=environment, cloud={"identityDomain": "example.org"})
        made = ArtifactRegistryDocker("docker", ArtifactRegistryDocker.plan(given))
        made.grant(consumer())
        return made

    return record(build)


def test_the_repository_is_encrypted_and_its_tags_never_move() -> None:
    inputs = registry().one("Repository").inputs
    assert inputs["kmsKeyName"] == KEY and inputs["dockerConfig"] == {"immutableTags": True}
    assert inputs["cleanupPolicies"][0]["condition"] == {"tagState": "UNTAGGED", "olderThan": "2592000s"}
    kept = registry("prod").one("Repository")
    assert kept.protect and kept.retain


def test_people_push_and_a_consumer_pulls_from_this_repository_alone() -> None:
    bound = {m.name: (m.inputs["role"], m.inputs["member"]) for m in registry().all("RepositoryIamMember")}
    assert bound == {
        "docker-writer-alice": ("roles/artifactregistry.writer", "user:alice@example.org"),
        "app-images": ("roles/artifactregistry.reader", f"serviceAccount:test-app@{PROJECT}.iam.gserviceaccount.com"),
    }


def federation(url: str, **config: Any) -> Recording[Any]:
    host = pulumi.Output.from_input(f"{REGION}-docker.pkg.dev/{PROJECT}/test-docker")

    def build() -> GithubFederation:
        images = contracts.ImageRegistry(url="https://x", host=host, grant=lambda who: "")
        given = site("github-actions", GithubActions.model_validate({"url": url, **config}), images)
        return GithubFederation("github-actions", GithubFederation.plan(given))

    return record(build)


def test_only_the_named_repository_becomes_the_account() -> None:
    made = federation("https://github.com/acme/platform", ownerId="42")
    provider = made.one("WorkloadIdentityPoolProvider").inputs
    assert provider["oidc"] == {"issuerUri": "https://token.actions.githubusercontent.com"}
    assert provider["attributeCondition"] == (
        "assertion.repository_owner == 'acme' && assertion.repository == 'acme/platform' && assertion.repository_owner_id == '42'"
    )
    bound = made.one("IAMMember").inputs
    assert bound["role"] == "roles/iam.workloadIdentityUser" and bound["serviceAccountId"].endswith(ROBOT)
    assert bound["member"].endswith("/attribute.repository/acme/platform")
    pushes = made.one("RepositoryIamMember").inputs
    assert (pushes["repository"], pushes["role"]) == ("test-docker", "roles/artifactregistry.writer")
    assert made.all("Key") == []  # no key of a service account anywhere


@pytest.mark.parametrize(
    ("url", "issuer", "whose"),
    [
        ("https://github.com/acme", "https://token.actions.githubusercontent.com", "/attribute.repository_owner/acme"),
        ("https://git.example.org/acme", "https://git.example.org/_services/token", "/attribute.repository_owner/acme"),
    ],
)
def test_an_organisation_and_a_server_of_ones_own(url: str, issuer: str, whose: str) -> None:
    made = federation(url)
    assert made.one("WorkloadIdentityPoolProvider").inputs["oidc"] == {"issuerUri": issuer}
    assert made.one("IAMMember").inputs["member"].endswith(whose)
    assert condition("acme", "", "") == "assertion.repository_owner == 'acme'"
