"""A stack stays within the GPUs and replicas that it declared."""

from collections.abc import Iterator, Sequence

from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, at, undecided
from policies.pods import gpus, is_kubernetes

REMEDY = "Ask for less, or raise mlops:spec.budget where a reviewer sees it"
SIZES = ("spec.replicas", "spec.mysql.size", "spec.kafka.replicas", "numberOfBrokerNodes")
QUOTAS = {"ResourceQuota", "LimitRange", "ClusterQueue"}
"""Bounds on pods, not pods."""


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Replicas of one workload, custom resources and brokers too."""
    for path in SIZES:
        value = at(resource.props, path)
        if value is UNKNOWN:
            yield undecided(path, REMEDY)
        elif isinstance(value, int | float) and value > facts.replicas:
            yield Finding(path, f"{int(value)} replicas, the budget is {facts.replicas}", REMEDY)


def check_stack(resources: Sequence[Resource], facts: Facts) -> Iterator[tuple[Resource | None, Finding]]:
    """GPUs of all workloads together."""
    asked = {r.name: gpus(r.props) for r in resources if is_kubernetes(r) and r.kind not in QUOTAS}
    total = sum(asked.values())
    if total > facts.gpus:
        parts = ", ".join(f"{name}: {count}" for name, count in asked.items() if count)
        yield None, Finding("stack", f"{total} GPUs ({parts}), the budget is {facts.gpus}", REMEDY)


RULE = Rule("budget", "GPUs and replicas stay within the stack's budget.", Level.STANDARD, check, check_stack)
