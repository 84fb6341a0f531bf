"""CloudWatch log groups (moto)."""

from __future__ import annotations

from sandbox.providers.aws.clients import AwsContext
from sandbox.providers.aws.rest import MAPPED, Rest
from sandbox.providers.cloud.spec import Json, Name, Spec


class LogGroup(Rest):
    """Retention and key are set by operations of their own."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Make it, then its retention."""
        id = super().create(cx, inputs)
        self._retain(cx, id, inputs)
        return id

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """The describe operation goes by prefix."""
        groups = cx.run("logs", "describe_log_groups", logGroupNamePrefix=id)["logGroups"]
        item = next((entry for entry in groups if entry["logGroupName"] == id), None)
        if item is None:
            return None
        arn = item["arn"].removesuffix(":*")
        found = {"name": id, "arn": arn, "retentionInDays": item.get("retentionInDays"), "kmsKeyId": item.get("kmsKeyId")}
        if "logGroupClass" in inputs:
            found["logGroupClass"] = item.get("logGroupClass", inputs["logGroupClass"])
        tags = cx.run("logs", "list_tags_for_resource", resourceArn=arn).get("tags")
        self.put_tags(cx, found, MAPPED.read(tags), inputs)
        return found

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Retention and key."""
        self._retain(cx, id, new)
        if old.get("kmsKeyId") != new.get("kmsKeyId"):
            if new.get("kmsKeyId"):
                cx.run("logs", "associate_kms_key", logGroupName=id, kmsKeyId=new["kmsKeyId"])
            else:
                cx.run("logs", "disassociate_kms_key", logGroupName=id)

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """Kept where the program says so."""
        if not old.get("skipDestroy"):
            super().delete(cx, id, old)

    def tag_target(self, cx: AwsContext, id: str, inputs: Json) -> str:
        """Tags go to the ARN."""
        return cx.arn("logs", f"log-group:{id}")

    def _retain(self, cx: AwsContext, id: str, inputs: Json) -> None:
        if inputs.get("retentionInDays"):
            cx.run("logs", "put_retention_policy", logGroupName=id, retentionInDays=inputs["retentionInDays"])
        else:
            cx.run("logs", "delete_retention_policy", logGroupName=id)


TYPES: dict[str, Spec] = {
    "aws:cloudwatch/logGroup:LogGroup": Spec(
        name=Name("name", 512, allowed=r"[\w/.#-]"),
        replace=("logGroupClass", "namePrefix"),
        choices={"logGroupClass": "logs:LogGroupClass"},
        api=LogGroup(
            "logs",
            "create_log_group",
            "describe_log_groups",
            "delete_log_group",
            {"logGroupName": "{id}"},
            "{name}",
            names={"name": "logGroupName"},
            tags=MAPPED,
            updates="put_retention_policy",
            retag=("tag_resource", "untag_resource", "resourceArn"),
        ),
    ),
}
