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

_NVIDIA = "nvcr.io/nvidia"
_REPOSITORIES = {
    "": ("operator", "validator", "driver", "devicePlugin", "gfd", "nodeStatusExporter", "sandboxDevicePlugin", "draDriver"),
    "k8s": ("toolkit", "dcgmExporter"),
    "cloud-native": (
        *("migManager", "dcgm", "ccManager", "gdrcopy", "gds", "vfioManager", "vgpuDeviceManager", "kataSandboxDevicePlugin"),
        *("driver.manager", "vfioManager.driverManager", "vgpuManager.driverManager"),
    ),
}
"""Parts of the ClusterPolicy, also those that are off, by the folder below NVIDIA's of their images: moved to a mirror alike."""


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


def _moved(mirror: str) -> dict[str, Any]:
    """Values that take every part's image from a mirror."""
    made: dict[str, Any] = {}
    for folder, parts in _REPOSITORIES.items():
        place = image(f"{_NVIDIA}/{folder}/x" if folder else f"{_NVIDIA}/x", mirror).removesuffix("/x")
        for part in parts:
            first, _, inner = part.partition(".")
            made = chart.merge(made, {first: {inner: {"repository": place}} if inner else {"repository": place}})
    return made


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
        own = chart.merge(own, _moved(mirror))
    return chart.merge(own, sharing_values(sharing))
