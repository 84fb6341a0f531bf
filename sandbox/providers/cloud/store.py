"""The state file of a simulated cloud: every object it holds, whose it is, and how it is backed.

For schema-only types this is the cloud itself; for API-backed types it remembers which URN an object belongs to, so that
a create repeated after a crash finds the first one. Secrets are kept as keyed hashes: enough to compare, not to read.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.providers.values import bare

_SCHEMA = """
create table if not exists objects (
  row integer primary key autoincrement, urn text not null, type text not null, id text not null default '', stack text not null,
  backed text not null, region text not null, inputs text not null, outputs text not null default '{}',
  confirmed integer not null default 0
);
create index if not exists by_urn on objects (urn);
create index if not exists by_id on objects (type, id);
"""
SECRET = "$secret"


@dataclass(frozen=True, slots=True)
class Record:
    """One object. `id` is empty while its create has not ended; `confirmed` says that the engine has it on record."""

    row: int
    urn: str
    type: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    confirmed: bool


class Store:
    """Safe for many threads and for several plugin processes at once."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "state.db"
        self._lock = threading.Lock()
        self._key = _key(folder / "state.key")
        self._open = sqlite3.connect(self.path, timeout=60, isolation_level=None, check_same_thread=False)
        self._open.execute("pragma journal_mode=wal")
        self._open.execute("pragma synchronous=off")  # a killed process loses nothing; only a power cut could
        self._open.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._open.close()

    def intend(self, urn: str, type_: str, stack: str, backed: str, region: str, inputs: Mapping[str, Any]) -> int:
        """Write down that an object is about to be made; the row that `done` or `forget` completes."""
        values = (urn, type_, stack, backed, region, json.dumps(inputs))
        return self._run("insert into objects (urn, type, stack, backed, region, inputs) values (?,?,?,?,?,?)", values)[0]

    def done(self, row: int, id: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
        """The object of `row` exists."""
        self._run("update objects set id=?, inputs=?, outputs=? where row=?", (id, json.dumps(inputs), json.dumps(outputs), row))

    def confirm(self, type_: str, id: str, urn: str, stack: str) -> Record | None:
        """The engine has this object on record under this URN: it is no left-over of a create that was never recorded.

        An object whose URN changed (by an alias, or by an import) is found by its id. None when there is no such object.
        """
        found = [record for record in self._records("where type=? and id=?", (type_, id)) if record.id]
        record = next((item for item in found if item.urn == urn), found[-1] if found else None)
        if record and not (record.confirmed and record.urn == urn):
            self._run("update objects set confirmed=1, urn=?, stack=? where row=?", (urn, stack, record.row))
        return record

    def forget(self, row: int) -> None:
        """The object of `row` does not exist."""
        self._run("delete from objects where row=?", (row,))

    def of_urn(self, urn: str, type_: str) -> list[Record]:
        """Objects made for a URN, unfinished ones included."""
        return self._records("where urn=? and type=?", (urn, type_))

    def of_type(self, type_: str) -> list[Record]:
        """Every object of a type that exists."""
        return self._records("where type=? and id<>''", (type_,))

    def of_id(self, type_: str, id: str) -> list[Record]:
        """Objects with this id, whichever URN made them."""
        return self._records("where type=? and id=?", (type_, id))

    def by_id(self, type_: str, id: str, urn: str = "") -> Record | None:
        """The object with this id (of this URN, when ids are not unique, as with settings of a bucket)."""
        found = self._records("where type=? and id=?" + (" and urn=?" if urn else ""), (type_, id, *([urn] if urn else [])))
        return found[-1] if found else None

    def exists(self, types: tuple[str, ...], id: str) -> bool:
        """True when an object of one of these types has this id."""
        marks = ",".join("?" * len(types))
        return bool(self._run(f"select 1 from objects where id=? and type in ({marks}) limit 1", (id, *types))[1])

    def seal(self, inputs: Mapping[str, Any], secret: frozenset[str] | set[str]) -> dict[str, Any]:
        """`inputs` with the values of these properties replaced by a hash under this sandbox's key."""
        return {key: self._hash(value) if key in secret else value for key, value in inputs.items()}

    def _hash(self, value: Any) -> dict[str, str]:
        text = json.dumps(bare(value), sort_keys=True)
        return {SECRET: hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()}

    def _records(self, where: str, values: tuple[Any, ...]) -> list[Record]:
        _, rows = self._run(f"select row, urn, type, id, inputs, outputs, confirmed from objects {where} order by row", values)
        return [
            Record(row, urn, kind, id, json.loads(given), json.loads(made), bool(confirmed))
            for row, urn, kind, id, given, made, confirmed in rows
        ]

    def _run(self, statement: str, values: tuple[Any, ...]) -> tuple[int, list[tuple[Any, ...]]]:
        """(row of an insert, rows of a select)."""
        with self._lock, closing(self._open.execute(statement, values)) as cursor:
            return int(cursor.lastrowid or 0), cursor.fetchall()


def _key(path: Path) -> bytes:
    """The key of this sandbox, made by whichever process comes first."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        while not (key := path.read_bytes()):  # the other process is between open and write
            continue
        return key
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(32))
    return path.read_bytes()


def is_sealed(value: Any) -> bool:
    """True for what `Store.seal` put in place of a secret."""
    return isinstance(value, dict) and SECRET in value


def counts(path: Path) -> dict[str, dict[str, int]]:
    """stack -> {"api": …, "schema-only": …} of the objects in a state file; empty when there is none."""
    if not path.is_file():
        return {}
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
        rows = connection.execute("select stack, backed, count(*) from objects where id<>'' group by 1, 2").fetchall()
    found: dict[str, dict[str, int]] = {}
    for stack, backed, number in rows:
        found.setdefault(stack, {"api": 0, "schema-only": 0})[backed] = number
    return found
