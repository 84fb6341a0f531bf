"""Azure Resource Manager's ids, and what the engine must know of a resource type beyond its schema.

Name rules: Azure documentation, "Naming rules and restrictions for Azure resources". Automatic names: the provider's own
(pulumi-azure-native, provider.go, getDefaultName): logical name and 8 hex digits, a copy of the logical name, or a UUID.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.providers.cloud.spec import Computed, Name, Spec

GROUP = "/subscriptions/{account}/resourceGroups/{resourceGroupName}"
GROUP_TYPE = "Microsoft.Resources/resourceGroups"
_LONGEST = 260
_ID = re.compile(r"^/subscriptions/[^/]+(?:/resourceGroups/[^/]+)?(?:/providers/.+)?$", re.I)
Auto = Literal["random", "copy", "uuid"]


@dataclass(frozen=True, slots=True)
class NameRule:
    """What a name may be: `most` and `least` in characters, `pattern` of the whole, `says` in words."""

    least: int = 1
    most: int = 90
    pattern: str = r"[A-Za-z0-9._()-]+"
    says: str = "letters, digits, dashes, dots, underscores and parentheses"

    def problem(self, name: str) -> str | None:
        """The reason why a name is refused; None when it is good."""
        if self.least <= len(name) <= self.most and re.fullmatch(self.pattern, name):
            return None
        return f'"{name}" is no name that Azure takes: {self.least} to {self.most} characters, {self.says}'


LOWER = (r"[a-z0-9]+", "lower-case letters and digits")
ALNUM = (r"[A-Za-z0-9]+", "letters and digits")
DASHED = (r"[A-Za-z](?:-?[A-Za-z0-9])*", "letters, digits and single dashes, beginning with a letter")
LOWER_DASHED = (r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", "lower-case letters, digits and dashes inside")
WORDS = (r"[A-Za-z0-9][A-Za-z0-9_-]*", "letters, digits, dashes and underscores")
DOTTED = (r"[A-Za-z0-9][A-Za-z0-9._-]*", "letters, digits, dashes, dots and underscores")


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource type: its ARM type, its path, its name and the spec that the engine uses."""

    arm: str
    """ARM type ("Microsoft.Storage/storageAccounts")."""
    spec: Spec
    rule: NameRule = NameRule()
    auto: Auto = "random"
    inside: Mapping[str, Computed] = field(default_factory=dict)
    """Computed values inside of outputs that are inputs too, by dotted path."""
    optional: tuple[str, ...] = ()
    """Path parameters that a program may leave out since there is one value only (default)."""
    located: bool = True
    """Whether a region is asked for where the type has one."""


def kind(
    arm: str,
    name: str,
    rule: NameRule | None = None,
    *,
    auto: Auto = "random",
    path: str = "",
    outputs: Mapping[str, Computed] | None = None,
    inside: Mapping[str, Computed] | None = None,
    replace: tuple[str, ...] = (),
    defaults: Mapping[str, Any] | None = None,
    located: bool = True,
    write_only: tuple[str, ...] = (),
) -> Kind:
    """A type in a resource group, named by the property `name`; `path` is what follows /providers/ where it is a child."""
    tail = path or f"{arm}/{{{name}}}"
    parents = tuple(word for word in re.findall(r"{(\w+)}", tail) if word != name)
    computed: dict[str, Computed] = {"name": f"{{{name}}}", "type": arm, "provisioningState": "Succeeded", **(outputs or {})}
    spec = Spec(
        name=Name(name, _LONGEST, allowed=r".", joint="", digits=8),
        replace=("resourceGroupName", "location", *parents, *replace),
        id=f"{GROUP}/providers/{tail}",
        outputs=computed,
        defaults=defaults or {},
        write_only=write_only,
    )
    return Kind(arm, spec, rule or NameRule(), auto, inside or {}, located=located)


def is_id(value: Any) -> bool:
    """True for a text that names something in a subscription."""
    return isinstance(value, str) and bool(_ID.match(value))


def arm_type(id: str) -> str:
    """The ARM type that an id names ("Microsoft.Network/virtualNetworks/subnets"); empty for a subscription."""
    _, found, tail = id.rpartition("/providers/")
    if not found:
        return GROUP_TYPE if "/resourceGroups/" in id else ""
    namespace, *steps = tail.split("/")
    return "/".join([namespace, *steps[::2]])


def group(id: str) -> str:
    """Id of the resource group that something stands in; empty where it stands in none."""
    found = re.match(r"^/subscriptions/[^/]+/resourceGroups/[^/]+", id)
    return found.group(0) if found else ""


def ancestors(id: str) -> Iterator[str]:
    """Ids of everything that must be there before a resource: its group, then what it is a child of, outermost first."""
    if (above := group(id)) and above != id:
        yield above
    head, found, tail = id.rpartition("/providers/")
    if not found:
        return
    if head != above and is_id(head):
        yield head
    namespace, *steps = tail.split("/")
    for end in range(2, len(steps), 2):
        yield f"{head}/providers/{namespace}/" + "/".join(steps[:end])


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text inside a value with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from strings(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from strings(item, f"{path}[{index}]")
