"""Resources of the probe provider; config `mode` picks the trouble."""

import pulumi
from pulumi import Output, ResourceOptions

config = pulumi.Config()


class Thing(pulumi.CustomResource):
    def __init__(self, name, opts=None, **props):
        super().__init__(
            "probe:index:Thing", name, {**props, **dict.fromkeys(("kinds", "region", "flag", "copy", "made", "named"))}, opts
        )


class Pair(pulumi.ComponentResource):
    left: Output[str]

    def __init__(self, name, value):
        super().__init__("probe:index:Pair", name, {"value": value, "left": None}, remote=True)


class Region(pulumi.ProviderResource):
    def __init__(self, name, region):
        super().__init__("probe", name, {"region": region, "flag": Output.from_input(True).apply(pulumi.runtime.to_json)})


mode = config.get("mode")
if mode:
    Thing("troubled", mode=mode)
else:
    plain = Thing("plain", count=3, ratio=0.5, on=True, items=[1, {"a": None}], token=Output.secret("token-of-the-user"))
    east, west = (Thing(name, ResourceOptions(provider=Region(name, name))) for name in ("east", "west"))
    first, second = Thing("first", mode="together"), Thing("second", mode="together")
    pair = Pair("pair", plain.named)
    pulumi.export("kinds", plain.kinds)
    pulumi.export("copy", plain.copy)
    pulumi.export("made", plain.made)
    pulumi.export("regions", [plain.region, east.region, west.region])
    pulumi.export("flag", east.flag)
    pulumi.export("left", pair.left)
    pulumi.export("answer", pulumi.runtime.invoke_output("probe:index:answer", {"argument": "x"}).apply(lambda r: r["answer"]))
