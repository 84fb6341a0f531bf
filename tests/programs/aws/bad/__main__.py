"""One resource with inputs from the config, as plain JSON: whatever is wrong with them must be named."""

import json

import pulumi

config = pulumi.Config()


class Raw(pulumi.CustomResource):
    """A resource without the SDK's own checks."""

    def __init__(self, type_: str, name: str, props: dict[str, object]) -> None:
        super().__init__(type_, name, props, pulumi.ResourceOptions(version="7.51.1"))


properties = json.loads(config.require("properties"))
if config.get("late"):  # a value that no preview knows
    first = Raw("aws:s3/bucket:Bucket", "first", {"forceDestroy": True})
    properties["rule"] = {"objectOwnership": first.id.apply(lambda id: f"wrong-{id}")}
Raw(config.require("type"), "bad", properties)
