"""What the engine asks of a simulated provider and what it may answer: plain dataclasses, no gRPC."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sandbox.faults import Faults
from sandbox.providers.values import Path, Secrets, compare, path_text


class Failure(Exception):
    """The call failed; the text is shown to the user as it is."""


class CheckFailed(Failure):
    """Inputs of a resource or an invoke were refused: (property path, reason) pairs, shown one by one."""

    def __init__(self, failures: Iterable[tuple[str, str]]) -> None:
        self.failures = list(failures)
        super().__init__("; ".join(f"{path}: {reason}" if path else reason for path, reason in self.failures))


class InitFailed(Failure):
    """The object exists but did not become usable: the engine records it and shows the reasons, and the next run updates it."""

    def __init__(
        self, id: str, outputs: Mapping[str, Any], reasons: Sequence[str], inputs: Mapping[str, Any] | None = None
    ) -> None:
        self.id, self.outputs, self.reasons, self.inputs = id, outputs, list(reasons), inputs
        super().__init__("; ".join(reasons))


@dataclass(slots=True)
class Call:
    """One request of the engine. Secrets are unwrapped (see `secrets`), unknown values are UNKNOWN."""

    op: str
    """check, diff, create, read, update, delete, invoke, check_config, diff_config or configure."""
    urn: str = ""
    type: str = ""
    """Type token of the resource, or the token of the function (invoke)."""
    name: str = ""
    """Logical name."""
    id: str = ""
    """Physical id; empty in check and create. In a read without state it is what the user wants imported or looked up."""
    inputs: dict[str, Any] = field(default_factory=dict)
    """New inputs (check, diff, create, update, invoke, configure), last recorded inputs (read)."""
    old_inputs: dict[str, Any] = field(default_factory=dict)
    """Recorded inputs (check, diff, update, delete); empty where there are none."""
    old_outputs: dict[str, Any] = field(default_factory=dict)
    """Recorded outputs, the state (diff, read, update, delete, check of a known resource)."""
    preview: bool = False
    timeout: float = 0.0
    """Seconds of customTimeouts; 0 when the user gave none."""
    ignore_changes: tuple[str, ...] = ()
    seed: bytes = b""
    """Check: the same bytes for every check of one step; from here random default values must come."""
    proposed_name: str = ""
    """Check: the name that `pulumi:autonaming` asks for, empty where the provider is to choose."""
    naming_enforced: bool = False
    """Check: the proposed name must be used, or auto-naming is disabled (then it is empty)."""
    config: dict[str, Any] = field(default_factory=dict)
    """Inputs of the provider resource this call came through, decoded from the SDK's JSON where it has any."""
    secrets: Secrets = field(default_factory=Secrets)
    """Where secrets were in inputs and state; answers keep them secret without the provider's doing."""

    @property
    def project(self) -> str:
        """Project part of the URN."""
        return self.urn.split("::")[1] if "::" in self.urn else ""

    @property
    def stack(self) -> str:
        """Stack part of the URN."""
        return self.urn.removeprefix("urn:pulumi:").split("::")[0]


@dataclass(slots=True)
class Checked:
    """Answer of check: the inputs to use (defaults and names filled in) and what is wrong with them: (property path, reason)."""

    inputs: Mapping[str, Any]
    failures: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Changes:
    """Answer of diff: path -> "add", "delete" or "update"; `replace` holds those of the paths that force a replacement."""

    paths: dict[Path, str] = field(default_factory=dict)
    replace: set[Path] = field(default_factory=set)
    delete_first: bool = False
    """Delete the old object before the new one is made (both would have the same name)."""

    def __bool__(self) -> bool:
        return bool(self.paths)

    @classmethod
    def between(
        cls,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        replaces: Callable[[Path], bool] = lambda path: False,
        skip: Callable[[Path], bool] | None = None,
        delete_first: bool = False,
    ) -> Changes:
        """Every difference between recorded and new inputs; `replaces(path)` says which of them force a replacement."""
        paths = compare(old, new, skip)
        return cls(paths, {path for path in paths if replaces(path)}, delete_first)

    def texts(self) -> dict[str, tuple[str, bool]]:
        """property path as text -> (kind, forces replacement)."""
        return {path_text(path): (kind, path in self.replace) for path, kind in self.paths.items()}


@dataclass(slots=True)
class Created:
    """Answer of create. In a preview the id is ignored and unknown outputs are UNKNOWN."""

    id: str
    outputs: Mapping[str, Any]


@dataclass(slots=True)
class Found:
    """Answer of read: the live object, with inputs as the user would write them to get it."""

    id: str
    outputs: Mapping[str, Any]
    inputs: Mapping[str, Any]


@dataclass(slots=True)
class ConstructCall:
    """A remote component to build inside the provider with the ordinary SDK.

    `inputs` are pulumi Inputs, `options` (ResourceOptions) go to the component.
    """

    type: str
    name: str
    inputs: dict[str, Any]
    options: Any
    preview: bool
    config: dict[str, Any]


@dataclass(slots=True)
class Constructed:
    """Answer of construct: `component.urn` and the component's outputs."""

    urn: Any
    state: Mapping[str, Any]


Answer = Any | Coroutine[Any, Any, Any]


class Provider:
    """Base of all simulated providers: subclass it and override what the package needs.

    Every method may be `async def` or plain `def`; plain ones run in a thread pool, so blocking clients are fine. They run
    concurrently. Values in answers may be wrapped in `Secret`.
    """

    name: str = ""
    """Package name: kubernetes, aws, random."""
    package: str = ""
    """PyPI distribution whose version the plugin has; pulumi-<name> when empty."""

    text_config: frozenset[str] = frozenset()
    """Provider settings that are texts even when they look like JSON (kubeconfig)."""
    faults: Faults
    """Fault switches, set by `serve`."""

    @property
    def version(self) -> str:
        """Version of the installed SDK, 0.0.0 where it is absent."""
        try:
            return version(self.package or f"pulumi-{self.name}")
        except PackageNotFoundError:
            return "0.0.0"

    def start(self) -> Answer:
        """Once, before the port is announced; keep it short, every engine command waits for it."""
        return None

    def close(self) -> Answer:
        """Once, when the plugin ends."""
        return None

    def cancel(self) -> Answer:
        """The user interrupts: let running waits end soon."""
        return None

    def check_config(self, call: Call) -> Answer:
        """-> Checked, for the provider resource itself."""
        return Checked(call.inputs)

    def diff_config(self, call: Call) -> Answer:
        """-> Changes of the provider resource; a replaced provider replaces all of its resources."""
        return Changes.between(call.old_inputs, call.inputs, skip=lambda path: path[0] == "version")

    def configure(self, call: Call) -> Answer:
        """The provider resource's config is known (in a preview parts of it may be UNKNOWN); -> None."""
        return None

    def notes(self, call: Call) -> list[str]:
        """What users must be told of a configuration: each a warning at every command."""
        return []

    def check(self, call: Call) -> Answer:
        """-> Checked."""
        return Checked(call.inputs)

    def diff(self, call: Call) -> Answer:
        """-> Changes between call.old_inputs and call.inputs."""
        return Changes.between(call.old_inputs, call.inputs)

    def create(self, call: Call) -> Answer:
        """-> Created. May raise Failure (nothing was made) or InitFailed (it was)."""
        raise self.unsupported(call)

    def read(self, call: Call) -> Answer:
        """-> Found, or None when the object is gone."""
        return Found(call.id, call.old_outputs, call.inputs)

    def update(self, call: Call) -> Answer:
        """-> outputs (a mapping). May raise Failure or InitFailed."""
        raise self.unsupported(call)

    def delete(self, call: Call) -> Answer:
        """-> None; an object that is gone already is a success."""
        raise self.unsupported(call)

    def invoke(self, call: Call) -> Answer:
        """-> results of a function (a mapping)."""
        raise self.unsupported(call)

    def construct(self, call: ConstructCall) -> Answer:
        """-> Constructed. The pulumi SDK is loaded and set up for this very request; `async def` only."""
        raise Failure(f"the simulated {self.name} provider has no component {call.type}")

    def schema(self) -> str:
        """JSON of the package schema; needed by `pulumi package get-schema`, convert and YAML only."""
        return ""

    def unsupported(self, call: Call) -> Failure:
        """The error for a type or function that the simulation does not have."""
        return Failure(f"the simulated {self.name} provider cannot {call.op} {call.type}")
