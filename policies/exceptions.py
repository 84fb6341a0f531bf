"""Where an upstream chart cannot meet a rule: a committed list with a reason a line."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from policies.model import Resource

FILE = Path(__file__).with_name("exceptions.yaml")
FIELDS = {"rule", "type", "name", "path", "reason"}


@dataclass(frozen=True)
class Waiver:
    """One exception: rule, patterns (* for any text) of the resource's type and name and of the path, and why."""

    rule: str
    type: str
    name: str
    path: str
    reason: str


@dataclass(frozen=True)
class Exceptions:
    """All exceptions of the platform."""

    waivers: Sequence[Waiver] = ()

    @classmethod
    def load(cls, file: Path = FILE) -> "Exceptions":
        """From YAML: a list of mappings with the fields of Waiver. ValueError where one is incomplete or gives no reason."""
        waivers = []
        for row in yaml.safe_load(file.read_text(encoding="utf-8")) or []:
            if not isinstance(row, dict) or set(row) != FIELDS or not all(str(value).strip() for value in row.values()):
                raise ValueError(f"{file.name}: {row}: every exception names {', '.join(sorted(FIELDS))}")
            waivers.append(Waiver(**{key: str(value) for key, value in row.items()}))
        return cls(tuple(waivers))

    def covers(self, rule: str, resource: Resource, path: str) -> bool:
        """Whether a finding of the rule at `path` of the resource is excepted."""
        return any(matches(waiver, rule, resource, path) for waiver in self.waivers if waiver.rule == rule)


def matches(waiver: Waiver, rule: str, resource: Resource, path: str) -> bool:
    """Whether one exception covers a finding."""
    pairs = ((waiver.rule, rule), (waiver.type, resource.type), (waiver.name, resource.name), (waiver.path, path))
    return all(_pattern(pattern).fullmatch(text) for pattern, text in pairs)


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    # not fnmatch: the brackets of "containers[0]" would be a set of characters
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")))
