"""What a row of the mapping says: plain text, so that validation and `mlops systems` need no cloud SDK."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

FOUNDATION = "foundation"
"""What a target needs before any system: certificates on Kubernetes, network and keys on a cloud."""
OWN_CLUSTER = "own-cluster"
"""The Kubernetes cluster that a stack makes for itself on a cloud; a row of each cloud, no key of stack files."""
HIDDEN = (FOUNDATION, OWN_CLUSTER)
"""Rows that no stack file names: they come with what needs them."""

EVERY_TIER = ("all", "platform", "team")


@dataclass(frozen=True)
class SystemFact:
    """What is known of a (target, system) pair without importing it; contracts by their key in stack files."""

    path: str
    essential_type: str
    needs: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ("all", "platform")
    managed: bool = False
    """A cloud's own service (else self-managed)."""
    fallback: bool = False
    """The cloud has none: the unchanged component of Kubernetes runs on the stack's own cluster there."""
    engine: str = ""
    """What a provider of `database` is: mysql or postgres."""
    engines: tuple[str, ...] = ()
    """What a consumer of `database` can use; any where empty."""
    images: tuple[str, ...] = ()
    """Images of our own (images/<name>) that it runs."""
    holds: str = ""
    """What is lost with it, in words; empty where it keeps no data."""
    upstream: str = "active"
    successor: str = ""
    what: str = ""
    """One line on it, where no class of components.spec describes its section (it then has `values` alone)."""
    variants: Mapping[str, "SystemFact"] = field(default_factory=dict, hash=False)
    """What it is instead, by the `kind` of its section."""

    def of(self, config: Any) -> "SystemFact":
        """The fact that holds for a section of the spec."""
        return self.variants.get(getattr(config, "kind", ""), self)

    def meets(self, contract: str, consumer: "SystemFact") -> bool:
        """Whether a consumer can use what this system provides."""
        fits = contract != "database" or not consumer.engines or not self.engine or self.engine in consumer.engines
        return contract in self.provides and fits


def fallback(row: SystemFact) -> SystemFact:
    """A row of Kubernetes as a cloud's row: the same component, on the stack's own cluster, which teams' stacks lack."""
    tiers = tuple(tier for tier in row.tiers if tier != "team")
    return replace(row, fallback=True, tiers=tiers, variants={kind: fallback(each) for kind, each in row.variants.items()})
