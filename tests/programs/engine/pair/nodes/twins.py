from typing import Optional, TypedDict

import pulumi
import pulumi_random as random


class TwinsArgs(TypedDict):
    length: pulumi.Input[int]


class Twins(pulumi.ComponentResource):
    """Two pets."""

    names: pulumi.Output[str]

    def __init__(self, name: str, args: TwinsArgs, opts: Optional[pulumi.ResourceOptions] = None) -> None:
        super().__init__("nodes:index:Twins", name, {}, opts)
        pets = [
            random.RandomPet(f"{name}-{side}", length=args["length"], opts=pulumi.ResourceOptions(parent=self)) for side in "lr"
        ]
        self.names = pulumi.Output.concat(pets[0].id, " and ", pets[1].id)
        self.register_outputs({"names": self.names})
