"""A stack stays within the GPUs and replicas that it declared."""

from collections.abc import Iterator, Mapping

from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, join, undecided
from policies.pods import COUNTS, SIZES, gpus, hidden, is_kubernetes, unknown_gpus

REMEDY = "Ask for less, or raise mlops:spec.budget where a reviewer sees it"
BOUNDS = {"ResourceQuota", "LimitRange", "ClusterQueue", "LocalQueue", "ResourceFlavor", "Node"}
"""Bounds on pods and places for them, not pods."""
CLOUD = {"aws:msk/cluster:Cluster", "aws:msk/serverlessCluster:ServerlessCluster"}


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Replicas of one workload, wherever it says them; custom resources, autoscalers and brokers too."""
    if not _counts(resource):
        return
    keys = COUNTS | ({"size"} if resource.kind in SIZES else set())
    for path, mapping in resource.mappings:
        for key in keys & mapping.keys():
            value = mapping[key]
            if value is UNKNOWN:
                yield undecided(join(path, key), REMEDY)
            elif isinstance(value, int | float) and value > facts.replicas:
                yield Finding(join(path, key), f"{int(value)} copies, the budget is {facts.replicas}", REMEDY)
    yield from (undecided(path, REMEDY) for path in [*unknown_gpus(resource), *hidden(resource, {"limits", "resources"})])


def _counts(resource: Resource) -> bool:
    return resource.type in CLOUD or (is_kubernetes(resource) and resource.kind not in BOUNDS)


def measure(resource: Resource) -> int:
    """The GPUs that a resource's pods ask for together."""
    return gpus(resource.props) if is_kubernetes(resource) and resource.kind not in BOUNDS else 0


def check_total(resource: Resource, taken: Mapping[str, int], facts: Facts) -> Iterator[Finding]:
    """GPUs of all workloads together."""
    total = sum(taken.values())
    if total > facts.gpus:
        parts = ", ".join(f"{name}: {count}" for name, count in taken.items())
        yield Finding("stack", f"{total} GPUs with this one ({parts}), the budget is {facts.gpus}", REMEDY)


RULE = Rule(
    "budget", "GPUs and replicas stay within the stack's budget.", Level.STANDARD, check, measure=measure, check_total=check_total
)
