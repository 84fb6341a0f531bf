"""Blueprints on a cloud as their program registers them, under mocks that say what the cloud would compute.

So policies, documents and addresses are whole texts, and nothing is unknown.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from components.platform import Platform
from components.spec.stack import Stack
from components.targets import TABLE
from tests.blueprints.recorded import loaded
from tests.unit import sagemaker_stack, vertex_stack
from tests.unit.recording import record
from tests.unit.registered import Registered

CLOUDS = ("sagemaker", "vertex", "azureml")
CLOUD = ("aws:", "gcp:", "azure-native:")
"""Packages of the clouds."""


@dataclass(frozen=True)
class OnCloud:
    """One blueprint on a cloud."""

    name: str
    target: str
    stack: Stack
    resources: tuple[Registered, ...]
    """Everything that the program registers, sorted by type and name."""
    managed: Mapping[str, str]
    """The cloud's services: noun of the component by system."""
    fallback: Mapping[str, str]
    """Components of Kubernetes on the stack's own cluster, for the cloud has none."""
    sent: Mapping[str, str]
    """Components of Kubernetes on the stack's own cluster, for the blueprint says so."""
    exports: tuple[str, ...]
    """Keys of the outputs."""
    leaks: tuple[str, ...]
    """Places where a generated password stands in the open."""

    @property
    def ours(self) -> list[Registered]:
        """Resources of the cloud's own package."""
        return [r for r in self.resources if r.type.startswith(CLOUD)]


@functools.cache
def on_cloud(name: str, target: str) -> OnCloud:
    """The whole Platform of a blueprint on a cloud; once a process, for it takes seconds."""
    stack = loaded(name, target=target)
    made = record(lambda: Platform(stack.name, stack), calls={**sagemaker_stack.CALLS, **vertex_stack.CALLS})
    chosen = stack.spec.chosen()
    nouns = {r.name: r.kind for r in made.resources if r.parent == stack.name and r.name in chosen}
    there = cast(list[str], made.result.outputs.get("platform.fallback", []))
    lacking = {system for system in there if (row := TABLE.get((target, system))) and row.fallback}
    return OnCloud(
        name=name,
        target=target,
        stack=stack,
        resources=tuple(sorted(made.resources, key=lambda r: (r.type, r.name, r.parent))),
        managed={system: noun for system, noun in sorted(nouns.items()) if system not in there},
        fallback={system: noun for system, noun in sorted(nouns.items()) if system in lacking},
        sent={system: noun for system, noun in sorted(nouns.items()) if system in there and system not in lacking},
        exports=tuple(sorted(made.result.outputs)),
        leaks=tuple(made.leaks()),
    )
