"""What a rule sees and says, apart from any policy engine: rules are plain functions over these."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

ROOT_TYPE = "mlops:index:Platform"


class Level(IntEnum):
    """A stack's securityLevel, and the lowest level at which a rule is mandatory (below it, it advises)."""

    BASELINE = 1
    STANDARD = 2
    HARDENED = 3


class _Unknown:
    """A value that is not known before `up` (a preview's computed output)."""

    def __repr__(self) -> str:
        return "unknown until up"


UNKNOWN = _Unknown()


@dataclass(frozen=True)
class Resource:
    """One resource: type token, name, inputs as plain data with UNKNOWN leaves, and its protect option."""

    type: str
    name: str
    props: Mapping[str, Any]
    urn: str = ""
    protect: bool = False
    retain: bool = False

    @property
    def kind(self) -> str:
        """The last part of the type ("Deployment")."""
        return self.type.rpartition(":")[2]


@dataclass(frozen=True)
class Facts:
    """What the stack's root component says. `level` None (no root seen) holds the stack to every rule."""

    level: Level | None = None
    environment: str = "prod"
    gpus: int = 16
    replicas: int = 20
    registry_mirror: str = ""

    @classmethod
    def of(cls, root: Mapping[str, Any]) -> "Facts":
        """From the root component's inputs; anything missing or malformed counts as the strictest."""
        budget = root.get("budget") if isinstance(root.get("budget"), Mapping) else {}
        level = str(root.get("securityLevel", "")).upper()
        return cls(
            level=Level[level] if level in Level.__members__ else None,
            environment=str(root.get("environment") or "prod"),
            gpus=int((budget or {}).get("gpus", cls.gpus)),
            replicas=int((budget or {}).get("replicas", cls.replicas)),
            registry_mirror=str(root.get("registryMirror") or ""),
        )


@dataclass(frozen=True)
class Finding:
    """One breach: where in the resource, what is wrong, what mends it."""

    path: str
    problem: str
    remedy: str
    undecided: bool = False
    """The value is unknown in preview: judged again, with its value, before the resource is made."""

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}. {self.remedy}"


def undecided(path: str, remedy: str) -> Finding:
    """A value that the rule needs and preview does not know."""
    return Finding(path, "not known before up, so not judged yet; up judges it before anything is made", remedy, undecided=True)


Check = Callable[[Resource, Facts], Iterator[Finding]]
StackCheck = Callable[[Sequence[Resource], Facts], Iterator[tuple[Resource | None, Finding]]]


@dataclass(frozen=True)
class Rule:
    """A rule: its name and sentence, the level from which it is mandatory, and its function(s)."""

    name: str
    description: str
    mandatory_from: Level
    check: Check | None = None
    check_stack: StackCheck | None = None
    tags: Sequence[str] = field(default_factory=tuple)

    def mandatory(self, facts: Facts) -> bool:
        """Whether a breach stops the stack."""
        return facts.level is None or facts.level >= self.mandatory_from


def at(value: Any, path: str) -> Any:
    """The value at a dotted path; None where there is nothing, UNKNOWN where a part of the way is unknown."""
    for step in path.split("."):
        if value is UNKNOWN:
            return UNKNOWN
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every mapping inside `value` with its path, outermost first."""
    if isinstance(value, Mapping):
        yield path, value
        for key, item in value.items():
            yield from walk(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from walk(item, f"{path}[{index}]")
