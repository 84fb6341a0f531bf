"""Registers the resources that resources.json lists, of whatever type, under a root component.

`{"$unknown": x}` is x, but not before up; `{"$secret": x}` is x, kept secret; `{"$of": name, "output": "id"}` is an output of
the resource of that name.
"""

import json
from pathlib import Path

import pulumi
import pulumi_random as random

plan = json.loads(Path(__file__).with_name("resources.json").read_text())
seed = random.RandomInteger("seed", min=1, max=1)


def value(item):
    if isinstance(item, list):
        return [value(inner) for inner in item]
    if not isinstance(item, dict):
        return item
    if "$unknown" in item:
        return seed.result.apply(lambda _: item["$unknown"])
    if "$secret" in item:
        return pulumi.Output.secret(value(item["$secret"]))
    if "$of" in item:
        return getattr(made[item["$of"]], item["output"])
    return {key: value(inner) for key, inner in item.items()}


class Root(pulumi.ComponentResource):
    def __init__(self, props):
        super().__init__("mlops:index:Platform", "platform", props)
        self.register_outputs({})


class Anything(pulumi.CustomResource):
    arn: pulumi.Output[str]

    def __init__(self, kind, name, props, opts):
        super().__init__(kind, name, {**props, "arn": None}, opts)


made = {}
parent = Root(value(plan["root"])) if plan["root"] else None
for row in plan["resources"]:
    options = pulumi.ResourceOptions(parent=parent, protect=row["protect"])
    made[row["name"]] = Anything(row["type"], row["name"], value(row["props"]), options)
