"""What answers a stack's program as an engine does in an `up`, without one: charts' objects pass the program's own transforms."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pulumi
from google.protobuf import json_format, struct_pb2
from pulumi.runtime import mocks, rpc
from pulumi.runtime.proto import resource_pb2

from cli.charts import Monitor, wanted_chart, wanted_file
from cli.sources import read_lock
from components.kubernetes.lockhash import RUNTIME
from sandbox.providers.kubernetes import facts
from sandbox.providers.kubernetes.components import CHART, FILE
from sandbox.providers.values import OUTPUT, SECRET, SIGNATURE, UNKNOWN_TEXT

DRAWN = (
    "random:index/randomPassword:RandomPassword",
    "random:index/randomBytes:RandomBytes",
    "random:index/randomUuid:RandomUuid",
)
MAKERS = {CHART: wanted_chart, FILE: wanted_file}
PATIENCE = 60
"""Seconds for an Output that a transform puts into a chart's object."""
NAMESPACED_BY_RELEASE = {
    *("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "Service", "ConfigMap", "Secret", "ServiceAccount"),
    *("Role", "RoleBinding", "ServiceMonitor", "PodMonitor", "NetworkPolicy", "PrometheusRule", "Prometheus", "Alertmanager"),
    *("Certificate", "Issuer", "PodDisruptionBudget"),
}
"""Kinds whose namespace a chart may leave to the release."""
Object = dict[str, Any]


class Engine(Monitor):
    """Knows what is drawn and what was made before, and keeps the objects of charts as they would be made."""

    def __init__(self, found: list[Any], stack: str, beside: Sequence[Object]):
        super().__init__(found)
        self._stack, self._lock = stack, read_lock()
        self._beside = {(o["kind"], _path(o)): o for o in beside}
        # made where the program's own loop is the current one
        self._loop = asyncio.get_event_loop()
        self._transforms: dict[str, tuple[str, list[Any]]] = {}
        """By URN: that of the parent, and the resource's own transforms."""
        self.theirs: dict[str, list[Object]] = {}
        """Objects of each chart or file, by the name of its resource."""

    def RegisterResource(self, request: Any) -> Any:
        """Answers with the inputs, and draws."""
        answer = super().RegisterResource(request)
        untyped: Any = mocks
        self._transforms[answer.urn] = (request.parent, untyped._resolve_callbacks(request.transforms))
        if request.type in MAKERS:
            work = self._rendered(request, list(self._above(answer.urn)))
            self.theirs[request.name] = asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)
        state = struct_pb2.Struct()
        state.CopyFrom(request.object)
        if request.type in DRAWN:
            # the same for the same name: nothing here is a secret of anybody's
            state.update(dict.fromkeys(("result", "bcryptHash", "hex", "base64", "b64Std"), f"drawn-{request.name}"))
        answer.object.CopyFrom(state)
        return answer

    def ReadResource(self, request: Any) -> Any:
        """What stands there already; unknown otherwise."""
        found = self._beside.get((request.type.rpartition(":")[2], request.id))
        if found is None:
            return super().ReadResource(request)
        state = json_format.ParseDict(found, struct_pb2.Struct())
        urn = self.make_urn(request.parent, request.type, request.name)
        return resource_pb2.ReadResourceResponse(urn=urn, properties=state)

    def _above(self, urn: str) -> Iterator[Any]:
        """Transforms of a resource, then of what it stands in."""
        while urn in self._transforms:
            urn, own = self._transforms[urn]
            yield from own

    async def _rendered(self, request: Any, transforms: Sequence[Any]) -> list[Object]:
        """The objects that the lock knows of a chart or file with these values. Raises KeyError where it knows none."""
        wanted = MAKERS[request.type](request.object, self._stack)
        render = self._lock.get(wanted.chart, {}).get("renders", {}).get(wanted.key)
        if render is None:
            raise KeyError(
                f"{wanted.chart} {wanted.version}: sources.lock.json has no render with the values of stack {self._stack}"
            )
        found = []
        for fact in render["objects"]:
            obj = facts.rebuild(fact)
            if obj["kind"] in NAMESPACED_BY_RELEASE:
                obj["metadata"].setdefault("namespace", render.get("namespace") or wanted.namespace)
            found.append(await self._transformed(obj, request.name, transforms))
        return found

    async def _transformed(self, obj: Object, prefix: str, transforms: Sequence[Any]) -> Object:
        version = obj["apiVersion"] if "/" in obj["apiVersion"] else f"core/{obj['apiVersion']}"
        type_, name, props, changed = f"kubernetes:{version}:{obj['kind']}", f"{prefix}:{_path(obj)}", obj, False
        for transform in transforms:
            result = transform(pulumi.ResourceTransformArgs(True, type_, name, props, pulumi.ResourceOptions()))
            if result is not None:
                props, changed = dict(result.props), True
        if not changed:
            return obj
        made = await rpc.serialize_properties(props, {})
        return {key: known(value) for key, value in made.fields.items()}


def _path(obj: Object) -> str:
    """namespace/name, or the name alone."""
    return "/".join(filter(None, (obj["metadata"].get("namespace"), obj["metadata"]["name"])))


def known(value: Any) -> Any:
    """A registered value as plain data: what stands inside secrets and Outputs too, RUNTIME where only a run knows it."""
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        return [known(item) for item in value.list_value.values]
    if kind == "struct_value":
        fields: Mapping[str, Any] = value.struct_value.fields
        if SIGNATURE in fields and fields[SIGNATURE].string_value in (SECRET, OUTPUT):
            return known(fields["value"]) if "value" in fields else RUNTIME
        return {key: known(item) for key, item in fields.items()}
    plain = None if kind is None or kind == "null_value" else getattr(value, kind)
    # the engine's protocol carries every number as a float
    return RUNTIME if plain == UNKNOWN_TEXT else int(plain) if isinstance(plain, float) and plain.is_integer() else plain
