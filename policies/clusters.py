"""What the rules know of Kubernetes clusters on the three clouds: who reaches their API servers, and with which key they encrypt.

Sources: EKS best practices guide, "Security"; GKE, "Harden your cluster's security"; AKS, "Best practices for cluster security".
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policies.model import UNKNOWN, Finding, Resource, at, items, undecided
from policies.ranges import wide

EKS, NODES = "aws:eks/cluster:Cluster", "aws:ec2/launchTemplate:LaunchTemplate"
GKE, POOL = "gcp:container/cluster:Cluster", "gcp:container/nodePool:NodePool"
AKS = "azure-native:containerservice:ManagedCluster"
DISKS = "azure-native:compute:DiskEncryptionSet"
"""What stands between a key and the disks of machines; it names the key itself."""

KEYS: Mapping[str, Sequence[str]] = {
    EKS: ("encryptionConfig.provider.keyArn",),
    GKE: ("databaseEncryption.keyName",),
    POOL: ("nodeConfig.bootDiskKmsKey",),
    DISKS: ("activeKey.keyUrl",),
    AKS: ("diskEncryptionSetID", "securityProfile.azureKeyVaultKms.keyId"),
}
"""Settings that must name a customer-managed key."""
INSIDE: Mapping[str, Mapping[str, Any]] = {
    EKS: {"vpcConfig.endpointPrivateAccess": (True,)},
    NODES: {"metadataOptions.httpTokens": ("required",)},
    GKE: {
        "privateClusterConfig.enablePrivateNodes": (True,),
        "enableLegacyAbac": (False, None),
        "controlPlaneEndpointsConfig.dnsEndpointConfig.allowExternalTraffic": (False, None),
    },
    AKS: {"disableLocalAccounts": (True,), "aadProfile.enableAzureRBAC": (True,)},
}
"""Settings, and the values that keep a cluster inside the network and behind the cloud's own logins."""
STATEFUL = (EKS, GKE, AKS)
ENDPOINT: Mapping[str, tuple[str, Any, str]] = {
    EKS: ("vpcConfig.endpointPublicAccess", False, "vpcConfig.publicAccessCidrs"),
    GKE: ("privateClusterConfig.enablePrivateEndpoint", True, "masterAuthorizedNetworksConfig.cidrBlocks"),
    AKS: ("apiServerAccessProfile.enablePrivateCluster", True, "apiServerAccessProfile.authorizedIPRanges"),
}
"""(setting that closes the API server, what it must say, or else the ranges that may reach it)."""


def reached(resource: Resource, remedy: str) -> Iterator[Finding]:
    """API servers that are neither private nor closed to all but some ranges."""
    if resource.type not in ENDPOINT:
        return
    setting, private, where = ENDPOINT[resource.type]
    said = at(resource.props, setting)
    if said == private and said is not UNKNOWN:
        return
    given = at(resource.props, where)
    ranges = [UNKNOWN] if given is UNKNOWN else [_cidr(item) for item in items(given)]
    if said is UNKNOWN or UNKNOWN in ranges:
        yield undecided(setting if said is UNKNOWN else where, remedy)
    elif not ranges:
        yield Finding(setting, "the API server answers the whole internet", remedy)
    for item in ranges:
        if item is not UNKNOWN and wide(item):
            yield Finding(where, f'"{item}" is the whole internet', remedy)


def _cidr(item: Any) -> Any:
    return item.get("cidrBlock") if isinstance(item, Mapping) else item
