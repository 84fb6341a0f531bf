"""One recording mock for every component test: runs a piece of a program and keeps what it registered.

    def build() -> MinioStore: ...
    made = record(build)
    made.one("StatefulSet").inputs["spec"]["replicas"]

Types are named by their last part ("StatefulSet", "Kafka", "Chart") or in full. Inputs are plain Python values; which
of them are secret is kept beside them (`secrets`: paths such as "stringData.password"). Generated passwords are known
(`passwords`), so that a test can look for them where they must not be.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import pulumi
from google.protobuf import json_format
from pulumi.runtime import mocks
from pulumi.runtime.settings import SETTINGS

from tests.unit import aws_mock, azure_mock, cluster_mock, google_mock
from tests.unit.registered import Registered

T = TypeVar("T")
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


@dataclass
class Recording(Generic[T]):
    """What a run registered, in order, and what it returned."""

    resources: list[Registered] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    """Generated passwords by resource name."""
    result: T = None  # type: ignore[assignment]

    def all(self, kind: str) -> list[Registered]:
        """Every resource of a kind."""
        return [r for r in self.resources if kind in (r.kind, r.type)]

    def one(self, kind: str, name: str = "") -> Registered:
        """The one resource of a kind, or the one whose resource or object name is `name`."""
        found = [r for r in self.all(kind) if not name or name in (r.name, (r.inputs.get("metadata") or {}).get("name"))]
        assert len(found) == 1, f"{kind} {name}: {[r.name for r in found]} of {[r.name for r in self.all(kind)]}"
        return found[0]

    def pods(self) -> Iterator[tuple[Registered, dict[str, Any]]]:
        """Every pod spec of our own workloads."""
        for r in self.resources:
            if r.kind in ("Deployment", "StatefulSet", "DaemonSet", "Job"):
                yield r, r.inputs["spec"]["template"]["spec"]
            if r.kind == "CronJob":
                yield r, r.inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]

    def order(self, *names: str) -> list[int]:
        """Positions of resources in the order of registration."""
        known = [r.name for r in self.resources]
        return [known.index(name) for name in names]

    def waits_for(self, name: str) -> set[str]:
        """Everything that a resource waits for: explicit dependencies and parents, transitively."""
        by_name = {r.name: r for r in self.resources}
        seen: set[str] = set()
        todo = [name]
        while todo:
            r = by_name[todo.pop()]
            new = {d for d in [*r.depends_on, r.parent] if d in by_name} - seen
            seen |= new
            todo += new
        return seen

    def leaks(self) -> list[str]:
        """Places where a generated password stands outside of a secret value."""
        return [
            f"{r.type} {r.name}: {path}"
            for r in self.resources
            for path, value in leaves(r.inputs)
            if any(p in str(value) for p in self.passwords.values())
            if not any(path == s or path.startswith(f"{s}.") for s in r.secrets)
        ]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of plain data with its dotted path."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}.{index}")
    else:
        yield path, value


def _plain(value: Any, path: str, secrets: set[str]) -> Any:
    """A property value as the engine's protocol carries it, with secret paths noted and wrappers taken off."""
    if isinstance(value, dict) and value.get(SIGNATURE) == SECRET:
        secrets.add(path)
        return _plain(value.get("value"), path, secrets)
    if isinstance(value, dict) and value.get(SIGNATURE) == OUTPUT:
        if value.get("secret"):
            secrets.add(path)
        return _plain(value.get("value"), path, secrets)
    if isinstance(value, dict):
        return {k: _plain(v, f"{path}.{k}" if path else k, secrets) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v, f"{path}.{i}", secrets) for i, v in enumerate(value)]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def generated(name: str) -> str:
    """The password that the mock draws for a RandomPassword of that name."""
    return "Pw" + hashlib.sha256(name.encode()).hexdigest()[:30]


def hashed(name: str) -> str:
    """What the mock gives as the bcrypt hash of that password."""
    return "$2a$10$" + hashlib.sha256(f"bcrypt {name}".encode()).hexdigest()[:53]


class _Mocks(mocks.Mocks):
    def __init__(self, recording: Recording[Any], reads: Mapping[str, Mapping[str, Any]], calls: Mapping[str, dict[str, Any]]):
        self.recording, self.reads, self.calls = recording, reads, calls

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        state = dict(args.inputs)
        if args.typ.startswith("azure-native:"):
            return azure_mock.made(args.typ, args.name, state)
        if args.typ.startswith("gcp:"):
            return google_mock.made(args.typ, args.name, state)
        if args.typ == "random:index/randomPassword:RandomPassword":
            value = generated(args.name)
            self.recording.passwords[args.name] = value
            state["result"] = {SIGNATURE: SECRET, "value": value}
            state["bcryptHash"] = {SIGNATURE: SECRET, "value": hashed(args.name)}
        if args.typ == "random:index/randomInteger:RandomInteger":
            state["result"] = state["min"]
        if args.typ.startswith("aws:"):
            state = aws_mock.made(args.typ, args.name, state)
        state = cluster_mock.made(args.typ, args.name, state)
        if args.resource_id:
            state |= self.reads[args.resource_id]
        return args.resource_id or f"{args.name}-id", state

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        if args.token.startswith("azure-native:"):
            return azure_mock.asked(args.token, dict(args.args)), []
        return {**args.args, **self.calls.get(args.token, {})}, []


def _with_loop(call: Callable[[Any], Any], request: Any) -> Any:
    """The SDK's mock leaves an open event loop in each of its worker threads: give it one that is closed."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return call(request)
    finally:
        asyncio.set_event_loop(None)
        loop.close()


class _Monitor(mocks.MockMonitor):
    def __init__(self, recording: Recording[Any], given: _Mocks):
        super().__init__(given)
        self.recording = recording

    def _note(self, request: Any, properties: Any, read: bool) -> None:
        untyped: Any = mocks
        secrets: set[str] = set()
        inputs = _plain(json_format.MessageToDict(properties), "", secrets)
        self.recording.resources.append(
            Registered(
                type=request.type,
                name=request.name,
                inputs=inputs,
                secrets=secrets,
                parent=request.parent.split("::")[-1],
                depends_on=[urn.split("::")[-1] for urn in request.dependencies],
                protect=not read and request.protect,
                retain=not read and request.retainOnDelete,
                remote=not read and request.remote,
                transforms=[] if read else untyped._resolve_callbacks(request.transforms),
                read=read,
            )
        )

    def RegisterResource(self, request: Any) -> Any:
        if request.type != "pulumi:pulumi:Stack":
            self._note(request, request.object, False)
        return _with_loop(super().RegisterResource, request)

    def ReadResource(self, request: Any) -> Any:
        self._note(request, request.properties, True)
        return _with_loop(super().ReadResource, request)

    def Invoke(self, request: Any) -> Any:
        return _with_loop(super().Invoke, request)


def record(
    build: Callable[[], T],
    *,
    stack: str = "test",
    preview: bool = False,
    reads: Mapping[str, Mapping[str, Any]] | None = None,
    calls: Mapping[str, dict[str, Any]] | None = None,
) -> Recording[T]:
    """Runs `build` as a Pulumi program under mocks and waits for everything that it started.

    `reads` gives the state of resources that are looked up by id (`ConfigMap.get(...)`), `calls` what functions of a
    provider answer, by token (`aws:index/getCallerIdentity:getCallerIdentity`).
    """
    recording: Recording[T] = Recording()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        given = _Mocks(recording, reads or {}, calls or {})
        mocks.set_mocks(given, project="mlops", stack=stack, preview=preview, monitor=_Monitor(recording, given))

        def program() -> pulumi.Output[Any]:
            recording.result = build()
            return pulumi.Output.from_input(None)

        untyped: Any = mocks
        untyped.test(program)()
        untyped = pulumi.runtime.settings
        loop.run_until_complete(untyped._shutdown_callbacks())
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        asyncio.set_event_loop(None)
        loop.close()
        SETTINGS.rpc_manager.clear()
    return recording


def settled(build: Callable[[], pulumi.Output[T]]) -> T:
    """The value of an Output made by `build`."""
    values: list[T] = []

    def program() -> None:
        build().apply(values.append)

    record(program)
    return values[0]


def as_json(value: Any) -> str:
    """Canonical text of plain data, for comparisons of whole graphs."""
    return json.dumps(value, sort_keys=True, default=sorted)
