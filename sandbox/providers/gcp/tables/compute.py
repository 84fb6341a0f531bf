"""The network: VPC, subnetworks, routers and NAT, firewalls, private services access (Compute Engine API reference)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from sandbox.providers.cloud.spec import Json, Name, Spec
from sandbox.providers.gcp.spec import COMMON, RFC1035, GcpSpec

_LINK = "https://www.googleapis.com/compute/v1/{id}"
_NAME = Name("name", 63, lower=True, allowed=r"[a-z0-9-]")


def _thing(place: str, kind: str, **more: Any) -> GcpSpec:
    """A Compute Engine resource that is named by the user: projects/<project>/<place>/<kind>/<name>."""
    outputs = {**COMMON, "selfLink": _LINK, "creationTimestamp": "2026-01-01T00:00:00.000-00:00", **more.pop("outputs", {})}
    patterns = {"name": RFC1035, **more.pop("patterns", {})}
    replace = ("project", *more.pop("replace", ()))
    return GcpSpec(
        name=_NAME,
        id=f"projects/{{project}}/{place}/{kind}/{{name}}",
        outputs=outputs,
        patterns=patterns,
        replace=replace,
        **more,
    )


def _subnetwork(inputs: Json, exists: Callable[[str, str], bool]) -> str | None:
    try:
        ipaddress.ip_network(str(inputs.get("ipCidrRange")))
    except ValueError as error:
        return f"ipCidrRange: {error}"
    return None


def _number(values: Json) -> str:
    return str(int(str(values["hash"])[:15], 16))


TYPES: dict[str, Spec] = {
    "gcp:compute/network:Network": _thing(
        "global",
        "networks",
        replace=("autoCreateSubnetworks", "description"),
        outputs={"networkId": _number, "numericId": _number, "routingMode": "REGIONAL"},
    ),
    "gcp:compute/subnetwork:Subnetwork": _thing(
        "regions/{region}",
        "subnetworks",
        replace=("network", "region", "purpose"),
        references={"network": "network"},
        rule=_subnetwork,
        outputs={
            "region": "{region}",
            "gatewayAddress": lambda values: str(ipaddress.ip_network(str(values["ipCidrRange"]))[1]),
            "stackType": "IPV4_ONLY",
        },
    ),
    "gcp:compute/router:Router": _thing(
        "regions/{region}", "routers", replace=("network", "region"), references={"network": "network"}
    ),
    "gcp:compute/routerNat:RouterNat": GcpSpec(
        name=_NAME,
        replace=("router", "region", "project"),
        id="{project}/{region}/{router}/{name}",
        patterns={"name": RFC1035},
        references={"router": "router", "subnetworks.name": "subnetwork"},
        choices={
            "natIpAllocateOption": ("AUTO_ONLY", "MANUAL_ONLY"),
            "sourceSubnetworkIpRangesToNat": (
                "ALL_SUBNETWORKS_ALL_IP_RANGES",
                "ALL_SUBNETWORKS_ALL_PRIMARY_IP_RANGES",
                "LIST_OF_SUBNETWORKS",
            ),
        },
        outputs={"project": "{project}"},
    ),
    "gcp:compute/firewall:Firewall": _thing(
        "global",
        "firewalls",
        replace=("network", "direction"),
        references={"network": "network"},
        patterns={"targetTags": RFC1035, "sourceTags": RFC1035},
        choices={"direction": ("INGRESS", "EGRESS")},
        outputs={"direction": "INGRESS"},
    ),
    "gcp:compute/globalAddress:GlobalAddress": _thing(
        "global",
        "addresses",
        replace=("network", "purpose", "prefixLength", "addressType", "address"),
        references={"network": "network"},
        choices={"addressType": ("EXTERNAL", "INTERNAL"), "purpose": ("VPC_PEERING", "PRIVATE_SERVICE_CONNECT")},
        outputs={"address": "10.127.0.0"},
    ),
    "gcp:servicenetworking/connection:Connection": GcpSpec(
        replace=("network", "service"),
        id="{network}:{service}",
        references={"network": "network", "reservedPeeringRanges": "address range"},
        outputs={"peering": "servicenetworking-googleapis-com"},
    ),
}
