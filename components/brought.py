"""Services that exist already, offered as contracts: `bringYourOwn` of the stack file.

Their grants make nothing: a consumer's database, bucket or topics and the Secret with its credentials are there before, made by
whoever owns the service, and the stack file names that Secret.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pulumi

from components.contracts import (
    Broker,
    BrokerAccess,
    BucketAccess,
    Consumer,
    Database,
    DatabaseAccess,
    Metrics,
    ObjectStore,
)
from components.spec.stack import BringYourOwn

PORTS = {"database": 3306, "broker": 9092}
"""Where the address names none."""
REGION = "us-east-1"
"""What S3-compatible stores call theirs where nobody chose one."""


def split(address: str, port: int) -> tuple[str, int]:
    """(host, port) of "host:port"; `port` where the address has none."""
    host, _, given = address.rpartition(":")
    return (host, int(given)) if host and given.isdecimal() else (address, port)


def _secret(contract: str, entry: BringYourOwn, consumer: Consumer) -> str:
    if consumer.name not in entry.credentials:
        have = ", ".join(sorted(entry.credentials)) or "none"
        raise pulumi.RunError(
            f"mlops:spec.bringYourOwn.{contract}.credentials: no Secret is named for {consumer.name} (named: {have}); "
            "make it in the namespace of that system and name it there"
        )
    return entry.credentials[consumer.name]


def _object_store(entry: BringYourOwn) -> ObjectStore:
    region = entry.region or REGION

    def grant(bucket: str, consumer: Consumer) -> BucketAccess:
        secret = _secret("objectStore", entry, consumer)
        return BucketAccess(bucket, region, entry.address, secret, entry.ca_config_map)

    return ObjectStore(entry.address, region, grant)


def _database(entry: BringYourOwn) -> Database:
    host, port = split(entry.address, PORTS["database"])

    def grant(database: str, consumer: Consumer) -> DatabaseAccess:
        # the user's own name is in the Secret too; what shows in connection strings is this one
        secret = _secret("database", entry, consumer)
        return DatabaseAccess(host, port, database, consumer.name, secret, entry.ca_config_map)

    return Database("mysql", host, port, grant)


def _broker(entry: BringYourOwn) -> Broker:
    def grant(topics: Sequence[str], consumer: Consumer, prefixes: Sequence[str] = ()) -> BrokerAccess:
        secret = _secret("broker", entry, consumer)
        return BrokerAccess(entry.address, "SCRAM-SHA-512", list(topics), consumer.name, secret, entry.ca_config_map)

    return Broker(entry.address, grant)


def _metrics(entry: BringYourOwn) -> Metrics:
    return Metrics(query_url=entry.address)


_MAKERS: Mapping[str, Callable[[BringYourOwn], Any]] = {
    "objectStore": _object_store,
    "database": _database,
    "broker": _broker,
    "metrics": _metrics,
}


def brought(entries: Mapping[str, BringYourOwn]) -> dict[type, Any]:
    """Contract by class, of every entry; validation has refused other keys."""
    made = [_MAKERS[key](entry) for key, entry in entries.items()]
    return {type(contract): contract for contract in made}
