"""Retired upstreams and licences that are not open source are seen; a hardened stack does not run them."""

import re
from collections.abc import Iterator, Mapping

from policies.model import UNKNOWN, Facts, Finding, Level, Resource, Rule, at, undecided
from policies.pods import hidden, images

RETIRED = {
    "minio/minio": "MinIO's repository was archived on 2026-04-25; seaweedfs or an external S3 takes its place",
    "sqoop": "Sqoop is in the Apache Attic since 2021-06; Spark JDBC jobs or Debezium take its place",
    "flume": "Flume is dormant since 2024-10; Kafka Connect takes its place",
    "amundsen*": "Amundsen was archived on 2026-09-01; OpenMetadata takes its place",
    "bitnami": "Bitnami ended free versioned images on 2025-08-28; use the upstream's own image",
    "bitnamilegacy": "Bitnami's legacy images get no updates; use the upstream's own image",
    "ingress-nginx": "ingress-nginx was archived in 2026-03; Gateway API takes its place",
}
LICENCES = {
    "seldonio": "Seldon Core 2 is under BSL 1.1, which is not open source; KServe serves the same models",
    "bentoml/yatai*": "Yatai is under ELv2 and no longer kept; deploy the Bento's own image",
}


def _pattern(mark: str) -> re.Pattern[str]:
    """Whole parts of a path: neither "confluminate" nor "myflume-tools" is Flume. A star stands for the rest of a part."""
    return re.compile("(^|/)" + r"[\w.-]*".join(map(re.escape, mark.split("*"))) + "(?=[/:@]|$)")


MARKS = [(_pattern(mark), why) for mark, why in {**RETIRED, **LICENCES}.items()]
LABEL, STATES = "mlops.dev/upstream", ("retired", "dormant", "archived")
"""How a component says it of a workload whose image has another name (a mirror's, one of our own)."""
REMEDY = "Choose the successor, or stay at securityLevel standard and accept it in the open"


def check(resource: Resource, facts: Facts) -> Iterator[Finding]:
    """Images of retired projects or under licences that are not open source, and workloads that say so of themselves."""
    for path in hidden(resource):
        yield undecided(path, REMEDY)
    known = False
    for path, ref in images(resource):
        if ref is UNKNOWN:
            yield undecided(path, REMEDY)
            continue
        for mark, why in MARKS:
            if mark.search(ref.lower()):
                known = True
                yield Finding(path, f'"{ref}": {why}', REMEDY)
    labels = at(resource.props, "metadata.labels")
    if not known and isinstance(labels, Mapping) and labels.get(LABEL) in STATES:
        yield Finding(f"metadata.labels.{LABEL}", f"says that its upstream is {labels[LABEL]}", REMEDY)


RULE = Rule("kept-upstream", "Upstreams are kept and open source.", Level.HARDENED, check)
