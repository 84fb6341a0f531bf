"""Fails in the way that config `case` names."""

import helper
import pulumi
import pulumi_random as random

case = pulumi.Config().require("case")
ready = pulumi.Output.from_input("x")


def refuse(_):
    raise pulumi.RunError("refused by the program")


if case == "error":
    helper.lookup("absent")
elif case == "run-error":
    raise pulumi.RunError("refused by the program")
elif case == "apply-error":
    value = ready.apply(helper.lookup)
    for name in ("one", "two"):
        random.RandomId(name, byte_length=4, keepers={"value": value})
    pulumi.export("value", value)
elif case == "apply-run-error":
    random.RandomId("one", byte_length=4, keepers={"value": ready.apply(refuse)})
elif case == "bad-input":
    random.RandomString("short", length=2, min_upper=3)
elif case == "exit":
    raise SystemExit(3)
