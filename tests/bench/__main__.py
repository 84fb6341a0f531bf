"""`python -m tests.bench [--quick]`: measure, show a table, write .sandbox/bench/<time>.json."""

import json
import os
import platform as machine
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console

from sandbox.controlplane import cluster
from sandbox.controlplane.processes import ProcessError
from sandbox.paths import ROOT, contracts
from tests.bench import measures
from tests.bench.figures import Figure, document, table
from tests.bench.world import CommandFailed, World

CONSOLE = Console(width=None if os.isatty(1) else 160)
GROUPS = ("start", "configmaps", "stack", "team", "sagemaker", "full")
LONG = ("full",)
"""Only where asked for by name: it takes the better part of an hour."""


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Start, memory and 250 ConfigMaps only.")] = False,
    runs: Annotated[int, typer.Option("--runs", "-n", min=1, help="Runs of each; the median counts.")] = 1,
    only: Annotated[list[str] | None, typer.Option(help=f"Groups to measure, of {', '.join(GROUPS)}.")] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that one command may take.")] = 900.0,
) -> None:
    """Measure in a sandbox of its own that is wiped at the end; figures that were not reached are said."""
    if unknown := set(only or ()) - set(GROUPS):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: known are {', '.join(GROUPS)}", param_hint="--only")
    chosen = only or (["start", "configmaps"] if quick else [group for group in GROUPS if group not in LONG])
    load = os.getloadavg()[0]
    # a polite end wipes the sandbox too
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="mlops-bench-"))
    os.environ["MLOPS_SANDBOX_HOME"] = str(folder / "home")
    if reference := contracts():
        # the copy of the project does not lie beside them
        os.environ["MLOPS_CONTRACTS"] = str(reference)
    figures: list[Figure] = []
    try:
        world = World(folder, timeout)
        for group, measure in _plan(world, chosen, runs, quick):
            CONSOLE.print(f"measuring {group} …", style="dim", highlight=False)
            try:
                for figure in measure():
                    figures.append(figure)
            except (CommandFailed, ProcessError) as error:
                figures.append(Figure(group, "the rest", None, note=str(error)[:300]))
    except KeyboardInterrupt:
        figures.append(Figure("all", "the rest", None, note="interrupted"))
    finally:
        cluster.reset()
        shutil.rmtree(folder, ignore_errors=True)
    CONSOLE.print(table(figures), soft_wrap=not os.isatty(1))
    CONSOLE.print(f"written to {_write(figures, load, runs)}", style="dim", highlight=False, soft_wrap=True)


def _plan(world: World, chosen: list[str], runs: int, quick: bool) -> list[tuple[str, Callable[[], Iterator[Figure]]]]:
    plan: list[tuple[str, Callable[[], Iterator[Figure]]]] = []
    if "start" in chosen:
        plan.append(("start", lambda: measures.start(world, runs, "sandbox")))
    if "configmaps" in chosen:
        for count in (250,) if quick else (250, 500, 1000):
            plan.append((f"{count} ConfigMaps", lambda count=count: measures.configmaps(world, runs, count)))  # type: ignore[misc]
    if "stack" in chosen:
        plan.append(("sandbox", lambda: measures.platform(world, runs, "sandbox")))
    if "team" in chosen:
        plan.append(("fraud-dev", lambda: measures.team(world, runs, "platform-dev", "fraud-dev", "fraud")))
    if "sagemaker" in chosen:
        plan.append(("sandbox-sagemaker", lambda: measures.platform(world, runs, "sandbox-sagemaker")))
    if "full" in chosen:
        plan.append(("full", lambda: measures.platform(world, runs, "full", "full")))
    return plan


def _write(figures: list[Figure], load: float, runs: int) -> Path:
    surroundings = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine.platform(),
        "cpus": psutil.cpu_count(),
        "memoryGiB": round(psutil.virtual_memory().total / 2**30, 1),
        "loadAtStart": round(load, 2),
        "runs": runs,
    }
    path = ROOT / ".sandbox" / "bench" / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document(figures, surroundings), indent=1) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    typer.run(main)
