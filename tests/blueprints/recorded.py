"""Blueprints as their program registers them, and the objects that the lock knows of their charts and manifest files.

Nothing is rendered and no engine runs: the program itself under mocks, and components/kubernetes/sources.lock.json.
"""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cli.charts import Wanted, registrations, wanted_chart, wanted_file
from cli.sources import read_lock
from components.settings import ROOT
from components.spec.stack import Stack
from components.validation.document import Document
from components.validation.stackfile import check
from sandbox.providers.kubernetes import facts
from sandbox.providers.kubernetes.components import CHART, FILE, runtime_view

MAKERS = {CHART: wanted_chart, FILE: wanted_file}
KUBERNETES = "kubernetes:"
SOURCES = ("kubernetes:helm.sh", "kubernetes:yaml", "kubernetes:kustomize")
"""Resources that stand for several objects."""
WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"}


@dataclass(frozen=True)
class Made:
    """One Kubernetes object: the resource's type and name as policies see them, and the object."""

    type: str
    name: str
    props: Mapping[str, Any]
    source: str
    """Chart or address of the manifest file it comes from; "" for an object of our own."""

    @property
    def kind(self) -> str:
        """The last part of the type."""
        return self.type.rpartition(":")[2]

    @property
    def at(self) -> str:
        """Kind, namespace and name, as kubectl would name it."""
        found = self.props.get("metadata") or {}
        return "/".join(str(part) for part in (self.kind, found.get("namespace"), found.get("name") or self.name) if part)


@dataclass(frozen=True)
class Recorded:
    """One blueprint on Kubernetes."""

    name: str
    stack: Stack
    objects: tuple[Made, ...]
    """Of our own, then those of charts and files."""
    sources: tuple[Wanted, ...]
    unknown: tuple[str, ...]
    """Charts and files that the lock does not know with these values."""
    exports: tuple[str, ...]
    """Keys of the outputs."""


def loaded(name: str, stack: str = "", target: str = "kubernetes", own: Mapping[str, Any] | None = None) -> Stack:
    """The blueprint alone, as a stack of the same name that the lock is made with unless another one is given.

    `own` are the stack's own lines.
    """
    spec = {"mlops:target": target, "mlops:blueprint": name, "mlops:spec": own or {}}
    found = check(Document(None, {"config": spec}), stack or f"blueprint-{name}", ROOT)
    assert isinstance(found, Stack), found.text()
    return found


@functools.cache
def lock() -> dict[str, Any]:
    """What sources.lock.json knows, by chart or address."""
    return read_lock()


@functools.cache
def blueprint(name: str) -> Recorded:
    """The whole Platform of a blueprint."""
    stack = loaded(name)
    keys: list[str] = []
    found = registrations(stack, made=lambda platform: keys.extend(platform.outputs))
    own, wanted = [], []
    for request in found:
        if request.type in MAKERS:
            wanted.append(MAKERS[request.type](request.object, stack.name))
        elif request.type.startswith(KUBERNETES) and not request.type.startswith(SOURCES):
            plain = {key: runtime_view(value) for key, value in request.object.fields.items()}
            own.append(Made(request.type, request.name, plain, ""))
    theirs = [made for one in wanted for made in of_source(one)]
    unknown = tuple(f"{one.chart} {one.version}" for one in wanted if render(one) is None)
    return Recorded(name, stack, (*own, *theirs), tuple(wanted), unknown, tuple(sorted(keys)))


def asked(stack: Stack) -> list[Wanted]:
    """The charts and files that a stack asks for."""
    return [MAKERS[found.type](found.object, stack.name) for found in registrations(stack) if found.type in MAKERS]


def render(wanted: Wanted) -> Mapping[str, Any] | None:
    """What the lock knows of a chart with these very values; None where it knows nothing."""
    found: Mapping[str, Any] | None = lock().get(wanted.chart, {}).get("renders", {}).get(wanted.key)
    return found


def of_source(wanted: Wanted) -> Iterator[Made]:
    """The objects of a chart or file, its custom resource definitions too."""
    found = render(wanted)
    if found is None:
        return
    for fact in found["objects"]:
        obj = facts.rebuild(fact)
        group, _, version = obj["apiVersion"].rpartition("/")
        # what a chart leaves out is the release's namespace
        place = obj["metadata"].get("namespace") or (found["namespace"] if obj["kind"] in WORKLOADS else None)
        name = f"{wanted.chart}:{place + '/' if place else ''}{obj['metadata']['name']}"
        yield Made(f"kubernetes:{group or 'core'}/{version}:{obj['kind']}", name, obj, wanted.chart)
    if not wanted.skip_crds:
        for crd in lock()[wanted.chart]["crds"]:
            full = f"{crd['plural']}.{crd['group']}"
            yield Made(
                "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
                f"{wanted.chart}:{full}",
                {"metadata": {"name": full}},
                wanted.chart,
            )
