"""What of a stack is deployed already, so that a target flipped on it can be refused before anything is touched.

Reads the stack's own last state through the engine (its built-in functions readStackOutputs and
readStackResourceOutputs), synchronously: the answer decides whether the program goes on at all.
"""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.grounds import standing
from components.mapping.fact import HIDDEN
from components.spec.stack import Stack, Target
from components.targets import TABLE

_OUTPUTS = "pulumi:pulumi:readStackOutputs"
_RESOURCES = "pulumi:pulumi:readStackResourceOutputs"
_NOUNS = {
    each.path.rpartition(":")[2]: pair
    for pair, fact in TABLE.items()
    if not fact.fallback
    for each in (fact, *fact.variants.values())
}


def refuse_flip(stack: Stack) -> None:
    """RunError naming what would be lost, where the stack is deployed on another target or cluster than it now asks for."""
    target = stack.target.value
    before = _read(_OUTPUTS, {"name": _qualified(stack.name)})
    was = before.get("platform.target")
    if was == target:
        _refuse_other_cluster(stack, str(before.get("platform.cluster") or "existing"))
        return
    resources = _read(_RESOURCES, {"stackName": _qualified(stack.name)})
    # after an `up` that did not end nobody has said what the stack was: then every ground of it is its own
    own = {target} if was else {ground for ground, _ in standing(stack.target, stack.spec).pairs.values()}
    there = sorted({pair for item in resources.values() if (pair := _pair(item)) and pair[0] not in own})
    if not there:
        return
    lost = [f"{system} ({TABLE[t, system].holds})" for t, system in there if TABLE[t, system].holds]
    was = was or there[0][0]
    raise pulumi.RunError(
        f'mlops:target: "{target}", but stack {stack.name} is deployed on "{was}" with '
        f"{', '.join(system for _, system in there if system not in HIDDEN) or 'its foundation'}. Changing the target would "
        + (f"destroy {'; '.join(lost)}. " if lost else "replace all of it. ")
        + f'Set it back to "{was}", or bring the new target up as a stack of its own, move the data, and destroy this one.'
    )


def _refuse_other_cluster(stack: Stack, was: str) -> None:
    """RunError where everything of a stack of target kubernetes would go to another cluster."""
    if stack.target is Target.KUBERNETES and stack.provisioner != was:
        raise pulumi.RunError(
            f'mlops:spec.cluster.provisioner: "{stack.provisioner}", but stack {stack.name} is deployed on a cluster of "{was}". '
            f'Everything on it would stay behind there and be lost to the stack. Set it back to "{was}", or bring the other '
            "cluster up in a stack of its own, move the data, and destroy this one."
        )


def _qualified(name: str) -> str:
    return f"{pulumi.get_organization()}/{pulumi.get_project()}/{name}"


def _read(token: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    found = pulumi.runtime.invoke(token, dict(arguments)).value
    outputs = found.get("outputs") if isinstance(found, Mapping) else None
    return outputs if isinstance(outputs, Mapping) else {}


def _pair(resource: Any) -> tuple[str, str] | None:
    kind = str(resource.get("type", "")) if isinstance(resource, Mapping) else ""
    return _NOUNS.get(kind.removeprefix("mlops:index:")) if kind.startswith("mlops:index:") else None
