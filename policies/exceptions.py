"""Where an upstream chart cannot meet a rule: a committed list with a reason a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from policies.model import Resource

FILE = Path(__file__).with_name("exceptions.yaml")


@dataclass(frozen=True)
class Waiver:
    """One exception: rule, globs on the resource's type and name and on the path, and why."""

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
        """From YAML: a list of mappings with the fields of Waiver. ValueError where one has no reason."""
        rows = yaml.safe_load(file.read_text()) or []
        waivers = []
        for row in rows:
            if not str(row.get("reason", "")).strip():
                raise ValueError(f"{file.name}: {row}: every exception says why")
            waivers.append(Waiver(row["rule"], row.get("type", "*"), row["name"], row.get("path", "*"), row["reason"]))
        return cls(tuple(waivers))

    def covers(self, rule: str, resource: Resource, path: str) -> bool:
        """Whether a finding of the rule at `path` of the resource is excepted."""
        return any(
            w.rule == rule
            and fnmatchcase(resource.type, w.type)
            and fnmatchcase(resource.name, w.name)
            and fnmatchcase(path, w.path)
            for w in self.waivers
        )
