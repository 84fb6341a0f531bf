"""Between the provider's property names and the API's, by the API's own model.

`pulumi-aws` follows Terraform's names, which follow the API's with other capitals, plural lists and blocks of at most
one entry flattened; so members are matched by their letters, and only real exceptions are written down in a table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.providers.cloud.spec import Json


def letters(name: str) -> str:
    """What two spellings of a name share: `subnetIds`, `SubnetIDs` and `subnet_id` are all `subnetid`."""
    text = "".join(letter for letter in name.lower() if letter.isalnum())
    if text.endswith("ies"):
        return text[:-3] + "y"
    return text[:-1] if text.endswith("s") else text


def to_api(shape: Any, value: Any, names: Mapping[str, str] | None = None) -> Any:
    """`value` as a request has it. `names` gives members that cannot be matched; properties without one are left out."""
    names = names or {}
    match shape.type_name:
        case "structure":
            if isinstance(value, list):
                value = value[0] if value else {}
            if not isinstance(value, Mapping):
                return value
            members = {letters(member): member for member in shape.members}
            found = {}
            for key, item in value.items():
                member = names.get(key) or members.get(letters(key))
                if item is not None and member in shape.members:
                    found[member] = to_api(shape.members[member], item, names)
            return found
        case "list":
            items = value if isinstance(value, list) else [value]
            return [to_api(shape.member, item, names) for item in items]
        case "map" if isinstance(value, Mapping):
            return {key: to_api(shape.value, item, names) for key, item in value.items()}
        case "string" if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
    return value


def from_api(given: Any, live: Any, names: Mapping[str, str] | None = None) -> Any:
    """What an answer says about the properties of `given`; properties it does not mention are left out."""
    names = names or {}
    if isinstance(given, Mapping):
        if isinstance(live, list) and len(live) == 1:
            live = live[0]
        if not isinstance(live, Mapping):
            return live
        members = {letters(member): member for member in live}
        found: Json = {}
        for key, item in given.items():
            member = names.get(key) or members.get(letters(key))
            if member in live:
                found[key] = from_api(item, live[member], names)
        return found
    if isinstance(given, list):
        items = live if isinstance(live, list) else [live]
        if len(given) == len(items):
            return [from_api(one, other, names) for one, other in zip(given, items, strict=True)]
        return [camel(item) for item in items]
    if isinstance(given, str) and isinstance(live, int | float) and not isinstance(live, bool):
        return str(live)
    return live


def camel(value: Any) -> Any:
    """An answer nobody asked for property by property: every member in camelCase."""
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: camel(item) for key, item in value.items()}
    if isinstance(value, list):
        return [camel(item) for item in value]
    return value


def at(value: Any, path: str) -> Any:
    """The value at a dotted path of an answer ("Parameter.ARN", "clusters.0"); None where it ends early."""
    for step in path.split(".") if path else []:
        if isinstance(value, list):
            value = value[int(step)] if int(step) < len(value) else None
        elif isinstance(value, Mapping):
            value = value.get(step)
        else:
            return None
    return value
