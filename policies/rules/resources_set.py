"""Every container says what it needs and what it may use at most."""

from collections.abc import Iterator

from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, at, undecided
from policies.pods import REQUIRED_RESOURCES, containers

NEEDED = ("requests.cpu", "requests.memory", "limits.memory")
"""A CPU limit is not asked for: it throttles without protecting the neighbours that requests protect already."""
REMEDY = "Set resources.requests (cpu, memory) and resources.limits (memory)"


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Containers, and custom resources whose operator makes the pods."""
    places = [(path, item.get("resources")) for path, item in containers(resource)]
    if resource.type.startswith("kubernetes:"):
        places += [(path, at(resource.props, path)) for path in REQUIRED_RESOURCES.get(resource.kind, ())]
    for path, resources in places:
        if resources is UNKNOWN:
            yield undecided(path, REMEDY)
            continue
        missing = [key for key in NEEDED if at(resources, key) is None]
        if missing:
            yield Finding(path, f"no {', '.join(missing)}", REMEDY)


RULE = Rule("resources-set", "Containers have requests and a memory limit.", Level.STANDARD, check)
