"""Registers the resources listed in the JSON file BENCH_RESOURCES, one by one, with nothing of the platform around them."""

import json
import os
from pathlib import Path
from typing import Any

import pulumi

made: dict[str, Any] = {}
for item in json.loads(Path(os.environ["BENCH_RESOURCES"]).read_text(encoding="utf-8")):
    if item["type"].startswith("pulumi:providers:"):
        given = {key: value for key, value in item["inputs"].items() if key != "version"}
        version = pulumi.ResourceOptions(version=item["inputs"].get("version"))
        made[item["key"]] = pulumi.ProviderResource(item["type"].rpartition(":")[2], item["name"], given, version)
        continue
    options = pulumi.ResourceOptions(
        depends_on=[made[key] for key in item["dependsOn"]],
        provider=made.get(item["provider"]),
        version=item["version"],
    )
    # what was secret stays secret, so that the state encrypts as much as the stack.s does
    secret = {key: pulumi.Output.secret(value) for key, value in item["inputs"].items() if key in item["secret"]}
    made[item["key"]] = pulumi.CustomResource(item["type"], item["name"], {**item["inputs"], **secret}, options)
