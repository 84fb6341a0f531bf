"""The Pulumi program: settings -> Platform -> exports."""

import pulumi

from components.platform import Platform
from components.settings import load

stack = load()
platform = Platform(stack.name, stack)
for name, value in platform.outputs.items():
    pulumi.export(name, value)
