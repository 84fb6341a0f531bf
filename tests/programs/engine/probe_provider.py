"""A provider that shows what the shared server hands over, for tests of that server."""

import asyncio
import threading
import time

import pulumi

from sandbox.providers.serve import (
    UNKNOWN,
    Call,
    Changes,
    Checked,
    ConstructCall,
    Constructed,
    Created,
    Failure,
    Found,
    InitFailed,
    Provider,
    Secret,
    serve,
)

together = threading.Barrier(2, timeout=10)


class Probe(Provider):
    name = "probe"

    def check(self, call: Call) -> Checked:
        failures = [("mode", "is forbidden here")] if call.inputs.get("mode") == "forbidden" else []
        return Checked({**call.inputs, "named": call.inputs.get("named") or f"{call.name}-0"}, failures)

    def diff(self, call: Call) -> Changes:
        return Changes.between(call.old_inputs, call.inputs, replaces=lambda path: path[0] == "fixed")

    async def create(self, call: Call) -> Created:
        mode = call.inputs.get("mode")
        outputs = {
            **call.inputs,
            "kinds": {key: type(value).__name__ for key, value in call.inputs.items()},
            "region": call.config.get("region", "none"),
            "flag": call.config.get("flag", False),
            "copy": call.inputs.get("token"),
            "made": Secret("made-by-provider"),
        }
        if call.preview:
            return Created("", {**outputs, "made": UNKNOWN})
        if mode == "together":  # two creates must be under way at once
            await asyncio.get_running_loop().run_in_executor(None, together.wait)
        if mode == "half":
            raise InitFailed("half-id", {**outputs, "state": "half"}, ["the probe is not ready"])
        if mode == "refuse":
            raise Failure("the probe refuses")
        if mode == "bug":
            raise KeyError("our own mistake")
        return Created(f"id-{call.name}", outputs)

    def update(self, call: Call) -> dict:
        return {**call.old_outputs, **call.inputs, "state": "whole"}

    def read(self, call: Call) -> Found:
        return Found(call.id, call.old_outputs, call.inputs)

    def delete(self, call: Call) -> None:
        time.sleep(0)

    def invoke(self, call: Call) -> dict:
        return {"answer": 42, "type": call.type, "argument": call.inputs.get("argument")}

    async def construct(self, call: ConstructCall) -> Constructed:
        class Pair(pulumi.ComponentResource):
            def __init__(self) -> None:
                super().__init__(call.type, call.name, None, call.options)
                self.left = Thing(f"{call.name}-left", call.inputs["value"], pulumi.ResourceOptions(parent=self))
                self.register_outputs({})

        pair = Pair()
        return Constructed(pair.urn, {"left": pair.left.value, "leftThing": pair.left})


class Thing(pulumi.CustomResource):
    value: pulumi.Output[str]

    def __init__(self, name: str, value: pulumi.Input[str], opts: pulumi.ResourceOptions) -> None:
        super().__init__("probe:index:Thing", name, {"value": value}, opts)


serve(Probe())
