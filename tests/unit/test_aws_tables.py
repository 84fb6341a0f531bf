"""The tables of simulated AWS types name what exists."""

from __future__ import annotations

from sandbox.providers.aws import clients
from sandbox.providers.aws.tables import KINDS, table
from sandbox.providers.schema import Package


def test_every_property_that_a_table_names_exists() -> None:
    package = Package("aws")
    for token, spec in table().items():
        resource = package.resource(token)
        paths = [*spec.replace, *spec.json, *spec.choices, *spec.references, *spec.write_only, *spec.defaults]
        for path in [*paths, *([spec.name.property] if spec.name else [])]:
            if path == "*":
                continue
            properties = resource.inputs
            for step in path.split("."):
                assert step in properties, f"{token}: {path}"
                kind = properties[step].type
                kind = kind.items if kind.kind == "array" and kind.items else kind
                properties = resource.types.get(kind.ref or "", {})
        assert set(spec.outputs) <= set(resource.outputs), token
        assert set(spec.references.values()) <= set(KINDS), token
    for token in (token for tokens in KINDS.values() for token in tokens):
        package.resource(token)


def test_every_choice_is_an_enum_of_the_apis_own_model() -> None:
    for spec in table().values():
        for words in spec.choices.values():
            assert isinstance(words, tuple) or clients.accepted(words), words
