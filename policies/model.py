"""What a rule sees and says, apart from any policy engine: rules are plain functions over these."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
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
    secrets: frozenset[str] = frozenset()
    """Paths of the inputs that Pulumi keeps secret, as `mappings` writes paths."""
    provider: Mapping[str, Any] = field(default_factory=dict)
    """Inputs of the provider that serves it."""
    depends: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """For each input the URNs that its value is made from; known to rules over the whole stack only."""

    @property
    def kind(self) -> str:
        """The last part of the type ("Deployment"), of a server-side patch too."""
        return self.type.rpartition(":")[2].removesuffix("Patch")

    @property
    def partial(self) -> bool:
        """A patch says only what it changes: what it does not say is no omission."""
        return self.type.startswith("kubernetes:") and self.type.endswith("Patch")

    @cached_property
    def mappings(self) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Every mapping inside the inputs with its path, outermost first; computed once for all rules."""
        return tuple(walk(self.props))

    def is_secret(self, path: str) -> bool:
        """Whether the value at a path, or anything that it stands in, is a secret of Pulumi's."""
        return any(path == secret or path.startswith((f"{secret}.", f"{secret}[")) for secret in self.secrets)


@dataclass(frozen=True)
class Facts:
    """What the stack's root component says. `level` None (no root seen) holds the stack to every rule."""

    level: Level | None = None
    environment: str = "prod"
    gpus: int = 16
    replicas: int = 20
    registry_mirror: str = ""
    own_registry: str = ""
    """Host of the registry that the stack runs itself: what it builds lies there."""

    @classmethod
    def of(cls, root: Mapping[str, Any]) -> "Facts":
        """From the root component's inputs; anything missing, unknown or malformed counts as the strictest."""
        level, environment, mirror = (root.get(key) for key in ("securityLevel", "environment", "registryMirror"))
        return cls(
            level=Level.__members__.get(level.upper()) if isinstance(level, str) else None,
            environment=environment if isinstance(environment, str) and environment else cls.environment,
            gpus=_bound(at(root, "budget.gpus"), cls.gpus),
            replicas=_bound(at(root, "budget.replicas"), cls.replicas),
            registry_mirror=mirror if isinstance(mirror, str) else "",
            own_registry=str(root["ownRegistry"]) if isinstance(root.get("ownRegistry"), str) else "",
        )


def _bound(value: Any, default: int) -> int:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else default


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
StackCheck = Callable[[Sequence[Resource], Facts], Iterator[tuple[Resource, Finding]]]
TotalCheck = Callable[[Resource, Mapping[str, int], Facts], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    """A rule: its name and sentence, the level from which it is mandatory, and its functions."""

    name: str
    description: str
    mandatory_from: Level
    check: Check
    """Judges one resource by its inputs, before it is made."""
    check_stack: StackCheck | None = None
    """Judges all resources together, by their outputs, once they are previewed or made."""
    measure: Callable[[Resource], int] | None = None
    """What a resource takes of something that the stack has a bounded amount of …"""
    check_total: TotalCheck | None = None
    """… judged before each that takes of it is made: the resource, and what all so far take, by name."""

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


def items(value: Any) -> Sequence[Any]:
    """A list's items; of anything else (nothing, a single value, a value unknown) none, one, or UNKNOWN itself."""
    if isinstance(value, list | tuple):
        return value
    return () if value is None else (value,)


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every mapping inside `value` with its path, outermost first."""
    if isinstance(value, Mapping):
        yield path, value
        for key, item in value.items():
            if isinstance(item, Mapping | list | tuple):
                yield from walk(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            if isinstance(item, Mapping | list | tuple):
                yield from walk(item, f"{path}[{index}]")


def join(path: str, key: str) -> str:
    """A path one step deeper."""
    return f"{path}.{key}" if path else key
