"""AKS as a stack's own cluster: Entra logins alone, inside the network, encrypted by our keys."""

import json
from pathlib import Path

import pytest

from components.azureml.aks_network import ranges
from components.azureml.identity import Role
from components.platform import Platform
from tests.unit.azure_stack import identity, roles
from tests.unit.own_cluster_stack import made_by
from tests.unit.recording import Recording

CLUSTER, POOL = "azure-native:containerservice:ManagedCluster", "azure-native:containerservice:AgentPool"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Recording[Platform]:
    return made_by(tmp_path_factory.mktemp("aks"), "aks")


def test_nobody_logs_in_but_by_entra_and_nobody_from_outside(made: Recording[Platform]) -> None:
    cluster = made.one(CLUSTER).inputs
    assert cluster["disableLocalAccounts"] is True and cluster["enableRBAC"] is True
    assert cluster["aadProfile"]["enableAzureRBAC"] is True and cluster["aadProfile"]["managed"] is True
    api = cluster["apiServerAccessProfile"]
    assert api["enablePrivateCluster"] is True and api["enablePrivateClusterPublicFQDN"] is False
    assert api["disableRunCommand"] is True and "authorizedIPRanges" not in api
    network = cluster["networkProfile"]
    assert (network["networkPolicy"], network["networkDataplane"]) == ("cilium", "cilium")
    assert network["outboundType"] == "userAssignedNATGateway"
    assert cluster["oidcIssuerProfile"] == {"enabled": True}
    assert cluster["securityProfile"]["workloadIdentity"] == {"enabled": True}


def test_secrets_and_disks_are_encrypted_by_keys_of_the_stack(made: Recording[Platform]) -> None:
    cluster = made.one(CLUSTER).inputs
    kms = cluster["securityProfile"]["azureKeyVaultKms"]
    assert kms["enabled"] is True and kms["keyVaultNetworkAccess"] == "Private" and "/keys/" in kms["keyId"]
    key = made.one("azure-native:keyvault:Key", "own-cluster-secrets").inputs["properties"]
    assert key["keyOps"] == ["encrypt", "decrypt"]
    assert cluster["diskEncryptionSetID"].endswith("-cluster-disks")
    disks = made.one("azure-native:compute:DiskEncryptionSet").inputs
    assert disks["encryptionType"] == "EncryptionAtRestWithCustomerKey" and disks["rotationToLatestKeyVersionEnabled"] is True
    pools = [*cluster["agentPoolProfiles"], made.one(POOL).inputs]
    assert all(pool["enableEncryptionAtHost"] is True and pool["enableNodePublicIP"] is False for pool in pools)


def test_the_clusters_identity_may_do_only_what_it_needs(made: Recording[Platform]) -> None:
    _, principal = identity(made, "own-cluster-identity")
    given = set(roles(made, principal).values())
    wanted = {Role.NETWORK_CONTRIBUTOR, Role.READER, Role.CRYPTO_USER, Role.VAULT_CONTRIBUTOR}
    assert given == {role.value for role in wanted}
    scopes = [r.inputs["scope"] for r in made.all("RoleAssignment") if r.inputs["principalId"] == principal]
    assert all("/providers/" in scope for scope in scopes)  # resources, never a group or a subscription


def test_ranges_of_the_office_are_let_in_and_nobody_else(tmp_path: Path) -> None:
    api = made_by(tmp_path, "aks", "  allowedRanges: [203.0.113.0/24]").one(CLUSTER).inputs["apiServerAccessProfile"]
    assert api["enablePrivateCluster"] is False and api["authorizedIPRanges"] == ["203.0.113.0/24"]


def test_production_is_protected(tmp_path: Path) -> None:
    assert made_by(tmp_path, "aks", more="environment: prod").one(CLUSTER).protect


def test_a_pool_is_that_size_with_taint_and_labels_and_no_driver(made: Recording[Platform]) -> None:
    pool = made.one(POOL).inputs
    assert pool["vmSize"] == "Standard_NC48ads_A100_v4" and pool["scaleSetPriority"] == "Spot"
    assert (pool["minCount"], pool["count"], pool["maxCount"]) == (0, 1, 3)
    assert pool["nodeTaints"] == ["nvidia.com/gpu=present:NoSchedule"]
    assert pool["nodeLabels"]["nvidia.com/gpu.product"] == "NVIDIA-A100-80GB-PCIe"
    assert pool["gpuProfile"] == {"driver": "None"}


def test_the_kubeconfig_logs_in_by_kubelogin(made: Recording[Platform]) -> None:
    provider = made.one("pulumi:providers:kubernetes")
    assert "kubeconfig" in provider.secrets
    config = json.loads(provider.inputs["kubeconfig"])
    assert set(config["users"][0]["user"]) == {"exec"} and config["users"][0]["user"]["exec"]["command"] == "kubelogin"
    assert config["clusters"][0]["cluster"]["server"] == "https://own-cluster.example"
    assert "diskEncryptionSetID" in made.one("StorageClass").inputs["parameters"]


def test_the_clusters_ranges_are_the_fourth_quarter() -> None:
    assert ranges("10.64.0.0/16") == ("10.64.192.0/19", "10.64.224.0/28")
