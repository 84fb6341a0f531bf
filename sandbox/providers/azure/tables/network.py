"""Resource groups, networks, private endpoints and private DNS."""

from __future__ import annotations

from sandbox.providers.azure.arm import ALNUM, DOTTED, GROUP, GROUP_TYPE, Kind, NameRule, kind
from sandbox.providers.cloud.spec import Name, Spec

_NET = "Microsoft.Network"
_RULE = NameRule(1, 80, *DOTTED)
_ZONE = NameRule(3, 253, r"[a-z0-9-]+(\.[a-z0-9-]+)+", "a DNS name of two labels or more")

KINDS = {
    "resources:ResourceGroup": Kind(
        GROUP_TYPE,
        Spec(
            name=Name("resourceGroupName", 260, allowed=r".", joint="", digits=8),
            replace=("location",),
            id=GROUP,
            outputs={"name": "{resourceGroupName}", "type": GROUP_TYPE},
        ),
        NameRule(1, 90),
    ),
    "network:VirtualNetwork": kind(f"{_NET}/virtualNetworks", "virtualNetworkName", NameRule(2, 64, *DOTTED)),
    "network:Subnet": kind(
        f"{_NET}/virtualNetworks/subnets",
        "subnetName",
        _RULE,
        auto="copy",
        path=_NET + "/virtualNetworks/{virtualNetworkName}/subnets/{subnetName}",
    ),
    "network:PublicIPAddress": kind(
        f"{_NET}/publicIPAddresses",
        "publicIpAddressName",
        _RULE,
        outputs={"ipAddress": lambda values: f"203.0.113.{int(values['hash'][:2], 16)}"},
    ),
    "network:NatGateway": kind(f"{_NET}/natGateways", "natGatewayName", _RULE),
    "network:NetworkSecurityGroup": kind(f"{_NET}/networkSecurityGroups", "networkSecurityGroupName", _RULE),
    "network:PrivateEndpoint": kind(
        f"{_NET}/privateEndpoints",
        "privateEndpointName",
        NameRule(2, 64, *DOTTED),
        replace=("subnet", "privateLinkServiceConnections"),
    ),
    "network:PrivateDnsZoneGroup": kind(
        f"{_NET}/privateEndpoints/privateDnsZoneGroups",
        "privateDnsZoneGroupName",
        _RULE,
        auto="copy",
        path=_NET + "/privateEndpoints/{privateEndpointName}/privateDnsZoneGroups/{privateDnsZoneGroupName}",
    ),
    "privatedns:PrivateZone": kind(f"{_NET}/privateDnsZones", "privateZoneName", _ZONE),
    "privatedns:VirtualNetworkLink": kind(
        f"{_NET}/privateDnsZones/virtualNetworkLinks",
        "virtualNetworkLinkName",
        _RULE,
        path=_NET + "/privateDnsZones/{privateZoneName}/virtualNetworkLinks/{virtualNetworkLinkName}",
        replace=("virtualNetwork",),
    ),
    "privatedns:PrivateRecordSet": Kind(
        f"{_NET}/privateDnsZones/records",
        Spec(
            name=Name("relativeRecordSetName", 253, allowed=r".", joint="", digits=8),
            replace=("resourceGroupName", "privateZoneName", "recordType"),
            id=f"{GROUP}/providers/{_NET}/privateDnsZones/{{privateZoneName}}/{{recordType}}/{{relativeRecordSetName}}",
            outputs={"name": "{relativeRecordSetName}", "fqdn": "{relativeRecordSetName}.{privateZoneName}."},
        ),
        NameRule(1, 253, r"[A-Za-z0-9*@._-]+", "a DNS name, * or @"),
        located=False,
    ),
    "containerregistry:Registry": kind(
        "Microsoft.ContainerRegistry/registries",
        "registryName",
        NameRule(5, 50, *ALNUM),
        outputs={"loginServer": "{registryName}.azurecr.io"},
    ),
    "containerregistry:Task": kind(
        "Microsoft.ContainerRegistry/registries/tasks",
        "taskName",
        NameRule(5, 50, r"[A-Za-z0-9_-]+", "letters, digits, dashes and underscores"),
        path="Microsoft.ContainerRegistry/registries/{registryName}/tasks/{taskName}",
    ),
    "containerregistry:CacheRule": kind(
        "Microsoft.ContainerRegistry/registries/cacheRules",
        "cacheRuleName",
        NameRule(5, 50, r"[A-Za-z0-9-]+", "letters, digits and dashes"),
        path="Microsoft.ContainerRegistry/registries/{registryName}/cacheRules/{cacheRuleName}",
        located=False,
    ),
}
