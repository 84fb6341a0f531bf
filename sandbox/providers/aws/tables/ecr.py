"""ECR repositories and their policies (moto)."""

from __future__ import annotations

from sandbox.providers.aws.clients import AwsContext
from sandbox.providers.aws.rest import Rest, Tags
from sandbox.providers.aws.shapes import at
from sandbox.providers.cloud.spec import Json, Name, Spec

TAGS = Tags("tags")


class Repository(Rest):
    """A repository."""

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Tag mutability and scanning."""
        if old.get("imageTagMutability") != new.get("imageTagMutability"):
            mutability = new.get("imageTagMutability", "MUTABLE")
            cx.run("ecr", "put_image_tag_mutability", repositoryName=id, imageTagMutability=mutability)
        if old.get("imageScanningConfiguration") != new.get("imageScanningConfiguration"):
            scanning = new.get("imageScanningConfiguration") or {"scanOnPush": False}
            cx.run("ecr", "put_image_scanning_configuration", repositoryName=id, imageScanningConfiguration=scanning)

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """With its images only where the program says so."""
        cx.maybe("ecr", "delete_repository", repositoryName=id, force=bool(old.get("forceDelete")))

    def tag_target(self, cx: AwsContext, id: str, inputs: Json) -> str:
        """Tags go to the ARN."""
        return cx.arn("ecr", f"repository/{id}")


class Policy(Rest):
    """A policy of a repository: its id is the repository's name."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Put it."""
        member = "lifecyclePolicyText" if "lifecycle" in self.creates else "policyText"
        cx.run("ecr", self.creates, repositoryName=inputs["repository"], **{member: inputs["policy"]})
        return str(inputs["repository"])

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """The text."""
        item = cx.maybe("ecr", self.describes, repositoryName=id)
        text = at(item, "lifecyclePolicyText") or at(item, "policyText")
        return {"repository": id, "policy": text, "registryId": cx.account} if text else None

    def update(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Put again."""
        self.create(cx, new)


TYPES: dict[str, Spec] = {
    "aws:ecr/repository:Repository": Spec(
        name=Name("name", 256, lower=True, allowed=r"[a-z0-9._/-]"),
        replace=("encryptionConfigurations",),
        choices={"imageTagMutability": "ecr:ImageTagMutability", "encryptionConfigurations.encryptionType": "ecr:EncryptionType"},
        api=Repository(
            "ecr",
            "create_repository",
            "describe_repositories",
            "delete_repository",
            {"repositoryName": "{id}"},
            "{name}",
            "repositories.0",
            names={"name": "repositoryName"},
            describe_key={"repositoryNames": "[{id}]"},
            tags=TAGS,
            tagged=lambda cx, id, item: cx.run("ecr", "list_tags_for_resource", resourceArn=item["repositoryArn"]).get("tags"),
            outputs={"arn": "repositoryArn", "registryId": "registryId", "repositoryUrl": "repositoryUri"},
            updates="put_image_tag_mutability",
            retag=("tag_resource", "untag_resource", "resourceArn"),
        ),
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Spec(
        replace=("repository",),
        json=("policy",),
        api=Policy("ecr", "put_lifecycle_policy", "get_lifecycle_policy", "delete_lifecycle_policy", {"repositoryName": "{id}"}),
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": Spec(
        replace=("repository",),
        json=("policy",),
        api=Policy(
            "ecr", "set_repository_policy", "get_repository_policy", "delete_repository_policy", {"repositoryName": "{id}"}
        ),
    ),
}
