"""Kueue: its chart's values, and the flavors and queues that divide the pools among the platform and its teams."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.kubernetes import chart, objects
from components.kubernetes.gpus import GPU, PRODUCT
from components.kubernetes.place import Compute, Place, image

CHART = chart.Pin("kueue", "0.19.2", "oci://registry.k8s.io/kueue/charts/kueue", checked="2026-11-23")
VERSION = "v0.19.2"
NAMESPACE = "compute"
API = "kueue.x-k8s.io/v1beta2"
FLAVOR = (API, "ResourceFlavor")
CLUSTER_QUEUE = (API, "ClusterQueue")
LOCAL_QUEUE = (API, "LocalQueue")
WAIT_ACTIVE = {"pulumi.com/waitFor": "condition=Active"}

QUEUE = "mlops"
"""Name of the LocalQueue in every namespace that has one: what workloads write in label kueue.x-k8s.io/queue-name."""
LABEL = "kueue.x-k8s.io/queue-name"
SHARED = "mlops-shared"
"""ClusterQueue of what the teams were not promised."""
COHORT = "mlops"
ORDINARY = "ordinary"
"""Flavor of cores and memory, on any node."""

FRAMEWORKS = (
    "batch/job",
    "jobset.x-k8s.io/jobset",
    "pod",
    "ray.io/raycluster",
    "ray.io/rayjob",
    "ray.io/rayservice",
    "trainer.kubeflow.org/trainjob",
)


def team_queue(team: str) -> str:
    """ClusterQueue of a team."""
    return f"team-{team}"


def manager_configuration(namespaces: Sequence[str]) -> str:
    """Kueue's own configuration (JSON is YAML): it looks at pods of `namespaces` alone, and there at those that name a queue."""
    places = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": sorted(namespaces)}
    config = {
        "apiVersion": "config.kueue.x-k8s.io/v1beta2",
        "kind": "Configuration",
        "health": {"healthProbeBindAddress": ":8081"},
        "metrics": {"bindAddress": ":8443", "enableClusterQueueResources": True},
        "webhook": {"port": 9443},
        "leaderElection": {"leaderElect": True, "resourceName": "c1f6bfd2.kueue.x-k8s.io"},
        "controller": {"groupKindConcurrency": {"Job.batch": 5, "Pod": 5, "Workload.kueue.x-k8s.io": 10}},
        "clientConnection": {"qps": 300, "burst": 500},
        "manageJobsWithoutQueueName": False,
        # its webhooks fail closed: other namespaces must not wait for it
        "managedJobsNamespaceSelector": {"matchExpressions": [places]},
        "integrations": {"frameworks": list(FRAMEWORKS)},
    }
    return json.dumps(config, indent=1)


def chart_values(
    issuer: str, bundle: str, namespaces: Sequence[str], compute: Compute, monitored: bool, mirror: str | None
) -> dict[str, Any]:
    """Values of the chart, plain; `bundle` is the ConfigMap with the CA of its own metrics' certificate, in its namespace."""
    verified = {
        "insecureSkipVerify": False,
        "serverName": f"kueue-controller-manager-metrics-service.{NAMESPACE}.svc",
        "ca": {"configMap": {"name": bundle, "key": "ca.crt"}},
    }
    return {
        "fullnameOverride": "kueue",
        "enableCertManager": True,
        "certManager": {"issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": issuer}},
        "enablePrometheus": monitored,
        "metrics": {"prometheusNamespace": "monitoring", "serviceMonitor": {"tlsConfig": verified}},
        "controllerManager": {
            "manager": {
                # the chart in git points at staging images; the published one at these
                "image": {
                    "repository": image("registry.k8s.io/kueue/kueue", mirror),
                    "tag": VERSION,
                    "pullPolicy": "IfNotPresent",
                },
                "resources": compute.spec(),
            },
        },
        "managerConfig": {"controllerManagerConfigYaml": manager_configuration(namespaces)},
    }


def flavor_name(pool: str) -> str:
    """ResourceFlavor of a pool."""
    return f"gpu-{pool}"


def flavor(product: str) -> dict[str, Any]:
    """A pool's flavor: its workloads go to the nodes of that product and tolerate their taint."""
    return {
        "nodeLabels": {PRODUCT: product},
        "tolerations": [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}],
    }


def divide(pools: Mapping[str, int], wanted: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Shares of each pool by owner: the teams' promises in order of name, pool after pool; what is left is SHARED's.

    Raises ValueError where the teams were promised more than there is.
    """
    left, given = dict(pools), {}
    for owner in sorted(wanted):
        need, given[owner] = wanted[owner], dict.fromkeys(pools, 0)
        for pool in pools:
            taken = min(need, left[pool])
            given[owner][pool] = taken
            left[pool] -= taken
            need -= taken
        if need:
            raise ValueError(f"teams are promised {sum(wanted.values())} GPUs, the pools have {sum(pools.values())}")
    return {**given, SHARED: left}


def local_queue(name: str, place: Place, owner: str, opts: pulumi.ResourceOptions | None = None) -> pulumi.Resource:
    """LocalQueue `mlops` of the place's namespace, which feeds the ClusterQueue `owner` (SHARED, or a team's)."""
    spec = {"clusterQueue": owner}
    return objects.custom(name, place, LOCAL_QUEUE, spec, object_name=QUEUE, notes=WAIT_ACTIVE, opts=opts)


def cluster_queue(cpu: str, memory: str, gpu_resource: str, gpus: Mapping[str, int], namespaces: Sequence[str]) -> dict[str, Any]:
    """A ClusterQueue's spec: `gpus` are its shares by pool. What others of the cohort leave idle it may borrow."""
    ordinary = [{"name": "cpu", "nominalQuota": cpu}, {"name": "memory", "nominalQuota": memory}]
    groups: list[dict[str, Any]] = [
        {"coveredResources": ["cpu", "memory"], "flavors": [{"name": ORDINARY, "resources": ordinary}]}
    ]
    if gpus:
        flavors = [
            {"name": flavor_name(pool), "resources": [{"name": gpu_resource, "nominalQuota": n}]} for pool, n in gpus.items()
        ]
        groups.append({"coveredResources": [gpu_resource], "flavors": flavors})
    places = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": sorted(namespaces)}
    return {
        "cohortName": COHORT,
        "namespaceSelector": {"matchExpressions": [places]},
        "queueingStrategy": "BestEffortFIFO",
        "preemption": {"reclaimWithinCohort": "Any", "withinClusterQueue": "LowerPriority"},
        "resourceGroups": groups,
    }
