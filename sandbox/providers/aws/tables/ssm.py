"""SSM parameters (moto)."""

from __future__ import annotations

from sandbox.providers.aws.clients import AwsContext
from sandbox.providers.aws.rest import Rest, Tags
from sandbox.providers.aws.shapes import at
from sandbox.providers.cloud.spec import Json, Name, Spec

TAGS = Tags()


class Parameter(Rest):
    """A parameter; its value may come as value, insecureValue or valueWo."""

    def request(self, cx: AwsContext, inputs: Json, operation: str) -> Json:
        """The value under its one name."""
        value = next((inputs[name] for name in ("value", "valueWo", "insecureValue") if inputs.get(name) is not None), None)
        plain = {
            key: item for key, item in inputs.items() if key not in ("value", "valueWo", "insecureValue", "overwrite", "arn")
        }
        return {**super().request(cx, plain, operation), "Value": value}

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """Value and version; a write-only value is never read back."""
        item = at(cx.maybe("ssm", "get_parameter", Name=id, WithDecryption=True), "Parameter")
        if item is None:
            return None
        found = {
            "name": id,
            "type": item["Type"],
            "arn": item.get("ARN") or cx.arn("ssm", f"parameter/{id.lstrip('/')}"),
            "version": item.get("Version", 1),
            "hasValueWo": "valueWo" in inputs,
            "dataType": item.get("DataType", "text"),
        }
        if "valueWo" not in inputs:
            found["insecureValue" if "insecureValue" in inputs else "value"] = item.get("Value")
        tags = cx.run("ssm", "list_tags_for_resource", ResourceType="Parameter", ResourceId=id).get("TagList")
        self.put_tags(cx, found, TAGS.read(tags), inputs)
        return found

    def change(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Put over it."""
        cx.run("ssm", "put_parameter", **self.request(cx, new, "put_parameter"), Overwrite=True)

    def update(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """The tag operations want a type beside the name."""
        if any(old.get(key) != new.get(key) for key in {*old, *new} - {"tags"}):
            self.change(cx, id, old, new)
        before, after = self.all_tags(cx, old), self.all_tags(cx, new)
        target = {"ResourceType": "Parameter", "ResourceId": id}
        if gone := [key for key in before if key not in after]:
            cx.run("ssm", "remove_tags_from_resource", **target, TagKeys=gone)
        if after and after != before:
            cx.run("ssm", "add_tags_to_resource", **target, Tags=TAGS.write(after))


TYPES: dict[str, Spec] = {
    "aws:ssm/parameter:Parameter": Spec(
        name=Name("name", 1011, allowed=r"[\w./-]"),
        replace=("dataType",),
        choices={"type": "ssm:ParameterType", "tier": "ssm:ParameterTier"},
        write_only=("valueWo",),
        api=Parameter(
            "ssm",
            "put_parameter",
            "get_parameter",
            "delete_parameter",
            {"Name": "{id}"},
            "{name}",
            tags=TAGS,
            names={"keyId": "KeyId"},
        ),
    ),
}
