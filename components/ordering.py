"""Which system stands before which: needs and provides as a graph, without any cloud SDK."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from components.spec.stack import StackSpec
from components.targets import FOUNDATION, TABLE, SystemFact


@dataclass(frozen=True)
class Order:
    """The systems in the order they are built, and for each the systems whose contracts it uses."""

    systems: tuple[str, ...]
    uses: Mapping[str, tuple[str, ...]]
    via: Mapping[str, Mapping[str, str]]
    """For each system the provider of each contract that it uses, by contract key."""


def providers(target: str, chosen: Sequence[str], tier: str = "all") -> dict[str, list[str]]:
    """The chosen systems that meet each contract, by contract key, in the spec's order: the first is used where none is named.

    The foundation counts where it may stand: a team's stack has the platform's.
    """
    found: dict[str, list[str]] = {}
    foundation = [FOUNDATION] if tier in _fact(target, FOUNDATION).tiers else []
    for system in [*foundation, *chosen]:
        for contract in _fact(target, system).provides:
            found.setdefault(contract, []).append(system)
    return found


def order(target: str, spec: StackSpec) -> Order:
    """Build order of a stack's systems, the foundation first where anything uses it.

    A need met by bringYourOwn adds that entry's `after` systems in place of a provider. An optional contract adds an
    edge only where no cycle arises from it, since a system must work without. Raises graphlib.CycleError.
    """
    chosen = spec.chosen()
    by_contract = providers(target, list(chosen), spec.tier.value)
    edges: dict[str, set[str]] = {system: set() for system in chosen}
    via: dict[str, dict[str, str]] = {system: {} for system in chosen}

    def fact(system: str) -> SystemFact:
        return _fact(target, system).of(chosen.get(system))

    def provider(contract: str, system: str) -> str | None:
        consumer = fact(system)
        fitting = [other for other in by_contract.get(contract, ()) if fact(other).meets(contract, consumer)]
        meeting = [other for other in fitting if other != system]
        named = chosen[system].uses.get(contract)
        return named if named in meeting else next(iter(meeting), None)

    for system, contract in ((s, n) for s in chosen for n in fact(s).needs):
        if contract in spec.bring_your_own:
            edges[system] |= set(spec.bring_your_own[contract].after)
        elif found := provider(contract, system):
            edges[system].add(found)
            via[system][contract] = found
    for system, contract in ((s, n) for s in chosen for n in fact(s).optional):
        if contract in spec.bring_your_own:
            wanted = set(spec.bring_your_own[contract].after)
        elif found := provider(contract, system):
            wanted = {found}
        else:
            continue
        trial = {**edges, system: edges[system] | wanted}
        if not _cyclic(trial):
            edges = trial
            if contract not in spec.bring_your_own and found:
                via[system][contract] = found
    sorter = TopologicalSorter({k: sorted(v) for k, v in edges.items()})
    sequence = tuple(sorter.static_order())
    return Order(sequence, {k: tuple(s for s in sequence if s in v) for k, v in edges.items()}, via)


def _fact(target: str, system: str) -> SystemFact:
    return TABLE[target, system]


def _cyclic(edges: Mapping[str, set[str]]) -> bool:
    try:
        TopologicalSorter(edges).prepare()
    except CycleError:
        return True
    return False
