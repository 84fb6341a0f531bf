"""How the Kubernetes target prepares the ground: the cluster's provider, a namespace a name, teams, published contracts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from components import contracts
from components.kubernetes import exposure
from components.kubernetes.namespace import Peers, namespace, network_policy
from components.kubernetes.own_cluster import storage_class
from components.kubernetes.ownership import told
from components.kubernetes.published import read
from components.kubernetes.teams import TeamFence, TeamFenceArgs, publish
from components.spec.stack import PARTS, Environment, Tier
from components.spec.team import Team
from components.system import Ground, TeamGrants
from components.wire import allow_deep_messages

GRANTING = (contracts.ObjectStore, contracts.Database, contracts.Broker)
"""Contracts that teams connect to from their own namespaces."""


@dataclass
class NamespacePlace:
    """A system's ground on Kubernetes: its namespace."""

    namespace: pulumi.Input[str] | None = None
    role: pulumi.Input[str] | None = None
    role_arn: pulumi.Input[str] | None = None
    ready: Sequence[pulumi.Resource] = field(default_factory=tuple)


class KubernetesLanding:
    """Kubernetes ground of one stack: everything through one provider, ownership labels on every object."""

    def __init__(self, ground: Ground):
        spec, parent = ground.stack.spec, ground.parent
        # the ownership transform below sees the charts' CRDs
        allow_deep_messages()
        self._stack = ground.stack
        self._naming = ground.naming
        self._ground = ground
        self._met: dict[type, Any] = {}
        self._fences: dict[str, TeamFence] = {}
        provider = kubernetes.Provider(
            "cluster",
            kubeconfig=ground.cluster.kubeconfig if ground.cluster else None,
            context=None if ground.cluster else spec.cluster.context,
            # a changed kubeconfig must not replace everything (pulumi-kubernetes#1148)
            cluster_identifier=spec.cluster.identifier or ground.stack.name,
            enable_server_side_apply=True,
            opts=pulumi.ResourceOptions(parent=parent),
        )
        stateful = {cls.namespace for cls in ground.classes.values() if getattr(cls, "stateful", False)}
        holding = sorted(stateful | set(spec.teams)) if spec.environment is Environment.PROD else None
        every = [told(ground.naming.ownership(), spec.operators.describe_crds, holding)]
        self._own = pulumi.ResourceOptions(parent=parent, provider=provider, transformations=every)
        self.opts = pulumi.ResourceOptions(parent=parent, providers={"kubernetes": provider}, transformations=every)
        self._places: dict[str, NamespacePlace] = {}
        self._before: list[pulumi.Resource] = []
        if ground.cluster:
            self._before.append(storage_class(ground.cluster, ground.naming.labels("cluster"), self._own))

    def place(self, system: str, cls: Any, team: str | None = None) -> NamespacePlace:
        """The system's namespace, made once a name; the team's own in a team's stack or for what is granted to it."""
        if team is not None:
            fence = self._fence(team)
            return NamespacePlace(fence.namespace, ready=[fence])
        if self._stack.spec.tier is Tier.TEAM:
            return NamespacePlace(self._stack.spec.team)
        name = cls.namespace
        if name not in self._places:
            operator = getattr(cls, "operator", None)
            there = operator is not None and getattr(self._stack.spec.operators, operator) == "existing"
            # the namespace of an operator that the cluster already has is not ours either
            self._places[name] = NamespacePlace(name) if there else self._namespace(name)
        return self._places[name]

    def _namespace(self, name: str) -> NamespacePlace:
        sharing = [cls for cls in self._ground.classes.values() if cls.namespace == name]
        levels = [getattr(cls, "security", "restricted") for cls in sharing]
        level = next(wanted for wanted in ("privileged", "baseline", "restricted") if wanted in levels)
        made = namespace(f"namespace-{name}", name, self._naming.ownership(), level, self._own)
        rules = network_policy(f"network-{name}", made.metadata.name, self._naming.ownership(), self._peers(name), self._own)
        return NamespacePlace(made.metadata.name, ready=[made, rules, *self._before])

    def _peers(self, name: str) -> Peers:
        """Who talks to whom, from what uses what: a caller's namespace may connect, and is let in."""
        spaces = {system: cls.namespace for system, cls in self._ground.classes.items()}
        pairs = {(spaces[system], spaces[used]) for system, by in self._ground.uses.items() for used in by}
        if monitoring := spaces.get("prometheus"):
            pairs |= {(monitoring, other) for other in spaces.values()}
        if jupyterhub := spaces.get("jupyterhub"):
            # notebooks talk to the data systems on their users' behalf
            pairs |= {(jupyterhub, other) for system, other in spaces.items() if system not in PARTS}
        if gateway := spaces.get("gateway"):
            pairs |= {(gateway, spaces[system]) for system, cls in self._ground.classes.items() if hasattr(cls, "endpoints")}
        sharing = [cls for system, cls in self._ground.classes.items() if spaces[system] == name]
        granting = any(kind in GRANTING for cls in sharing for kind in cls.provides)
        return Peers(
            callers=sorted({a for a, b in pairs if b == name and a != name}),
            callees=sorted({b for a, b in pairs if a == name and b != name}),
            tenants=granting and self._stack.spec.tier is Tier.PLATFORM,
            webhooks=sorted({port for cls in sharing for port in getattr(cls, "webhooks", ())}),
            internet=any(self._goes_out(system, cls) for system, cls in self._ground.classes.items() if cls in sharing),
            outside=sorted({port for cls in sharing for port in getattr(cls, "outside", ())}),
        )

    def _goes_out(self, system: str, cls: Any) -> bool:
        """Whether a system calls what is outside: `internet` of its class, which may look at the system's section."""
        asked = getattr(cls, "internet", False)
        return bool(asked(self._stack.spec.chosen().get(system)) if callable(asked) else asked)

    def published(self) -> Mapping[type, Any]:
        """The platform's contracts as the team may use them."""
        platform = self._stack.spec.platform_stack[self._stack.target]
        return read(self._stack.spec.team or "", platform, self._own).contracts()

    def adopt(self, met: Mapping[type, Any]) -> None:
        """Remembers contracts for the teams' documents."""
        self._met.update(met)

    def expose(self, endpoints: Mapping[str, Sequence[contracts.Endpoint]]) -> Mapping[str, pulumi.Input[str]]:
        """A route for each endpoint through the stack's gateway; nothing where it has none."""
        gateway = self._met.get(contracts.Gateway)
        if gateway is None:
            return {}
        way = exposure.Way(
            domain=self._stack.spec.domain,
            gateway=gateway,
            login=self._met.get(contracts.Login),
            bundle=self._met[contracts.Certificates].bundle,
            opts=self.opts,
        )
        return exposure.expose(way, endpoints, self._naming.labels)

    def _fence(self, name: str) -> TeamFence:
        if name not in self._fences:
            team = self._stack.spec.teams[name]
            args = TeamFenceArgs.build(self._stack, name, team, sorted({c.namespace for c in self._ground.classes.values()}))
            queues = self._met.get(contracts.ComputeCluster)
            # a queue of the team's is taken only once Kueue and the ClusterQueue are there
            after = pulumi.ResourceOptions(depends_on=list(queues.ready) if queues else [])
            self._fences[name] = TeamFence(f"team-{name}", args, pulumi.ResourceOptions.merge(self.opts, after))
        return self._fences[name]

    def fence(self, name: str, team: Team, grants: TeamGrants) -> None:
        """The team's namespace with its bounds and deployer, and the document of what it was granted."""
        fence = self._fence(name)
        publish(f"team-{name}", self._stack.name, name, fence, self._met, grants)
