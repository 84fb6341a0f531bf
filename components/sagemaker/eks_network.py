"""Subnets of the nodes of a cluster, and their way out."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass
class EksNetworkArgs:
    """Where the nodes stand."""

    network_id: pulumi.Input[str]
    """VPC."""
    cidr: str
    """IPv4 range of the VPC, /20 or larger: its fourth quarter is the cluster's."""
    zones: int
    """Availability zones, 2 or 3."""
    prefix: str
    """Beginning of the names."""
    production: bool
    """A way out in each zone, so that the loss of one leaves the others."""


def ranges(cidr: str, zones: int) -> tuple[list[str], list[str]]:
    """(a range a zone for nodes, a range a zone for the ways out). ValueError where the network is too small."""
    network = ipaddress.IPv4Network(cidr)
    if network.prefixlen > 20 or zones > 3:
        raise ValueError(f"{cidr}, {zones} zones: expected a range of /20 or larger and at most 3 zones")
    quarter = list(network.subnets(prefixlen_diff=2))[3]
    *nodes, out = quarter.subnets(prefixlen_diff=2)
    return [str(part) for part in nodes[:zones]], [str(part) for part in list(out.subnets(new_prefix=28))[:zones]]


class EksNetwork(pulumi.ComponentResource):
    """A private subnet a zone for nodes and pods, NAT gateways by which they get images and nobody gets in.

    Creates an InternetGateway, a subnet of /28 with a NatGateway (one; in production one a zone) that holds nothing else, private
    subnets with a RouteTable each. No machine has a public address. Source: EKS user guide, "Amazon EKS networking
    requirements for VPC and subnets"; VPC user guide, "NAT gateways".
    """

    subnet_ids: pulumi.Output[Sequence[str]]

    def __init__(self, name: str, args: EksNetworkArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:EksNetwork", name, {}, opts)
        self._name, self._args = name, args
        self._opts = pulumi.ResourceOptions(parent=self)
        self._zones = aws.get_availability_zones_output(state="available", opts=pulumi.InvokeOutputOptions(parent=self)).names
        nodes, out = ranges(args.cidr, args.zones)
        gateway = aws.ec2.InternetGateway(f"{name}-internet", vpc_id=args.network_id, tags=self._tag("out"), opts=self._opts)
        public = aws.ec2.RouteTable(f"{name}-out", vpc_id=args.network_id, tags=self._tag("out"), opts=self._opts)
        way = aws.ec2.Route(
            f"{name}-out",
            route_table_id=public.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=self._opts,
        )
        after = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[way]))
        doors = [self._nat(i, cidr, public, after) for i, cidr in enumerate(out[: args.zones if args.production else 1])]
        subnets = [self._private(i, cidr, doors[i % len(doors)]) for i, cidr in enumerate(nodes)]
        self.subnet_ids = pulumi.Output.all(*subnets).apply(lambda ids: [str(id) for id in ids])
        self.register_outputs({"subnetIds": self.subnet_ids})

    def _tag(self, part: str) -> dict[str, str]:
        return {"Name": f"{self._args.prefix}-cluster-{part}"}

    def _subnet(self, noun: str, index: int, cidr: str, table: aws.ec2.RouteTable, tags: dict[str, str]) -> aws.ec2.Subnet:
        subnet = aws.ec2.Subnet(
            f"{self._name}-{noun}-{index}",
            vpc_id=self._args.network_id,
            cidr_block=cidr,
            availability_zone=self._zones[index],
            map_public_ip_on_launch=False,
            tags={**self._tag(f"{noun}-{index}"), **tags},
            opts=self._opts,
        )
        aws.ec2.RouteTableAssociation(
            f"{self._name}-{noun}-{index}", subnet_id=subnet.id, route_table_id=table.id, opts=self._opts
        )
        return subnet

    def _nat(self, index: int, cidr: str, table: aws.ec2.RouteTable, after: pulumi.ResourceOptions) -> pulumi.Output[str]:
        subnet = self._subnet("out", index, cidr, table, {})
        address = aws.ec2.Eip(f"{self._name}-out-{index}", domain="vpc", tags=self._tag(f"out-{index}"), opts=self._opts)
        made = aws.ec2.NatGateway(
            f"{self._name}-out-{index}",
            subnet_id=subnet.id,
            allocation_id=address.allocation_id,
            connectivity_type="public",
            tags=self._tag(f"out-{index}"),
            opts=after,
        )
        return made.id

    def _private(self, index: int, cidr: str, door: pulumi.Input[str]) -> pulumi.Output[str]:
        tags = self._tag(f"nodes-{index}")
        table = aws.ec2.RouteTable(f"{self._name}-nodes-{index}", vpc_id=self._args.network_id, tags=tags, opts=self._opts)
        aws.ec2.Route(
            f"{self._name}-nodes-{index}",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            nat_gateway_id=door,
            opts=self._opts,
        )
        # where the load balancers of Services go, and only inside ones
        return self._subnet("nodes", index, cidr, table, {"kubernetes.io/role/internal-elb": "1"}).id
