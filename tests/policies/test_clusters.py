"""The rules on Kubernetes clusters of the three clouds: ours pass, one setting changed or left out does not."""

from typing import Any

import pytest

from policies import clusters
from policies.model import UNKNOWN
from tests.policies.samples import changed
from tests.policies.test_rules import breaks, said

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1"
EKS: dict[str, Any] = {
    "vpcConfig": {"endpointPrivateAccess": True, "endpointPublicAccess": False},
    "encryptionConfig": {"provider": {"keyArn": KEY}, "resources": ["secrets"]},
}
OFFICE_EKS: dict[str, Any] = {
    **EKS,
    "vpcConfig": {**EKS["vpcConfig"], "endpointPublicAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]},
}
TEMPLATE = {"metadataOptions": {"httpTokens": "required"}}
GKE = {
    "privateClusterConfig": {"enablePrivateNodes": True, "enablePrivateEndpoint": True},
    "databaseEncryption": {"state": "ENCRYPTED", "keyName": "projects/p/locations/l/keyRings/r/cryptoKeys/k"},
}
OFFICE_GKE = {
    **GKE,
    "privateClusterConfig": {"enablePrivateNodes": True, "enablePrivateEndpoint": False},
    "masterAuthorizedNetworksConfig": {"cidrBlocks": [{"cidrBlock": "203.0.113.0/24"}]},
}
POOL = {"nodeConfig": {"bootDiskKmsKey": "projects/p/locations/l/keyRings/r/cryptoKeys/k"}}
AKS = {
    "disableLocalAccounts": True,
    "aadProfile": {"enableAzureRBAC": True},
    "apiServerAccessProfile": {"enablePrivateCluster": True},
    "diskEncryptionSetID": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/diskEncryptionSets/d",
    "securityProfile": {"azureKeyVaultKms": {"enabled": True, "keyId": "https://v.vault.azure.net/keys/k/1"}},
}
OFFICE_AKS = {**AKS, "apiServerAccessProfile": {"enablePrivateCluster": False, "authorizedIPRanges": ["203.0.113.0/24"]}}
DISKS = {"activeKey": {"keyUrl": "https://v.vault.azure.net/keys/k/1"}}
PUBLIC, ENCRYPTED = "no-public-access", "encrypted-at-rest"

CASES: list[tuple[str, str, dict[str, Any], str, Any]] = [
    (PUBLIC, clusters.EKS, EKS, "vpcConfig.endpointPublicAccess", True),
    (PUBLIC, clusters.EKS, EKS, "vpcConfig.endpointPublicAccess", None),
    (PUBLIC, clusters.EKS, EKS, "vpcConfig.endpointPrivateAccess", False),
    (PUBLIC, clusters.EKS, OFFICE_EKS, "vpcConfig.publicAccessCidrs", ["0.0.0.0/0"]),
    (PUBLIC, clusters.NODES, TEMPLATE, "metadataOptions.httpTokens", "optional"),
    (ENCRYPTED, clusters.EKS, EKS, "encryptionConfig", None),
    (PUBLIC, clusters.GKE, GKE, "privateClusterConfig.enablePrivateEndpoint", False),
    (PUBLIC, clusters.GKE, GKE, "privateClusterConfig.enablePrivateNodes", False),
    (PUBLIC, clusters.GKE, OFFICE_GKE, "masterAuthorizedNetworksConfig.cidrBlocks", [{"cidrBlock": "0.0.0.0/0"}]),
    (ENCRYPTED, clusters.GKE, GKE, "databaseEncryption.keyName", None),
    (ENCRYPTED, clusters.POOL, POOL, "nodeConfig.bootDiskKmsKey", None),
    (PUBLIC, clusters.AKS, AKS, "disableLocalAccounts", False),
    (PUBLIC, clusters.AKS, AKS, "apiServerAccessProfile.enablePrivateCluster", None),
    (PUBLIC, clusters.AKS, OFFICE_AKS, "apiServerAccessProfile.authorizedIPRanges", ["0.0.0.0/0"]),
    (ENCRYPTED, clusters.AKS, AKS, "diskEncryptionSetID", None),
    (ENCRYPTED, clusters.AKS, AKS, "securityProfile.azureKeyVaultKms", None),
    (ENCRYPTED, clusters.DISKS, DISKS, "activeKey", None),
]


@pytest.mark.parametrize(("rule", "type", "good", "path", "value"), CASES, ids=[f"{c[1]}-{c[3]}-{c[4]}" for c in CASES])
def test_one_change_breaks_the_rule(rule: str, type: str, good: dict[str, Any], path: str, value: Any) -> None:
    assert not said(rule, type, good)
    assert breaks(rule, type, changed(good, path, value))


def test_an_endpoint_that_preview_does_not_know_is_not_judged_as_closed() -> None:
    (found,) = said(PUBLIC, clusters.EKS, changed(OFFICE_EKS, "vpcConfig.publicAccessCidrs", UNKNOWN))
    assert found.undecided
