"""One stack as the rules see it."""

from collections.abc import Mapping
from dataclasses import dataclass

from components.grounds import KUBERNETES, Facts, pair, sent
from components.mapping.fact import HIDDEN
from components.spec.stack import PARTS, StackSpec, Target
from components.targets import FOUNDATION, SystemFact

__all__ = ["Case", "Facts"]


@dataclass(frozen=True)
class Case:
    """A stack's name, target and spec, and the table of what is built."""

    stack: str
    target: Target
    spec: StackSpec
    facts: Facts
    tier_known: bool = True
    """False where the tier itself was wrong, so that nothing is said that hangs on it."""

    def offered(self) -> list[str]:
        """The systems that the target has."""
        return [system for target, system in self.facts if target == self.target and system not in (*HIDDEN, *PARTS)]

    def fact(self, system: str) -> SystemFact | None:
        """What is known of a system where it stands: on the stack's target, or on its own cluster."""
        return sent(self.facts, self.target.value, system, self._wanted(system))

    def ground(self, system: str) -> str:
        """Where a system stands: kubernetes, or the cloud that is the target."""
        found = pair(self.facts, self.target.value, system, self._wanted(system))
        return found[0] if found else self.target.value

    def _wanted(self, system: str) -> Target | None:
        config = self.spec.chosen().get(system)
        return config.target if config is not None else None

    def chosen(self) -> dict[str, SystemFact]:
        """The systems of the stack, and parts of its foundation, that exist where they are to stand."""
        return {system: fact.of(config) for system, config in self.spec.chosen().items() if (fact := self.fact(system))}

    def on_own_cluster(self) -> list[str]:
        """The systems of a cloud stack that run on its own cluster."""
        return [s for s in self.chosen() if self.target is not Target.KUBERNETES and self.ground(s) == KUBERNETES]

    def foundation(self, ground: str) -> Mapping[str, SystemFact]:
        """The foundation of a ground, by the key that its row has."""
        return {FOUNDATION: self.facts[ground, FOUNDATION]} if (ground, FOUNDATION) in self.facts else {}

    def meeting(self, contract: str, consumer: SystemFact | None = None, ground: str | None = None) -> list[str]:
        """The systems, and parts of the foundation, that would meet a contract on a ground, for a consumer that is choosy."""
        wanted, where = consumer or SystemFact("", ""), ground or self.target.value
        found = [system for target, system in self.facts if target == where and system not in (*HIDDEN, *PARTS)]
        parts = [part for part in PARTS if (where, part) in self.facts]
        rows = ((system, self.facts[where, system]) for system in (*found, *parts))
        return [system for system, fact in rows if not fact.fallback and fact.meets(contract, wanted)]

    def said(self, system: str, ground: str) -> str:
        """What a stack file says to have a system on a ground: {}, or that it is to run on the own cluster."""
        own = self.facts.get((self.target.value, system))
        there = ground == self.target or (own is not None and own.fallback)
        return "{}" if there else "{target: kubernetes}"
