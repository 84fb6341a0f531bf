"""What cases are made of: resources that keep every rule, and one change."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

Props = dict[str, Any]
LABELS = {"mlops.dev/owner": "o", "mlops.dev/team": "t", "mlops.dev/environment": "prod"}
IMAGE = "quay.io/example/server:1.2.3"
DIGEST = "sha256:" + "0123456789abcdef" * 4
RESOURCES = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}}
SECURE = {"runAsNonRoot": True, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
TAGS = {"owner": "o", "team": "t", "environment": "prod"}
POD = "spec.template.spec"
FIRST = f"{POD}.containers[0]"


@dataclass(frozen=True)
class Case:
    """One resource, and what a change of one value makes of it."""

    rule: str
    name: str
    type: str
    good: Props
    change: str
    """Path of the value that breaks the rule."""
    value: Any
    """The value that breaks it; None takes the value away."""
    where: str = ""
    """Path that the finding names, where it is not the changed one."""
    decided: bool = False
    """The breach shows in preview also where the value itself is unknown."""

    @property
    def path(self) -> str:
        """Where the finding is."""
        return self.where or self.change

    def bad(self) -> Props:
        """The inputs that break the rule."""
        return changed(self.good, self.change, self.value)

    def unknown(self) -> Props:
        """The inputs that break the rule by a value that a preview does not know."""
        return changed(self.good, self.change, {"$unknown": self.value if self.value is not None else ""})


def steps(path: str) -> list[str | int]:
    """ "a.b[0]" as keys and indexes; a key in quotes may hold dots."""
    found = re.findall(r"'([^']+)'|([^.\[\]']+)|\[(\d+)\]", path)
    return [int(index) if index else quoted or key for quoted, key, index in found]


def changed(props: Props, path: str, value: Any) -> Props:
    """A copy with another value at a path; None takes the value away."""
    made: Props = json.loads(json.dumps(props))  # not deepcopy: it keeps what is shared shared
    *way, last = steps(path)
    at: Any = made
    for step in way:
        at = at.setdefault(step, {}) if isinstance(at, dict) else at[step]
    if value is None:
        at.pop(last, None)
    elif isinstance(at, list) and last == len(at):
        at.append(value)
    else:
        at[last] = value
    return made


def metadata(name: str) -> Props:
    return {"name": name, "namespace": "n", "labels": dict(LABELS)}


def pod(**container: Any) -> Props:
    first = {"name": "main", "image": IMAGE, "resources": RESOURCES, "securityContext": SECURE, **container}
    return {"containers": [first]}


def deployment(name: str, **container: Any) -> Props:
    return {"metadata": metadata(name), "spec": {"replicas": 2, "template": {"spec": pod(**container)}}}


def custom(name: str, **spec: Any) -> Props:
    return {"metadata": metadata(name), "spec": spec}


def statement(**said: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **said}]})


@dataclass(frozen=True)
class Lack:
    """A resource that breaks a rule by what is not there, so that no value can be unknown."""

    rule: str
    name: str
    type: str
    props: Props
    where: str
    protect: bool = True
    mended_by: tuple[tuple[str, str, Props], ...] = ()
    """Further resources (name, type, inputs) with which it keeps the rule …"""
    mended_type: str = ""
    """… or the type with which it does; otherwise `protect` mends it."""


@dataclass
class Plan:
    """What the throw-away program is to register."""

    root: Props | None = field(
        default_factory=lambda: {"securityLevel": "hardened", "environment": "prod", "budget": {"gpus": 16, "replicas": 20}}
    )
    resources: list[Props] = field(default_factory=list)

    def add(self, name: str, type: str, props: Props, protect: bool = True) -> None:
        """One more resource."""
        self.resources.append({"name": name, "type": type, "props": props, "protect": protect})
