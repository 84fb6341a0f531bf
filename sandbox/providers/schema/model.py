"""What a provider's package says about one resource type, in the words of the Pulumi schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal[
    "string", "integer", "number", "boolean", "any", "asset", "archive", "array", "map", "object", "enum", "union"
]


@dataclass(frozen=True, slots=True)
class Type:
    """One type. `items` is for array and map, `ref` names an object of `Resource.types`, `values` is for enum."""

    kind: Kind
    items: Type | None = None
    ref: str | None = None
    values: tuple[Any, ...] = ()
    options: tuple[Type, ...] = ()

    def to_json(self) -> Any:
        """A primitive is its kind; everything else a small list, so that cached files stay small."""
        match self.kind:
            case "array" | "map":
                return [self.kind, self.items.to_json() if self.items else "any"]
            case "object":
                return ["object", self.ref]
            case "enum":
                return ["enum", list(self.values)]
            case "union":
                return ["union", [option.to_json() for option in self.options]]
            case _:
                return self.kind

    @classmethod
    def from_json(cls, data: Any) -> Type:
        """The reverse of to_json."""
        if isinstance(data, str):
            return cls(data)  # type: ignore[arg-type]  # written by to_json: always one of Kind
        kind, body = data
        if kind in ("array", "map"):
            return cls(kind, items=cls.from_json(body))
        if kind == "object":
            return cls("object", ref=body)
        if kind == "enum":
            return cls("enum", values=tuple(body))
        return cls("union", options=tuple(cls.from_json(option) for option in body))


ANY = Type("any")


@dataclass(frozen=True, slots=True)
class Property:
    """`required` on an output means the SDK types it as always present (not Optional)."""

    type: Type
    required: bool = False

    def to_json(self) -> Any:
        """[type, required]."""
        return [self.type.to_json(), int(self.required)]

    @classmethod
    def from_json(cls, data: Any) -> Property:
        """The reverse of to_json."""
        return cls(Type.from_json(data[0]), bool(data[1]))


Properties: TypeAlias = dict[str, Property]


def _dump(properties: Properties) -> dict[str, Any]:
    return {name: item.to_json() for name, item in properties.items()}


def _load(data: dict[str, Any]) -> Properties:
    return {name: Property.from_json(item) for name, item in data.items()}


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource type; property names are the camelCase ones of the wire.

    `types` holds every nested input type that is reachable from `inputs`, by the name that `Type.ref` gives.
    """

    token: str
    inputs: Properties
    outputs: Properties
    types: dict[str, Properties] = field(default_factory=dict)
    secret_inputs: frozenset[str] = frozenset()
    secret_outputs: frozenset[str] = frozenset()
    aliases: tuple[str, ...] = ()
    deprecated: str | None = None

    def to_json(self) -> dict[str, Any]:
        """What the cache keeps of this type."""
        return {
            "token": self.token,
            "inputs": _dump(self.inputs),
            "outputs": _dump(self.outputs),
            "types": {name: _dump(properties) for name, properties in self.types.items()},
            "secretInputs": sorted(self.secret_inputs),
            "secretOutputs": sorted(self.secret_outputs),
            "aliases": list(self.aliases),
            "deprecated": self.deprecated,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Resource:
        """The reverse of to_json; KeyError, TypeError or ValueError when the data is something else."""
        return cls(
            token=data["token"],
            inputs=_load(data["inputs"]),
            outputs=_load(data["outputs"]),
            types={name: _load(properties) for name, properties in data["types"].items()},
            secret_inputs=frozenset(data["secretInputs"]),
            secret_outputs=frozenset(data["secretOutputs"]),
            aliases=tuple(data["aliases"]),
            deprecated=data["deprecated"],
        )
