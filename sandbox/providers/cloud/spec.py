"""What the engine must know of a resource type beyond its schema, and what a type backed by a real API offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.providers.model import Call

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Name:
    """The input that holds the physical name, and the cloud's rules for one that we make."""

    property: str
    limit: int = 64
    lower: bool = False
    allowed: str = r"[A-Za-z0-9-]"
    """What a name may hold; other characters of the logical name become a dash."""
    prefix: str = ""
    """What every name must begin with."""
    joint: str = "-"
    """What stands between the logical name and the hash."""
    digits: int = 7
    """Hex digits of the hash."""


class Context:
    """One call, with what templates and APIs need. A provider may subclass it to add its clients."""

    def __init__(self, call: Call, region: str, account: str) -> None:
        self.call = call
        self.urn = call.urn
        self.region = region
        self.account = account

    def values(self) -> Json:
        """Words that templates may use besides the resource's own properties."""
        return {
            "region": self.region,
            "account": self.account,
            "logical": self.call.name,
            "stack": self.call.stack,
            "project": self.call.project,
            "type": self.call.type,
        }


class Api(ABC):
    """A resource type behind a real API. Every method may raise Failure with the API's own words."""

    @abstractmethod
    def create(self, cx: Any, inputs: Json) -> str:
        """Make the object, marked as the URN's where the API has a place for that; its id."""

    @abstractmethod
    def read(self, cx: Any, id: str, inputs: Json) -> Json | None:
        """What is there: inputs as the user would write them, and computed outputs; None when it is gone.

        Inputs the API does not give back are left out, an input that was unset there is None.
        """

    def update(self, cx: Any, id: str, old: Json, new: Json) -> None:  # noqa: B027  # types that are only replaced
        """Bring the object from `old` to `new` inputs."""

    @abstractmethod
    def delete(self, cx: Any, id: str, old: Json) -> None:
        """Remove the object; one that is gone already is a success."""

    def find(self, cx: Any, inputs: Json) -> str | None:
        """The id of an object that an interrupted create of this URN may have left behind; None when there is none."""
        return None


Computed = str | int | bool | list[Any] | dict[str, Any] | Callable[[Json], Any]


@dataclass(frozen=True, slots=True)
class Spec:
    """One resource type. Property paths are dotted, without list indices; templates are `str.format` over the inputs,
    the outputs so far, `id`, `hash` (hex, cut it by `{hash:.8}`), `region`, `account`, `stack`, `project`,
    `logical` (name), and `type` (token)."""

    name: Name | None = None
    replace: tuple[str, ...] = ()
    """Inputs that force a replacement; a path covers what lies under it, `*` covers all."""
    api: Api | None = None
    """None: the type is kept in the state file only (schema-only)."""
    id: str = ""
    """Template of a schema-only type's id; its name, else a hash, when empty."""
    outputs: Mapping[str, Computed] = field(default_factory=dict)
    """Computed outputs, in order; a value that the inputs or the API give wins."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Inputs that the real provider fills in where the program gives none."""
    json: tuple[str, ...] = ()
    """Inputs that hold JSON: compared by meaning."""
    choices: Mapping[str, tuple[str, ...] | str] = field(default_factory=dict)
    """Accepted values that the SDK does not list, or a word from which the provider can look them up."""
    references: Mapping[str, str] = field(default_factory=dict)
    """Inputs that must name an object that exists: path -> the kind of object."""
    write_only: tuple[str, ...] = ()
    """Inputs that no output repeats."""
    delete_first: bool = False
    """The cloud cannot hold the old and the new object at once."""


class Template(dict[str, Any]):
    """Values for `str.format_map`; a word that is missing becomes empty."""

    def __missing__(self, key: str) -> str:
        return ""


def render(computed: Computed, values: Mapping[str, Any]) -> Any:
    """A computed output: a template, a function of the values, or a plain value."""
    if callable(computed):
        return computed(dict(values))
    return computed.format_map(Template(values)) if isinstance(computed, str) else computed
