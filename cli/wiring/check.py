"""All of a cluster's wiring at once."""

from collections.abc import Iterable

from cli.wiring import flows, references, trust
from cli.wiring.index import Index, Object
from cli.wiring.reading import readings
from cli.wiring.records import Wiring
from cli.wiring.resolve import Resolver
from cli.wiring.systems import Owners


def check(objects: Iterable[Object], secrets: bool = False) -> Wiring:
    """Connections, flows and problems of a cluster's objects; `secrets` also looks for addresses in the values of Secrets.

    What comes out holds names, hosts and ports, never a value of a Secret.
    """
    return _check(Index(objects), secrets)


def wired(objects: Iterable[Object], secrets: bool = False) -> tuple[Owners, Wiring]:
    """Likewise, with whose each object is."""
    index = Index(objects)
    return Owners(index), _check(index, secrets)


def _check(index: Index, secrets: bool) -> Wiring:
    found = Wiring()
    resolver = Resolver(index)
    for reading in readings(index, secrets):
        found.take(resolver.resolve(reading))
    found.take(references.problems(index))
    for template in index.templates:
        found.take(trust.lost_files(index, template))
    found.take(flows.flows(index))
    return found.settled()
