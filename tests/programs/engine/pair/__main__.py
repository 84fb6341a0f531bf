"""A component that another Python process builds."""

import pulumi


class Twins(pulumi.ComponentResource):
    names: pulumi.Output[str]

    def __init__(self, name):
        super().__init__("nodes:index:Twins", name, {"length": 3, "names": None}, remote=True)


pulumi.export("names", Twins("twins").names)
