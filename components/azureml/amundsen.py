"""Data catalogue on Azure: a Microsoft Purview account, closed to the internet, that may read the stack's object store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.identity import Role, assign, unique
from components.azureml.place import AzurePlaceArgs, place_of
from components.azureml.private import endpoint, logged
from components.azureml.workspace import LakeContainerArgs
from components.spec.data import Amundsen
from components.system import Site

BUCKET = "catalog"


@dataclass
class PurviewCatalogArgs:
    """One account."""

    account_name: pulumi.Input[str]
    """3 to 63 characters, unique on all of Azure."""
    principal_id: pulumi.Input[str]
    """Identity of ingestion jobs of your own; its right to the container is granted beforehand."""
    production: bool
    """Protect and retain the account."""
    place: AzurePlaceArgs
    data: Optional[LakeContainerArgs] = None
    """A container of the object store: the account of it is what is scanned."""


class PurviewCatalog(pulumi.ComponentResource):
    """purview.Account without a public address, its portal and API by private endpoints, and its right to read the store.

    The account's own identity is Storage Blob Data Reader of the object store, which a scan needs; container `catalog` is where
    ingestion jobs of your own put what they hand over. Sources, scans and their schedules are made in the portal or by the data
    plane's API: Resource Manager has none. Source: Microsoft Purview documentation, "Connect privately and securely to your
    Microsoft Purview account", "Connect to Azure Data Lake Storage in Microsoft Purview". Limits: a tenant takes one account in
    the unified portal; its data is under Microsoft's key; a scan inside the network runs on a managed virtual network's runtime.
    """

    account_id: pulumi.Output[str]
    url: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = (contracts.Catalog,)
    tiers = ("all", "platform")
    essential_type = "azure-native:purview:Account"
    identity = True

    def __init__(self, name: str, args: PurviewCatalogArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:PurviewCatalog", name, {}, opts)
        place, mine = args.place, pulumi.ResourceOptions(parent=self)
        keep = pulumi.ResourceOptions(protect=args.production or None, retain_on_delete=args.production or None)
        made = azure.purview.Account(
            f"{name}-account",
            resource_group_name=place.group,
            account_name=args.account_name,
            identity=azure.purview.IdentityArgs(type="SystemAssigned"),
            public_network_access="Disabled",
            managed_resources_public_network_access="Disabled",
            managed_event_hub_state="Disabled",
            opts=pulumi.ResourceOptions.merge(mine, keep),
        )
        ready = [endpoint(f"{name}-{group}", group, made.id, place, mine) for group in ("account", "portal")]
        logged(f"{name}-logs", made.id, place.logs, mine)
        if args.data is not None:
            principal = made.identity.apply(lambda found: (found.principal_id if found else None) or "")
            assign(f"{name}-scan", Role.BLOB_DATA_READER, principal, args.data.account_id, mine)
        assign(f"{name}-ingest", Role.READER, args.principal_id, made.id, mine)
        self.account_id = made.id
        self.url = pulumi.Output.all(made.name, *(end.id for end in ready)).apply(
            lambda found: f"https://{found[0]}.purview.azure.com:443"
        )
        self.register_outputs({"accountId": self.account_id, "url": self.url})

    @staticmethod
    def wants(config: Amundsen) -> contracts.Wants:
        """A container for what ingestion jobs hand over."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> PurviewCatalogArgs:
        """From `systems.amundsen` of the spec. RunError where ingestion jobs are declared: nothing here would run them."""
        config: Amundsen = site.config
        network = site.contract(contracts.Network)
        if config.ingestion:
            raise pulumi.RunError(
                "mlops:spec.systems.amundsen.ingestion: databuilder jobs run on Kubernetes; Purview has scans of its own. "
                "Leave it out, or say target: kubernetes for amundsen"
            )
        if site.role is None:
            raise pulumi.RunError("amundsen: the landing gave no identity")
        return PurviewCatalogArgs(
            account_name=unique(f"{site.stack.name}-catalog", network.account_id, 63),
            principal_id=site.role,
            production=site.spec.environment == "prod",
            place=place_of(network, site.namespace),
            data=LakeContainerArgs.of(site.buckets.get(BUCKET)),
        )

    def contracts(self) -> Sequence[contracts.Catalog]:
        """The account's API; it wants a token of Entra."""
        return [contracts.Catalog(self.url)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses."""
        return {"account": self.account_id, "url": self.url}
