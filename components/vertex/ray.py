"""Distributed computing on Google Cloud: a persistent resource of Vertex AI, and Ray clusters on machines like its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.spec.base import quantity_value
from components.spec.model import Ray, RayWorkers
from components.system import Site
from components.vertex import jobs
from components.vertex.identity import on_project
from components.vertex.jobs import VertexGround
from components.vertex.launched import RUN
from components.vertex.launcher import launcher, post, source
from components.vertex.names import dns

SIZES, GIB = (4, 8, 16, 32, 64, 96), 3.75
"""Of n1-standard machines, which Vertex AI takes with GPUs (Vertex AI, "Machine types")."""
GPU = "NVIDIA_TESLA_T4"


@dataclass
class PoolArgs:
    """Machines of one kind."""

    machine_type: str
    least: int
    most: int
    gpus: int = 0
    image: Optional[str] = None


@dataclass
class VertexRayArgs:
    """One persistent resource."""

    ground: VertexGround
    pools: dict[str, PoolArgs] = field(default_factory=dict)
    """Pools by name: those with at least one machine stand."""


class VertexRay(pulumi.ComponentResource):
    """vertex.AiPersistentResource with the stack's pools, and workflow `<stack>-ray` that makes a Ray cluster of them.

    Machines stand in the stack's network, under its key, and run work of the system's account. The provider knows no Ray in a
    persistent resource, so that a cluster is a launch: `gcloud workflows run <ray.launcher> --data '{"name": "ray-1"}'` makes one
    with head and workers, which `ray.init("vertex_ray://…")` reaches; whoever launched it deletes it. Source: Vertex AI, "Create
    a persistent resource", "Create a Ray cluster" (persistentResources.create, raySpec). Limits: pools grow and shrink within
    their bounds, never to none; a group without a least number of workers stands in launched clusters alone.
    """

    resource: pulumi.Output[str]
    workflow: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = ()
    tiers = ("all", "platform")
    essential_type = "gcp:vertex/aiPersistentResource:AiPersistentResource"
    role_service = "aiplatform.googleapis.com"

    def __init__(self, name: str, args: VertexRayArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:VertexRay", name, {}, opts)
        place, mine, vertex = args.ground, pulumi.ResourceOptions(parent=self), gcp.vertex
        works = on_project(f"{name}-run", RUN, place.account, place.project, mine)
        attached = jobs.attachment(name, "ray", place, mine)
        ready = pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(depends_on=[works]))
        standing = {key: pool for key, pool in args.pools.items() if pool.least}
        made = vertex.AiPersistentResource(
            f"{name}-machines",
            name=dns(f"{place.stack}-ray", 63),
            display_name=f"{place.stack} ray",
            project=place.project,
            location=place.region,
            encryption_spec=vertex.AiPersistentResourceEncryptionSpecArgs(kms_key_name=place.kms_key),
            psc_interface_config=vertex.AiPersistentResourcePscInterfaceConfigArgs(network_attachment=attached.id),
            resource_runtime_spec=vertex.AiPersistentResourceResourceRuntimeSpecArgs(
                service_account_spec=vertex.AiPersistentResourceResourceRuntimeSpecServiceAccountSpecArgs(
                    enable_custom_service_account=True
                )
            ),
            resource_pools=[
                vertex.AiPersistentResourceResourcePoolArgs(
                    id=key,
                    replica_count=str(pool.least),
                    autoscaling_spec=vertex.AiPersistentResourceResourcePoolAutoscalingSpecArgs(
                        min_replica_count=str(pool.least), max_replica_count=str(pool.most)
                    )
                    if pool.most > pool.least
                    else None,
                    machine_spec=vertex.AiPersistentResourceResourcePoolMachineSpecArgs(
                        machine_type=pool.machine_type,
                        accelerator_type=GPU if pool.gpus else None,
                        accelerator_count=pool.gpus or None,
                    ),
                    disk_spec=vertex.AiPersistentResourceResourcePoolDiskSpecArgs(boot_disk_type="pd-ssd", boot_disk_size_gb=100),
                )
                for key, pool in sorted(standing.items())
            ],
            opts=ready,
        )
        self.resource = made.name
        self.workflow = launcher(name, "ray", place, _cluster(args, attached.id), [RUN], ready).name
        self.register_outputs({"resource": self.resource, "workflow": self.workflow})

    @staticmethod
    def wants(config: Ray) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> VertexRayArgs:
        """From `systems.ray` of the spec; where no group must stand, one machine of the smallest kind does."""
        config: Ray = site.config
        pools = {key: _pool(group) for key, group in config.workers.items()}
        if not any(pool.least for pool in pools.values()):
            pools["standby"] = PoolArgs(f"n1-standard-{SIZES[0]}", 1, 1)
        return VertexRayArgs(jobs.ground(site), pools=pools)

    def contracts(self) -> Sequence[contracts.Compute]:
        """Nothing that a system needs: a cluster has its address once it is launched."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The machines, and what makes a Ray cluster."""
        return {"resource": self.resource, "launcher": self.workflow}


def _pool(group: RayWorkers) -> PoolArgs:
    cores, gib = quantity_value(group.cpu), quantity_value(group.memory) / 2**30
    size = next((size for size in SIZES if size >= cores and size * GIB >= gib), SIZES[-1])
    return PoolArgs(f"n1-standard-{size}", group.min, max(group.max, group.min), group.gpus, group.image)


def _cluster(args: VertexRayArgs, attached: pulumi.Input[str]) -> pulumi.Output[str]:
    """persistentResources.create with a raySpec: a head, and every group of workers."""
    place = args.ground

    def machines(pool: PoolArgs) -> dict[str, Any]:
        gpus = {"acceleratorType": GPU, "acceleratorCount": pool.gpus} if pool.gpus else {}
        return {"machineType": pool.machine_type, **gpus}

    head = {"id": "head-node", "replicaCount": 1, "machineSpec": {"machineType": f"n1-standard-{SIZES[1]}"}}
    workers = [
        {
            "id": key,
            "machineSpec": machines(pool),
            "replicaCount": max(1, pool.least),
            "autoscalingSpec": {"minReplicaCount": max(1, pool.least), "maxReplicaCount": pool.most},
        }
        for key, pool in sorted(args.pools.items())
    ]
    spec = {
        "raySpec": {"headNodeResourcePoolId": "head-node", "resourcePoolImages": "${job.images}"},
        "serviceAccountSpec": {"enableCustomServiceAccount": True, "serviceAccount": place.account},
    }
    body = {
        "displayName": "${job.name}",
        "resourcePools": [head, *workers],
        "resourceRuntimeSpec": spec,
        "encryptionSpec": jobs.encrypted(place),
        "pscInterfaceConfig": {"networkAttachment": attached},
    }
    images = {key: pool.image for key, pool in sorted(args.pools.items()) if pool.image}
    url = pulumi.Output.concat('${"', jobs.vertex(place, "persistentResources?persistentResourceId="), '" + job.name}')
    return source({"name": "ray", "images": images}, [post(url, body)])
