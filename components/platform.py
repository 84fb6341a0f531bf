"""The only composer: from a validated stack to resources, in the order that needs and provides ask for."""

from dataclasses import replace
from typing import Any, cast

import pulumi

from components import contracts, targets
from components.brought import brought
from components.contracts import Consumer, Wants
from components.deployed import refuse_flip
from components.grounds import KUBERNETES
from components.mapping.fact import OWN_CLUSTER
from components.naming import Naming
from components.ordering import Order, order
from components.spec.stack import Stack, Tier
from components.spec.team import Team
from components.system import Ground, Landing, Site, SystemClass, SystemInstance, TeamGrants


class Platform(pulumi.ComponentResource):
    """A whole stack.

    Its own inputs (target, tier, environment, securityLevel, budget) are what the policy pack reads to know how strict
    it is to be; a stack without them is held to everything. `outputs` are the flat exports.
    """

    def __init__(self, name: str, stack: Stack, opts: pulumi.ResourceOptions | None = None):
        refuse_flip(stack)
        spec = stack.spec
        facts = {
            "target": stack.target.value,
            "tier": spec.tier.value,
            "environment": spec.environment.value,
            "securityLevel": spec.security_level.value,
            "owner": spec.owner,
            "team": spec.team or "platform",
            "budget": {"gpus": spec.budget.gpus, "replicas": spec.budget.replicas},
            "registryMirror": spec.registry_mirror or "",
            "ownRegistry": (docker.host or f"registry.{spec.domain}") if (docker := spec.systems.docker) else "",
        }
        super().__init__("mlops:index:Platform", name, facts, opts)
        self.stack = stack
        self.naming = Naming(stack.name, spec.team, spec.environment.value, spec.owner)
        self._order: Order = order(stack.target.value, spec)
        self._standing = self._order.standing
        self.outputs: dict[str, pulumi.Input[Any]] = {
            "platform.target": stack.target.value,
            "platform.tier": spec.tier.value,
            "platform.systems": sorted(spec.systems.chosen()),
        }
        if self._standing.own:
            self.outputs |= {"platform.cluster": stack.provisioner, "platform.fallback": self._fallbacks()}
        # a service from outside is reached with credentials in Secrets: those of the cluster
        self._brought_at = KUBERNETES if self._standing.own else stack.target.value
        self._brought = brought(spec.bring_your_own)
        self._met: dict[str, dict[type, Any]] = {self._brought_at: dict(self._brought)}
        self._offers: dict[str, dict[type, Any]] = {}
        self._built: dict[str, SystemInstance] = {}
        self._landings: dict[str, Landing] = {}
        if spec.tier is Tier.TEAM:
            self._here(stack.target.value).update(self._land(stack.target.value).published())
        for system in self._order.systems:
            self._build(system)
        own = self._land(stack.target.value)
        if spec.tier is Tier.PLATFORM:
            for team_name, team in sorted(spec.teams.items()):
                own.fence(team_name, team, self._grant_team(team_name, team))
        for ground, landing in self._landings.items():
            offered = {
                system: built.endpoints()
                for system, built in self._built.items()
                if self._standing.ground(system) == ground and hasattr(built, "endpoints")
            }
            for host, url in landing.expose(offered).items():
                self.outputs[f"public.{host}"] = url
        # last, for a grant may add to what a system has (a bucket)
        for system, built in self._built.items():
            self.outputs.update({f"{system}.{k}": v for k, v in built.exports().items()})
        self.register_outputs({})

    def _fallbacks(self) -> list[str]:
        """The systems of a cloud stack that run on its own cluster; said in the preview, so that nobody finds out later."""
        found = [s for s in self._order.systems if s in self.stack.spec.chosen() and self._standing.ground(s) == KUBERNETES]
        if self._standing.target == KUBERNETES or not found:
            return []
        rows = ((self._standing.target, system) for system in found)
        words = ", ".join(f"{s} ({'fallback' if r in targets.TABLE and targets.TABLE[r].fallback else 'sent there'})"
                          for s, r in zip(found, rows, strict=True))  # fmt: skip
        pulumi.log.info(f"on this stack's own {self.stack.provisioner} cluster: {words}", self)
        return found

    def _class(self, system: str) -> SystemClass:
        pair = self._standing.pairs.get(system, (self._standing.target, system))
        return cast(SystemClass, targets.find(*pair, self.stack.spec.chosen().get(system)))

    def _here(self, ground: str) -> dict[type, Any]:
        """What is met on a ground."""
        return self._met.setdefault(ground, {})

    def _land(self, ground: str) -> Landing:
        """A ground's landing, made when its first system is; that of an own cluster through the cluster's kubeconfig."""
        if ground not in self._landings:
            there = self._standing.of(ground)
            cluster = None
            if ground == KUBERNETES and self._standing.own:
                cluster = self._offers[OWN_CLUSTER][contracts.KubernetesCluster]
            made = Ground(
                self.stack,
                self.naming,
                {system: self._class(system) for system in self._order.systems if system in there},
                {system: [u for u in used if u in there] for system, used in self._order.uses.items() if system in there},
                self,
                cluster,
            )
            self._landings[ground] = cast(Landing, targets.load(targets.LANDINGS[ground])(made))
        return self._landings[ground]

    def _build(self, system: str) -> None:
        cls = self._class(system)
        config = self.stack.spec.chosen().get(system)
        ground = self._standing.ground(system)
        landing = self._land(ground)
        place = landing.place(system, cls)
        site = Site(
            key=system,
            stack=self.stack,
            config=config,
            naming=self.naming,
            opts=landing.opts,
            namespace=place.namespace,
            role=place.role,
            role_arn=place.role_arn,
            met=self._visible(system, cls),
            consumers=[other for other, used in self._order.uses.items() if system in used],
            ready=list(place.ready),
            own_cluster=self._standing.own,
        )
        if config is not None:
            consumer = self._consumer(landing, system, place.namespace, place.role)
            grants = self._grant(cls.wants(config), consumer, system, self._offered(system))
            site = replace(
                site,
                databases=grants.databases,
                buckets=grants.buckets,
                brokers=grants.brokers,
                ready=[*site.ready, *grants.ready],
            )
        # plan() may add to site.ready, so it runs before the options are made
        args = cls.plan(site)
        built: SystemInstance = cls(
            system, args, pulumi.ResourceOptions.merge(landing.opts, pulumi.ResourceOptions(depends_on=site.ready))
        )
        provided = {type(c): c for c in built.contracts()}
        self._offers[system] = provided
        met = self._here(ground)
        met.update({kind: c for kind, c in provided.items() if kind not in met})
        landing.adopt(provided)
        self._built[system] = built

    def _offered(self, system: str) -> dict[type, Any]:
        """The contracts as this system uses them: from the provider that its `uses` names, else from the first there is."""
        via = dict(self._order.via.get(system, {}))
        ground, row = self._standing.pairs.get(system, (self._standing.target, system))
        met = self._here(ground)
        fact = targets.TABLE[ground, row].of(self.stack.spec.chosen().get(system))
        if fact.engines and "database" not in via and contracts.Database not in self._brought:
            # of several databases the first may be one that it cannot use
            near = [by for by in self._offers if self._standing.ground(by) == ground]
            fits = [by for by in near if self._standing.fact(by).meets("database", fact)]
            via |= {"database": fits[0]} if fits else {}
            if not fits and self.stack.spec.tier is not Tier.TEAM:
                met = {kind: found for kind, found in met.items() if kind is not contracts.Database}
        own = {contracts.CONTRACTS[key]: by for key, by in via.items()}
        return met | {kind: self._offers[by][kind] for kind, by in own.items() if kind in self._offers.get(by, {})}

    def _visible(self, system: str, cls: SystemClass) -> dict[type, Any]:
        """Every contract that the system declared; what it did not declare it cannot use by accident."""
        declared, offered = (*cls.needs, *cls.optional), self._offered(system)
        return {kind: offered[kind] for kind in declared if kind in offered}

    def _consumer(
        self, landing: Landing, name: str, namespace: pulumi.Input[str] | None, role: pulumi.Input[str] | None, prefix: str = ""
    ) -> Consumer:
        return Consumer(name=f"{prefix}{name}", namespace=namespace, role=role, opts=landing.opts)

    def _grant(self, wants: Wants, consumer: Consumer, system: str, offered: dict[type, Any], prefix: str = "") -> TeamGrants:
        """Every database, bucket and topic set that a system asks for, each with its own credential."""
        granted = TeamGrants()
        for database in wants.databases:
            if source := offered.get(contracts.Database):
                granted.databases[database] = source.grant(f"{prefix}{database}", consumer)
        for bucket in wants.buckets:
            if source := offered.get(contracts.ObjectStore):
                granted.buckets[bucket] = source.grant(f"{prefix}{bucket}", consumer)
        if (wants.topics or wants.topic_prefixes) and (source := offered.get(contracts.Broker)):
            granted.brokers[system] = source.grant(list(wants.topics), consumer, list(wants.topic_prefixes))
        granted.ready = list(consumer.ready)
        return granted

    def _grant_team(self, name: str, team: Team) -> TeamGrants:
        """What a team's systems will ask for, granted ahead into the team's own namespace or to its own roles."""
        total = TeamGrants()
        landing, met = self._land(self._standing.target), self._here(self._standing.target)
        for system in team.systems:
            cls = self._class(system)
            default = type(self.stack.spec.systems).model_fields[system].annotation
            config = next(a for a in getattr(default, "__args__", ()) if a is not type(None))()
            place = landing.place(system, cls, team=name)
            consumer = self._consumer(landing, system, place.namespace, place.role, prefix=f"{name}-")
            part = self._grant(cls.wants(config), consumer, system, self._offered(system), prefix=f"{name}-")
            total.databases.update(part.databases)
            total.buckets.update(part.buckets)
            total.brokers.update(part.brokers)
            total.ready += [*place.ready, *part.ready]
        if team.topics and contracts.Broker in met:
            place = landing.place("apps", None, team=name)
            consumer = self._consumer(landing, "apps", place.namespace, place.role, prefix=f"{name}-")
            total.brokers["apps"] = met[contracts.Broker].grant(list(team.topics), consumer)
            total.ready += consumer.ready
        return total
