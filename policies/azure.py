"""What the rules know of Azure's resources (pulumi-azure-native), whose defaults are open: what is not said is a breach.

Sources: Azure Policy's built-in definitions and PSRule.Rules.Azure for the settings; Azure RBAC documentation, "Azure built-in
roles", for the roles.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from policies.model import UNKNOWN, Finding, Resource, at, items, undecided
from policies.ranges import wide

OFF = ("Disabled",)
CLOSED: Mapping[str, Mapping[str, Any]] = {
    "azure-native:storage:StorageAccount": {"publicNetworkAccess": OFF, "allowSharedKeyAccess": (False,)},
    "azure-native:keyvault:Vault": {"properties.publicNetworkAccess": OFF, "properties.enableRbacAuthorization": (True,)},
    "azure-native:dbformysql:Server": {"network.publicNetworkAccess": OFF},
    "azure-native:eventhub:Namespace": {"publicNetworkAccess": OFF, "disableLocalAuth": (True,)},
    "azure-native:machinelearningservices:Workspace": {
        "publicNetworkAccess": OFF,
        "managedNetwork.isolationMode": ("AllowOnlyApprovedOutbound", "AllowInternetOutbound"),
    },
    "azure-native:machinelearningservices:OnlineEndpoint": {"properties.publicNetworkAccess": OFF},
    "azure-native:monitor:AzureMonitorWorkspace": {"publicNetworkAccess": OFF},
    "azure-native:monitor:DataCollectionEndpoint": {"networkAcls.publicNetworkAccess": OFF},
    "azure-native:operationalinsights:Workspace": {"publicNetworkAccessForIngestion": OFF, "publicNetworkAccessForQuery": OFF},
    "azure-native:applicationinsights:Component": {"publicNetworkAccessForIngestion": OFF, "publicNetworkAccessForQuery": OFF},
    "azure-native:dashboard:Grafana": {"properties.publicNetworkAccess": OFF, "properties.apiKey": ("Disabled", None)},
    "azure-native:appconfiguration:ConfigurationStore": {"publicNetworkAccess": OFF, "disableLocalAuth": (True,)},
    "azure-native:containerregistry:Registry": {
        "publicNetworkAccess": OFF,
        "adminUserEnabled": (False, None),
        "anonymousPullEnabled": (False, None),
    },
    "azure-native:dbforpostgresql:Server": {
        "network.publicNetworkAccess": OFF,
        "authConfig.passwordAuth": OFF,
    },
    "azure-native:synapse:Workspace": {
        "publicNetworkAccess": OFF,
        "azureADOnlyAuthentication": (True,),
        "managedVirtualNetworkSettings.preventDataExfiltration": (True,),
    },
    "azure-native:datafactory:Factory": {"publicNetworkAccess": OFF},
    "azure-native:purview:Account": {"publicNetworkAccess": OFF, "managedResourcesPublicNetworkAccess": OFF},
    "azure-native:machinelearningservices:Registry": {"publicNetworkAccess": OFF},
    "azure-native:app:ManagedEnvironment": {"vnetConfiguration.internal": (True,), "publicNetworkAccess": OFF},
    "azure-native:app:ContainerApp": {"configuration.ingress.allowInsecure": (False, None)},
    "azure-native:hdinsight:Cluster": {
        "properties.networkProperties.resourceProviderConnection": ("Outbound",),
        "properties.networkProperties.privateLink": ("Enabled",),
    },
    "azure-native:network:Subnet": {"defaultOutboundAccess": (False,)},
    "azure-native:eventhub:NamespaceNetworkRuleSet": {"publicNetworkAccess": OFF, "defaultAction": ("Deny",)},
    "azure-native:machinelearningservices:Compute": {"properties.properties.enableNodePublicIp": (False,)},
}
"""Settings, and the values that keep a resource inside the network and behind Entra."""
BUCKETS: Mapping[str, Mapping[str, Any]] = {
    "azure-native:storage:StorageAccount": {"allowBlobPublicAccess": (False,)},
    "azure-native:storage:BlobContainer": {"publicAccess": ("None", None)},
}
"""Settings of what holds blobs, and the values that open none of it to everybody."""
HOLDING = (
    "storage:StorageAccount", "dbformysql:Server", "eventhub:Namespace", "machinelearningservices:Workspace",
    "monitor:AzureMonitorWorkspace", "appconfiguration:ConfigurationStore", "containerregistry:Registry",
    "dbforpostgresql:Server", "synapse:Workspace", "purview:Account", "machinelearningservices:Registry", "hdinsight:Cluster",
)  # fmt: skip
"""Types that hold data and cost something."""
TAGGED = {
    f"azure-native:{kind}"
    for kind in (
        "resources:ResourceGroup", "network:VirtualNetwork", "keyvault:Vault", "managedidentity:UserAssignedIdentity",
        "dashboard:Grafana", "operationalinsights:Workspace", "machinelearningservices:Compute", "datafactory:Factory",
        "app:ManagedEnvironment", "app:ContainerApp", "machinelearningservices:OnlineEndpoint", *HOLDING,
    )
}  # fmt: skip
"""Types that say whose they are."""
EVERYTHING = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
}
"""Roles that lend any right."""
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
ANYWHERE = {"*", "internet", "any"}
SECRETS = {
    "azure-native:dbformysql:Server": ("administratorLoginPassword",),
    "azure-native:keyvault:Secret": ("properties.value",),
    "azure-native:dbforpostgresql:Server": ("administratorLoginPassword",),
    "azure-native:synapse:Workspace": ("sqlAdministratorLoginPassword",),
}
"""Settings that Azure's SDK does not keep secret by itself."""
REMEDY = "Close it and grant roles on it to named identities"


def open_ranges(resource: Resource, remedy: str) -> Iterator[Finding]:
    """Rules of network security groups that let the internet in."""
    if resource.type == "azure-native:network:NetworkSecurityGroup":
        rules = [(f"securityRules[{index}]", rule) for index, rule in enumerate(items(resource.props.get("securityRules")))]
    elif resource.type == "azure-native:network:SecurityRule":
        rules = [("", resource.props)]
    else:
        return
    for path, rule in rules:
        if at(rule, "access") != "Allow" or at(rule, "direction") != "Inbound":
            continue
        for key in ("sourceAddressPrefix", "sourceAddressPrefixes"):
            for value in items(at(rule, key)):
                where = f"{path}.{key}" if path else key
                if value is UNKNOWN:
                    yield undecided(where, remedy)
                elif str(value).lower() in ANYWHERE or wide(value):
                    yield Finding(where, f'"{value}" is the whole internet', remedy)


def broad_role(resource: Resource, remedy: str) -> Iterator[Finding]:
    """Roles that may do everything, or almost everything in a whole subscription."""
    if resource.type != "azure-native:authorization:RoleAssignment":
        return
    role, scope = resource.props.get("roleDefinitionId"), resource.props.get("scope")
    if role is UNKNOWN:
        yield undecided("roleDefinitionId", remedy)
        return
    guid = str(role).rpartition("/")[2].lower()
    if guid in EVERYTHING:
        yield Finding("roleDefinitionId", f"{EVERYTHING[guid]} lends any right", remedy)
    elif guid == CONTRIBUTOR and scope is UNKNOWN:
        yield undecided("scope", remedy)
    elif guid == CONTRIBUTOR and "/resourcegroups/" not in str(scope).lower():
        yield Finding("scope", "Contributor of a whole subscription", remedy)


def plain_secrets(resource: Resource, remedy: str) -> Iterator[Finding]:
    """Values that must be Pulumi secrets."""
    for path in SECRETS.get(resource.type, ()):
        if at(resource.props, path) not in (None, "") and not resource.is_secret(path):
            yield Finding(path, "a credential that Pulumi does not keep secret", remedy)
