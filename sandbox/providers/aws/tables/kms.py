"""KMS keys, aliases and key policies (moto)."""

from __future__ import annotations

from sandbox.providers.aws.clients import URN_TAG, AwsContext
from sandbox.providers.aws.rest import Rest, Tags
from sandbox.providers.aws.shapes import at
from sandbox.providers.cloud.spec import Json, Name, Spec

TAGS = Tags("Tags", "TagKey", "TagValue")
_DEFAULT_WINDOW = 30  # days until a deleted key is gone: the provider's default


class Key(Rest):
    """A key has no name, so a left-over is found by its tag; deleting only schedules it."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Make it, then what create does not take: rotation and being disabled."""
        id = super().create(cx, inputs)
        self.change(cx, id, {"isEnabled": True, "policy": inputs.get("policy"), "description": inputs.get("description")}, inputs)
        return id

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """None once its deletion is scheduled."""
        answer = cx.maybe("kms", "describe_key", KeyId=id)
        item = at(answer, "KeyMetadata")
        if item is None or item.get("KeyState") == "PendingDeletion":
            return None
        policy = cx.maybe("kms", "get_key_policy", KeyId=id, PolicyName="default") or {}
        found = {
            "arn": item["Arn"],
            "keyId": item["KeyId"],
            "description": item.get("Description"),
            "isEnabled": item.get("Enabled"),
            "keyUsage": item.get("KeyUsage"),
            "multiRegion": item.get("MultiRegion"),
            "policy": policy.get("Policy"),
        }
        rotation = cx.maybe("kms", "get_key_rotation_status", KeyId=id) or {}
        found["enableKeyRotation"] = rotation.get("KeyRotationEnabled", False)
        if rotation.get("RotationPeriodInDays"):
            found["rotationPeriodInDays"] = rotation["RotationPeriodInDays"]
        tags = cx.run("kms", "list_resource_tags", KeyId=id).get("Tags")
        self.put_tags(cx, found, TAGS.read(tags), inputs)
        return found

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """One operation a property."""
        if old.get("description") != new.get("description"):
            cx.run("kms", "update_key_description", KeyId=id, Description=new.get("description", ""))
        if new.get("policy") and old.get("policy") != new["policy"]:
            cx.run("kms", "put_key_policy", KeyId=id, PolicyName="default", Policy=new["policy"])
        rotation = ("enableKeyRotation", "rotationPeriodInDays")
        if any(old.get(name) != new.get(name) for name in rotation):
            if new.get("enableKeyRotation"):
                cx.run("kms", "enable_key_rotation", KeyId=id, RotationPeriodInDays=new.get("rotationPeriodInDays"))
            elif old.get("enableKeyRotation"):
                cx.run("kms", "disable_key_rotation", KeyId=id)
        if old.get("isEnabled", True) != new.get("isEnabled", True):
            cx.run("kms", "enable_key" if new.get("isEnabled", True) else "disable_key", KeyId=id)

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """Scheduled, unless it is already."""
        if self.read(cx, id, {}) is not None:
            window = old.get("deletionWindowInDays") or _DEFAULT_WINDOW
            cx.maybe("kms", "schedule_key_deletion", KeyId=id, PendingWindowInDays=window)

    def find(self, cx: AwsContext, inputs: Json) -> str | None:
        """The key that carries our tag and is not on its way out."""
        for entry in cx.run("kms", "list_keys", Limit=1000)["Keys"]:
            tags = cx.run("kms", "list_resource_tags", KeyId=entry["KeyId"]).get("Tags") or []
            if {"TagKey": URN_TAG, "TagValue": cx.mark} in tags and self.read(cx, entry["KeyId"], {}) is not None:
                return str(entry["KeyId"])
        return None


class Alias(Rest):
    """A name for a key."""

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """There is no describe operation for one alias."""
        for entry in cx.run("kms", "list_aliases", Limit=100)["Aliases"]:
            if entry["AliasName"] == id:
                key = at(cx.maybe("kms", "describe_key", KeyId=entry["TargetKeyId"]), "KeyMetadata") or {}
                given = inputs.get("targetKeyId")
                target = given if given in (key.get("Arn"), key.get("KeyId")) else key.get("KeyId")
                return {"name": id, "arn": entry["AliasArn"], "targetKeyId": target, "targetKeyArn": key.get("Arn", "")}
        return None


class Policy(Rest):
    """A key's policy as a resource of its own; deleting leaves the key with what it has, as the real provider does."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Put it."""
        cx.run("kms", "put_key_policy", KeyId=inputs["keyId"], PolicyName="default", Policy=inputs["policy"])
        return str(inputs["keyId"])

    def update(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Put again."""
        self.create(cx, new)

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """A key cannot be without a policy."""


TYPES: dict[str, Spec] = {
    "aws:kms/key:Key": Spec(
        replace=("customerMasterKeySpec", "keyUsage", "multiRegion", "customKeyStoreId", "xksKeyId"),
        json=("policy",),
        choices={"keyUsage": "kms:KeyUsageType", "customerMasterKeySpec": "kms:KeySpec"},
        defaults={"description": "Managed by Pulumi"},
        api=Key(
            "kms",
            "create_key",
            "describe_key",
            "schedule_key_deletion",
            {"KeyId": "{id}"},
            "KeyMetadata.KeyId",
            tags=TAGS,
            marked=True,
            names={"customerMasterKeySpec": "KeySpec"},
            updates="update_key_description",
            retag=("tag_resource", "untag_resource", "KeyId"),
        ),
    ),
    "aws:kms/alias:Alias": Spec(
        name=Name("name", 250, allowed=r"[\w/-]", prefix="alias/"),
        api=Alias(
            "kms",
            "create_alias",
            "list_aliases",
            "delete_alias",
            {"AliasName": "{id}"},
            "{name}",
            names={"name": "AliasName"},
            updates="update_alias",
        ),
    ),
    "aws:kms/keyPolicy:KeyPolicy": Spec(
        replace=("keyId",),
        json=("policy",),
        api=Policy(
            "kms",
            "put_key_policy",
            "get_key_policy",
            "put_key_policy",
            {"KeyId": "{id}"},
            describe_key={"KeyId": "{id}", "PolicyName": "default"},
        ),
    ),
}
