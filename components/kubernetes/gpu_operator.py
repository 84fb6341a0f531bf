"""NVIDIA's GPU operator: its chart's values, and how GPU sharing is carried to the device plugin and to MIG."""

import json
from typing import Any

from components.kubernetes import chart
from components.kubernetes.gpus import GPU, shares
from components.kubernetes.place import Compute, image
from components.spec.team import GpuSharing

CHART = chart.Pin("gpu-operator", "v26.7.0", "https://helm.ngc.nvidia.com/nvidia", checked="2026-11-23")
CONFIG = "mlops"
"""Name of our configuration of device plugin (the default of every node) and MIG manager (of nodes with MIG_LABEL)."""
MIG_LABEL = "nvidia.com/mig.config"

OPERAND = Compute("10m", "128Mi", "500m")
DRIVER = Compute("100m", "1Gi", "2")
EXPORTER = Compute("25m", "256Mi", "250m")
DISCOVERY = Compute("10m", "128Mi", "200m")

_REPOSITORIES = {
    "operator": "nvcr.io/nvidia",
    "validator": "nvcr.io/nvidia",
    "driver": "nvcr.io/nvidia",
    "toolkit": "nvcr.io/nvidia/k8s",
    "devicePlugin": "nvcr.io/nvidia",
    "dcgmExporter": "nvcr.io/nvidia/k8s",
    "gfd": "nvcr.io/nvidia",
    "migManager": "nvcr.io/nvidia/cloud-native",
}
_MANAGER = "nvcr.io/nvidia/cloud-native"
"""Where the images of the parts that we use stand; behind a mirror below its host."""


def sharing_values(sharing: GpuSharing) -> dict[str, Any]:
    """Values of the chart that say how GPUs are shared; nothing where they are whole."""
    if sharing.mode == "timeSlice":
        slices = {"renameByDefault": False, "resources": [{"name": GPU, "replicas": shares(sharing)}]}
        plugin = {"version": "v1", "sharing": {"timeSlicing": slices}}
        data = {CONFIG: json.dumps(plugin, sort_keys=True)}
        return {"devicePlugin": {"config": {"create": True, "name": "mlops-device-plugin", "default": CONFIG, "data": data}}}
    if sharing.mode == "mig":
        cut = {"devices": "all", "mig-enabled": True, "mig-devices": {sharing.profile: shares(sharing)}}
        whole = {"devices": "all", "mig-enabled": False}
        layouts = {"version": "v1", "mig-configs": {"all-disabled": [whole], CONFIG: [cut]}}
        data = {"config.yaml": json.dumps(layouts, sort_keys=True)}
        return {
            # mixed: a share is called by its profile (nvidia.com/mig-1g.10gb)
            "mig": {"strategy": "mixed"},
            # its default can only be all-disabled (the CRD's enum): nodes are told by a label
            "migManager": {"config": {"create": True, "name": "mlops-mig", "data": data}},
        }
    return {}


def chart_values(sharing: GpuSharing, driver: bool, toolkit: bool, monitored: bool, mirror: str | None) -> dict[str, Any]:
    """Values of the chart, plain."""
    parts = ("validator", "toolkit", "devicePlugin", "gfd", "migManager")
    own: dict[str, Any] = {
        # hooks, which v4.Chart does not run: CRDs go up with the pin, and stay or go as the stack says
        "operator": {"upgradeCRD": False, "cleanupCRD": False},
        **{part: {"resources": OPERAND.spec()} for part in parts},
        "driver": {"enabled": driver, "resources": DRIVER.spec()},
        "dcgmExporter": {"resources": EXPORTER.spec(), "serviceMonitor": {"enabled": monitored, "interval": "30s"}},
        # virtual machines are none of our workloads
        "sandboxWorkloads": {"enabled": False},
        "node-feature-discovery": {
            "postDeleteCleanup": False,
            **{part: {"resources": DISCOVERY.spec()} for part in ("master", "worker", "gc")},
            **({"image": {"repository": image("registry.k8s.io/nfd/node-feature-discovery", mirror)}} if mirror else {}),
        },
    }
    own["toolkit"]["enabled"] = toolkit
    if mirror:
        own = chart.merge(own, {part: {"repository": image(f"{ref}/x", mirror)[:-2]} for part, ref in _REPOSITORIES.items()})
        own["driver"]["manager"] = {"repository": image(f"{_MANAGER}/x", mirror)[:-2]}
    return chart.merge(own, sharing_values(sharing))
