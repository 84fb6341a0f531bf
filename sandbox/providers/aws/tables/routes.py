"""EC2 route tables, their routes and the subnets that use them (moto)."""

from __future__ import annotations

from sandbox.providers.aws.clients import AwsContext
from sandbox.providers.aws.ec2 import Ec2
from sandbox.providers.aws.rest import Rest
from sandbox.providers.aws.shapes import at
from sandbox.providers.cloud.spec import Json, Spec


class RouteTable(Ec2):
    """With its routes, when the program lists them inside the table."""

    def settle(self, cx: AwsContext, id: str, old: Json, new: Json) -> None:
        """Routes are replaced as a whole where they differ."""
        if old.get("routes") == new.get("routes"):
            return
        for route in old.get("routes") or []:
            cx.maybe("ec2", "delete_route", RouteTableId=id, **_destination(route))
        for route in new.get("routes") or []:
            cx.run("ec2", "create_route", RouteTableId=id, **_destination(route), **_hop(route))

    def answer(self, cx: AwsContext, id: str, item: Json, inputs: Json) -> Json:
        """Routes only where the inputs list some: separate Route resources are not this table's."""
        found = super().answer(cx, id, item, {key: value for key, value in inputs.items() if key != "routes"})
        if inputs.get("routes"):
            live = [_route(entry) for entry in item.get("Routes", []) if entry.get("GatewayId") != "local"]
            order = {entry.get("cidrBlock") or entry.get("ipv6CidrBlock"): i for i, entry in enumerate(inputs["routes"])}
            found["routes"] = sorted(live, key=lambda entry: order.get(entry.get("cidrBlock") or entry.get("ipv6CidrBlock"), 99))
        return found


_HOPS = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "vpcEndpointId": "VpcEndpointId",
    "transitGatewayId": "TransitGatewayId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
    "networkInterfaceId": "NetworkInterfaceId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
}
_DESTINATIONS = {
    "cidrBlock": "DestinationCidrBlock",
    "destinationCidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}


def _destination(route: Json) -> Json:
    return {member: route[name] for name, member in _DESTINATIONS.items() if route.get(name)}


def _hop(route: Json) -> Json:
    return {member: route[name] for name, member in _HOPS.items() if route.get(name)}


def _route(entry: Json) -> Json:
    found = {name: entry[member] for name, member in _HOPS.items() if entry.get(member)}
    names = {"DestinationCidrBlock": "cidrBlock", "DestinationIpv6CidrBlock": "ipv6CidrBlock"}
    return found | {name: entry[member] for member, name in names.items() if entry.get(member)}


class Association(Rest):
    """A subnet's (or gateway's) place in a route table; found in the table, it cannot be described alone."""

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """Look through the associations of all tables."""
        filters = [{"Name": "association.route-table-association-id", "Values": [id]}]
        for table in cx.run("ec2", "describe_route_tables", Filters=filters)["RouteTables"]:
            for entry in table.get("Associations", []):
                if entry.get("RouteTableAssociationId") == id:
                    found = {
                        "routeTableId": table["RouteTableId"],
                        "subnetId": entry.get("SubnetId"),
                        "gatewayId": entry.get("GatewayId"),
                    }
                    return {key: value for key, value in found.items() if value}
        return None

    def find(self, cx: AwsContext, inputs: Json) -> str | None:
        """By table and subnet."""
        tables = cx.run("ec2", "describe_route_tables", RouteTableIds=[inputs["routeTableId"]])["RouteTables"]
        for entry in at(tables, "0.Associations") or []:
            if inputs.get("subnetId") and entry.get("SubnetId") == inputs["subnetId"]:
                return str(entry["RouteTableAssociationId"])
        return None


class Route(Rest):
    """One route of a table; its id is made of table and destination."""

    def create(self, cx: AwsContext, inputs: Json) -> str:
        """Routes have no id of their own."""
        cx.run("ec2", "create_route", RouteTableId=inputs["routeTableId"], **_destination(inputs), **_hop(inputs))
        return _route_id(inputs)

    def read(self, cx: AwsContext, id: str, inputs: Json) -> Json | None:
        """The entry with the same destination."""
        table = cx.maybe("ec2", "describe_route_tables", RouteTableIds=[inputs["routeTableId"]]) if inputs else None
        for entry in at(table, "RouteTables.0.Routes") or []:
            if all(entry.get(member) == value for member, value in _destination(inputs).items()):
                hops = {name: entry.get(member) for name, member in _HOPS.items() if inputs.get(name) or entry.get(member)}
                return {**hops, "origin": entry.get("Origin", ""), "state": entry.get("State", "active")}
        return None

    def delete(self, cx: AwsContext, id: str, old: Json) -> None:
        """By destination."""
        cx.maybe("ec2", "delete_route", RouteTableId=old["routeTableId"], **_destination(old))

    def find(self, cx: AwsContext, inputs: Json) -> str | None:
        """The same destination in the same table is the same route."""
        return _route_id(inputs) if self.read(cx, "", inputs) is not None else None


def _route_id(inputs: Json) -> str:
    return f"r-{inputs['routeTableId']}-{next(iter(_destination(inputs).values()), '')}"


TYPES: dict[str, Spec] = {
    "aws:ec2/routeTable:RouteTable": Spec(
        replace=("vpcId",),
        api=RouteTable(
            "ec2",
            "create_route_table",
            "describe_route_tables",
            "delete_route_table",
            {"RouteTableId": "{id}"},
            "RouteTable.RouteTableId",
            "RouteTables.0",
            kind="route-table",
        ),
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Spec(
        replace=("subnetId", "gatewayId", "routeTableId"),
        delete_first=True,  # a subnet has one table at a time
        api=Association(
            "ec2",
            "associate_route_table",
            "describe_route_tables",
            "disassociate_route_table",
            {"AssociationId": "{id}"},
            "AssociationId",
        ),
    ),
    "aws:ec2/route:Route": Spec(
        replace=("*",),
        delete_first=True,
        api=Route("ec2", "create_route", "describe_route_tables", "delete_route", {"RouteTableId": "{routeTableId}"}),
    ),
}
