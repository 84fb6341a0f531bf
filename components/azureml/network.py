"""A virtual network whose subnets have no way to the internet, with the private DNS zones of the services behind it."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as azure

from components.azureml.private import zones

DATABASES = "Microsoft.DBforMySQL/flexibleServers"


@dataclass
class PrivateNetworkArgs:
    """One network."""

    group: pulumi.Input[str]
    """Resource group."""
    prefix: str
    """Beginning of the names."""
    region: str
    """Some zones' names hold it."""
    cidr: str
    """IPv4 range, /24 or larger; a quarter a subnet."""


def quarters(cidr: str) -> Sequence[str]:
    """The four quarters of a range. ValueError where `cidr` is no IPv4 range or smaller than a /24."""
    network = ipaddress.ip_network(cidr)
    if network.prefixlen > 24:
        raise ValueError(f"{cidr}: expected a range of /24 or larger")
    return [str(part) for part in network.subnets(prefixlen_diff=2)]


class PrivateNetwork(pulumi.ComponentResource):
    """VirtualNetwork with subnets for workloads, private endpoints and databases, a security group, private DNS zones.

    The fourth quarter of the range is free. No subnet has default outbound access and the security group refuses what
    goes to the internet. Source: Azure Virtual Network documentation, "Default outbound access in Azure".
    """

    network_id: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    workloads_id: pulumi.Output[str]
    endpoints_id: pulumi.Output[str]
    databases_id: pulumi.Output[str]

    def __init__(self, name: str, args: PrivateNetworkArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:PrivateNetwork", name, {}, opts)
        self._name = name
        self._args = args
        self._opts = pulumi.ResourceOptions(parent=self)
        group = self._security_group()
        network = azure.network.VirtualNetwork(
            f"{name}-vnet",
            resource_group_name=args.group,
            virtual_network_name=f"{args.prefix}-network",
            address_space=azure.network.AddressSpaceArgs(address_prefixes=[args.cidr]),
            # subnets are resources of their own; without this an update of the network would take them away
            opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(ignore_changes=["subnets"])),
        )
        workloads, endpoints, databases, _ = quarters(args.cidr)
        first = self._subnet("workloads", workloads, network, group, None)
        second = self._subnet("endpoints", endpoints, network, group, first)
        third = self._subnet("databases", databases, network, group, second, DATABASES)
        self.zone_ids = {zone: self._zone(zone, network) for zone in zones(args.region)}
        self.network_id = network.id
        self.security_group_id = group.id
        self.workloads_id = first.id
        self.endpoints_id = second.id
        self.databases_id = third.id
        self.register_outputs(
            {
                "networkId": self.network_id,
                "securityGroupId": self.security_group_id,
                "workloadsId": self.workloads_id,
                "endpointsId": self.endpoints_id,
                "databasesId": self.databases_id,
            }
        )

    def _security_group(self) -> azure.network.NetworkSecurityGroup:
        out = azure.network.SecurityRuleArgs(
            name="refuse-internet",
            description="Services are reached by private endpoints",
            access="Deny",
            direction="Outbound",
            protocol="*",
            priority=4096,
            source_address_prefix="*",
            source_port_range="*",
            destination_address_prefix="Internet",
            destination_port_range="*",
        )
        return azure.network.NetworkSecurityGroup(
            f"{self._name}-members",
            resource_group_name=self._args.group,
            network_security_group_name=f"{self._args.prefix}-members",
            security_rules=[out],
            opts=self._opts,
        )

    def _subnet(
        self,
        noun: str,
        cidr: str,
        network: azure.network.VirtualNetwork,
        group: azure.network.NetworkSecurityGroup,
        after: azure.network.Subnet | None,
        service: str | None = None,
    ) -> azure.network.Subnet:
        # one after the other: Azure refuses two changes of one network at a time
        later = pulumi.ResourceOptions(depends_on=[after] if after else [])
        return azure.network.Subnet(
            f"{self._name}-{noun}",
            resource_group_name=self._args.group,
            virtual_network_name=network.name,
            subnet_name=noun,
            address_prefix=cidr,
            default_outbound_access=False,
            network_security_group=azure.network.NetworkSecurityGroupArgs(id=group.id),
            private_endpoint_network_policies="NetworkSecurityGroupEnabled",
            delegations=[azure.network.DelegationArgs(name="service", service_name=service)] if service else None,
            opts=pulumi.ResourceOptions.merge(self._opts, later),
        )

    def _zone(self, zone: str, network: azure.network.VirtualNetwork) -> pulumi.Output[str]:
        made = azure.privatedns.PrivateZone(
            f"{self._name}-{zone}",
            resource_group_name=self._args.group,
            private_zone_name=zone,
            location="global",
            opts=self._opts,
        )
        link = azure.privatedns.VirtualNetworkLink(
            f"{self._name}-{zone}",
            resource_group_name=self._args.group,
            private_zone_name=made.name,
            virtual_network_link_name=f"{self._args.prefix}-network",
            location="global",
            registration_enabled=False,
            virtual_network=azure.privatedns.SubResourceArgs(id=network.id),
            opts=self._opts,
        )
        # a server in the network wants its zone linked before it is made
        return pulumi.Output.all(made.id, link.id).apply(lambda both: str(both[0]))
