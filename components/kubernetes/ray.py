"""Distributed computing: KubeRay's operator and one Ray cluster with CPU and GPU workers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components import contracts
from components.kubernetes import chart, gpus, kueue, objects, ray_cluster, valkey
from components.kubernetes.place import Compute, Place, image
from components.kubernetes.ray_cluster import GPU_IMAGE, IMAGE, NAME, PORTS, TOKEN, RayWorkersArgs
from components.spec.base import duration_seconds
from components.spec.model import Ray
from components.spec.stack import Environment
from components.system import Site

OPERATOR = chart.Pin("kuberay-operator", "1.7.0", "https://ray-project.github.io/kuberay-helm/", checked="2026-11-23")
OPERATOR_COMPUTE = Compute("100m", "512Mi", "500m")
STORE = "ray-gcs"
BUCKET = "ray"


def operator_values(mirror: str | None) -> dict[str, Any]:
    """Values of KubeRay's chart; it watches its own namespace only, with a Role in place of a ClusterRole."""
    return {
        "singleNamespaceInstall": True,
        "resources": OPERATOR_COMPUTE.spec(),
        "podSecurityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        **({"image": {"repository": image("quay.io/kuberay/operator", mirror)}} if mirror else {}),
    }


@dataclass
class RayPlatformArgs:
    """Arguments of RayPlatform."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    head: Compute
    image: str
    """Of the head."""
    workers: dict[str, RayWorkersArgs]
    idle_seconds: int
    """Workers idle for this long are taken away."""
    storage: str
    """Volume of the store behind the head, in bytes."""
    storage_class: Optional[str] = None
    gpu_resource: str = "nvidia.com/gpu"
    gpu_product: Optional[str] = None
    """Label nvidia.com/gpu.product of the nodes that GPU workers go to; any GPU node if unset."""
    queue: Optional[str] = None
    """ClusterQueue that GPU workers take their shares from; they wait for none if unset."""
    results: Optional[contracts.BucketAccess] = None
    monitored: bool = False
    """Makes PodMonitors."""
    keep_crds: bool = True
    protect: bool = False
    """Refuse to delete the store behind the head."""
    values: Optional[dict[str, Any]] = None
    """Merged last into the spec of the RayCluster."""
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None


class RayPlatform(pulumi.ComponentResource):
    """One Ray cluster that grows and shrinks with its tasks, and whose head may die without taking the jobs along.

    Creates the operator (chart kuberay-operator, its own namespace only), RayCluster `ray` with a head, a group of workers each
    declared one and the in-tree autoscaler, Secret `ray-token` with a generated token that every client presents (RAY_AUTH_MODE
    `token`, RAY_AUTH_TOKEN), a small Valkey with generated password and volume that the head keeps its state in, and PodMonitors
    over nodes and operator. Where the stack has queues for GPUs, GPU workers wait in LocalQueue `mlops`. Tasks find their bucket
    at RESULTS_URL. Jobs go to Service `ray-head-svc`: port 8265 (`ray job submit`), 10001 (ray://).

    Source: KubeRay 1.7.0 (controllers/ray/common/pod.go and service.go, config/samples). Limits: traffic inside the cluster is
    plain, the namespace's NetworkPolicy and the token fence it; pods reach HTTPS anywhere, since jobs bring packages of their
    own; the autoscaler writes the groups' `replicas`, so an update of the RayCluster takes them back to the minimum until it
    looks again; images must carry Ray 2.53.0.
    """

    needs = ()
    optional = (contracts.ObjectStore, contracts.Metrics, contracts.ComputeCluster, contracts.Certificates)
    provides = (contracts.Compute,)
    tiers = ("all", "platform")
    namespace = "ray"
    stateful = True
    internet = True
    essential_type = "ray.io/v1:RayCluster"

    def __init__(self, name: str, args: RayPlatformArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:RayPlatform", name, None, opts)
        self._name, self._args = name, args
        self._place = Place("ray", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        place = self._place
        operator = chart.render(
            f"{name}-operator",
            OPERATOR,
            operator_values(args.registry_mirror),
            namespace=args.namespace,
            mirror=args.chart_mirror,
            keep=args.keep_crds,
            opts=place.opts,
        )
        # made before the cluster and gone after it: the operator empties it when the cluster goes
        store, secret = valkey.valkey(
            f"{name}-store",
            place,
            object_name=STORE,
            storage=args.storage,
            storage_class=args.storage_class,
            protect=args.protect,
        )
        token = objects.password(f"{name}-token", place.opts, 48)
        auth = objects.secret(f"{name}-auth", place, {"auth_token": token.result}, object_name=TOKEN)
        before = [operator, store, auth]
        if args.queue:
            before.append(kueue.local_queue(f"{name}-queue", place, args.queue))
        objects.custom(
            f"{name}-cluster",
            place,
            ray_cluster.CLUSTER,
            chart.merge(self._spec(secret.metadata.name), args.values or {}),
            object_name=NAME,
            notes={
                "pulumi.com/waitFor": "condition=RayClusterProvisioned",
                "pulumi.com/timeoutSeconds": "1200",
                # the autoscaler owns `replicas` inside the list of groups, which is one field to server-side apply
                "pulumi.com/patchForce": "true",
            },
            opts=place.after(*before),
        )
        if args.monitored:
            self._monitor()
        self._host = pulumi.Output.concat(f"{NAME}-head-svc.", args.namespace, ".svc")
        self.register_outputs({})

    def _spec(self, secret: pulumi.Input[str]) -> dict[str, Any]:
        args = self._args
        env, mounts, volumes = ray_cluster.results(args.results) if args.results else ([], [], [])
        queue = kueue.QUEUE if args.queue else None
        groups = [
            ray_cluster.worker_group(group, workers, args.gpu_resource, args.gpu_product, env, mounts, volumes, queue)
            for group, workers in args.workers.items()
        ]
        redis = f"{STORE}:{valkey.PORT}"
        return ray_cluster.cluster_spec(args.head, args.image, groups, args.idle_seconds, redis, secret, env, mounts, volumes)

    def _monitor(self) -> None:
        """PodMonitors over head, workers and operator."""
        cluster = {"sourceLabels": ["__meta_kubernetes_pod_label_ray_io_cluster"], "targetLabel": "ray_io_cluster"}
        targets = {
            "head": ({"ray.io/node-type": "head"}, ("metrics", "as-metrics", "dash-metrics"), [cluster]),
            "workers": ({"ray.io/node-type": "worker"}, ("metrics",), [cluster]),
            "operator": ({"app.kubernetes.io/component": "kuberay-operator"}, ("http",), []),
        }
        for part, (labels, ports, relabelings) in targets.items():
            extra = {"relabelings": relabelings} if relabelings else {}
            spec = {
                "selector": {"matchLabels": labels},
                "podMetricsEndpoints": [{"port": port, "interval": "30s", **extra} for port in ports],
            }
            objects.custom(f"{self._name}-monitor-{part}", self._place, objects.POD_MONITOR, spec, object_name=f"ray-{part}")

    @staticmethod
    def wants(config: Ray) -> contracts.Wants:
        """A bucket for results."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> RayPlatformArgs:
        """The spec as constructor arguments."""
        config: Ray = site.config
        metrics, compute = site.maybe(contracts.Metrics), site.maybe(contracts.ComputeCluster)
        certificates = site.maybe(contracts.Certificates)
        for contract in (metrics, compute, certificates):
            site.ready += contract.ready if contract else ()
        mirror = site.spec.registry_mirror
        return RayPlatformArgs(
            namespace=site.namespace or RayPlatform.namespace,
            labels=site.naming.labels("ray"),
            head=Compute.of(config.resources),
            image=image(config.image or IMAGE, mirror),
            workers={
                name: RayWorkersArgs(
                    w.cpu, w.memory, w.gpus, w.min, max(w.min, w.max), image(w.image or (GPU_IMAGE if w.gpus else IMAGE), mirror)
                )
                for name, w in config.workers.items()
            },
            idle_seconds=duration_seconds(config.idle_timeout),
            storage=config.storage,
            storage_class=config.storage_class or site.spec.cluster.storage_class,
            gpu_resource=compute.gpu_resource if compute else "nvidia.com/gpu",
            gpu_product=gpus.only_product(site.spec.cluster),
            queue=kueue.SHARED if compute and compute.queues else None,
            results=site.buckets.get(BUCKET),
            monitored=metrics is not None,
            keep_crds=site.spec.operators.keep_crds,
            protect=site.spec.environment is Environment.PROD,
            values=config.values,
            registry_mirror=mirror,
            chart_mirror=site.spec.chart_mirror,
        )

    def endpoints(self) -> Sequence[contracts.Endpoint]:
        """Dashboard and job server, behind the single sign-on; they ask for the token too."""
        return [contracts.Endpoint("ray", self._place.namespace, f"{NAME}-head-svc", PORTS["dashboard"])]

    def contracts(self) -> Sequence[Any]:
        """Compute."""
        url = pulumi.Output.concat("http://", self._host, f":{PORTS['dashboard']}")
        return [contracts.Compute(url=url, address=pulumi.Output.concat("ray://", self._host, f":{PORTS['client']}"))]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where jobs are sent, and the Secret with the token."""
        return {
            "url": pulumi.Output.concat("http://", self._host, f":{PORTS['dashboard']}"),
            "address": pulumi.Output.concat("ray://", self._host, f":{PORTS['client']}"),
            "tokenSecret": pulumi.Output.concat(self._place.namespace, f"/{TOKEN}"),
        }
