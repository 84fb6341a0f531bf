"""What a stack stands on, and which of its systems stands where: a cloud, a Kubernetes cluster, or both.

A stack has a cloud ground where its target is a cloud or its cluster is made on one, and a Kubernetes ground where its target is
Kubernetes or a chosen row runs on the cluster. Contracts are met within a ground: what crosses would need a credential that the
other side does not know (docs/decisions/2026-11-23-own-cluster.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from components.mapping.fact import OWN_CLUSTER, fallback
from components.spec.stack import StackSpec, Target
from components.targets import FOUNDATION, TABLE, SystemFact

KUBERNETES = Target.KUBERNETES.value
CLUSTER_FOUNDATION = "cluster-foundation"
"""The foundation of Kubernetes on a cloud stack's own cluster."""
CLOUD_FOUNDATION = "cloud-base"
"""The foundation of the cloud that a stack of target kubernetes makes its cluster on."""
Facts = Mapping[tuple[str, str], SystemFact]


@dataclass(frozen=True)
class Standing:
    """Where each thing of a stack stands, as a row of the table: (ground, key of the row), by its own key."""

    target: str
    cloud: str | None
    """The cloud ground; None on an existing cluster."""
    own: bool
    """Whether the stack makes a cluster."""
    pairs: Mapping[str, tuple[str, str]]
    sections: Mapping[str, Any] = field(default_factory=dict)
    """The section of each system, whose `kind` may make it a variant of its row."""

    def ground(self, key: str) -> str:
        """The ground of one thing: kubernetes, or the cloud's target."""
        return self.pairs[key][0]

    def fact(self, key: str) -> SystemFact:
        """The row of one thing."""
        return TABLE[self.pairs[key]].of(self.sections.get(key))

    def foundation(self, ground: str) -> str:
        """Key of a ground's foundation."""
        return next(key for key, pair in self.pairs.items() if pair == (ground, FOUNDATION))

    def of(self, ground: str) -> list[str]:
        """The things of a ground."""
        return [key for key, pair in self.pairs.items() if pair[0] == ground]


def pair(facts: Facts, target: str, system: str, wanted: Target | None = None) -> tuple[str, str] | None:
    """The row that a system is: of its target, or of Kubernetes where it runs on the own cluster; None where there is none."""
    fact = facts.get((target, system))
    if target != KUBERNETES and (wanted is Target.KUBERNETES or (fact is not None and fact.fallback)):
        return (KUBERNETES, system) if (KUBERNETES, system) in facts else None
    return (target, system) if fact is not None else None


def sent(facts: Facts, target: str, system: str, wanted: Target | None = None) -> SystemFact | None:
    """What is known of a system where it stands; a row that is sent to the own cluster reads as a fallback."""
    found = pair(facts, target, system, wanted)
    if found is None:
        return None
    return fallback(facts[found]) if found[0] != target else facts[found]


def standing(target: Target, spec: StackSpec) -> Standing:
    """Where everything of a stack stands, its foundations and its own cluster with it."""
    name, cloud = target.value, spec.cloud_of(target)
    found = {system: pair(TABLE, name, system, config.target) for system, config in spec.chosen().items()}
    pairs = {system: where for system, where in found.items() if where is not None}
    hidden: dict[str, tuple[str, str]] = {FOUNDATION: (name, FOUNDATION)}
    own = cloud is not None and (target is Target.KUBERNETES or any(ground == KUBERNETES for ground, _ in pairs.values()))
    if own and cloud is not None:
        hidden[OWN_CLUSTER] = (cloud.value, OWN_CLUSTER)
        if target is Target.KUBERNETES:
            hidden[CLOUD_FOUNDATION] = (cloud.value, FOUNDATION)
        else:
            hidden[CLUSTER_FOUNDATION] = (KUBERNETES, FOUNDATION)
    return Standing(name, cloud.value if cloud else None, own, {**hidden, **pairs}, spec.chosen())
