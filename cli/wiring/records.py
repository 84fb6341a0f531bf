"""What the resolver finds: connections that hold, flows that pods need, and what dangles."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from rapidfuzz import process

NEAR = 70
"""Likeness (0-100) from which a name is offered as what was meant."""


@dataclass(frozen=True, order=True)
class Place:
    """An object by kind, namespace ("" for none) and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass(frozen=True, order=True)
class Connection:
    """One thing that reads from another."""

    consumer: Place
    """The pod template, or the object whose field says so where no pod template does."""
    where: str
    """Where in the consumer it stands: env DB_HOST, ConfigMap x key y, spec.storage.endpoint."""
    address: str
    """host:port as written, without credentials."""
    target: Place
    """Service, Gateway, or kind Outside for what is not in the cluster."""
    port: int | None
    """Of the Service."""
    tls: bool = False
    trust: str = ""
    """ConfigMap or Secret by which the consumer knows the server's certificate."""
    secrets: tuple[str, ...] = ()
    """Secrets in the consumer's namespace with the credentials."""
    egress: str = ""
    """NetworkPolicy that lets it out; "" where none binds the consumer."""
    ingress: str = ""
    """NetworkPolicy that lets it in; "" where none binds the target."""


@dataclass(frozen=True, order=True)
class Flow:
    """What a pod needs beside its connections: dns, api, webhook, scrape, gateway, image, git."""

    kind: str
    source: Place
    target: str
    policy: str = ""


@dataclass(frozen=True, order=True)
class Problem:
    """What dangles: its kind, whose it is, where it stands there, and what is wrong with the nearest thing there is."""

    kind: str
    at: Place
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.at}: {self.where}: {self.what}"


@dataclass
class Wiring:
    """All of it, sorted."""

    connections: list[Connection] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def take(self, found: Iterable["Connection | Flow | Problem"]) -> None:
        """Adds each where it belongs."""
        for item in found:
            if isinstance(item, Connection):
                self.connections.append(item)
            elif isinstance(item, Flow):
                self.flows.append(item)
            else:
                self.problems.append(item)

    def settled(self) -> "Wiring":
        """Each once, in order."""
        return Wiring(sorted(set(self.connections)), sorted(set(self.flows)), sorted(set(self.problems)))


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?`, or the few that there are, or nothing."""
    choices = sorted(set(known))
    match = process.extractOne(name, choices, score_cutoff=NEAR)
    if match:
        return f'; did you mean "{match[0]}"?'
    return f"; there are {', '.join(choices[:8])}" if choices else ""
