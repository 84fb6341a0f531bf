"""What the chosen systems need of the network: private DNS zones of their services, and subnets of their own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

GROUPS: dict[str, Sequence[str]] = {
    "postgres": ("postgresqlServer",),
    "spark": ("Dev",),
    "amundsen": ("account", "portal"),
    "hadoop": ("gateway",),
}
"""Subresources of private endpoints (keys of private.ZONES) that only these systems have."""


@dataclass(frozen=True)
class OwnSubnet:
    """A subnet that a service wants for itself, and whom it must reach outside of the network."""

    delegation: str | None
    """Service that it is delegated to; None for one that takes a plain subnet."""
    reaches: Sequence[str]
    """Service tags, by HTTPS alone."""
    offers: bool = False
    """Whether what stands in it is offered by Private Link from there, which a subnet has to allow."""


_APPS = OwnSubnet(
    "Microsoft.App/environments",
    ("MicrosoftContainerRegistry", "AzureFrontDoor.FirstParty", "AzureActiveDirectory", "AzureMonitor"),
)
SUBNETS: dict[str, OwnSubnet] = {
    "fastapi": _APPS,
    "flask": _APPS,
    "bentoml": _APPS,
    "hadoop": OwnSubnet(None, ("HDInsight", "AzureActiveDirectory", "AzureMonitor", "Sql", "Storage", "AzureKeyVault"), True),
}
"""Subnets by system, in an order that stays: the place in it says which addresses a subnet has.

Source: Azure Container Apps documentation, "Securing a virtual network in Azure Container Apps with network security groups";
Azure HDInsight documentation, "Network security group service tags" and "Plan a virtual network". Not tried against a cloud.
"""


def groups(systems: Iterable[str]) -> list[str]:
    """Subresources that these systems need beside those of every stack, each once, in alphabetical order."""
    return sorted({group for system in systems for group in GROUPS.get(system, ())})


def subnets(systems: Iterable[str]) -> list[str]:
    """Those of these systems that have a subnet of their own, in the order of SUBNETS."""
    chosen = set(systems)
    return [system for system in SUBNETS if system in chosen]
