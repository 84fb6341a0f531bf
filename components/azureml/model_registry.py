"""Registry of model versions on Azure: an Azure ML registry, which every workspace of the tenant may use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.identity import named
from components.azureml.place import AzurePlaceArgs, place_of
from components.azureml.private import endpoint, logged
from components.contracts import Wants
from components.spec.managed import ModelRegistry
from components.system import Site


@dataclass
class AzuremlModelRegistryArgs:
    """One registry."""

    registry_name: str
    """2 to 32 characters."""
    production: bool
    """Protect the registry, which holds the versions' records and files."""
    place: AzurePlaceArgs
    groups: list[str] = field(default_factory=list)
    """Models whose versions it holds."""


class AzuremlModelRegistry(pulumi.ComponentResource):
    """machinelearningservices.Registry closed to the internet, and a RegistryModelContainer a group.

    Its images and files stand in a registry of images and a storage account that the service makes for it, in a group of
    their own. Versions are the business of who registers them, with a role on the registry. Source: Azure Machine Learning
    documentation, "Manage Azure Machine Learning registries", "Network isolation with Azure Machine Learning registries".
    Limits: there is no customer's key for it; accounts of AWS (`readers`) mean nothing here.
    """

    registry_id: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = ()
    tiers = ("all", "platform")
    essential_type = "azure-native:machinelearningservices:Registry"

    def __init__(self, name: str, args: AzuremlModelRegistryArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AzuremlModelRegistry", name, {}, opts)
        ml, place, mine = azure.machinelearningservices, args.place, pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(protect=args.production or None))
        files = ml.SystemCreatedStorageAccountArgs(
            allow_blob_public_access=False, storage_account_hns_enabled=False, storage_account_type="Standard_ZRS"
        )
        images = ml.SystemCreatedAcrAccountArgs(acr_account_sku="Premium")
        made = ml.Registry(
            f"{name}-registry",
            resource_group_name=place.group,
            registry_name=args.registry_name,
            identity=ml.ManagedServiceIdentityArgs(type="SystemAssigned"),
            public_network_access="Disabled",
            region_details=[
                ml.RegistryRegionArmDetailsArgs(
                    location=place.region,
                    acr_details=[ml.AcrDetailsArgs(system_created_acr_account=images)],
                    storage_account_details=[ml.StorageAccountDetailsArgs(system_created_storage_account=files)],
                )
            ],
            opts=kept,
        )
        endpoint(f"{name}-registry", "amlregistry", made.id, place, mine)
        logged(f"{name}-logs", made.id, place.logs, mine, metrics=False)
        self._groups = {
            group: ml.RegistryModelContainer(
                f"{name}-{group}",
                resource_group_name=place.group,
                registry_name=made.name,
                model_name=group,
                properties=ml.ModelContainerPropertiesArgs(description=f"Versions of {group}"),
                opts=kept,
            )
            for group in args.groups
        }
        self.registry_id = made.id
        self._name = made.name
        self.register_outputs({"registryId": self.registry_id})

    @staticmethod
    def wants(config: ModelRegistry) -> Wants:
        """Nothing: the service keeps the files."""
        return Wants()

    @staticmethod
    def plan(site: Site) -> AzuremlModelRegistryArgs:
        """From `systems.modelRegistry` of the spec."""
        config: ModelRegistry = site.config
        return AzuremlModelRegistryArgs(
            registry_name=named(site.stack.name, "models", 32),
            production=site.spec.environment == "prod",
            place=place_of(site.contract(contracts.Network), site.namespace),
            groups=list(config.groups),
        )

    def contracts(self) -> Sequence[Any]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The registry, and each model's address in it."""
        models = {
            f"group.{group}": pulumi.Output.concat("azureml://registries/", self._name, f"/models/{group}")
            for group in self._groups
        }
        return {"registry": self.registry_id, **models}
