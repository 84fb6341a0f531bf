"""The cluster's GPUs and queues: declared pools held against the live nodes, the GPU operator, Kueue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi
from pulumi_kubernetes import core, meta

from components.contracts import Certificates, ComputeCluster, Metrics, Wants
from components.kubernetes import chart, crds, gpu_operator, gpus, kueue, objects
from components.kubernetes.place import Compute, Place
from components.mapping.accelerators import DRIVER_ON_NODES
from components.spec.compute import GpuCluster
from components.spec.team import GpuPool, GpuSharing
from components.system import Site

NAMESPACE = kueue.NAMESPACE
QUEUED = ("jupyterhub", "ray")
"""Systems whose own namespace has a queue where they stand."""


@dataclass
class GpuPoolArgs:
    """Nodes with GPUs of one product."""

    accelerator: str
    count: int
    """GPUs of each node."""
    nodes: int
    members: list[str] = field(default_factory=list)
    """Names of the nodes; empty: none is looked at."""


@dataclass
class TeamQuotaArgs:
    """What a team is promised."""

    cpu: str
    memory: str
    gpus: int


@dataclass
class GpuClusterArgs:
    """Pools, how they are shared, and who may use how much."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    issuer: str
    """ClusterIssuer of Kueue's webhook."""
    bundle: str
    """ConfigMap of this namespace with the platform's CA bundle in key ca.crt."""
    pools: dict[str, GpuPoolArgs]
    cpu: str
    """Cores of the shared queue."""
    memory: str
    """Bytes of the shared queue."""
    compute: Compute
    """Of Kueue."""
    namespaces: list[str]
    """Of the platform's own systems that use the shared queue."""
    teams: dict[str, TeamQuotaArgs] = field(default_factory=dict)
    sharing: str = "whole"
    """whole, timeSlice or mig."""
    shares: Optional[int] = None
    """Of each GPU; as gpus.py counts if unset."""
    profile: str = "1g.10gb"
    """MIG profile of every share."""
    operator: str = "managed"
    """GPU operator: managed, existing, off."""
    queue_operator: str = "managed"
    """Kueue: managed or existing."""
    driver: bool = True
    toolkit: bool = True
    monitored: bool = False
    keep_crds: bool = True
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    values: Optional[dict[str, Any]] = None
    """Merged last into the GPU operator's values."""


def sharing(args: GpuClusterArgs) -> GpuSharing:
    """How GPUs are shared."""
    return GpuSharing.model_validate({"mode": args.sharing, "shares": args.shares, "profile": args.profile})


class GpuComputeCluster(pulumi.ComponentResource):
    """The declared GPU pools as workloads use them: checked, shared, divided into queues.

    No node is made here: a cluster of the stack's own is made with them. Each node that a pool names is read in every preview
    and held against the pool's product, GPUs and taint; what contradicts stops the run in words, and what an operator of ours
    has yet to put there is said. The GPU operator brings driver, toolkit, device plugin, feature discovery, MIG manager and DCGM
    exporter, and shares GPUs in one way on every pool; for MIG it is told by a label on each node that a pool names. Kueue has a
    flavor a pool,
    ClusterQueue `mlops-shared`, and one a team with its quota, all in one cohort: what others leave idle may be borrowed and is
    given back. LocalQueue `mlops` stands in each team's namespace (teams.py) and in those of the platform's systems that queue.

    Source: charts gpu-operator (NVIDIA) and kueue. Limits: pools that name no nodes are not looked at; a node that MIG is to cut
    must be free of GPU pods; Kueue looks only at the namespaces of teams and of the systems that queue; notebooks of a team's own
    stack do not queue by themselves; the operator's agents on the nodes are privileged; the driver's container needs kernel
    headers or an image with them.
    """

    needs = (Certificates,)
    optional = (Metrics,)
    provides = (ComputeCluster,)
    tiers = ("all", "platform")
    namespace = NAMESPACE
    security = "privileged"
    webhooks = (8082, 9443)
    # the driver's container fetches the headers of the node's kernel
    internet = True
    essential_type = "kueue.x-k8s.io/v1beta2:ClusterQueue"

    def __init__(self, name: str, args: GpuClusterArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:GpuComputeCluster", name, None, opts)
        self._name, self._args, self._sharing = name, args, sharing(args)
        self._place = Place("cluster", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        self._pools = {key: GpuPool(accelerator=p.accelerator, count=p.count, nodes=p.nodes) for key, p in args.pools.items()}
        for pool, declared in args.pools.items():
            for member in declared.members:
                self._check(pool, member)
        gpu = self._gpu_operator()
        if self._sharing.mode == "mig" and gpu is not None:
            self._cut(gpu)
        self._ready = [*self._queues(self._kueue()), *([gpu] if gpu else [])]
        self.register_outputs({})

    def _check(self, pool: str, node: str) -> None:
        """Reads a node and says what it lacks; raises RunError, in preview too, where it contradicts."""
        found = core.v1.Node.get(f"{self._name}-node-{node}", node, self._place.opts)
        labelled = self._args.operator != "managed"

        def judge(seen: Sequence[Any]) -> None:
            labels, taints, allocatable = seen
            plain = [{"key": getattr(t, "key", None) or (t.get("key") if isinstance(t, Mapping) else None)} for t in taints or ()]
            facts = {"labels": labels, "taints": plain, "allocatable": allocatable}
            errors, notes = gpus.inspect(pool, self._pools[pool], self._sharing, node, facts, labelled)
            for note in notes:
                pulumi.log.warn(note, self)
            if errors:
                raise pulumi.RunError("\n".join(errors))

        known = (found.metadata.labels, found.spec.taints, found.status.allocatable)
        pulumi.Output.all(*known).apply(judge)

    def _gpu_operator(self) -> pulumi.Resource | None:
        args, name, place = self._args, self._name, self._place
        if args.operator == "off":
            return None
        if args.operator == "existing":
            return crds.existing(f"{name}-gpu-operator", "gpu_operator", place.opts)
        return chart.render(
            f"{name}-gpu-operator",
            gpu_operator.CHART,
            gpu_operator.chart_values(self._sharing, args.driver, args.toolkit, args.monitored, args.registry_mirror),
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            keep=args.keep_crds,
            opts=place.opts,
        )

    def _cut(self, operator: pulumi.Resource) -> None:
        """Tells the MIG manager which nodes to cut: a label on each that a pool names."""
        label = {gpu_operator.MIG_LABEL: gpu_operator.CONFIG}
        for pool, declared in self._args.pools.items():
            if not declared.members:
                text = f"name its nodes (members), or label them {gpu_operator.MIG_LABEL}={gpu_operator.CONFIG}"
                pulumi.log.warn(f"mlops:spec.cluster.gpuPools.{pool}: no node of it is cut by MIG yet; {text}", self)
            for member in declared.members:
                metadata = meta.v1.ObjectMetaPatchArgs(name=member, labels=label)
                core.v1.NodePatch(f"{self._name}-mig-{member}", metadata=metadata, opts=self._place.after(operator))

    def _kueue(self) -> pulumi.Resource:
        args, name, place = self._args, self._name, self._place
        if args.queue_operator == "existing":
            return crds.existing(f"{name}-kueue", "kueue", place.opts)
        # a selector of no namespace at all would be refused
        watched = [*args.namespaces, *args.teams] or [NAMESPACE]
        return chart.render(
            f"{name}-kueue",
            kueue.CHART,
            kueue.chart_values(args.issuer, args.bundle, watched, args.compute, args.monitored, args.registry_mirror),
            namespace=args.namespace,
            mirror=args.chart_mirror,
            keep=args.keep_crds,
            opts=place.opts,
        )

    def _queues(self, operator: pulumi.Resource) -> list[pulumi.Resource]:
        args, name, place, resource = self._args, self._name, self._place, gpus.resource(self._sharing)
        after = place.after(operator)

        def flavor(pool: str, spec: Mapping[str, Any]) -> pulumi.Resource:
            return objects.custom(
                f"{name}-flavor-{pool}", place, kueue.FLAVOR, spec, object_name=pool, cluster_scoped=True, opts=after
            )

        flavors = [flavor(kueue.ORDINARY, {})]
        flavors += [
            flavor(kueue.flavor_name(key), kueue.flavor(gpus.product(pool, self._sharing))) for key, pool in self._pools.items()
        ]
        total = {key: gpus.capacity(pool, self._sharing) for key, pool in self._pools.items()}
        given = kueue.divide(total, {team: quota.gpus for team, quota in args.teams.items()})

        def queue(key: str, owner: str, cpu: str, memory: str, namespaces: Sequence[str]) -> pulumi.Resource:
            return objects.custom(
                f"{name}-queue-{key}",
                place,
                kueue.CLUSTER_QUEUE,
                kueue.cluster_queue(cpu, memory, resource, given[owner], namespaces or [NAMESPACE]),
                object_name=key,
                notes=kueue.WAIT_ACTIVE,
                cluster_scoped=True,
                opts=place.after(operator, *flavors),
            )

        shared = queue(kueue.SHARED, kueue.SHARED, args.cpu, args.memory, args.namespaces)
        return [shared, *(queue(kueue.team_queue(t), t, q.cpu, q.memory, [t]) for t, q in sorted(args.teams.items()))]

    @staticmethod
    def wants(config: GpuCluster) -> Wants:
        """Nothing."""
        return Wants()

    @staticmethod
    def plan(site: Site) -> GpuClusterArgs:
        """The spec as constructor arguments. Raises RunError where teams are promised more GPUs than there are."""
        config: GpuCluster = site.config
        certificates, metrics = site.contract(Certificates), site.maybe(Metrics)
        site.ready += [*certificates.ready, *(metrics.ready if metrics else ())]
        spec, shared = site.spec, site.spec.cluster.gpu_sharing
        teams = {name: TeamQuotaArgs(t.quota.cpu, t.quota.memory, t.quota.gpus) for name, t in spec.teams.items()}
        try:
            kueue.divide(
                {name: gpus.capacity(pool, shared) for name, pool in spec.cluster.gpu_pools.items()},
                {name: quota.gpus for name, quota in teams.items()},
            )
        except ValueError as problem:
            raise pulumi.RunError(f"mlops:spec.cluster.gpuPools: {problem}") from None
        chosen = spec.systems.chosen()
        # nodes of the stack's own may come with driver and toolkit
        there = site.own_cluster and site.stack.provisioner in DRIVER_ON_NODES
        return GpuClusterArgs(
            namespace=site.namespace or NAMESPACE,
            labels=site.naming.labels("cluster"),
            issuer=certificates.issuer,
            bundle=certificates.bundle,
            pools={
                name: GpuPoolArgs(pool.accelerator, pool.count, pool.most, list(pool.members))
                for name, pool in spec.cluster.gpu_pools.items()
            },
            cpu=config.cpu,
            memory=config.memory,
            compute=Compute.of(config.resources),
            namespaces=[system for system in QUEUED if system in chosen],
            teams=teams,
            sharing=shared.mode,
            shares=shared.shares,
            profile=shared.profile,
            operator=spec.operators.gpu_operator,
            queue_operator=spec.operators.kueue,
            driver=config.driver and not there,
            toolkit=config.toolkit and not there,
            monitored=metrics is not None,
            keep_crds=spec.operators.keep_crds,
            registry_mirror=spec.registry_mirror,
            chart_mirror=spec.chart_mirror,
            values=config.values,
        )

    def contracts(self) -> Sequence[ComputeCluster]:
        """ComputeCluster: what a share is called, and the queue that workloads name."""
        return [ComputeCluster(gpus.resource(self._sharing), [kueue.QUEUE], self._ready)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The extended resource of a share, and the queue."""
        return {"gpuResource": gpus.resource(self._sharing), "queue": kueue.QUEUE}
