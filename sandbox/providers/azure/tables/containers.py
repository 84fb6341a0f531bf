"""Azure Kubernetes Service, and what its nodes need: disk encryption sets, NAT gateways, public addresses.

The API server of every cluster is the sandbox's own, so that what is sent to it is judged by a real one.
"""

from __future__ import annotations

from typing import Any

from sandbox.providers.azure.arm import DOTTED, WORDS, NameRule, kind
from sandbox.providers.azure.shapes import guid

_AKS = "Microsoft.ContainerService/managedClusters"
_NET = "Microsoft.Network"
_POOL = NameRule(1, 12, r"[a-z][a-z0-9]*", "lower-case letters and digits, beginning with a letter")


def _issuer(values: dict[str, Any]) -> str:
    return f"https://{values['location']}.oic.prod-aks.azure.com/{guid(values['id'], 'issuer')}/"


KINDS = {
    "containerservice:ManagedCluster": kind(
        _AKS,
        "resourceName",
        NameRule(1, 63, *WORDS),
        outputs={
            "privateFQDN": "{dnsPrefix}-{hash:.8}.privatelink.{location}.azmk8s.io",
            "azurePortalFQDN": "{dnsPrefix}-{hash:.8}.portal.hcp.{location}.azmk8s.io",
            "currentKubernetesVersion": "simulated",
            "maxAgentPools": 100,
        },
        inside={
            "oidcIssuerProfile.issuerURL": _issuer,
        },
        replace=("dnsPrefix", "diskEncryptionSetID", "networkProfile.networkPluginMode", "networkProfile.podCidr"),
    ),
    "containerservice:AgentPool": kind(
        f"{_AKS}/agentPools",
        "agentPoolName",
        _POOL,
        path=_AKS + "/{resourceName}/agentPools/{agentPoolName}",
        replace=("vmSize", "osDiskSizeGB", "vnetSubnetID", "scaleSetPriority", "capacityReservationGroupID"),
        located=False,
    ),
    "compute:DiskEncryptionSet": kind(
        "Microsoft.Compute/diskEncryptionSets", "diskEncryptionSetName", NameRule(1, 80, *WORDS), replace=("encryptionType",)
    ),
    "network:NatGateway": kind(f"{_NET}/natGateways", "natGatewayName", NameRule(1, 80, *DOTTED)),
    "network:PublicIPAddress": kind(
        f"{_NET}/publicIPAddresses", "publicIpAddressName", NameRule(1, 80, *DOTTED), outputs={"ipAddress": "203.0.113.10"}
    ),
}
