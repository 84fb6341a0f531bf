"""The subnetwork of the nodes of a cluster, and their way out."""

from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.vertex.names import dns

NODES, SERVICES, PLANE, PODS = "100.64.0.0/20", "100.64.16.0/20", "100.64.32.0/28", "100.64.128.0/17"
"""Ranges inside of 100.64.0.0/10, which no company's network has (RFC 6598) and GKE takes (GKE, "VPC-native clusters"): nodes,
Services, control plane, pods (a /24 a node: 128 nodes)."""


@dataclass
class GkeNetworkArgs:
    """Where the nodes stand."""

    network_id: pulumi.Input[str]
    region: str
    prefix: str
    """Beginning of the names."""


class GkeNetwork(pulumi.ComponentResource):
    """A private subnetwork with ranges for pods and Services, NAT by which nodes get images, the control plane let in.

    Creates compute.Subnetwork (private Google access, flow logs), Router and RouterNat (out only, logged) and a Firewall rule
    from the control plane's own range to the nodes, for the webhooks of operators. What GKE needs beside it makes itself.
    Source: GKE, "VPC-native clusters", "Automatically created firewall rules", "Network isolation in GKE".
    """

    subnetwork_id: pulumi.Output[str]

    def __init__(self, name: str, args: GkeNetworkArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:GkeNetwork", name, {}, opts)
        here = pulumi.ResourceOptions(parent=self)
        self.tag = dns(f"{args.prefix}-nodes", 63)
        subnet = gcp.compute.Subnetwork(
            f"{name}-subnetwork",
            name=dns(f"{args.prefix}-cluster", 63),
            network=args.network_id,
            region=args.region,
            ip_cidr_range=NODES,
            secondary_ip_ranges=[
                gcp.compute.SubnetworkSecondaryIpRangeArgs(range_name="pods", ip_cidr_range=PODS),
                gcp.compute.SubnetworkSecondaryIpRangeArgs(range_name="services", ip_cidr_range=SERVICES),
            ],
            private_ip_google_access=True,
            log_config=gcp.compute.SubnetworkLogConfigArgs(
                aggregation_interval="INTERVAL_5_SEC", flow_sampling=0.5, metadata="INCLUDE_ALL_METADATA"
            ),
            opts=here,
        )
        router = gcp.compute.Router(
            f"{name}-router", name=dns(f"{args.prefix}-cluster", 63), network=args.network_id, region=args.region, opts=here
        )
        nat = gcp.compute.RouterNat(
            f"{name}-nat",
            name=dns(f"{args.prefix}-cluster", 63),
            router=router.name,
            region=args.region,
            nat_ip_allocate_option="AUTO_ONLY",
            source_subnetwork_ip_ranges_to_nat="LIST_OF_SUBNETWORKS",
            subnetworks=[gcp.compute.RouterNatSubnetworkArgs(name=subnet.id, source_ip_ranges_to_nats=["ALL_IP_RANGES"])],
            log_config=gcp.compute.RouterNatLogConfigArgs(enable=True, filter="ALL"),
            opts=here,
        )
        wall = gcp.compute.Firewall(
            f"{name}-webhooks",
            name=dns(f"{args.prefix}-webhooks", 63),
            network=args.network_id,
            direction="INGRESS",
            priority=1000,
            source_ranges=[PLANE],
            target_tags=[self.tag],
            allows=[gcp.compute.FirewallAllowArgs(protocol="tcp")],
            log_config=gcp.compute.FirewallLogConfigArgs(metadata="INCLUDE_ALL_METADATA"),
            opts=here,
        )
        # whoever takes the subnetwork waits for its way out
        self.subnetwork_id = pulumi.Output.all(subnet.id, nat.id, wall.id).apply(lambda ids: str(ids[0]))
        self.register_outputs({"subnetworkId": self.subnetwork_id})
