"""EC2 network: VPC, subnets, gateways, addresses, endpoints and flow logs (moto)."""

from __future__ import annotations

from sandbox.providers.aws.clients import AwsContext
from sandbox.providers.aws.ec2 import Ec2
from sandbox.providers.aws.shapes import at
from sandbox.providers.cloud.spec import Json, Spec


class Vpc(Ec2):
    """With the ids of the things AWS makes beside a VPC, and its DNS attributes."""

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """Two attribute calls and three look-ups."""
        found = super().answer(cx, id, item, inputs)
        for name in ("enableDnsSupport", "enableDnsHostnames"):
            attribute = cx.run("ec2", "describe_vpc_attribute", VpcId=id, Attribute=name)
            found[name] = attribute[name[0].upper() + name[1:]]["Value"]
        here = [{"Name": "vpc-id", "Values": [id]}]
        tables = cx.run("ec2", "describe_route_tables", Filters=[*here, {"Name": "association.main", "Values": ["true"]}])
        groups = cx.run("ec2", "describe_security_groups", Filters=[*here, {"Name": "group-name", "Values": ["default"]}])
        acls = cx.run("ec2", "describe_network_acls", Filters=[*here, {"Name": "default", "Values": ["true"]}])
        table = at(tables, "RouteTables.0.RouteTableId") or ""
        return {
            **found,
            "mainRouteTableId": table,
            "defaultRouteTableId": table,
            "defaultSecurityGroupId": at(groups, "SecurityGroups.0.GroupId") or "",
            "defaultNetworkAclId": at(acls, "NetworkAcls.0.NetworkAclId") or "",
        }


class InternetGateway(Ec2):
    """Attached to the VPC it names."""

    def settle(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Detach from the old VPC, attach to the new."""
        if old.get("vpcId") != new.get("vpcId"):
            if old.get("vpcId"):
                cx.maybe("ec2", "detach_internet_gateway", InternetGatewayId=id, VpcId=old["vpcId"])
            if new.get("vpcId"):
                cx.run("ec2", "attach_internet_gateway", InternetGatewayId=id, VpcId=new["vpcId"])

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """The VPC stands among the attachments."""
        return {**super().answer(cx, id, item, {}), "vpcId": at(item, "Attachments.0.VpcId")}

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """Detached first: the API refuses to delete an attached one."""
        self.settle(cx, id, old, {})
        super().delete(cx, id, old)


class Endpoint(Ec2):
    """Interface and gateway endpoints."""

    def settle(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """What a live endpoint lets one change, except after create, which took all of it."""
        if not old:
            return
        changes: Json = {}
        for name, member in (
            ("routeTableIds", "RouteTableIds"),
            ("subnetIds", "SubnetIds"),
            ("securityGroupIds", "SecurityGroupIds"),
        ):
            before, after = set(old.get(name) or []), set(new.get(name) or [])
            changes |= {f"Add{member}": sorted(after - before) or None, f"Remove{member}": sorted(before - after) or None}
        for name, member in (("policy", "PolicyDocument"), ("privateDnsEnabled", "PrivateDnsEnabled")):
            changes[member] = new.get(name) if old.get(name) != new.get(name) else None
        if any(value is not None for value in changes.values()):
            cx.run("ec2", "modify_vpc_endpoint", VpcEndpointId=id, **changes)

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """Security groups come as objects."""
        found = super().answer(cx, id, item, inputs)
        if "Groups" in item and inputs.get("securityGroupIds"):
            found["securityGroupIds"] = [group["GroupId"] for group in item["Groups"]]
        dns = [
            {"dnsName": entry.get("DnsName", ""), "hostedZoneId": entry.get("HostedZoneId", "")}
            for entry in item.get("DnsEntries") or []
        ]
        if item.get("VpcEndpointType") == "Gateway":
            found["prefixListId"] = self._prefix_list(cx, str(item.get("ServiceName")))
        return {
            **found,
            "dnsEntries": dns,
            "networkInterfaceIds": item.get("NetworkInterfaceIds") or [],
            "state": item.get("State", ""),
        }

    def _prefix_list(self, cx: AwsContext, service: str) -> str:
        """The service's addresses, which security group rules name."""
        for entry in cx.run("ec2", "describe_managed_prefix_lists").get("PrefixLists") or []:
            if entry.get("PrefixListName") == service:
                return str(entry["PrefixListId"])
        return ""


class Nat(Ec2):
    """Its public address stands in a list."""

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """The first address is the gateway's."""
        address = at(item, "NatGatewayAddresses.0") or {}
        return {
            **super().answer(cx, id, item, {key: value for key, value in inputs.items() if key != "allocationId"}),
            "allocationId": address.get("AllocationId"),
            "publicIp": address.get("PublicIp", ""),
            "privateIp": address.get("PrivateIp", ""),
            "networkInterfaceId": address.get("NetworkInterfaceId", ""),
        }


class FlowLog(Ec2):
    """Created for a list of resources, of which the program names one."""

    def request(self, cx: AwsContext, inputs: Json, operation: str) -> Json:
        """ResourceIds and ResourceType from whichever id is given."""
        kinds = {"vpcId": "VPC", "subnetId": "Subnet", "eniId": "NetworkInterface"}
        name = next((name for name in kinds if inputs.get(name)), "vpcId")
        return {
            "TrafficType": "ALL",
            **super().request(cx, inputs, operation),
            "ResourceIds": [inputs.get(name)],
            "ResourceType": kinds[name],
        }

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """The log group of the older property names is given as the destination's name."""
        return super().answer(cx, id, item, {key: value for key, value in inputs.items() if key in ("trafficType", "iamRoleArn")})


TYPES: dict[str, Spec] = {
    "aws:ec2/vpc:Vpc": Spec(
        replace=("cidrBlock", "instanceTenancy", "ipv4IpamPoolId", "ipv4NetmaskLength"),
        api=Vpc(
            "ec2",
            "create_vpc",
            "describe_vpcs",
            "delete_vpc",
            {"VpcId": "{id}"},
            "Vpc.VpcId",
            "Vpcs.0",
            names={"assignGeneratedIpv6CidrBlock": "AmazonProvidedIpv6CidrBlock"},
            outputs={"dhcpOptionsId": "DhcpOptionsId", "cidrBlock": "CidrBlock"},
            kind="vpc",
            modify="modify_vpc_attribute",
            attributes={"enableDnsSupport": "EnableDnsSupport", "enableDnsHostnames": "EnableDnsHostnames"},
        ),
    ),
    "aws:ec2/subnet:Subnet": Spec(
        replace=("vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "ipv6Native", "outpostArn"),
        api=Ec2(
            "ec2",
            "create_subnet",
            "describe_subnets",
            "delete_subnet",
            {"SubnetId": "{id}"},
            "Subnet.SubnetId",
            "Subnets.0",
            outputs={
                "availabilityZone": "AvailabilityZone",
                "availabilityZoneId": "AvailabilityZoneId",
                "cidrBlock": "CidrBlock",
            },
            kind="subnet",
            modify="modify_subnet_attribute",
            attributes={
                "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
                "assignIpv6AddressOnCreation": "AssignIpv6AddressOnCreation",
            },
        ),
    ),
    "aws:ec2/internetGateway:InternetGateway": Spec(
        api=InternetGateway(
            "ec2",
            "create_internet_gateway",
            "describe_internet_gateways",
            "delete_internet_gateway",
            {"InternetGatewayId": "{id}"},
            "InternetGateway.InternetGatewayId",
            "InternetGateways.0",
            kind="internet-gateway",
        ),
    ),
    "aws:ec2/eip:Eip": Spec(
        replace=("address", "domain", "publicIpv4Pool", "networkBorderGroup"),
        api=Ec2(
            "ec2",
            "allocate_address",
            "describe_addresses",
            "release_address",
            {"AllocationId": "{id}"},
            "AllocationId",
            "Addresses.0",
            outputs={"publicIp": "PublicIp", "allocationId": "AllocationId", "domain": "Domain"},
            kind="elastic-ip",
        ),
    ),
    "aws:ec2/natGateway:NatGateway": Spec(
        replace=("subnetId", "allocationId", "connectivityType", "privateIp", "vpcId"),
        api=Nat(
            "ec2",
            "create_nat_gateway",
            "describe_nat_gateways",
            "delete_nat_gateway",
            {"NatGatewayId": "{id}"},
            "NatGateway.NatGatewayId",
            "NatGateways.0",
            kind="natgateway",
            filters="Filter",
        ),
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Spec(
        replace=("vpcId", "serviceName", "vpcEndpointType", "serviceRegion"),
        json=("policy",),
        choices={"vpcEndpointType": "ec2:VpcEndpointType"},
        api=Endpoint(
            "ec2",
            "create_vpc_endpoint",
            "describe_vpc_endpoints",
            "delete_vpc_endpoints",
            {"VpcEndpointIds": "[{id}]"},
            "VpcEndpoint.VpcEndpointId",
            "VpcEndpoints.0",
            names={"policy": "PolicyDocument"},
            kind="vpc-endpoint",
        ),
    ),
    "aws:ec2/flowLog:FlowLog": Spec(
        replace=(
            "vpcId",
            "subnetId",
            "eniId",
            "trafficType",
            "logDestination",
            "logDestinationType",
            "iamRoleArn",
            "logFormat",
            "maxAggregationInterval",
            "destinationOptions",
            "transitGatewayId",
        ),
        choices={"trafficType": "ec2:TrafficType", "logDestinationType": "ec2:LogDestinationType"},
        api=FlowLog(
            "ec2",
            "create_flow_logs",
            "describe_flow_logs",
            "delete_flow_logs",
            {"FlowLogIds": "[{id}]"},
            "FlowLogIds.0",
            "FlowLogs.0",
            names={"iamRoleArn": "DeliverLogsPermissionArn"},
            kind="vpc-flow-log",
            filters="Filter",
        ),
    ),
}
