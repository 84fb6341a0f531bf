"""Which system stands before which: needs and provides as a graph, without any cloud SDK."""

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from components.grounds import KUBERNETES, Standing, standing
from components.mapping.fact import OWN_CLUSTER
from components.spec.stack import StackSpec, Target
from components.targets import FOUNDATION


@dataclass(frozen=True)
class Order:
    """The systems in the order they are built, and for each the systems whose contracts it uses."""

    systems: tuple[str, ...]
    uses: Mapping[str, tuple[str, ...]]
    via: Mapping[str, Mapping[str, str]]
    """For each system the provider of each contract that it uses, by contract key."""
    standing: Standing
    """Where each of them stands."""


def providers(stand: Standing, tier: str = "all") -> dict[tuple[str, str], list[str]]:
    """Who of the stack meets each contract, by ground and contract key, in the spec's order: the first is used where none is
    named.

    A foundation counts where it may stand: a team's stack has the platform's.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for key, (ground, row) in stand.pairs.items():
        if row != FOUNDATION or tier in stand.fact(key).tiers:
            for contract in stand.fact(key).provides:
                found.setdefault((ground, contract), []).append(key)
    return found


def order(target: str, spec: StackSpec) -> Order:
    """Build order of a stack's systems, their foundations and own cluster first where anything uses them.

    A need met by bringYourOwn adds that entry's `after` systems in place of a provider. An optional contract adds an
    edge only where no cycle arises from it, since a system must work without. Raises graphlib.CycleError.
    """
    stand, chosen = standing(Target(target), spec), spec.chosen()
    by_contract = providers(stand, spec.tier.value)
    # what runs on a cluster of the stack's own waits for it
    cluster = {OWN_CLUSTER} if stand.own else set()
    wanted_keys = [*chosen, *cluster, *(key for key in stand.pairs if key not in chosen and cluster and key != OWN_CLUSTER)]
    edges: dict[str, set[str]] = {key: set(cluster) if stand.ground(key) == KUBERNETES else set() for key in wanted_keys}
    via: dict[str, dict[str, str]] = {key: {} for key in wanted_keys}

    def provider(contract: str, key: str) -> str | None:
        consumer = stand.fact(key)
        offering = by_contract.get((stand.ground(key), contract), ())
        meeting = [other for other in offering if stand.fact(other).meets(contract, consumer) and other != key]
        named = chosen[key].uses.get(contract) if key in chosen else None
        return named if named in meeting else next(iter(meeting), None)

    def brought(contract: str, key: str) -> bool:
        return contract in spec.bring_your_own and (stand.ground(key) == KUBERNETES or not stand.own)

    for key, contract in ((k, n) for k in wanted_keys for n in stand.fact(k).needs):
        if brought(contract, key):
            edges[key] |= set(spec.bring_your_own[contract].after)
        elif found := provider(contract, key):
            edges[key].add(found)
            via[key][contract] = found
    for key, contract in ((k, n) for k in wanted_keys for n in stand.fact(k).optional):
        if brought(contract, key):
            wanted = set(spec.bring_your_own[contract].after)
        elif found := provider(contract, key):
            wanted = {found}
        else:
            continue
        trial = {**edges, key: edges[key] | wanted}
        if not _cyclic(trial):
            edges = trial
            if not brought(contract, key) and found:
                via[key][contract] = found
    sorter = TopologicalSorter({k: sorted(v) for k, v in edges.items()})
    sequence = tuple(sorter.static_order())
    return Order(sequence, {k: tuple(s for s in sequence if s in v) for k, v in edges.items()}, via, stand)


def _cyclic(edges: Mapping[str, set[str]]) -> bool:
    try:
        TopologicalSorter(edges).prepare()
    except CycleError:
        return True
    return False
