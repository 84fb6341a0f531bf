"""`mlops images`: every image that a stack runs or lets its operators start.

Read from its own program and from what its charts render to; an operator that knows several versions is listed with all.
"""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cli.errors import UserError
from cli.stackfile import load
from cli.tables import note, show
from components.spec.stack import Stack, Target
from components.targets import FOUNDATION
from policies.model import Resource, walk
from policies.pods import images as named
from policies.rules.image_pinned import DIGEST, parts

FORMATS = ("table", "json", "oci-copy")
COLUMNS = ("image", "digest", "system", "licence")
ROOTS = ("pulumi:pulumi:Stack", "mlops:index:Platform")
UNVERIFIED = "unverified"
LICENCES = {
    # of the program in the image, as its own repository's licence file says (read 2026-11-23); base layers have their own
    "quay.io/jetstack/": "Apache-2.0",
    "quay.io/strimzi/": "Apache-2.0",
    "quay.io/prometheus-operator/": "Apache-2.0",
    "quay.io/prometheus/prometheus": "Apache-2.0",
    "quay.io/jupyterhub/k8s-": "BSD-3-Clause",
    "quay.io/kiwigrid/k8s-sidecar": "MIT",
    "quay.io/minio/": "AGPL-3.0",
    "ghcr.io/mlflow/mlflow": "Apache-2.0",
    "docker.io/percona/percona-server-mysql-operator": "Apache-2.0",
    "docker.io/prom/mysqld-exporter": "Apache-2.0",
    "docker.io/grafana/grafana": "AGPL-3.0-only",
    "docker.io/chrislusf/seaweedfs": "Apache-2.0",
    "docker.io/moby/buildkit": "Apache-2.0",
    "ghcr.io/cloudnative-pg/cloudnative-pg": "Apache-2.0",
    "ghcr.io/project-zot/zot": "Apache-2.0",
    "docker.io/envoyproxy/gateway": "Apache-2.0",
    "ghcr.io/dexidp/dex": "Apache-2.0",
    "quay.io/oauth2-proxy/oauth2-proxy": "MIT",
    "ghcr.io/external-secrets/external-secrets": "Apache-2.0",
    "docker.io/velero/velero": "Apache-2.0",
    "docker.io/kserve/": "Apache-2.0",
    "docker.io/goharbor/harbor-": "Apache-2.0",
    "ghcr.io/kubeflow/notebooks/": "Apache-2.0",
}
"""Licences by the beginning of a repository's name; whatever is not listed was not read."""


@dataclass(frozen=True, order=True)
class Row:
    """One image of one system."""

    image: str
    digest: str | None
    """None where no source named it: unverified."""
    system: str
    licence: str | None
    """None where it was not read."""


def images(stack: str, format: str) -> None:
    """Print the table, JSON (a list of rows, null for what is not known), or commands that copy all to the stack's mirror."""
    if format not in FORMATS:
        raise UserError(f"--format {format}: expected {', '.join(FORMATS[:-1])} or {FORMATS[-1]}")
    whole = load(stack)
    found = rows(upstream(whole))
    if format == "oci-copy":
        print("\n".join(copies(found, whole.spec.registry_mirror)))
        return
    if format == "json":
        print(json.dumps([asdict(row) for row in found], indent=1))
        return
    show(COLUMNS, [(row.image, row.digest or UNVERIFIED, row.system, row.licence or "") for row in found])
    if not found:
        note("none: its systems are services of the cloud", "dim")


def upstream(stack: Stack) -> Stack:
    """The stack without its mirror: images as their makers name them, which is how the lock knows charts too."""
    plain = stack.spec.model_copy(update={"registry_mirror": None, "chart_mirror": None})
    return stack.model_copy(update={"spec": plain})


def copies(found: Sequence[Row], mirror: str | None) -> list[str]:
    """A shell script that copies every image once to `mirror` (host and path; the variable MIRROR where the stack names none).

    By crane (go-containerregistry): one static program without a daemon, which copies an image for all platforms and keeps its
    digest; docker push would keep one platform and make a new digest. The places are those that `registryMirror` pulls from.
    """
    from components.kubernetes.place import image

    target = mirror.rstrip("/") if mirror else '"${MIRROR:?host and path of the mirror}"'
    lines = ["#!/bin/sh", "set -eu"]
    for ref in sorted({f"{row.image}@{row.digest}" if row.digest else row.image for row in found}):
        lines.append(f"crane copy {ref} {image(ref.partition('@')[0], target)}")
    return lines


def rows(stack: Stack) -> list[Row]:
    """Every image once a system, by system and name; none where every system is a service of the cloud.

    UserError where sources.lock.json has not seen a chart with the stack's values.
    """
    own = (system.target for system in stack.spec.systems.chosen().values())
    if Target.KUBERNETES not in (stack.target, *own):
        return []
    found: set[Row] = set()
    for system, ref in _references(stack):
        host, _, _ = parts(ref)
        name, _, digest = (ref if ref.startswith(f"{host}/") else f"{host}/{ref}").partition("@")
        found.add(Row(name, digest if DIGEST.fullmatch(digest) else None, system, licence(name)))
    return sorted(found, key=lambda row: (row.system, row.image, row.digest or ""))


def licence(image: str) -> str | None:
    """The licence of the program in an image; None where it was not read."""
    return next((text for start, text in LICENCES.items() if image.startswith(start)), None)


def _references(stack: Stack) -> Iterator[tuple[str, str]]:
    """(system, image reference) of all that the program registers; charts by the lock's facts and by their values."""
    # running the program needs its SDK, which `mlops --help` need not wait for
    from cli.charts import registrations, wanted_chart
    from cli.sources import read_lock
    from sandbox.providers.kubernetes.components import CHART, runtime_view

    lock, systems = read_lock(), list(stack.spec.chosen())
    for request in _registered(stack, registrations):
        system = system_of(request.parent, request.name, systems)
        props = {key: runtime_view(value) for key, value in request.object.fields.items()}
        if request.type != CHART:
            yield from ((system, ref) for ref in _named(request.type, request.name, props))
            continue
        wanted = wanted_chart(request.object, stack.name)
        render = lock.get(wanted.chart, {}).get("renders", {}).get(wanted.key)
        if render is None:
            raise UserError(
                f"{wanted.chart} {wanted.version}: sources.lock.json has no render with the values of stack {stack.name}; "
                "`mlops sources lock` makes one (and needs the chart)",
                code=1,
            )
        for item in render["objects"]:
            version = item["apiVersion"] if "/" in item["apiVersion"] else f"core/{item['apiVersion']}"
            yield from ((system, ref) for ref in _named(f"kubernetes:{version}:{item['kind']}", item["name"], item))
            yield from ((system, ref) for ref in _in_flags(item))
        yield from ((system, ref) for ref in _in_values(wanted.values))


def _registered(stack: Stack, run: Callable[[Stack], list[Any]]) -> list[Any]:
    """The program's registrations. UserError where the program fails."""
    # tasks of a program that failed on the way say so once more at the end
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        return run(stack)
    except Exception as error:
        raise UserError(f"the program of stack {stack.name} fails: {type(error).__name__}: {error}", code=1) from None


def system_of(parent: str, name: str, systems: Sequence[str]) -> str:
    """The system that a registration belongs to: the component under the root, else the one whose name it begins with."""
    way = parent.split("::")
    components = [part for part in way[2].split("$") if part not in ROOTS] if len(way) > 3 else []
    first = way[3] if components else name
    fitting = [system for system in systems if first == system or first.startswith(f"{system}-")]
    return max(fitting, key=len, default=FOUNDATION)


def _named(type: str, name: str, props: Mapping[str, Any]) -> Iterator[str]:
    """Image references of one resource; what only a run knows is none."""
    for _, ref in named(Resource(type, name, props)):
        if isinstance(ref, str) and "<" not in ref:
            yield ref
    if type.endswith(":ConfigMap") and isinstance(text := (props.get("data") or {}).get("Dockerfile"), str):
        # what the stack's own registry builds starts from images that it pulls
        from components.kubernetes.images import bases

        yield from bases(text)


def _in_flags(item: Mapping[str, Any]) -> Iterator[str]:
    """Images that an operator is told of by a flag (the lock keeps flags by name)."""
    for _, mapping in walk(item):
        flags = mapping.get("flags")
        for value in flags.values() if isinstance(flags, Mapping) else ():
            if isinstance(value, str) and "/" in value and parts(value)[1] and not value.startswith(("/", "http")):
                yield value


def _in_values(values: Mapping[str, Any]) -> Iterator[str]:
    """Images that a chart is told of and starts later by itself (notebooks): `{name, tag}` or a reference with a tag."""
    for _, mapping in walk(values):
        image = mapping.get("image")
        if isinstance(image, str) and parts(image)[1]:
            yield image
        elif isinstance(image, Mapping) and isinstance(image.get("name"), str) and image.get("tag"):
            yield f"{image['name']}:{image['tag']}"
