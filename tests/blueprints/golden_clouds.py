"""What a blueprint becomes on a cloud, as plain data: counts by type, who manages each system, and the values that were chosen."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sandbox.providers.kubernetes.components import CHART, FILE
from tests.blueprints.recorded_clouds import OnCloud
from tests.unit.recording import leaves
from tests.unit.registered import Registered

HEAD = (
    "# What blueprint {name} becomes on target {target}. Written by `python -m tests.blueprints.golden {target}/{name}`;\n"
    "# read it, do not edit it.\n"
)
CHOSEN = re.compile(
    r"^("
    # machines
    r"\w*(instance|machine|node|server|environment|compute)(Type|Types|Class|Size|Sku|Name)|(vm|node|server|environment)Size|"
    r"tier|family|sku|edition|engineVersion|\w*accelerator(Type|Count)|purchase|capacityType|vmPriority|preemptibility|"
    # how many, how much
    r"replicas|count|capacity|processingUnits|\w*(Count|Nodes|NodeCount|Replicas|Workers|Units|Factor|Instances|Throughput)|"
    r"(min|max|desired|allocated|maxAllocated)\w*|\w*(Capacity|VcpuCount|MemoryBytes)|parallelism\w*|"
    r"\w*([dD]isk|[vV]olume|[sS]torage)Size\w*|allocatedStorage|cpu|memory|"
    # how long, and how safe from loss
    r"\w*[rR]etention\w*|expiryTime|ttl|age|days|backup\w*|schedule(Expression)?|multiAz|availabilityType|\w*[zZ]oneRedundan\w*|"
    r"\w*[rR]edundancy|geoRedundantBackup|\w*[dD]eletionP\w*|deletionWindowInDays|terminationProtection|skipFinalSnapshot|"
    r"enablePurgeProtection|softDelete\w*|forceDestroy"
    r")$"
)
"""Keys whose values say how big, how many, how long kept, or how safe from loss something is."""
PLACES = re.compile(r"(^|\.)(sku\.name|guestAccelerators\.\d+\.type)$")
"""Paths of such values whose key alone says nothing."""
NOT_CHOSEN = re.compile(r"(Name|Id|Ids|Arn|Uri|Url|Timezone|SessionDuration|maximum(EventAge|Retry|Execution)\w*)$")
"""Keys of references, whose values are the mocks', and of what is the same for everybody."""
LONGEST = 40


def inventory(found: OnCloud) -> dict[str, Any]:
    """What is written: plain data, sorted, without anything secret."""
    return {
        "blueprint": found.name,
        "target": found.target,
        "resources": len(found.resources),
        "managed": dict(found.managed),
        "fallback": dict(found.fallback),
        "sent to the own cluster": dict(found.sent),
        "types": dict(sorted(Counter(r.type for r in found.resources).items())),
        "protected": dict(sorted(Counter(r.type for r in found.resources if r.protect).items())),
        "kept on delete": dict(sorted(Counter(r.type for r in found.resources if r.retain).items())),
        "charts": dict(sorted(_charts(found.resources))),
        "values": _chosen(found.ours),
        "exports": list(found.exports),
    }


def _chosen(resources: Sequence[Registered]) -> dict[str, dict[str, Any]]:
    """Values by type and name; resources of one type with the very same ones are said once, by the first and how many more."""
    alike: dict[tuple[str, str], list[tuple[Registered, dict[str, Any]]]] = {}
    for resource in resources:
        if chosen := dict(values(resource)):
            alike.setdefault((resource.type, repr(chosen)), []).append((resource, chosen))
    more = {key: f" and {len(group) - 1} more" if len(group) > 1 else "" for key, group in alike.items()}
    return {f"{_label(group[0][0])}{more[key]}": group[0][1] for key, group in alike.items()}


def _label(resource: Registered) -> str:
    """Type without its package, and name."""
    return f"{resource.type.partition(':')[2].rpartition(':')[0].partition('/')[0]}:{resource.kind} {resource.name}"


def _charts(resources: tuple[Registered, ...]) -> Iterator[tuple[str, str]]:
    """Charts by release with their versions, and files of manifests."""
    for resource in resources:
        if resource.type == CHART:
            yield str(resource.inputs.get("name") or resource.name), str(resource.inputs.get("version"))
        elif resource.type == FILE:
            yield resource.name, str(resource.inputs["file"]).rpartition("/")[2]


def values(resource: Registered) -> Iterator[tuple[str, Any]]:
    """The chosen values of a resource by path; never one that Pulumi keeps secret."""
    for path, value in sorted(leaves(resource.inputs)):
        named = [step for step in path.split(".") if not step.isdigit()]
        if not PLACES.search(path) and (not named or not CHOSEN.match(named[-1]) or NOT_CHOSEN.search(named[-1])):
            continue
        if value is None or (isinstance(value, str) and len(value) > LONGEST) or _secret(resource, path):
            continue
        yield path, value


def _secret(resource: Registered, path: str) -> bool:
    return any(path == secret or path.startswith(f"{secret}.") for secret in resource.secrets)
