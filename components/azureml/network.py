"""A virtual network whose subnets have no way to the internet, with the private DNS zones of the services behind it."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_azure_native as azure

from components.azureml.private import zones
from components.azureml.surroundings import SUBNETS

DATABASES = "Microsoft.DBforMySQL/flexibleServers"
LEAST = 27
"""Longest prefix of a subnet that a system has for itself (Azure Container Apps documentation, "Subnet")."""


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
    groups: list[str] = field(default_factory=list)
    """Subresources of private.OWN_ZONES whose zones it has too."""
    owners: list[str] = field(default_factory=list)
    """Systems with a subnet of their own (surroundings.SUBNETS)."""


def quarters(cidr: str) -> Sequence[str]:
    """The four quarters of a range. ValueError where `cidr` is no IPv4 range or smaller than a /24."""
    network = ipaddress.IPv4Network(cidr)
    if network.prefixlen > 24:
        raise ValueError(f"{cidr}: expected a range of /24 or larger")
    return [str(part) for part in network.subnets(prefixlen_diff=2)]


def own_range(cidr: str, system: str) -> str:
    """The range of a system's own subnet: an eighth of the last quarter. RunError where that is too small a one."""
    last = ipaddress.IPv4Network(quarters(cidr)[3])
    eighths = list(last.subnets(prefixlen_diff=3))
    if eighths[0].prefixlen > LEAST:
        raise pulumi.RunError(
            f'mlops:spec.cloud.network.cidr: "{cidr}": too small for {system}, which has a subnet of its own; '
            f"expected a range of /{LEAST - 5} or larger"
        )
    return str(eighths[list(SUBNETS).index(system)])


class PrivateNetwork(pulumi.ComponentResource):
    """VirtualNetwork with subnets for workloads, private endpoints and databases, a security group, private DNS zones.

    The fourth quarter of the range is for systems that want a subnet to themselves: such a one goes out by a NAT gateway,
    and its security group lets it reach the services that it cannot do without and nothing else. No subnet has default
    outbound access and the members' group refuses what goes to the internet. Source: Azure Virtual Network documentation,
    "Default outbound access in Azure", "Virtual network service tags".
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
        self.own_ids = self._owners(network, third)
        self.zone_ids = {zone: self._zone(zone, network) for zone in zones(args.region, args.groups)}
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
        out = _rule("refuse-internet", "Services are reached by private endpoints", "Deny", 4096, "Internet", "*")
        return azure.network.NetworkSecurityGroup(
            f"{self._name}-members",
            resource_group_name=self._args.group,
            network_security_group_name=f"{self._args.prefix}-members",
            security_rules=[out],
            opts=self._opts,
        )

    def _owners(self, network: azure.network.VirtualNetwork, after: azure.network.Subnet) -> dict[str, pulumi.Output[str]]:
        """Ids of the subnets of systems that want one for themselves, with one NAT gateway for all."""
        found: dict[str, pulumi.Output[str]] = {}
        nat = self._nat() if self._args.owners else None
        for system in self._args.owners:
            own = SUBNETS[system]
            rules = [
                _rule(
                    f"reach-{tag.replace('.', '-').lower()}", "What it cannot do without", "Allow", 100 + 10 * number, tag, "443"
                )
                for number, tag in enumerate(own.reaches)
            ]
            group = azure.network.NetworkSecurityGroup(
                f"{self._name}-{system}",
                resource_group_name=self._args.group,
                network_security_group_name=f"{self._args.prefix}-{system}",
                security_rules=[*rules, _rule("refuse-internet", "Nothing else of it", "Deny", 4096, "Internet", "*")],
                opts=self._opts,
            )
            cidr = own_range(self._args.cidr, system)
            after = self._subnet(system, cidr, network, group, after, own.delegation, nat, offers=own.offers)
            found[system] = after.id
        return found

    def _nat(self) -> azure.network.NatGateway:
        """The way out, which lets nothing in."""
        address = azure.network.PublicIPAddress(
            f"{self._name}-out",
            resource_group_name=self._args.group,
            public_ip_address_name=f"{self._args.prefix}-out",
            public_ip_allocation_method="Static",
            sku=azure.network.PublicIPAddressSkuArgs(name="Standard", tier="Regional"),
            opts=self._opts,
        )
        return azure.network.NatGateway(
            f"{self._name}-out",
            resource_group_name=self._args.group,
            nat_gateway_name=f"{self._args.prefix}-out",
            sku=azure.network.NatGatewaySkuArgs(name="Standard"),
            public_ip_addresses=[azure.network.SubResourceArgs(id=address.id)],
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
        nat: azure.network.NatGateway | None = None,
        offers: bool = False,
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
            nat_gateway=azure.network.SubResourceArgs(id=nat.id) if nat else None,
            private_endpoint_network_policies="NetworkSecurityGroupEnabled",
            private_link_service_network_policies="Disabled" if offers else None,
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


def _rule(name: str, what: str, access: str, priority: int, to: str, port: str) -> azure.network.SecurityRuleArgs:
    """What may go out, or may not."""
    return azure.network.SecurityRuleArgs(
        name=name,
        description=what,
        access=access,
        direction="Outbound",
        protocol="*" if port == "*" else "Tcp",
        priority=priority,
        source_address_prefix="*",
        source_port_range="*",
        destination_address_prefix=to,
        destination_port_range=port,
    )
