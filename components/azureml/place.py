"""Where a stack stands on Azure: its region, its resource groups, and what its foundation gives every system."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import pulumi

from components.contracts import Network
from components.naming import fit
from components.spec.stack import Stack

REGION = "westeurope"
_ZONE = "zone:"
_SUBNET = "subnet:"


@dataclass
class AzurePlaceArgs:
    """What a system takes of the foundation; every id is an ARM id."""

    region: str
    subscription: pulumi.Input[str]
    tenant: pulumi.Input[str]
    group: pulumi.Input[str]
    """Name of the resource group."""
    workloads: pulumi.Input[str]
    """Id of the subnet for what runs in the network."""
    endpoints: pulumi.Input[str]
    """Id of the subnet for private endpoints."""
    databases: pulumi.Input[str]
    """Id of the subnet that is delegated to MySQL."""
    logs: pulumi.Input[str]
    """Id of the Log Analytics workspace."""
    encryption: pulumi.Input[str]
    """Id of the identity by which services use the key."""
    encryption_client: pulumi.Input[str]
    """Client id of that identity."""
    monitor: pulumi.Input[str]
    """Name of the private link scope of Azure Monitor."""
    vault: pulumi.Input[str]
    """Id of the key vault."""
    vault_name: pulumi.Input[str]
    vault_uri: pulumi.Input[str]
    key_name: pulumi.Input[str]
    key_uri: pulumi.Input[str]
    """Without a version: services that take it follow the key's rotation."""
    key_version: pulumi.Input[str]
    """URI with a version, for services that ask for one."""
    zones: dict[str, pulumi.Input[str]] = field(default_factory=dict)
    """Ids of the private DNS zones by name."""
    subnets: dict[str, pulumi.Input[str]] = field(default_factory=dict)
    """Ids of the subnets that systems have for themselves, by system."""

    def parts(self) -> dict[str, pulumi.Output[str]]:
        """As the parts of the network contract."""
        given: dict[str, Any] = {name: getattr(self, name) for name in NAMES}
        given |= {f"{_ZONE}{zone}": id for zone, id in self.zones.items()}
        given |= {f"{_SUBNET}{system}": id for system, id in self.subnets.items()}
        return {name: pulumi.Output.from_input(value) for name, value in given.items()}


NAMES = tuple(f.name for f in fields(AzurePlaceArgs) if f.name not in ("region", "zones", "subnets"))


def place_of(network: Network, group: pulumi.Input[str] | None = None) -> AzurePlaceArgs:
    """The foundation's gifts out of its contract; `group` where the system stands in another resource group (a team's)."""
    parts: Mapping[str, Any] = network.parts
    zones = {name.removeprefix(_ZONE): id for name, id in parts.items() if name.startswith(_ZONE)}
    subnets = {name.removeprefix(_SUBNET): id for name, id in parts.items() if name.startswith(_SUBNET)}
    given = {name: parts[name] for name in NAMES} | ({"group": group} if group is not None else {})
    return AzurePlaceArgs(region=network.region, zones=zones, subnets=subnets, **given)


def part_names(zones: list[str]) -> list[str]:
    """Names of all parts of a network contract with these zones."""
    return [*NAMES, *(f"{_ZONE}{zone}" for zone in zones)]


def region_of(stack: Stack) -> str:
    """The stack's region. RunError for a name that cannot be a region of Azure."""
    if not stack.region.isalnum():
        raise pulumi.RunError(
            f'mlops:spec.cloud.region: "{stack.region}": expected a region of Azure, which is written without dashes '
            f"({REGION}, germanywestcentral, eastus2)"
        )
    return stack.region


def group_name(stack: str, team: str | None = None) -> str:
    """Name of the resource group of a stack, or of a team of it; at most 90 characters."""
    return fit(f"mlops-{stack}-{team}" if team else f"mlops-{stack}", 90)
