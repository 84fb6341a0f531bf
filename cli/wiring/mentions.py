"""Addresses in a text: URLs, host:port, and the DNS names of Services."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

PORTS = {
    "http": 80, "https": 443, "ws": 80, "wss": 443, "mysql": 3306, "postgresql": 5432, "postgres": 5432, "redis": 6379,
    "rediss": 6379, "ldap": 389, "ldaps": 636, "ssh": 22, "git": 9418, "bolt": 7687, "bolt+s": 7687, "neo4j": 7687,
    "neo4j+s": 7687, "thrift": 9083, "hdfs": 8020, "amqp": 5672, "amqps": 5671, "nats": 4222, "mongodb": 27017,
}  # fmt: skip
"""Schemes that name a server, with the port that they mean (IANA, and the programs' own documentation)."""
SERVERS = {*PORTS, "tcp", "tls", "grpc", "grpcs", "kafka", "dns", "oci"}
TLS = {"https", "wss", "rediss", "ldaps", "bolt+s", "neo4j+s", "amqps", "tls", "grpcs"}
HOST = r"[a-zA-Z0-9](?:[a-zA-Z0-9._-]|\{\d+\.\.\.\d+\})*"
URL = re.compile(rf"(?<![\w+.])([a-z][a-z0-9+.-]*)://(?:[^\s/\"'<>|]*@)?({HOST})(?::(\d++))?+(?![\w]*[$@{{(])")
PAIR = re.compile(r"(?<![\w.:/@$}%=+-])(?<!=\$)([a-z0-9](?:[a-z0-9.-]|\{\d+\.\.\.\d+\})*):([1-9]\d{1,4})(?![\w.:-])")
AFTER_EQUALS = re.compile(r"(?<==)([a-z0-9](?:[a-z0-9.-]|\{\d+\.\.\.\d+\})*):([1-9]\d{1,4})(?![\w.:-])")
NAME = re.compile(r"(?<![\w.@/*:-])([a-z0-9-]+(?:\.[a-z0-9-]+)+\.svc(?:\.cluster\.local)?)(?![\w.:-])")
RANGE = re.compile(r"\{(\d+)\.\.\.(\d+)\}")
NEAR_PORT = re.compile(r"[\s\S]{0,60}?\bport\b[\"']?\s*[=:]\s*[\"']?(\d{2,5})\b", re.IGNORECASE)
"""A port that is said soon after a host, as configuration files do."""
LOCAL = {"localhost", "localhost.localdomain", "host", "0.0.0.0", "127.0.0.1"}
NUMBERS = re.compile(r"^[\d.]+$")


@dataclass(frozen=True)
class Mention:
    """One address: scheme "" and port None where the text has none."""

    scheme: str
    host: str
    port: int | None

    @property
    def tls(self) -> bool:
        """Whether the scheme says that the connection is encrypted."""
        return self.scheme in TLS

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.port else self.host


def mentions(text: str, port: int | None = None) -> Iterator[Mention]:
    """Every address in a text, in order; `port` is what stands beside the text where it names a host alone.

    `user:password@` is left out, and so are addresses of the pod itself, of numbers, and with parts that only a run knows.
    """
    taken: list[tuple[int, int]] = []
    for found in URL.finditer(text):
        taken.append(found.span())
        scheme = _server(found[1])
        # hdfs://name without a port is a name of a cluster with several name nodes, not a host
        named = scheme == "hdfs" and not found[3] and "." not in found[2]
        if (scheme in SERVERS or ".svc" in found[2]) and not named:
            number = int(found[3]) if found[3] else PORTS.get(scheme)
            yield from _each(scheme, found[2], number)
    for pattern in (PAIR, AFTER_EQUALS):
        for found in pattern.finditer(text):
            if not _inside(found.span(), taken):
                taken.append(found.span())
                yield from _each("", found[1], int(found[2]))
    for found in NAME.finditer(text):
        if not _inside(found.span(), taken):
            near = NEAR_PORT.match(text, found.end()) if port is None else None
            yield from _each("", found[1], port or (int(near[1]) if near else None))


def _server(scheme: str) -> str:
    """The scheme of the server: mysql+pymysql and jdbc:mysql speak MySQL, dnssrv+_grpc nothing that is known here."""
    first, _, rest = scheme.partition("+")
    return scheme if scheme in SERVERS else rest if first in ("db", "git") and rest in SERVERS else first


def _each(scheme: str, host: str, port: int | None) -> Iterator[Mention]:
    """The mention, or one for each end of a range {0...3}."""
    host = host.rstrip(".")
    if found := RANGE.search(host):
        for number in (found[1], found[2]):
            yield from _each(scheme, host[: found.start()] + number + host[found.end() :], port)
    elif host.lower() not in LOCAL and not NUMBERS.match(host):
        yield Mention(scheme, host.lower(), port)


def _inside(span: tuple[int, int], taken: list[tuple[int, int]]) -> bool:
    return any((start <= span[0] and span[1] <= end) or start < span[1] <= end for start, end in taken)
