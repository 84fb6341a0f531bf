"""Subnets of the nodes and the API server of a cluster, and the nodes' way out."""

import ipaddress
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as azure

from components.azureml.identity import Role, assign, named
from components.azureml.place import AzurePlaceArgs

API_SERVER = "Microsoft.ContainerService/managedClusters"
PODS, SERVICES, DNS = "100.64.0.0/16", "100.127.0.0/16", "100.127.0.10"
"""Ranges of pods and Services, overlaid and so nobody else's (RFC 6598; AKS, "Azure CNI Overlay networking")."""


@dataclass
class AksNetworkArgs:
    """Where the cluster stands."""

    network_id: pulumi.Input[str]
    """Id of the virtual network."""
    cidr: str
    """Its range, /20 or larger: the fourth quarter is the cluster's."""
    prefix: str
    principal: pulumi.Input[str]
    """Of the cluster's identity, which puts its load balancers and its API server into the subnets."""
    place: AzurePlaceArgs


def ranges(cidr: str) -> tuple[str, str]:
    """(nodes, API server). ValueError where the network is too small."""
    network = ipaddress.IPv4Network(cidr)
    if network.prefixlen > 20:
        raise ValueError(f"{cidr}: expected a range of /20 or larger")
    quarter = list(network.subnets(prefixlen_diff=2))[3]
    nodes, rest = quarter.subnets(prefixlen_diff=1)
    return str(nodes), str(next(rest.subnets(new_prefix=28)))


class AksNetwork(pulumi.ComponentResource):
    """A subnet for nodes whose only way out is a NAT gateway, and one that the API server is let into.

    Creates a NetworkSecurityGroup (what Azure refuses by default: everything from outside), a PublicIPAddress and NatGateway, two
    Subnets without default outbound access, and the cluster identity's right to join them (Network Contributor on the subnets
    alone). Source: AKS, "Outbound network and FQDN rules", "API Server VNet Integration".
    """

    nodes_id: pulumi.Output[str]
    api_id: pulumi.Output[str]

    def __init__(self, name: str, args: AksNetworkArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AksNetwork", name, {}, opts)
        self._name, self._args = name, args
        self._opts = pulumi.ResourceOptions(parent=self)
        group = azure.network.NetworkSecurityGroup(
            f"{name}-nodes",
            resource_group_name=args.place.group,
            network_security_group_name=named(args.prefix, "nodes", 80),
            opts=self._opts,
        )
        address = azure.network.PublicIPAddress(
            f"{name}-out",
            resource_group_name=args.place.group,
            public_ip_address_name=named(args.prefix, "out", 80),
            sku=azure.network.PublicIPAddressSkuArgs(name="Standard"),
            public_ip_allocation_method="Static",
            opts=self._opts,
        )
        door = azure.network.NatGateway(
            f"{name}-out",
            resource_group_name=args.place.group,
            nat_gateway_name=named(args.prefix, "out", 80),
            sku=azure.network.NatGatewaySkuArgs(name="Standard"),
            public_ip_addresses=[azure.network.SubResourceArgs(id=address.id)],
            idle_timeout_in_minutes=10,
            opts=self._opts,
        )
        nodes, api = ranges(args.cidr)
        first = self._subnet("nodes", nodes, group, door, None)
        second = self._subnet("api-server", api, group, None, first)
        self.nodes_id, self.api_id = self._joined("nodes", first), self._joined("api-server", second)
        self.register_outputs({"nodesId": self.nodes_id, "apiId": self.api_id})

    def _subnet(
        self,
        noun: str,
        cidr: str,
        group: azure.network.NetworkSecurityGroup,
        door: azure.network.NatGateway | None,
        after: azure.network.Subnet | None,
    ) -> azure.network.Subnet:
        # the network's name once its other subnets stand: Azure refuses two changes of one network at a time
        network = pulumi.Output.all(self._args.network_id, self._args.place.databases).apply(lambda ids: ids[0].split("/")[-1])
        service = azure.network.DelegationArgs(name="service", service_name=API_SERVER)
        return azure.network.Subnet(
            f"{self._name}-{noun}",
            resource_group_name=self._args.place.group,
            virtual_network_name=network,
            subnet_name=noun,
            address_prefix=cidr,
            default_outbound_access=False,
            network_security_group=azure.network.NetworkSecurityGroupArgs(id=group.id),
            nat_gateway=azure.network.SubResourceArgs(id=door.id) if door else None,
            delegations=None if door else [service],
            opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[after] if after else [])),
        )

    def _joined(self, noun: str, subnet: azure.network.Subnet) -> pulumi.Output[str]:
        right = assign(f"{self._name}-{noun}", Role.NETWORK_CONTRIBUTOR, self._args.principal, subnet.id, self._opts)
        return pulumi.Output.all(subnet.id, right.id).apply(lambda both: str(both[0]))
