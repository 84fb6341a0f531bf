"""The catalogue of systems as data: every (target, system) pair, built or planned."""

from typing import Any

from components.mapping.accelerators import OWN
from components.mapping.instead import OFFERED
from components.spec.stack import Target
from components.targets import INSTEAD, RESERVED, TABLE, SystemFact

COLUMNS = ("system", "target", "component", "essential_type", "provides", "needs", "status")


def rows() -> list[dict[str, Any]]:
    """One row a pair: {system, target, component, essential_type, provides, needs, status}.

    status: available (self-managed), managed (the cloud's own service), fallback (none managed: runs on the cloud's
    cluster), "offered by <system>" (this target has it under another key), planned (not built yet), brought (no system:
    bringYourOwn).
    """
    return [_row(system, target.value, TABLE.get((target.value, system))) for system in RESERVED for target in Target]


def _row(system: str, target: str, fact: SystemFact | None) -> dict[str, Any]:
    if fact is None:
        return dict.fromkeys(COLUMNS, None) | {
            "system": system, "target": target, "provides": [], "needs": [],
            "status": absent(target, system),
        }  # fmt: skip
    return {
        "system": system,
        "target": target,
        "component": fact.path.rpartition(":")[2],
        "essential_type": fact.essential_type,
        "provides": list(fact.provides),
        "needs": list(fact.needs),
        "status": "managed" if fact.managed else "fallback" if fact.fallback else "available",
    }


def absent(target: str, system: str) -> str:
    """What is said of a pair without a row."""
    if system in INSTEAD:
        return "brought"
    return f"offered by {offered}" if (offered := OFFERED.get((target, system))) else "planned"


def _cell(row: dict[str, Any]) -> str:
    """What a pair is: the component, and that it runs on the stack's own cluster where it does."""
    if row["status"] == "fallback":
        return f"{row['component']} (fallback: {OWN[row['target']]})"
    return str(row["component"] or row["status"])


def matrix() -> str:
    """The Markdown table of the README: a row a system, a column a target."""
    table = {(r["system"], r["target"]): r for r in rows()}
    head = ["| system | " + " | ".join(t.value for t in Target) + " |", "|---" * (1 + len(Target)) + "|"]
    body = [f"| {s} | " + " | ".join(_cell(table[s, t.value]) for t in Target) + " |" for s in RESERVED]
    return "\n".join(head + body) + "\n"
