"""What the relational databases on Azure share: the arguments of a flexible server, and how they come from the spec."""

import math
from dataclasses import dataclass

import pulumi

from components import contracts
from components.azureml.identity import unique
from components.azureml.place import AzurePlaceArgs, place_of
from components.spec.base import quantity_value
from components.system import Site


@dataclass
class FlexibleServerArgs:
    """One flexible server."""

    server_name: pulumi.Input[str]
    """3 to 63 characters, unique on all of Azure."""
    prefix: str
    """Beginning of the identities' names."""
    sku: str
    """Size, for example Standard_D2ds_v4."""
    storage_gib: int
    """Storage in GiB, at least 20 (MySQL) or 32 (PostgreSQL); it grows by itself."""
    high_availability: bool
    """A standby in another zone."""
    backup_days: int
    """Days that automatic backups are kept, 1 (PostgreSQL: 7) to 35."""
    production: bool
    """Protect and retain the server."""
    place: AzurePlaceArgs


def from_spec(site: Site, sku: str, storage: str, replicas: int, backup_days: int) -> FlexibleServerArgs:
    """The arguments of a database system; more than one replica means a standby in another zone."""
    network = site.contract(contracts.Network)
    return FlexibleServerArgs(
        server_name=unique(f"{site.stack.name}-{site.key}", network.account_id, 63),
        prefix=site.stack.name,
        sku=sku,
        storage_gib=max(20, math.ceil(quantity_value(storage) / 2**30)),
        high_availability=replicas > 1,
        backup_days=min(35, backup_days),
        production=site.spec.environment == "prod",
        place=place_of(network),
    )


def tier(sku: str) -> str:
    """Tier of a size by its family: Standard_B… Burstable, Standard_E… MemoryOptimized, else GeneralPurpose."""
    return {"B": "Burstable", "E": "MemoryOptimized"}.get(sku.removeprefix("Standard_")[:1], "GeneralPurpose")


def kept(production: bool, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """Protected and retained in production."""
    keep = pulumi.ResourceOptions(protect=production or None, retain_on_delete=production or None)
    return pulumi.ResourceOptions.merge(opts, keep)
