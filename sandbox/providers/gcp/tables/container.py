"""Google Kubernetes Engine: clusters and node pools (Kubernetes Engine API reference; "VPC-native clusters").

The API server of every cluster is the sandbox's own, so that what is sent to it is judged by a real one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.providers.cloud.own import api_server
from sandbox.providers.cloud.spec import Json, Name, Spec
from sandbox.providers.gcp.spec import COMMON, GcpSpec, at

_NAME40 = r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?"
Exists = Callable[[str, str], bool]


def _address(_: Json) -> str:
    return api_server()[0].removeprefix("https://")


def _authority(_: Json) -> dict[str, Any]:
    issue = {"issueClientCertificate": False}
    return {"clusterCaCertificate": api_server()[1], "clientCertificate": "", "clientCertificateConfig": issue}


def _cluster(inputs: Json, exists: Exists) -> str | None:
    if not api_server()[0]:
        return "the sandbox's control plane is not there, which a simulated cluster stands on: `mlops sandbox up`"
    if at(inputs, "privateClusterConfig", "enablePrivateEndpoint") and not inputs.get("masterAuthorizedNetworksConfig"):
        return "privateClusterConfig.enablePrivateEndpoint: master authorized networks must be enabled"
    pool = at(inputs, "workloadIdentityConfig", "workloadPool")
    if pool and not str(pool).endswith(".svc.id.goog"):
        return f'workloadIdentityConfig.workloadPool: "{pool}": expected <project>.svc.id.goog'
    return None


def _pool(inputs: Json, exists: Exists) -> str | None:
    sizes = inputs.get("autoscaling") or {}
    if sizes and int(sizes.get("totalMinNodeCount", 0)) > int(sizes.get("totalMaxNodeCount", 1)):
        return "autoscaling: the fewest nodes are more than the most"
    return None


TYPES: dict[str, Spec] = {
    "gcp:container/cluster:Cluster": GcpSpec(
        name=Name("name", 40, lower=True, allowed=r"[a-z0-9-]"),
        replace=(
            "project", "location", "network", "subnetwork", "networkingMode", "datapathProvider", "ipAllocationPolicy",
            "privateClusterConfig.masterIpv4CidrBlock", "privateClusterConfig.enablePrivateNodes", "initialNodeCount",
        ),
        id="projects/{project}/locations/{place}/clusters/{name}",
        patterns={"name": _NAME40},
        references={"network": "network", "subnetwork": "subnetwork", "nodeConfig.serviceAccount": "service account"},
        keys={"databaseEncryption.keyName": "container-engine-robot", "nodeConfig.bootDiskKmsKey": "compute-system"},
        choices={
            "datapathProvider": ("LEGACY_DATAPATH", "ADVANCED_DATAPATH"),
            "databaseEncryption.state": ("ENCRYPTED", "DECRYPTED", "ALL_OBJECTS_ENCRYPTION_ENABLED"),
            "releaseChannel.channel": ("RAPID", "REGULAR", "STABLE", "EXTENDED", "UNSPECIFIED"),
        },
        rule=_cluster,
        outputs={**COMMON, "endpoint": _address, "masterAuth": _authority, "masterVersion": "simulated", "location": "{place}"},
    ),
    "gcp:container/nodePool:NodePool": GcpSpec(
        name=Name("name", 40, lower=True, allowed=r"[a-z0-9-]"),
        replace=("project", "location", "cluster", "nodeConfig.guestAccelerators", "nodeConfig.spot", "initialNodeCount"),
        id="{cluster}/nodePools/{name}",
        patterns={"name": _NAME40},
        references={"cluster": "GKE cluster", "nodeConfig.serviceAccount": "service account"},
        keys={"nodeConfig.bootDiskKmsKey": "compute-system"},
        choices={"nodeConfig.taints.effect": ("NO_SCHEDULE", "PREFER_NO_SCHEDULE", "NO_EXECUTE")},
        rule=_pool,
        outputs={"project": "{project}", "version": "simulated"},
    ),
}  # fmt: skip
