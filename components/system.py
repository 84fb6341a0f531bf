"""What the composer hands to a system and what a system tells the composer.

A system is one ComponentResource class a target, with these class attributes and methods beside its constructor:

    needs     = (Database, ObjectStore)     contracts that must be met before it
    optional  = (Metrics,)                  contracts it uses if the stack has them
    provides  = (Tracking,)                 contracts that it meets
    tiers     = ("all", "platform", "team") where it may stand
    namespace = "mlflow"                    Kubernetes only: the namespace the composer makes for it
    essential_type = "apps/v1:Deployment"   the resource type without which the system is not there
    wants(config) -> Wants                  the databases, buckets and topics it asks for
    plan(site) -> Args                      pure translation of the spec into constructor arguments
    contracts() -> sequence of contracts    after construction
    exports() -> dict                       flat names and addresses, never a secret value

Only attributes without annotation, so that the multi-language analyzer does not take them for outputs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional, Protocol, TypeVar, cast

import pulumi

from components import contracts
from components.naming import Naming
from components.spec.stack import Stack, StackSpec

C = TypeVar("C")


@dataclass
class Site:
    """Everything a system's `plan` may use; grants are made by the composer before `plan` is called."""

    key: str
    """The system's key in the stack file."""
    stack: Stack
    config: Any
    """The system's own section of the spec (components.spec)."""
    naming: Naming
    opts: pulumi.ResourceOptions
    """Options for children and helper resources: parent and provider."""
    namespace: Optional[pulumi.Input[str]] = None
    """Kubernetes: the namespace that stands for it."""
    role: Optional[pulumi.Input[str]] = None
    """Cloud: name of the workload's own role."""
    role_arn: Optional[pulumi.Input[str]] = None
    met: Mapping[type, Any] = field(default_factory=dict)
    """Contracts by class: every need, and those optional ones that the stack has."""
    databases: Mapping[str, contracts.DatabaseAccess] = field(default_factory=dict)
    buckets: Mapping[str, contracts.BucketAccess] = field(default_factory=dict)
    brokers: Mapping[str, contracts.BrokerAccess] = field(default_factory=dict)
    ready: list[pulumi.Resource] = field(default_factory=list)
    """What the component must depend on."""

    @property
    def spec(self) -> StackSpec:
        """The stack's spec."""
        return self.stack.spec

    def contract(self, kind: type[C]) -> C:
        """A needed contract."""
        return cast(C, self.met[kind])

    def maybe(self, kind: type[C]) -> C | None:
        """An optional contract, or None where the stack has none."""
        return cast("C | None", self.met.get(kind))


class SystemClass(Protocol):
    """How the composer sees a component class."""

    needs: Sequence[type]
    optional: Sequence[type]
    provides: Sequence[type]
    tiers: Sequence[str]
    essential_type: str

    def __call__(self, name: str, args: Any, opts: pulumi.ResourceOptions | None = None) -> "SystemInstance": ...

    def wants(self, config: Any) -> contracts.Wants: ...

    def plan(self, site: Site) -> Any: ...


class SystemInstance(Protocol):
    """How the composer sees a built component."""

    def contracts(self) -> Sequence[Any]: ...

    def exports(self) -> Mapping[str, pulumi.Input[str]]: ...
