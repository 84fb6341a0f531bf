"""`mlops sandbox`: the embedded control plane, engine and simulated providers."""

from __future__ import annotations

import functools
import json
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, ParamSpec, TypeVar

import httpx
import typer
from rich.console import Console
from rich.table import Table

from cli.errors import UserError
from sandbox import salt
from sandbox.build import MODULES, BuildError, build_all
from sandbox.controlplane import cluster
from sandbox.controlplane.api import ApiError
from sandbox.controlplane.nodes import NodeSpecError, spec_path
from sandbox.controlplane.processes import ProcessError, live, processes, read_run
from sandbox.engine.home import prepare
from sandbox.environment import UNSET, choose_engine, engine, environment
from sandbox.paths import home
from sandbox.stacks import StackError, initialise
from sandbox.teams import TeamError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Engine = Annotated[
    Literal["embedded", "system"] | None,
    typer.Option(help="Which Pulumi CLI: built here, or the machine's with its plugins. Remembered."),
]
P = ParamSpec("P")
T = TypeVar("T")


def _plainly(run: Callable[P, T]) -> Callable[P, T]:
    """Turns what can go wrong into one readable error; anything else is a defect and may show itself."""

    @functools.wraps(run)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return run(*args, **kwargs)
        except NodeSpecError as error:
            raise UserError(str(error)) from error
        except (BuildError, ProcessError, StackError, TeamError) as error:
            raise UserError(str(error), code=1) from error
        except ApiError as error:
            raise UserError(f"the sandbox's API server refused: {error}", code=1) from error
        except httpx.HTTPError as error:
            raise UserError(f"the sandbox's API server does not answer ({type(error).__name__})", code=1) from error
        except PermissionError as error:
            raise UserError(f"{error.filename}: {error.strerror}", code=1) from error

    return wrapped


def _say(text: str) -> None:
    Console(stderr=True).print(text, highlight=False, style="dim", soft_wrap=True)


def _take(choice: str | None) -> list[str]:
    """Remembers a choice of engine; the modules that it needs built."""
    if choice == "system" and shutil.which("pulumi") is None:
        raise UserError("--engine system: there is no pulumi on PATH; install it, or leave the option out")
    if choice:
        choose_engine(choice)
    return [name for name in MODULES if name != "engine" or engine() == "embedded"]


@app.command()
@_plainly
def setup(engine: Engine = None) -> None:
    """Build what is not built yet (ten minutes the first time, then at once) and lay out the plugins."""
    build_all(Console(stderr=True), _take(engine))
    prepare(home())


@app.command()
@_plainly
def up(
    nodes: Annotated[Path | None, typer.Option(help="Node spec file in place of the default three. Remembered.")] = None,
    engine: Engine = None,
) -> None:
    """Start the control plane, the simulated cloud and the simulated operators; adds or removes nodes when it runs."""
    build_all(Console(stderr=True), _take(engine))
    cluster.up(nodes, _say)
    salt.install()
    salt.heal()
    initialise(None, environment())
    _say(f"up; kubeconfig {home() / 'kubeconfig'}")


@app.command()
@_plainly
def down() -> None:
    """Stop every process of the sandbox. Its state stays for the next `up`."""
    cluster.down()


@app.command()
@_plainly
def reset() -> None:
    """Stop everything and forget everything: cluster, cloud, stacks' state, keys. Built tools stay in the cache."""
    salt.withdraw()
    cluster.reset()
    salt.heal()


@app.command()
@_plainly
def env(
    team: Annotated[str | None, typer.Option(help="With this team's credentials and passphrase only.")] = None,
) -> None:
    """Print export lines: `eval "$(mlops sandbox env)"`, then plain pulumi, kubectl and aws talk to the sandbox."""
    variables = environment(team)
    if team:
        initialise(team, variables)
    for name in UNSET:
        print(f"unset {name}")
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    if not cluster.running():
        _say("the sandbox is not running: `mlops sandbox up` starts it")


@app.command()
@_plainly
def status(format: Annotated[Literal["table", "json"], typer.Option("--format")] = "table") -> None:
    """Its processes and nodes; exit code 1 when part of it does not run."""
    facts = _facts()
    if format == "json":
        print(json.dumps(facts, indent=1))
    else:
        _print(facts)
    if not facts["running"]:
        sys.exit(1)


def _facts() -> dict[str, Any]:
    recorded = processes()
    rows = []
    for proc in recorded.values():
        running = live(proc)
        memory = round(running.memory_info().rss / 2**20) if running else None
        pid = proc.pid if running else None
        rows.append({"process": proc.name, "pid": pid, "port": proc.port, "memoryMiB": memory, "version": proc.version})
    columns = ("node", "state", "machine", "gpus")
    return {
        "running": cluster.running() and all(row["pid"] for row in rows),
        "home": str(home()),
        "kubeconfig": read_run().get("kubeconfig"),
        "engine": engine(),
        "nodeSpec": str(spec_path()),
        "processes": rows,
        "nodes": [dict(zip(columns, node, strict=True)) for node in cluster.node_summary()],
    }


def _print(facts: dict[str, Any]) -> None:
    console = Console()
    if not facts["processes"]:
        console.print("the sandbox is not running: `mlops sandbox up` starts it", highlight=False)
        return
    table = Table(box=None, header_style="bold")
    for column in ("process", "pid", "port", "memory", "version"):
        table.add_column(column, justify="left" if column in ("process", "version") else "right")
    for row in facts["processes"]:
        pid = str(row["pid"]) if row["pid"] else "[red]dead[/red]"
        memory = f"{row['memoryMiB']} MiB" if row["pid"] else ""
        table.add_row(row["process"], pid, str(row["port"] or ""), memory, row["version"] or "")
    console.print(table)
    table = Table(box=None, header_style="bold")
    for column in ("node (simulated by KWOK)", "state", "machine", "GPUs"):
        table.add_column(column)
    for node in facts["nodes"]:
        table.add_row(node["node"], node["state"], node["machine"], str(node["gpus"] or ""))
    console.print(table)
    console.print(f"engine {facts['engine']}; kubeconfig {facts['kubeconfig']}", style="dim", highlight=False, soft_wrap=True)
