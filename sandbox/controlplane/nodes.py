"""The simulated nodes, from a small spec file."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from sandbox.controlplane.api import Api, Object
from sandbox.paths import home

DEFAULT = Path(__file__).with_name("nodes.yaml")
POOL_LABEL = "mlops.dev/pool"
GPU = "nvidia.com/gpu"
DNS_LABEL = r"^[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?$"
QUANTITY = r"^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti)?$"


class NodeSpecError(Exception):
    """The node spec is not usable; one line a problem."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class Taint(_Model):
    """A taint every node of the pool carries."""

    key: str
    value: str = ""
    effect: str = Field(pattern="^(NoSchedule|PreferNoSchedule|NoExecute)$")


class Pool(_Model):
    """Nodes of one kind."""

    name: str = Field(pattern=DNS_LABEL)
    count: int = Field(ge=0, le=100)
    max: int = Field(0, ge=0, le=100)
    """How far the simulated autoscaler may grow the pool for pods that find no room; `count` where it is less."""
    cpu: int = Field(ge=1)
    memory: str = Field(pattern=QUANTITY)
    ephemeral_storage: str = Field("512Gi", pattern=QUANTITY)
    pods: int = Field(250, ge=1)  # as large clusters are set up; the kubelet would stop at 110
    gpus: int = Field(0, ge=0)
    gpu_product: str = "NVIDIA-A10G"
    instance_type: str | None = None
    labels: dict[str, str] = {}
    taints: tuple[Taint, ...] = ()

    def limit(self) -> int:
        """The most nodes that the pool may have."""
        return max(self.count, self.max)

    def machine(self) -> str:
        """The instance type: as given, else one that says what it is."""
        size = f"sandbox-{self.cpu}cpu-{self.memory.lower()}"
        return self.instance_type or (f"{size}-{self.gpus}gpu" if self.gpus else size)


class NodeSpec(_Model):
    """The whole cluster."""

    region: str = Field("sandbox-1", pattern=DNS_LABEL)
    pools: tuple[Pool, ...]


def spec_path() -> Path:
    """The spec in force: home()/nodes.yaml where someone asked for other nodes, else the default."""
    own = home() / "nodes.yaml"
    return own if own.is_file() else DEFAULT


def load(path: Path) -> NodeSpec:
    """Reads a spec file; NodeSpecError names every problem with its path and value."""
    try:
        data = yaml.safe_load(path.read_text())
    except OSError as error:
        raise NodeSpecError(f"{path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise NodeSpecError(f"{path}: not YAML: {error}") from error
    try:
        spec = NodeSpec.model_validate(data)
    except ValidationError as error:
        problems = (
            f"{path}: {'.'.join(str(part) for part in item['loc']) or 'file'}: {item['msg']}, not {item['input']!r}"
            for item in error.errors()
        )
        raise NodeSpecError("\n".join(problems)) from error
    names = [pool.name for pool in spec.pools]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise NodeSpecError(f"{path}: pools: two pools are named {', '.join(doubled)}")
    return spec


def render(spec: NodeSpec, kubernetes_version: str) -> list[Object]:
    """The Node objects, status included, as a kubelet would register them."""
    nodes: list[Object] = []
    for pool in spec.pools:
        for index in range(pool.count):
            nodes.append(node_of(spec.region, pool, index, len(nodes), kubernetes_version))
    return nodes


def node_of(region: str, pool: Pool, index: int, position: int, kubernetes_version: str) -> Object:
    """Node `index` of a pool; `position` among all nodes gives its zone and address."""
    name = f"{pool.name}-{index}"
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "node.kubernetes.io/instance-type": pool.machine(),
        "topology.kubernetes.io/region": region,
        # zones in turn, so that spread constraints have something to spread over
        "topology.kubernetes.io/zone": f"{region}{'abc'[position % 3]}",
        POOL_LABEL: pool.name,
    }
    taints = [taint.model_dump() for taint in pool.taints]
    capacity = {
        "cpu": str(pool.cpu),
        "memory": pool.memory,
        "ephemeral-storage": pool.ephemeral_storage,
        "pods": str(pool.pods),
    }
    if pool.gpus:
        # what NVIDIA's feature discovery and a cloud's GPU pool put on a node
        labels |= {"nvidia.com/gpu.present": "true", "nvidia.com/gpu.product": pool.gpu_product}
        labels["nvidia.com/gpu.count"] = str(pool.gpus)
        taints.append({"key": GPU, "value": "present", "effect": "NoSchedule"})
        capacity[GPU] = str(pool.gpus)
    address = f"10.32.{position // 250}.{position % 250 + 1}"
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels | pool.labels},
        "spec": {"taints": taints} if taints else {},
        "status": {
            "capacity": capacity,
            "allocatable": capacity,
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
            "nodeInfo": {
                "architecture": "amd64",
                "operatingSystem": "linux",
                "osImage": "simulated by KWOK",
                "kubeletVersion": kubernetes_version,
                "containerRuntimeVersion": "simulated://0",
                "kernelVersion": "",
                "kubeProxyVersion": "",
                "machineID": name,
                "systemUUID": name,
                "bootID": name,
            },
        },
    }


def apply(api: Api, spec: NodeSpec, kubernetes_version: str) -> None:
    """Makes the cluster's nodes what the spec says: adds, changes, and removes those of ours that no pool may have."""
    wanted = render(spec, kubernetes_version)
    for node in wanted:
        path = f"/api/v1/nodes/{node['metadata']['name']}"
        api.apply(path, {key: value for key, value in node.items() if key != "status"})
        api.apply(f"{path}/status", node)
    names = {f"{pool.name}-{index}" for pool in spec.pools for index in range(pool.limit())}
    for node in api.items(f"/api/v1/nodes?labelSelector={POOL_LABEL}"):
        if node["metadata"]["name"] not in names:
            api.delete(f"/api/v1/nodes/{node['metadata']['name']}")


def ready(node: Object) -> bool:
    """Ready, and free of the taints that keep pods away from a node that is not."""
    conditions = {item["type"]: item["status"] for item in node["status"].get("conditions", [])}
    tainted = any(taint["key"].startswith("node.kubernetes.io/") for taint in node["spec"].get("taints", []))
    return conditions.get("Ready") == "True" and not tainted
