"""`mlops explain <system>`: what a system is on each target."""

import typing

from pydantic import BaseModel
from rapidfuzz import process
from rich.console import Console

from cli.errors import UserError
from components.spec.stack import Systems, Target
from components.targets import RESERVED, TABLE, SystemFact


def explain(system: str) -> None:
    """Print options with defaults, and per target: component, needs, who meets them, upstream state."""
    if system not in RESERVED:
        match = process.extractOne(system, RESERVED, score_cutoff=60)
        hint = f'; did you mean "{match[0]}"?' if match else f"; known: {' '.join(RESERVED)}"
        raise UserError(f"{system}: unknown system{hint}")
    console = Console()
    console.print(f"[bold]{system}[/bold]")
    model = _model(system)
    if model is not None:
        console.print((model.__doc__ or "").strip().splitlines()[0])
    for target in Target:
        fact = TABLE.get((target.value, system))
        console.print(f"\n[bold]{target.value}[/bold]" + ("" if fact else ": planned, not built yet"))
        if fact:
            _print_fact(console, target.value, fact)
    if model is not None:
        console.print("\n[bold]options[/bold]")
        for name, info in model.model_fields.items():
            default = info.get_default(call_default_factory=True, validated_data={})
            shown = default.model_dump(by_alias=True) if isinstance(default, BaseModel) else default
            shown = {k: "…" for k in shown} if isinstance(shown, dict) and name == "profiles" else shown
            console.print(f"  {info.alias or name}: {shown!r}  [dim]{info.description or ''}[/dim]", highlight=False)


def _print_fact(console: Console, target: str, fact: SystemFact) -> None:
    console.print(f"  component {fact.path.rpartition(':')[2]}, standing by {fact.essential_type}", highlight=False)
    for need in fact.needs:
        meeters = [s for (t, s), f in TABLE.items() if t == target and need in f.provides]
        console.print(f"  needs {need}, met by {', '.join(meeters)} or bringYourOwn.{need}")
    if fact.optional:
        console.print(f"  uses {', '.join(fact.optional)} where the stack has them")
    if fact.provides:
        console.print(f"  provides {', '.join(fact.provides)}")
    console.print(f"  tiers {', '.join(fact.tiers)}")
    if fact.upstream != "active":
        console.print(f"  [yellow]upstream {fact.upstream}; successor: {fact.successor}[/yellow]")


def _model(system: str) -> type[BaseModel] | None:
    for name, info in Systems.model_fields.items():
        if name.replace("_", "-") == system:
            return next((a for a in typing.get_args(info.annotation) if a is not type(None)), None)
    return None
