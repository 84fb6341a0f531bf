"""The rules on Azure's resources: what is closed passes, one setting changed or left out does not."""

from typing import Any

import pytest

from policies.model import UNKNOWN, Resource
from tests.policies.samples import TAGS, changed
from tests.policies.test_rules import RULES, STRICT, breaks, said

A = "azure-native:"
ACCOUNT = {
    "tags": TAGS, "publicNetworkAccess": "Disabled", "allowSharedKeyAccess": False, "allowBlobPublicAccess": False,
    "enableHttpsTrafficOnly": True, "minimumTlsVersion": "TLS1_2",
    "encryption": {"requireInfrastructureEncryption": True, "keyVaultProperties": {"keyName": "mlops"}},
}  # fmt: skip
VAULT = {
    "tags": TAGS,
    "properties": {"publicNetworkAccess": "Disabled", "enableRbacAuthorization": True, "enablePurgeProtection": True},
}
SERVER = {"tags": TAGS, "network": {"publicNetworkAccess": "Disabled"}, "dataEncryption": {"primaryKeyURI": "https://v/keys/k"}}
NAMESPACE = {
    "tags": TAGS, "publicNetworkAccess": "Disabled", "disableLocalAuth": True, "minimumTlsVersion": "1.2",
    "encryption": {"keyVaultProperties": [{"keyName": "mlops"}]},
}  # fmt: skip
WORKSPACE = {
    "tags": TAGS, "publicNetworkAccess": "Disabled", "managedNetwork": {"isolationMode": "AllowOnlyApprovedOutbound"},
    "encryption": {"keyVaultProperties": {"keyIdentifier": "https://v/keys/k/1"}},
}  # fmt: skip
GRAFANA = {"properties": {"publicNetworkAccess": "Disabled", "apiKey": "Disabled"}}
COMPUTE = {"properties": {"properties": {"enableNodePublicIp": False}}}
RULE = {"access": "Allow", "direction": "Inbound", "sourceAddressPrefix": "10.0.0.0/8"}
GROUP = {"securityRules": [RULE]}
ROLES = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/"
OWNER, CONTRIBUTOR = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "b24988ac-6180-42a0-ab88-20f7382dd24c"
GIVEN = {"roleDefinitionId": f"{ROLES}{CONTRIBUTOR}", "scope": "/subscriptions/s/resourceGroups/g/providers/a/b/c"}

POSTGRES = {**SERVER, "authConfig": {"passwordAuth": "Disabled"}}
SYNAPSE = {
    "tags": TAGS, "publicNetworkAccess": "Disabled", "azureADOnlyAuthentication": True,
    "managedVirtualNetworkSettings": {"preventDataExfiltration": True},
    "encryption": {"cmk": {"key": {"keyVaultUrl": "https://v/keys/k"}}},
}  # fmt: skip
FACTORY = {"tags": TAGS, "publicNetworkAccess": "Disabled", "encryption": {"vaultBaseUrl": "https://v/"}}
PURVIEW = {"tags": TAGS, "publicNetworkAccess": "Disabled", "managedResourcesPublicNetworkAccess": "Disabled"}
APPS = {"tags": TAGS, "publicNetworkAccess": "Disabled", "vnetConfiguration": {"internal": True}}
APP = {"tags": TAGS, "configuration": {"ingress": {"allowInsecure": False}}}
HADOOP = {
    "tags": TAGS,
    "properties": {
        "networkProperties": {"resourceProviderConnection": "Outbound", "privateLink": "Enabled"},
        "diskEncryptionProperties": {"vaultUri": "https://v/"},
        "encryptionInTransitProperties": {"isEncryptionInTransitEnabled": True},
        "minSupportedTlsVersion": "1.2",
    },
}

CASES = [
    ("no-public-access", "dbforpostgresql:Server", POSTGRES, "authConfig.passwordAuth", "Enabled"),
    ("no-public-access", "dbforpostgresql:Server", POSTGRES, "network.publicNetworkAccess", None),
    ("no-public-access", "synapse:Workspace", SYNAPSE, "publicNetworkAccess", "Enabled"),
    ("no-public-access", "synapse:Workspace", SYNAPSE, "azureADOnlyAuthentication", None),
    ("no-public-access", "synapse:Workspace", SYNAPSE, "managedVirtualNetworkSettings.preventDataExfiltration", False),
    ("no-public-access", "datafactory:Factory", FACTORY, "publicNetworkAccess", "Enabled"),
    ("no-public-access", "purview:Account", PURVIEW, "managedResourcesPublicNetworkAccess", "Enabled"),
    ("no-public-access", "machinelearningservices:Registry", {"publicNetworkAccess": "Disabled"}, "publicNetworkAccess", None),
    ("no-public-access", "app:ManagedEnvironment", APPS, "vnetConfiguration.internal", False),
    ("no-public-access", "app:ContainerApp", APP, "configuration.ingress.allowInsecure", True),
    ("no-public-access", "hdinsight:Cluster", HADOOP, "properties.networkProperties.privateLink", "Disabled"),
    ("encrypted-at-rest", "dbforpostgresql:Server", POSTGRES, "dataEncryption", None),
    ("encrypted-at-rest", "synapse:Workspace", SYNAPSE, "encryption", None),
    ("encrypted-at-rest", "datafactory:Factory", FACTORY, "encryption", None),
    ("encrypted-at-rest", "hdinsight:Cluster", HADOOP, "properties.diskEncryptionProperties", None),
    ("encrypted-at-rest", "hdinsight:Cluster", HADOOP, "properties.minSupportedTlsVersion", "1.0"),
    ("encrypted-at-rest", "hdinsight:Cluster", HADOOP, "properties.encryptionInTransitProperties", None),
    ("ownership", "synapse:Workspace", SYNAPSE, "tags", None),
    ("no-public-access", "storage:StorageAccount", ACCOUNT, "publicNetworkAccess", "Enabled"),
    ("no-public-access", "storage:StorageAccount", ACCOUNT, "publicNetworkAccess", None),
    ("no-public-access", "storage:StorageAccount", ACCOUNT, "allowSharedKeyAccess", True),
    ("no-public-access", "keyvault:Vault", VAULT, "properties.publicNetworkAccess", "Enabled"),
    ("no-public-access", "keyvault:Vault", VAULT, "properties.enableRbacAuthorization", False),
    ("no-public-access", "dbformysql:Server", SERVER, "network.publicNetworkAccess", "Enabled"),
    ("no-public-access", "eventhub:Namespace", NAMESPACE, "disableLocalAuth", False),
    ("no-public-access", "machinelearningservices:Workspace", WORKSPACE, "managedNetwork.isolationMode", "Disabled"),
    ("no-public-access", "dashboard:Grafana", GRAFANA, "properties.apiKey", "Enabled"),
    ("no-public-access", "machinelearningservices:Compute", COMPUTE, "properties.properties.enableNodePublicIp", True),
    ("no-public-access", "network:Subnet", {"defaultOutboundAccess": False}, "defaultOutboundAccess", None),
    ("no-public-access", "network:NetworkSecurityGroup", GROUP, "securityRules[0].sourceAddressPrefix", "Internet"),
    ("no-public-access", "network:NetworkSecurityGroup", GROUP, "securityRules[0].sourceAddressPrefix", "0.0.0.0/0"),
    ("no-public-access", "network:SecurityRule", RULE, "sourceAddressPrefix", "*"),
    ("no-public-bucket", "storage:StorageAccount", ACCOUNT, "allowBlobPublicAccess", True),
    ("no-public-bucket", "storage:StorageAccount", ACCOUNT, "allowBlobPublicAccess", None),
    ("no-public-bucket", "storage:BlobContainer", {"publicAccess": "None"}, "publicAccess", "Blob"),
    ("encrypted-at-rest", "storage:StorageAccount", ACCOUNT, "encryption.keyVaultProperties", None),
    ("encrypted-at-rest", "storage:StorageAccount", ACCOUNT, "encryption.requireInfrastructureEncryption", False),
    ("encrypted-at-rest", "storage:StorageAccount", ACCOUNT, "minimumTlsVersion", "TLS1_0"),
    ("encrypted-at-rest", "storage:StorageAccount", ACCOUNT, "minimumTlsVersion", None),
    ("encrypted-at-rest", "keyvault:Vault", VAULT, "properties.enablePurgeProtection", False),
    ("encrypted-at-rest", "dbformysql:Server", SERVER, "dataEncryption", None),
    ("encrypted-at-rest", "eventhub:Namespace", NAMESPACE, "encryption", None),
    ("encrypted-at-rest", "machinelearningservices:Workspace", WORKSPACE, "encryption", None),
    ("no-wildcard-iam", "authorization:RoleAssignment", GIVEN, "roleDefinitionId", f"{ROLES}{OWNER}"),
    ("no-wildcard-iam", "authorization:RoleAssignment", GIVEN, "scope", "/subscriptions/s"),
    ("ownership", "dbformysql:Server", SERVER, "tags", None),
    ("ownership", "resources:ResourceGroup", {"tags": TAGS}, "tags", {"owner": "o"}),
]


@pytest.mark.parametrize(("rule", "type", "good", "path", "value"), CASES, ids=[f"{c[1]}-{c[3]}-{c[4]}" for c in CASES])
def test_one_change_breaks_the_rule(rule: str, type: str, good: dict[str, Any], path: str, value: Any) -> None:
    assert not said(rule, A + type, good)
    assert breaks(rule, A + type, changed(good, path, value))


@pytest.mark.parametrize(
    ("rule", "type", "props"),
    [
        ("no-public-access", "storage:StorageAccount", {**ACCOUNT, "publicNetworkAccess": UNKNOWN}),
        ("no-public-bucket", "storage:StorageAccount", {**ACCOUNT, "allowBlobPublicAccess": UNKNOWN}),
        ("encrypted-at-rest", "eventhub:Namespace", {**NAMESPACE, "minimumTlsVersion": UNKNOWN}),
        ("no-wildcard-iam", "authorization:RoleAssignment", {**GIVEN, "roleDefinitionId": UNKNOWN}),
        ("no-wildcard-iam", "authorization:RoleAssignment", {**GIVEN, "scope": UNKNOWN}),
        ("no-public-access", "network:SecurityRule", {**RULE, "sourceAddressPrefix": UNKNOWN}),
    ],
)
def test_what_preview_does_not_know_is_told_as_undecided(rule: str, type: str, props: dict[str, Any]) -> None:
    (finding,) = said(rule, A + type, props)
    assert finding.undecided


@pytest.mark.parametrize(
    ("type", "path"), [("dbformysql:Server", "administratorLoginPassword"), ("keyvault:Secret", "properties.value")]
)
def test_a_password_must_be_a_secret_of_pulumis(type: str, path: str) -> None:
    props = changed({**SERVER, "properties": {}}, path, "correct-horse")
    assert breaks("no-plain-secret", A + type, props)
    assert not breaks("no-plain-secret", A + type, props, secrets=frozenset({path}))
    assert not breaks("no-plain-secret", A + type, SERVER)


@pytest.mark.parametrize(
    "type", ["storage:StorageAccount", "dbformysql:Server", "keyvault:Key", "machinelearningservices:Workspace"]
)
def test_what_holds_data_is_protected_in_production(type: str) -> None:
    rule = RULES["protected-in-prod"]
    open_, kept = (Resource(A + type, "x", {}, protect=protect) for protect in (False, True))
    assert [finding.path for finding in rule.check(open_, STRICT)] == ["options.protect"]
    assert not list(rule.check(kept, STRICT))


def test_a_key_made_in_the_same_run_is_one_of_the_stack() -> None:
    rule = RULES["encrypted-at-rest"]
    assert rule.check_stack is not None
    made_from = {"dataEncryption": ["urn:pulumi:s::p::azure-native:keyvault:Key::cmk"]}
    props = {**SERVER, "dataEncryption": {"primaryKeyURI": UNKNOWN}}
    ours = Resource(f"{A}dbformysql:Server", "x", props, depends=made_from)
    foreign = Resource(f"{A}dbformysql:Server", "x", props)
    assert not list(rule.check_stack([ours], STRICT))
    assert [finding.undecided for _, finding in rule.check_stack([foreign], STRICT)] == [True]
