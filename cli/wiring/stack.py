"""The objects of a stack with their systems written on them: live where it is up, else as its program would make them."""

from typing import Any

from cli.engine import environment, exported, outputs
from cli.errors import UserError
from cli.live import Cluster
from cli.stackfile import load
from cli.status import context, identity, read_state
from cli.wiring.systems import mark
from components.spec.stack import Stack, Target


def of_stack(name: str) -> tuple[list[dict[str, Any]], str]:
    """The objects, and where they were taken from. UserError where the stack is wrong, or stands on no Kubernetes."""
    stack = load(name)
    if stack.target is not Target.KUBERNETES:
        raise UserError(
            f"stack {name} stands on {stack.target}: its connections are rights of roles, which no Service or Secret shows"
        )
    try:
        resources = exported(name).get("resources") or []
    except UserError:
        # no engine, no backend or no such stack yet: what it would be can be told all the same
        resources = []
    if resources:
        return live(name, resources), "live objects"
    return rendered(stack), "not deployed: what its program would make, with charts by sources.lock.json and simulated operators"


def live(name: str, resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Everything in the cluster; what the stack made is marked."""
    state = read_state(name, resources, outputs(name))
    systems = {urn: row.system for urn, row in state.systems.items()}
    owned = [(found, state.owners[r["urn"]]) for r in resources if r["urn"] in state.owners and (found := identity(r))]
    made = {key: systems[urn] for (_, key), urn in owned}
    objects = []
    for obj in Cluster.connect(environment(), context(state)).everything():
        key = (obj["kind"], str(obj["metadata"].get("namespace") or ""), str(obj["metadata"]["name"]))
        objects.append(mark(obj, made[key]) if key in made else obj)
    return objects


def rendered(stack: Stack) -> list[dict[str, Any]]:
    """As `rendered.objects`. UserError where the program fails or the lock is stale."""
    from cli.wiring.rendered import objects as program

    try:
        return program(stack)
    except Exception as error:
        raise UserError(f"the program of stack {stack.name} fails: {type(error).__name__}: {error}", code=1) from None
