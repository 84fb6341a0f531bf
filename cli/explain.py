"""`mlops explain <system>`: what a system is on each target."""

import json
import typing

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from rapidfuzz import process
from rich.console import Console
from rich.markup import escape

from cli.catalogue import absent
from cli.errors import UserError
from cli.stackfile import load
from components.mapping.accelerators import OWN
from components.spec.stack import Systems, Target
from components.targets import FOUNDATION, INSTEAD, RESERVED, TABLE, SystemFact
from components.validation.rules import BRINGABLE


def explain(system: str, stack: str | None = None) -> None:
    """Print options with defaults, per target component, needs, who meets them and upstream state; connections in a stack."""
    if system not in RESERVED:
        match = process.extractOne(system, RESERVED, score_cutoff=60)
        hint = f'; did you mean "{match[0]}"?' if match else f"; known: {' '.join(RESERVED)}"
        raise UserError(f"{system}: unknown system{hint}")
    console = Console(soft_wrap=True, highlight=False, emoji=False)
    console.print(f"[bold]{system}[/bold]")
    model = _model(system)
    if model is not None:
        console.print(escape((model.__doc__ or "").strip().splitlines()[0]))
    if system in INSTEAD:
        console.print(escape(INSTEAD[system]))
        return
    for target in Target:
        fact = TABLE.get((target.value, system))
        console.print(f"\n[bold]{target.value}[/bold]" + ("" if fact else f": {absent(target.value, system)}"))
        if fact:
            for line in describe(target.value, fact):
                console.print(f"  {escape(line)}")
    if stack is not None:
        console.print(f"\n[bold]connections in stack {escape(stack)}[/bold]")
        for line in connections(system, stack):
            console.print(f"  {escape(line)}")
    if model is not None:
        console.print("\n[bold]options[/bold]")
        for name, info in model.model_fields.items():
            console.print(f"  {info.alias or name}: {escape(_default(info))}  [dim]{escape(info.description or '')}[/dim]")


def connections(system: str, stack: str) -> list[str]:
    """What a system reads from whom in a stack, a line each, by the live objects where the stack is up."""
    from cli.wiring.check import wired
    from cli.wiring.stack import of_stack
    from cli.wiring.systems import lines

    if system not in load(stack).spec.chosen() and system != FOUNDATION:
        raise UserError(f"stack {stack} has no {system}; it has {' '.join(load(stack).spec.chosen())}")
    found, source = of_stack(stack)
    owners, wiring = wired(found)
    return [f"({source})", *(lines(system, owners, wiring) or ["nothing"])]


def describe(target: str, fact: SystemFact) -> list[str]:
    """What a system is on one target, a line a fact."""
    lines = [f"component {fact.path.rpartition(':')[2]}, standing by {fact.essential_type}"]
    ground = "kubernetes" if fact.fallback else target
    if fact.fallback:
        lines.append(f"fallback: no managed form, so it runs on the stack's own {OWN[target]} cluster")
    for need in fact.needs:
        meeters = [s for (t, s), f in TABLE.items() if t == ground and f.meets(need, fact)]
        brought = ground == "kubernetes" and need in BRINGABLE
        sent = [s if ground == target or _falls_back(target, s) else f"{s}: {{target: kubernetes}}" for s in meeters]
        options = [*sent, *([f"bringYourOwn.{need}"] if brought else [])]
        own = "the target's own foundation, always there" if FOUNDATION in meeters else " or ".join(options)
        lines.append(f"needs {need}, met by {own}")
    if fact.optional:
        lines.append(f"uses {', '.join(fact.optional)} where the stack has them")
    if fact.provides:
        lines.append(f"provides {', '.join(fact.provides)}")
    lines.append(f"tiers {', '.join(fact.tiers)}")
    for kind, other in fact.variants.items():
        component, needs = other.path.rpartition(":")[2], ", ".join(other.needs)
        lines.append(f"kind {kind}: component {component}, needs {needs}")
    if fact.holds:
        lines.append(f"holds {fact.holds}: lost when it goes")
    if fact.upstream != "active":
        lines.append(f"upstream {fact.upstream}; successor: {fact.successor}")
    return lines


def _falls_back(target: str, system: str) -> bool:
    fact = TABLE.get((target, system))
    return fact is not None and fact.fallback


def _default(info: FieldInfo) -> str:
    """A field's default as it would stand in a stack file."""
    if info.is_required():
        return "required"
    found = info.get_default(call_default_factory=True, validated_data={})
    if isinstance(found, BaseModel):
        found = found.model_dump(by_alias=True, exclude_none=True)
    if isinstance(found, dict) and any(isinstance(item, BaseModel) for item in found.values()):
        return "{" + ", ".join(f"{key}: …" for key in found) + "}"
    return "unset" if found is None else json.dumps(found, default=str, ensure_ascii=False)


def _model(system: str) -> type[BaseModel] | None:
    for name, info in Systems.model_fields.items():
        if name.replace("_", "-") == system:
            return next((a for a in typing.get_args(info.annotation) if a is not type(None)), None)
    return None
