"""Rules over who meets whose needs: `uses` of a system, and what `bringYourOwn` must say for each of its consumers."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from components.spec.base import Target
from components.validation.problems import Path, meant, one_of, shown

if TYPE_CHECKING:
    from components.validation.rules import Case

CREDENTIALED = ("objectStore", "database", "broker")
"""Contracts whose consumers each have a credential."""


def uses(case: "Case") -> Iterator[tuple[Path, str]]:
    """`uses` names contracts that the system takes, and systems of the stack that offer them."""
    chosen = case.chosen()
    for system, fact in chosen.items():
        taken = [*fact.needs, *fact.optional]
        for contract, provider in case.spec.systems.chosen()[system].uses.items():
            path: Path = ("systems", system, "uses", contract)
            if contract not in taken:
                yield path, f"{system} uses no such contract; {one_of(taken)}{meant(contract, taken)}"
                continue
            meeting = [other for other in case.meeting(contract) if other in chosen and other != system]
            if contract in case.spec.bring_your_own:
                yield path, f"bringYourOwn.{contract} meets it for the whole stack; take one of the two out"
            elif provider not in meeting:
                yield path, f"{shown(provider)}: no system of this stack that provides it; {_either(meeting, provider)}"


def _either(meeting: Sequence[str], given: str) -> str:
    return f"{one_of(meeting)}{meant(given, meeting)}" if meeting else "the stack has none that does"


def brought(case: "Case") -> Iterator[tuple[Path, str]]:
    """A consumer of a service from outside finds its credentials in a Secret that the stack file names."""
    for contract, entry in case.spec.bring_your_own.items():
        if contract not in CREDENTIALED:
            continue
        if case.target is not Target.KUBERNETES:
            yield ("bringYourOwn", contract), f"not offered on target {case.target}; leave it out and the service is made"
            continue
        for system, fact in case.chosen().items():
            if contract in fact.needs and system not in entry.credentials:
                said = f"missing {system}; expected the name of the Secret with its credentials in its namespace"
                yield ("bringYourOwn", contract, "credentials"), said
