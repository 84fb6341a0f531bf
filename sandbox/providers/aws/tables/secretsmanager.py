"""Secrets Manager: secrets, their values and policies (moto)."""

from __future__ import annotations

import uuid

from sandbox.providers.aws.clients import AwsContext
from sandbox.providers.aws.rest import Rest, Tags
from sandbox.providers.cloud.names import automatic
from sandbox.providers.cloud.spec import Json, Name, Spec

TAGS = Tags()
_DEFAULT_WINDOW = 30  # days until a deleted secret is gone: the provider's default


class Secret(Rest):
    """A secret without its value."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """A name that we made is the same at every run, so the same name waiting to be deleted is purged first.

        The real provider draws such names at random and never meets the old one. A name of the program's own is refused,
        as AWS does.
        """
        spec = TYPES["aws:secretsmanager/secret:Secret"]
        ours = spec.name and inputs["name"] in (automatic(spec, spec.name, cx.urn, inputs, generation) for generation in (0, 1))
        old = cx.maybe("secretsmanager", "describe_secret", SecretId=inputs["name"]) if ours else None
        if old and old.get("DeletedDate"):
            cx.maybe("secretsmanager", "delete_secret", SecretId=inputs["name"], ForceDeleteWithoutRecovery=True)
        id = super().create(cx, inputs)
        if inputs.get("policy"):
            cx.run("secretsmanager", "put_resource_policy", SecretId=id, ResourcePolicy=inputs["policy"])
        return id

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """None once its deletion is scheduled."""
        item = cx.maybe("secretsmanager", "describe_secret", SecretId=id)
        if item is None or item.get("DeletedDate"):
            return None
        found = {
            "arn": item["ARN"],
            "name": item["Name"],
            "description": item.get("Description", ""),
            "kmsKeyId": item.get("KmsKeyId"),
        }
        if inputs.get("policy"):
            found["policy"] = (cx.maybe("secretsmanager", "get_resource_policy", SecretId=id) or {}).get("ResourcePolicy")
        self.put_tags(cx, found, TAGS.read(item.get("Tags")), inputs)
        return found

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Description, key and policy."""
        if any(old.get(name) != new.get(name) for name in ("description", "kmsKeyId")):
            cx.run(
                "secretsmanager",
                "update_secret",
                SecretId=id,
                Description=new.get("description", ""),
                KmsKeyId=new.get("kmsKeyId"),
            )
        if old.get("policy") != new.get("policy"):
            if new.get("policy"):
                cx.run("secretsmanager", "put_resource_policy", SecretId=id, ResourcePolicy=new["policy"])
            else:
                cx.run("secretsmanager", "delete_resource_policy", SecretId=id)

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """At once with a window of 0 days, else scheduled."""
        if self.read(cx, id, {}) is None:
            return
        window = old.get("recoveryWindowInDays", _DEFAULT_WINDOW)
        if window == 0:
            cx.maybe("secretsmanager", "delete_secret", SecretId=id, ForceDeleteWithoutRecovery=True)
        else:
            cx.maybe("secretsmanager", "delete_secret", SecretId=id, RecoveryWindowInDays=window)

    def find(self, cx: AwsContext, inputs: Json) -> str | None:
        """By name."""
        item = cx.maybe("secretsmanager", "describe_secret", SecretId=inputs["name"])
        return None if item is None or item.get("DeletedDate") else str(item["ARN"])


class Version(Rest):
    """A value of a secret. The version's id follows from the URN and the value, so that a repeated create is the same one."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Put the value."""
        value = inputs.get("secretString", inputs.get("secretStringWo"))
        token = str(
            uuid.uuid5(
                uuid.NAMESPACE_URL, f"{cx.urn}{inputs.get('secretStringWoVersion', '')}{value}{inputs.get('secretBinary')}"
            )
        )
        binary = inputs["secretBinary"].encode() if inputs.get("secretBinary") else None
        stages = inputs.get("versionStages")
        secret = inputs["secretId"]
        cx.run(
            "secretsmanager",
            "put_secret_value",
            SecretId=secret,
            ClientRequestToken=token,
            SecretString=value,
            SecretBinary=binary,
            VersionStages=stages,
        )
        return f"{secret}|{token}"

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """The value goes into outputs as the secret it is; a write-only one is never read back."""
        secret, _, version = id.partition("|")
        item = cx.maybe("secretsmanager", "get_secret_value", SecretId=secret, VersionId=version)
        if item is None:
            return None
        found = {
            "secretId": inputs.get("secretId", item["ARN"]),
            "arn": item["ARN"],
            "secretArn": item["ARN"],
            "versionId": version,
            "versionStages": item.get("VersionStages", []),
            "hasSecretStringWo": "secretStringWo" in inputs,
        }
        if "secretString" in inputs:
            found["secretString"] = item.get("SecretString")
        return found

    def update(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Stages move; a new value is a new version, by replacement."""
        secret, _, version = id.partition("|")
        for stage in set(new.get("versionStages") or []) - set(old.get("versionStages") or []):
            cx.run("secretsmanager", "update_secret_version_stage", SecretId=secret, VersionStage=stage, MoveToVersionId=version)

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """A version without stages is deleted by AWS in its own time; the current one stays until the secret goes."""


class Policy(Rest):
    """A secret's policy as a resource of its own."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Put it."""
        cx.run(
            "secretsmanager",
            "put_resource_policy",
            SecretId=inputs["secretArn"],
            ResourcePolicy=inputs["policy"],
            BlockPublicPolicy=inputs.get("blockPublicPolicy"),
        )
        return str(inputs["secretArn"])

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """None where the secret has no policy."""
        item = cx.maybe("secretsmanager", "get_resource_policy", SecretId=id)
        return {"secretArn": id, "policy": item["ResourcePolicy"]} if item and item.get("ResourcePolicy") else None

    def update(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Put again."""
        self.create(cx, new)


_PLACEHOLDER = ("secretsmanager", "put_secret_value", "get_secret_value", "delete_secret")

TYPES: dict[str, Spec] = {
    "aws:secretsmanager/secret:Secret": Spec(
        name=Name("name", 512, allowed=r"[\w/+=.@-]"),
        replace=("namePrefix",),
        json=("policy",),
        api=Secret(
            "secretsmanager",
            "create_secret",
            "describe_secret",
            "delete_secret",
            {"SecretId": "{id}"},
            "ARN",
            tags=TAGS,
            updates="update_secret",
            retag=("tag_resource", "untag_resource", "SecretId"),
        ),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Spec(
        replace=("secretId", "secretString", "secretBinary", "secretStringWoVersion"),
        write_only=("secretStringWo",),
        api=Version(*_PLACEHOLDER, {}),
    ),
    "aws:secretsmanager/secretPolicy:SecretPolicy": Spec(
        replace=("secretArn",),
        json=("policy",),
        api=Policy(
            "secretsmanager", "put_resource_policy", "get_resource_policy", "delete_resource_policy", {"SecretId": "{id}"}
        ),
    ),
}
