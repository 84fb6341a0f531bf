"""What a platform publishes to a team: names and addresses of what it was granted, never a secret value.

The document is the same on every target; only its place differs (a ConfigMap in the team's namespace, a parameter on a
cloud). The platform writes it with `document`; the team's stack reads it with `Published`, which offers the platform's
contracts again: their `grant` hands out what was granted ahead, and fails by name where it was not.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import pulumi

from components.contracts import (
    Broker,
    BrokerAccess,
    BucketAccess,
    Certificates,
    Consumer,
    Dashboards,
    Database,
    DatabaseAccess,
    Metrics,
    Network,
    ObjectStore,
)

A = TypeVar("A", DatabaseAccess, BucketAccess, BrokerAccess)
_ADDRESSES = (Metrics, Dashboards, Certificates, Network)
"""Contracts that a team gets as they are, without a grant."""
TEAM_ENGINE = "mysql"
"""The database that a team's systems are written for: the shape of their graph must not wait for the document."""


def document(
    platform: str, team: str, met: Mapping[type, Any], grants: Mapping[str, Mapping[str, Any]], extra: Mapping[str, Any]
) -> pulumi.Output[str]:
    """The JSON document for a team.

    `grants` holds accesses by kind ("databases", "buckets", "brokers") and the team's name for each; `extra` is what
    the target adds (role names). Secret values cannot enter: accesses hold none, and a secret Output is refused.
    """
    content: dict[str, Any] = {
        "platform": platform,
        "team": team,
        "contracts": {c.__name__: _plain(met[c]) for c in _ADDRESSES if c in met},
        "engine": met[Database].engine if Database in met else TEAM_ENGINE,
        **{kind: {name: _plain(access) for name, access in by.items()} for kind, by in grants.items()},
        **extra,
    }
    return pulumi.Output.json_dumps(content, sort_keys=True)


def _plain(value: Any) -> dict[str, Any]:
    """Fields of a contract or access that are names and addresses; callables and resources stay behind."""
    return {
        f.name: item
        for f in fields(value)
        if not callable(item := getattr(value, f.name)) or isinstance(item, pulumi.Output)
        if f.name != "ready"
    }


@dataclass(frozen=True)
class Published:
    """A platform's document as a team's stack sees it.

    `text` is the JSON document, `platform` and `team` say in errors whose it is and for whom, `absent` names the access
    fields that this target never sets (a cloud's roles need no Secret), since the shape of a graph must be plain.
    """

    text: pulumi.Output[str]
    platform: str
    team: str
    absent: frozenset[str]

    def contracts(self) -> dict[type, Any]:
        """The contracts that grant, from the document. Nothing of it is looked up before it is asked for."""
        return {
            Database: Database(
                TEAM_ENGINE, self._anything("databases", "host"), self._anything("databases", "port"), self._grant(DatabaseAccess)
            ),
            ObjectStore: ObjectStore(
                self._anything("buckets", "endpoint"), self._anything("buckets", "region"), self._grant(BucketAccess)
            ),
            Broker: Broker(self._anything("brokers", "bootstrap"), self._topics),
        }

    def field(self, *path: str) -> pulumi.Output[Any]:
        """One value of the document; RunError naming the platform where it has none at that path."""
        return self.text.apply(lambda text: self._find(json.loads(text), path))

    def _find(self, content: Any, path: Sequence[str]) -> Any:
        for depth, step in enumerate(path):
            if not isinstance(content, Mapping) or step not in content:
                have = ", ".join(sorted(content)) if isinstance(content, Mapping) and content else "none"
                where = ".".join(path[:depth]) or "document"
                raise pulumi.RunError(
                    f'platform stack "{self.platform}" grants team "{self.team}" no {" ".join(path[: depth + 1])}; '
                    f"its {where} has: {have}. Ask its owner to add it under mlops:spec.teams.{self.team}."
                )
            content = content[step]
        return content

    def _anything(self, kind: str, name: str) -> pulumi.Output[Any]:
        """The address that every access of a kind shares; None where the team was granted none."""

        def first(text: str) -> Any:
            accesses = list(json.loads(text).get(kind, {}).values())
            return accesses[0].get(name) if accesses else None

        return self.text.apply(first)

    def _grant(self, access: type[A]) -> Any:
        kind = {DatabaseAccess: "databases", BucketAccess: "buckets"}[access]

        def grant(name: str, consumer: Consumer) -> A:
            granted = self._access(access, kind, name)
            if isinstance(granted, DatabaseAccess):
                granted.host = pulumi.Output.all(granted.host, self.text, name).apply(lambda known: self._mysql(*known))
            return granted

        return grant

    def _mysql(self, host: str, text: str, name: str) -> str:
        if (engine := json.loads(text).get("engine", TEAM_ENGINE)) != TEAM_ENGINE:
            raise pulumi.RunError(
                f'platform stack "{self.platform}" grants team "{self.team}" database {name} on {engine}; a team\'s systems '
                f"speak {TEAM_ENGINE} alone. Ask its owner for systems.mysql, or bring a database (mlops:spec.bringYourOwn)."
            )
        return host

    def _topics(self, topics: Sequence[str], consumer: Consumer, prefixes: Sequence[str] = ()) -> BrokerAccess:
        if prefixes:
            raise pulumi.RunError(f"{consumer.name}: a platform grants a team topics by name, never all that begin alike")
        granted = self._access(BrokerAccess, "brokers", "apps")
        allowed = self.field("brokers", "apps", "topics")
        granted.topics = list(topics)
        granted.bootstrap = pulumi.Output.all(granted.bootstrap, allowed).apply(lambda both: self._allowed(topics, *both))
        return granted

    def _allowed(self, topics: Sequence[str], bootstrap: str, allowed: Sequence[str]) -> str:
        if missing := sorted(set(topics) - set(allowed)):
            raise pulumi.RunError(
                f'platform stack "{self.platform}" grants team "{self.team}" no topic {", ".join(missing)}; '
                f"it has: {', '.join(allowed)}. Ask its owner to add it under mlops:spec.teams.{self.team}.topics."
            )
        return bootstrap

    def _access(self, access: type[A], kind: str, name: str) -> A:
        values: dict[str, Any] = {
            f.name: None if f.name in self.absent else self.field(kind, name, f.name) for f in fields(access)
        }
        return access(**values)
