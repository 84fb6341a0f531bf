"""A provider that takes any resource of the package that argv[1] names, and makes nothing."""

import sys

from sandbox.providers.serve import UNKNOWN, Call, Changes, Checked, Created, Found, Provider, serve


class Echo(Provider):
    name = sys.argv.pop(1)

    def check(self, call: Call) -> Checked:
        return Checked({key: value for key, value in call.inputs.items() if value is not None})

    def diff(self, call: Call) -> Changes:
        return Changes.between(call.old_inputs, call.inputs)

    def create(self, call: Call) -> Created:
        if call.preview:
            return Created("", {**call.inputs, "arn": UNKNOWN, "id": UNKNOWN})
        return Created(call.name, {**call.inputs, "arn": f"arn:echo:{call.name}", "id": call.name})

    def update(self, call: Call) -> dict:
        return {**call.old_outputs, **call.inputs}

    def read(self, call: Call) -> Found:
        return Found(call.id, call.old_outputs, call.inputs)

    def delete(self, call: Call) -> None:
        return None


serve(Echo())
