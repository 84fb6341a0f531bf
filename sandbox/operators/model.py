"""The data that stands for an operator: one YAML file a custom resource, under data/<group>/<Kind>.yaml."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sandbox.operators.kinds import Resource

DATA = Path(__file__).parent / "data"
CHILDREN = ".children.yaml"
"""Ending of the file that holds the `children` where they are many."""


class DataError(Exception):
    """A data file is not of the form this module describes."""


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Watches(_Data):
    """Which namespaces an operator serves, as its own Deployment says."""

    scope: Literal["all", "own", "env", "arg"] = "all"
    """all; own: only the one it runs in; env, arg: the comma list in that variable or flag, "" or "*" meaning all."""
    key: str = ""
    """Name of the variable or flag."""


class Operator(_Data):
    """The Deployment without which nothing happens to the custom resource."""

    name: str
    """Its usual name; also the field manager of everything written on its behalf."""
    selector: dict[str, Any]
    """Labels of its pods (a template)."""
    watches: Watches = Watches()


class Finalizer(_Data):
    """A finalizer that the operator finishes."""

    name: str
    add: bool = False
    """True where the operator sets it; False where a user asks for its service by setting it."""
    deletes: Any = Field(default_factory=list)
    """Objects (apiVersion, kind, metadata) that go before it is taken off (a template)."""
    releases: Any = Field(default_factory=list)
    """Objects whose own metadata.finalizers it takes off first, where they have them (a template)."""


class CustomResource(_Data):
    """What the operator does for one kind."""

    source: list[str] = Field(min_length=1)
    """Where upstream shows that it does so."""
    apiVersion: str
    kind: str
    plural: str
    namespaced: bool = True
    operator: Operator
    values: dict[str, Any] = Field(default_factory=dict)
    """Names for the templates below, each a template over those before it."""
    problem: Any = None
    """A template that gives {reason, message} where the operator would refuse, else null."""
    children: Any = Field(default_factory=list)
    """A template of the objects it makes; `owner: none` or an owner reference in place of the custom resource."""
    ready: Any = True
    """A template: whether what it made is up."""
    status: Any = None
    """A template of the whole status; null leaves the status alone."""
    finalizers: list[Finalizer] = Field(default_factory=list)

    @property
    def resource(self) -> Resource:
        """Where its objects live in the API."""
        return Resource(self.kind, self.apiVersion, self.plural, self.namespaced)


def read(path: Path) -> CustomResource:
    """One data file; DataError names the file and the fields that are wrong."""
    children = path.with_suffix(CHILDREN)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if children.is_file():
            content["children"] = yaml.safe_load(children.read_text(encoding="utf-8"))
        loaded = CustomResource.model_validate(content)
    except (ValidationError, yaml.YAMLError) as error:
        raise DataError(f"{path}: {error}") from None
    expected = DATA / loaded.resource.group / f"{loaded.kind}.yaml"
    if path != expected:
        raise DataError(f"{path}: describes {loaded.apiVersion} {loaded.kind}, which belongs in {expected}")
    return loaded


@cache
def load() -> dict[str, CustomResource]:
    """All of them, by kind; kinds are unique here."""
    found = [read(path) for path in sorted(DATA.glob("*/*.yaml")) if not path.name.endswith(CHILDREN)]
    return {item.kind: item for item in found}
