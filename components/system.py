"""What the composer hands to a system and what a system tells the composer.

A system is one ComponentResource class a target, with these class attributes and methods beside its constructor:

    needs     = (Database, ObjectStore)     contracts that must be met before it
    optional  = (Metrics,)                  contracts it uses if the stack has them
    provides  = (Tracking,)                 contracts that it meets
    tiers     = ("all", "platform", "team") where it may stand
    namespace = "mlflow"                    Kubernetes only: the namespace the composer makes for it
    stateful = True                         Kubernetes only, where it keeps data: its namespace is retained in production
    operator = "cert_manager"               Kubernetes only: the key of spec.operators that says whose its namespace is
    essential_type = "apps/v1:Deployment"   the resource type without which the system is not there
    wants(config) -> Wants                  the databases, buckets and topics it asks for
    plan(site) -> Args                      pure translation of the spec into constructor arguments
    contracts() -> sequence of contracts    after construction
    exports() -> dict                       flat names and addresses, never a secret value
    endpoints() -> sequence of Endpoint     what the gateway exposes of it; only where there is something

Only attributes without annotation, so that the multi-language analyzer does not take them for outputs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional, Protocol, TypeVar, cast

import pulumi

from components import contracts
from components.naming import Naming
from components.spec.stack import Stack, StackSpec
from components.spec.team import Team

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
    consumers: Sequence[str] = ()
    """Systems of the stack that use a contract of this one."""
    ready: list[pulumi.Resource] = field(default_factory=list)
    """What the component must depend on."""
    own_cluster: bool = False
    """Whether the stack makes a Kubernetes cluster for itself."""

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

    def __call__(self, name: str, args: Any, opts: pulumi.ResourceOptions | None = None) -> "SystemInstance":
        """Make the component."""

    def wants(self, config: Any) -> contracts.Wants:
        """What it asks its needs for."""

    def plan(self, site: Site) -> Any:
        """The spec as constructor arguments."""


class SystemInstance(Protocol):
    """How the composer sees a built component."""

    def contracts(self) -> Sequence[Any]:
        """What it offers."""

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Flat names and addresses."""


class TeamGrants:
    """What a platform granted one team ahead, by system and by the team's own name for it."""

    def __init__(self) -> None:
        self.databases: dict[str, contracts.DatabaseAccess] = {}
        self.buckets: dict[str, contracts.BucketAccess] = {}
        self.brokers: dict[str, contracts.BrokerAccess] = {}
        self.ready: list[pulumi.Resource] = []


@dataclass(frozen=True)
class Ground:
    """What a landing is made from."""

    stack: Stack
    naming: Naming
    classes: Mapping[str, Any]
    """The stack's systems with their component classes, in build order."""
    uses: Mapping[str, Sequence[str]]
    """For each system the systems whose contracts it uses."""
    parent: pulumi.Resource
    cluster: Optional[contracts.KubernetesCluster] = None
    """Kubernetes: the cluster that the stack made; that of the kubeconfig if unset."""


class Place(Protocol):
    """The ground that a landing prepared for one system."""

    namespace: pulumi.Input[str] | None
    role: pulumi.Input[str] | None
    role_arn: pulumi.Input[str] | None
    ready: Sequence[pulumi.Resource]


class Landing(Protocol):
    """How a target prepares the ground; one class a target, named in targets.LANDINGS."""

    opts: pulumi.ResourceOptions
    """Parent and providers of everything that the stack makes."""

    def place(self, system: str, cls: Any, team: str | None = None) -> Place:
        """The namespace or the role that a system (of class `cls`) stands on; `team` where it is granted ahead to a team."""

    def published(self) -> Mapping[type, Any]:
        """Tier team: the contracts that the platform published for the team."""

    def adopt(self, met: Mapping[type, Any]) -> None:
        """Takes note of the contracts of a system that stands, for what is published later."""

    def fence(self, name: str, team: Team, grants: TeamGrants) -> None:
        """Tier platform: a team's fence, and the document of what it was granted."""

    def expose(self, endpoints: Mapping[str, Sequence[contracts.Endpoint]]) -> Mapping[str, pulumi.Input[str]]:
        """Lets users in to what the systems offer them, by system; returns the public address of each host."""
