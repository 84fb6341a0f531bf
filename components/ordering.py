"""Which system stands before which: needs and provides as a graph, without any cloud SDK."""

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from components.spec.stack import StackSpec
from components.targets import FOUNDATION, TABLE, SystemFact


@dataclass(frozen=True)
class Order:
    """The systems in the order they are built, and for each the systems whose contracts it uses."""

    systems: tuple[str, ...]
    uses: Mapping[str, tuple[str, ...]]


def providers(target: str, chosen: list[str], tier: str = "all") -> dict[str, str]:
    """The chosen system that meets each contract, by contract key; the first in the spec's order wins.

    The foundation counts where it may stand: a team's stack has the platform's.
    """
    found: dict[str, str] = {}
    foundation = [FOUNDATION] if tier in _fact(target, FOUNDATION).tiers else []
    for system in [*foundation, *chosen]:
        for contract in _fact(target, system).provides:
            found.setdefault(contract, system)
    return found


def order(target: str, spec: StackSpec) -> Order:
    """Build order of a stack's systems, the foundation first where anything uses it.

    A need met by bringYourOwn adds that entry's `after` systems in place of a provider. An optional contract adds an
    edge only where no cycle arises from it, since a system must work without. Raises graphlib.CycleError.
    """
    chosen = list(spec.systems.chosen())
    by_contract = providers(target, chosen, spec.tier.value)
    edges: dict[str, set[str]] = {system: set() for system in chosen}
    for system in chosen:
        for need in _fact(target, system).needs:
            edges[system] |= _before(need, system, spec, by_contract)
    for system in chosen:
        for extra in _fact(target, system).optional:
            wanted = _before(extra, system, spec, by_contract)
            trial = {**edges, system: edges[system] | wanted}
            if wanted and not _cyclic(trial):
                edges = trial
    sorter = TopologicalSorter({k: sorted(v) for k, v in edges.items()})
    sequence = tuple(sorter.static_order())
    return Order(sequence, {k: tuple(s for s in sequence if s in v) for k, v in edges.items()})


def _fact(target: str, system: str) -> SystemFact:
    return TABLE[target, system]


def _before(contract: str, system: str, spec: StackSpec, by_contract: Mapping[str, str]) -> set[str]:
    if contract in spec.bring_your_own:
        return set(spec.bring_your_own[contract].after)
    provider = by_contract.get(contract)
    return {provider} if provider and provider != system else set()


def _cyclic(edges: Mapping[str, set[str]]) -> bool:
    try:
        TopologicalSorter(edges).prepare()
    except CycleError:
        return True
    return False
