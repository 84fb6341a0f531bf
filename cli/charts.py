"""Which charts the stacks and blueprints ask for, with which values: the real program, run without an engine."""

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from google.protobuf import struct_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import SETTINGS
from pydantic.alias_generators import to_camel

from components.kubernetes import manifests
from components.kubernetes.chart import AT_HAND
from components.kubernetes.installed import OPERATORS
from components.kubernetes.lockhash import values_hash
from components.settings import ROOT, load_file
from components.spec.stack import Stack, Target, Tier
from components.validation.document import Document
from components.validation.problems import Problems
from components.validation.stackfile import check
from sandbox.providers.kubernetes.components import CHART, FILE, runtime_view
from sandbox.providers.values import UNKNOWN_TEXT


@dataclass(frozen=True)
class Wanted:
    """One render of a chart, or one file of manifests."""

    chart: str
    version: str
    repo: str
    release: str
    namespace: str
    values: dict[str, Any]
    skip_crds: bool
    stack: str
    """The first stack or blueprint that asks for it."""

    @property
    def manifest(self) -> bool:
        """Whether it is a file of manifests; `chart` is then its address, `version` its commit."""
        return self.chart.startswith(manifests.UPSTREAM)

    @property
    def key(self) -> str:
        """Hash of the values, as the lock knows a render."""
        return values_hash(self.values)


MIRROR = "mirror.example/hub"
"""Registry of the stacks behind a mirror that the lock knows: charts are told of images by its name."""
BEHIND_A_MIRROR = ("starter", "full")
MIRRORED = "-mirrored"
VARIANTS: dict[str, dict[str, Any]] = {
    "": {"operators": {"keepCrds": True}},
    # definitions are kept or not by values of their charts
    "-clean": {"operators": {"keepCrds": False}},
    # what comes with an operator is left out of other charts where the cluster has it
    "-theirs": {"operators": {to_camel(key): "existing" for key in OPERATORS}},
    MIRRORED: {"operators": {"keepCrds": False}, "registryMirror": MIRROR},
}
"""The stack's own lines over each blueprint, by what they add to the name."""

ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"


class Monitor(mocks.MockMonitor):
    """Answers as an engine would in a preview: what is read or drawn is unknown, Outputs keep what they depend on."""

    def __init__(self, found: list[Any]):
        super().__init__(_Nothing())
        self._found = found

    def RegisterResource(self, request: Any) -> Any:
        """Notes it, and says what the program may know at once."""
        self._found.append(request)
        urn = self.make_urn(request.parent, request.type, request.name)
        known = struct_pb2.Struct()
        # what an apply of the API server says of an object: its own name and namespace
        if "metadata" in request.object.fields:
            known.fields["metadata"].CopyFrom(request.object.fields["metadata"])
        return resource_pb2.RegisterResourceResponse(urn=urn, id="", object=known)

    def ReadResource(self, request: Any) -> Any:
        """Nothing is known of what stands elsewhere."""
        unknown = struct_pb2.Struct()
        for key in ("data", "spec", "metadata"):
            unknown.fields[key].string_value = UNKNOWN_TEXT
        urn = self.make_urn(request.parent, request.type, request.name)
        return resource_pb2.ReadResourceResponse(urn=urn, properties=unknown)

    def Invoke(self, request: Any) -> Any:
        """Nothing, but what a cloud says of the zones of a region."""
        known = struct_pb2.Struct()
        if request.tok == ZONES:
            known.update({"names": ["a", "b", "c", "d"]})
        # `return` is the field's name in the protocol
        answer = resource_pb2.ResourceInvokeResponse()
        getattr(answer, "return").CopyFrom(known)
        return answer

    def GetDeploymentInfo(self, request: Any) -> Any:
        """As an engine of today: Outputs keep what they depend on."""
        found = super().GetDeploymentInfo(request)  # type: ignore[no-untyped-call]
        found.supportedFeatures.append(resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES)
        return found


class _Nothing(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        return "", {}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        return {}, []


def registrations(
    stack: Stack, made: Callable[[Any], None] = lambda _: None, monitor: Callable[[list[Any]], Monitor] | None = None
) -> list[Any]:
    """What one stack's program registers, in order, as it tells the engine. Raises whatever the program raises.

    `made` is called with the Platform once it is made, inside the program. `monitor` answers in place of a preview's engine.
    """
    from components.platform import Platform

    found: list[Any] = []
    # the lock names where a chart comes from, not where a copy of it lies
    beside = {name: os.environ.pop(name) for name in (AT_HAND, manifests.AT_HAND) if name in os.environ}
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        mocks.set_mocks(_Nothing(), project="mlops", stack=stack.name, preview=True, monitor=(monitor or Monitor)(found))
        untyped: Any = mocks
        untyped.test(lambda: made(Platform(stack.name, stack)))()
        untyped = pulumi.runtime.settings
        loop.run_until_complete(untyped._shutdown_callbacks())
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        loop.close()
        SETTINGS.rpc_manager.clear()
        os.environ.update(beside)
    return found


def run(stack: Stack) -> list[Wanted]:
    """The charts and manifest files of one stack's program, in order."""
    makers = {CHART: wanted_chart, FILE: wanted_file}
    return [makers[request.type](request.object, stack.name) for request in registrations(stack) if request.type in makers]


def wanted_file(inputs: struct_pb2.Struct, stack: str) -> Wanted:
    """The YAML file that a ConfigFile's inputs ask for, as a chart without values: its address names it."""
    reference = inputs.fields["file"].string_value
    commit = reference.removeprefix(manifests.UPSTREAM).strip("/").split("/")[2]
    return Wanted(reference, commit, reference, "", "", {}, skip_crds=False, stack=stack)


def wanted_chart(inputs: struct_pb2.Struct, stack: str) -> Wanted:
    """The render that a Chart's inputs ask for."""
    plain = {key: runtime_view(value) for key, value in inputs.fields.items()}
    reference = str(plain["chart"])
    return Wanted(
        chart=reference.rpartition("/")[2],
        version=str(plain.get("version") or ""),
        repo=str((plain.get("repositoryOpts") or {}).get("repo") or reference),
        release=str(plain.get("name") or ""),
        namespace=_namespace(inputs),
        values=plain.get("values") or {},
        skip_crds=bool(plain.get("skipCrds")),
        stack=stack,
    )


def _namespace(inputs: struct_pb2.Struct) -> str:
    """The namespace's name, also where it is the output of the Namespace."""
    field = inputs.fields["namespace"]
    found = field.struct_value.fields["value"].string_value if field.HasField("struct_value") else field.string_value
    return found or "default"


def stacks(root: Path = ROOT, say: Callable[[str], None] = print) -> Iterator[Stack]:
    """Every stack that can stand on Kubernetes: the files as they are, the same flipped to it, each blueprint in its variants."""
    for file in sorted((root / "stacks").glob("Pulumi.*.yaml")):
        found = load_file(file)
        if isinstance(found, Problems):
            say(found.text())
        elif found.target is Target.KUBERNETES:
            yield found
        else:
            yield from _flipped(found)
    for file in sorted((root / "blueprints").glob("*.yaml")):
        yield from _variants(file.stem, root, say)


def _variants(blueprint: str, root: Path, say: Callable[[str], None]) -> Iterator[Stack]:
    """A blueprint with the lines of each variant; none of one that only makes sense with a stack's own (a team's name)."""
    for suffix, own in VARIANTS.items():
        if suffix == MIRRORED and blueprint not in BEHIND_A_MIRROR:
            continue
        spec = {"mlops:target": "kubernetes", "mlops:blueprint": blueprint, "mlops:spec": own}
        found = check(Document(None, {"config": spec}), f"blueprint-{blueprint}{suffix}", root)
        if isinstance(found, Stack):
            yield found
        elif suffix:
            say(found.text())
        else:
            return


def _flipped(stack: Stack) -> Iterator[Stack]:
    if stack.spec.tier is not Tier.TEAM or Target.KUBERNETES in stack.spec.platform_stack:
        yield stack.model_copy(update={"target": Target.KUBERNETES})


def collect(root: Path = ROOT, say: Callable[[str], None] = print) -> list[Wanted]:
    """Every render that the stacks and blueprints of `root` ask for, once each, by chart and hash."""
    found: dict[tuple[str, str], Wanted] = {}
    for stack in stacks(root, say):
        for wanted in run(stack):
            found.setdefault((wanted.chart, wanted.key), wanted)
    return [found[key] for key in sorted(found)]
