"""Every container says what it needs and what it may use at most."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, at, join, undecided
from policies.pods import REQUIRED_RESOURCES, containers, hidden, section

NEEDED = ("requests.cpu", "requests.memory", "limits.memory")
"""A CPU limit is not asked for: it throttles without protecting the neighbours that requests protect already."""
ZERO = re.compile(r"^0+(\.0+)?[A-Za-z]*$")
REMEDY = "Set resources.requests (cpu, memory) and resources.limits (memory)"


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Containers, and custom resources whose operator makes the pods."""
    if resource.partial:
        return
    for path in hidden(resource):
        yield undecided(path, REMEDY)
    for path, resources in _places(resource):
        if resources is UNKNOWN:
            yield undecided(path, REMEDY)
            continue
        found = {key: _asked(resources, key) for key in NEEDED}
        unknown = [key for key, value in found.items() if value is UNKNOWN]
        missing = [key for key, value in found.items() if value is None or ZERO.match(str(value))]
        if missing:
            yield Finding(path, f"no {', '.join(missing)}", REMEDY)
        elif unknown:
            yield undecided(f"{path}.{unknown[0]}", REMEDY)


def _places(resource: Resource) -> Iterator[tuple[str, Any]]:
    for path, container, _ in containers(resource):
        yield join(path, "resources"), container.get("resources")
    if resource.type.startswith("kubernetes:"):
        for path, key in REQUIRED_RESOURCES.get(resource.kind, ()):
            found = section(resource, path)
            if found is UNKNOWN:
                yield path, UNKNOWN
            elif isinstance(found, Mapping):
                yield join(path, key), found.get(key)


def _asked(resources: Any, key: str) -> Any:
    """A request that is left out is the limit's."""
    found = at(resources, key)
    return at(resources, key.replace("requests", "limits")) if found is None else found


RULE = Rule("resources-set", "Containers have requests and a memory limit.", Level.STANDARD, check)
