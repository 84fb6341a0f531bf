"""What is measured. Each function measures one group in an empty sandbox and gives its figures as they come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sandbox.paths import home
from tests.bench.figures import (
    OVER_BARE,
    PROGRAM_MIB,
    START_SECONDS,
    TEAM_OVER_KUBECTL,
    Figure,
    median,
    preview_limit,
    ratio,
)
from tests.bench.objects import bare_resources, definitions_first, kubernetes_objects
from tests.bench.world import CommandFailed, World, secret_file

UP = ("up", "--yes", "--skip-preview")
NO_OP = ("preview", "--policy-pack", "policies", "--expect-no-changes")
NO_CHECKPOINTS = {"PULUMI_EXPERIMENTAL": "1", "PULUMI_SKIP_CHECKPOINTS": "1"}
APPLY = ("kubectl", "apply", "--server-side", "--force-conflicts", "--field-manager=bench", "-f")
DIFF = ("kubectl", "diff", "--server-side", "--force-conflicts", "--field-manager=bench", "-f")


def start(world: World, runs: int, stack: str) -> Iterator[Figure]:
    """What precedes any work: validation, the engine with an empty program; and the memory of the whole program in a preview."""
    world.fresh()
    folder = world.program("empty")
    world.initialise("dev", cwd=folder)
    validate = median([world.run("python", "-m", "cli", "validate", stack).seconds for _ in range(max(runs, 3))])
    yield Figure("start", f"mlops validate {stack}", validate)
    empty = median([world.pulumi("preview", stack="dev", cwd=folder).seconds for _ in range(max(runs, 3))])
    yield Figure("start", "pulumi preview of an empty program", empty)
    yield Figure("start", "validate + empty preview", (validate or 0.0) + (empty or 0.0), "s", START_SECONDS)
    world.initialise(stack)
    whole = world.pulumi("preview", stack=stack)
    yield Figure("start", f"first preview of {stack}, no pack", whole.seconds)
    yield Figure("start", f"memory of the program, preview of {stack}", whole.memory, "MiB", PROGRAM_MIB)


def configmaps(world: World, runs: int, count: int) -> Iterator[Figure]:
    """ConfigMaps by the hundred, with and without checkpoints, beside kubectl."""
    world.fresh()
    group = f"{count} ConfigMaps"
    apply, diff = _kubectl_configmaps(world, runs, count)
    yield Figure(group, "kubectl apply --server-side", apply)
    yield Figure(group, "kubectl diff", diff)
    for label, extra in (("with checkpoints", {}), ("without checkpoints", NO_CHECKPOINTS)):
        env = world.environment(**extra)
        ups, previews, memory, size = [], [], 0.0, 0
        for turn in range(runs):
            folder, stack = world.program("configmaps"), f"{'plain' if extra else 'checkpoints'}-{turn}"
            world.run("kubectl", "create", "namespace", stack)
            world.initialise(stack, cwd=folder, env=env)
            for key, value in (("count", str(count)), ("namespace", stack)):
                world.pulumi("config", "set", f"bench:{key}", value, stack=stack, cwd=folder, env=env)
            done = world.pulumi(*UP, stack=stack, cwd=folder, env=env)
            ups.append(done.seconds)
            memory = max(memory, done.memory)
            previews.append(world.pulumi("preview", "--expect-no-changes", stack=stack, cwd=folder, env=env).seconds)
            size = _state_size("bench-configmaps", stack)
        yield Figure(group, f"up, {label}", median(ups))
        yield ratio(group, f"up, {label}, over kubectl apply", median(ups), apply)
        yield Figure(group, f"no-op preview, {label}", median(previews))
        yield ratio(group, f"no-op preview, {label}, over kubectl diff", median(previews), diff)
        yield Figure(group, f"memory of the program, {label}", memory, "MiB", PROGRAM_MIB)
        yield Figure(group, f"state, {label}", float(size), "B")


def _kubectl_configmaps(world: World, runs: int, count: int) -> tuple[float | None, float | None]:
    applies, diffs = [], []
    for turn in range(runs):
        namespace = f"kubectl-{turn}"
        world.run("kubectl", "create", "namespace", namespace)
        items = [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": f"bench-{index}", "namespace": namespace},
                "data": {"index": str(index), "text": "x" * 100},
            }
            for index in range(count)
        ]
        with secret_file(_list(items)) as path:
            applies.append(world.run(*APPLY, str(path)).seconds)
            diffs.append(world.run(*DIFF, str(path), good=(0, 1)).seconds)
    return median(applies), median(diffs)


def platform(world: World, runs: int, stack: str, blueprint: str | None = None) -> Iterator[Figure]:
    """A whole stack: up and no-op preview beside kubectl and beside a bare program, each in an empty sandbox.

    With `blueprint` the stack is one of that blueprint and nothing else, and not of a file of ours.
    """
    ups, previews, diffs, memory = [], [], [], 0.0
    resources: list[dict[str, Any]] = []
    for turn in range(runs):
        world.fresh()
        if blueprint:
            world.write(stack, blueprint)
        world.initialise(stack)
        done = world.pulumi(*UP, stack=stack)
        ups.append(done.seconds)
        memory = max(memory, done.memory)
        resources = world.exported(stack)
        objects = kubernetes_objects(resources)
        if turn == runs - 1:
            yield Figure(stack, "up", median(ups), note=f"{len(resources)} resources")
            yield Figure(stack, "memory of the program", memory, "MiB", PROGRAM_MIB)
            yield Figure(stack, "state", float(_state_size("mlops", stack)), "B")
        previews += _attempt(lambda: world.pulumi(*NO_OP, stack=stack).seconds)
        if objects:
            with secret_file(_list(objects)) as path:
                diffs += _attempt(lambda file=str(path): world.run(*DIFF, file, good=(0, 1)).seconds)  # type: ignore[misc]
    up, preview, diff = median(ups), median(previews), median(diffs)
    yield Figure(stack, "no-op preview with the pack", preview, "s", preview_limit(diff))
    if objects:
        yield Figure(stack, "kubectl diff", diff)
        apply = median(_attempt(lambda: _kubectl_fresh(world, objects)))
        yield Figure(stack, "kubectl apply --server-side", apply, note=f"{len(objects)} objects")
        yield ratio(stack, "up over kubectl apply", up, apply)
        # not for a cloud: inputs in its state hold identifiers (vpc-…) that an empty cloud does not know
        bare = median([seconds for _ in range(runs) for seconds in _attempt(lambda: _bare(world, resources))])
        yield Figure(stack, "up of a bare program", bare)
        yield ratio(stack, "up over the bare program", up, bare, OVER_BARE)


def team(world: World, runs: int, platform_stack: str, stack: str, name: str) -> Iterator[Figure]:
    """A team's stack on its platform, with the team's own credentials, beside kubectl with the same objects."""
    world.fresh()
    world.initialise(platform_stack)
    world.pulumi(*UP, stack=platform_stack)
    env = world.environment(name)
    world.initialise(stack, env=env)
    ups, applies, objects = [], [], []
    for _ in range(runs):
        ups.append(world.pulumi(*UP, stack=stack, env=env).seconds)
        objects = kubernetes_objects(world.exported(stack, env))
        # only what is protected or kept would stay, and a team stack of the development cluster has neither
        world.pulumi("destroy", "--yes", "--skip-preview", stack=stack, env=env)
        with secret_file(_list(objects)) as path:
            applies.append(world.run(*APPLY, str(path), env=env).seconds)
            world.run("kubectl", "delete", "--ignore-not-found", "-f", str(path), env=env)
    up, apply = median(ups), median(applies)
    yield Figure(stack, "up", up, note=f"{len(objects)} objects")
    yield Figure(stack, "kubectl apply --server-side", apply)
    yield ratio(stack, "up over kubectl apply", up, apply, TEAM_OVER_KUBECTL)


def _attempt(measure: Callable[[], float]) -> list[float]:
    """One value, or none where its command fails: the reason is printed and the other figures are kept."""
    try:
        return [measure()]
    except CommandFailed as error:
        print(f"not measured: {str(error)[:600]}", file=sys.stderr, flush=True)
        return []


def _kubectl_fresh(world: World, objects: list[dict[str, Any]]) -> float:
    """Seconds that kubectl needs for all of it in an empty sandbox: definitions, their establishment, the rest."""
    world.fresh()
    definitions, rest = definitions_first(objects)
    seconds = 0.0
    if definitions:
        with secret_file(_list(definitions)) as path:
            seconds += world.run(*APPLY, str(path)).seconds
            seconds += world.run("kubectl", "wait", "--for=condition=Established", "--timeout=60s", "-f", str(path)).seconds
    with secret_file(_list(rest)) as path:
        seconds += world.run(*APPLY, str(path)).seconds
    return seconds


def _bare(world: World, resources: list[dict[str, Any]]) -> float:
    """Seconds that a program without components needs for the same resources in an empty sandbox."""
    world.fresh()
    folder = world.program("bare")
    with secret_file(bare_resources(resources)) as path:
        env = world.environment(BENCH_RESOURCES=str(path))
        world.initialise("dev", cwd=folder, env=env)
        return world.pulumi(*UP, stack="dev", cwd=folder, env=env).seconds


def _list(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": items}


def _state_size(project: str, stack: str) -> int:
    """Bytes of the stack's state file."""
    state: Path = home() / "backend" / ".pulumi" / "stacks" / project / f"{stack}.json"
    return state.stat().st_size
