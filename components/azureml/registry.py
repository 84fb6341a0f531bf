"""Container images on Azure: a Premium registry with our key, closed to the internet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.identity import Role, assign, unique
from components.azureml.place import AzurePlaceArgs, place_of
from components.azureml.private import endpoint, logged
from components.contracts import Consumer
from components.spec.data import Docker
from components.system import Site

UNTAGGED_DAYS = 30
"""Manifests that no tag names any more are kept for so long."""


@dataclass
class AzureRegistryArgs:
    """One registry."""

    registry_name: pulumi.Input[str]
    """5 to 50 letters and digits, unique on all of Azure."""
    production: bool
    """Protect and retain the registry, and spread it over zones."""
    place: AzurePlaceArgs


class AzureRegistry(pulumi.ComponentResource):
    """containerregistry.Registry (Premium): our key, Entra logins alone, no export, a private endpoint.

    `grant` lets a consumer's identity pull (AcrPull) and gives the registry's host, for there is no Secret to name. It
    builds nothing: with public access off a registry's tasks run on a pool of agents in the network, which is a preview.
    Source: Azure Container Registry documentation, "Encrypt with a customer-managed key", "Connect privately",
    "Set a retention policy for untagged manifests".
    """

    host: pulumi.Output[str]
    registry_id: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.ImageRegistry,)
    tiers = ("all", "platform")
    essential_type = "azure-native:containerregistry:Registry"

    def __init__(self, name: str, args: AzureRegistryArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AzureRegistry", name, {}, opts)
        self._opts = pulumi.ResourceOptions(parent=self)
        place = args.place
        # here identities are a mapping, elsewhere a list
        users = pulumi.Output.from_input(place.encryption).apply(
            lambda id: {id: azure.containerregistry.UserIdentityPropertiesArgs()}
        )
        self._registry = azure.containerregistry.Registry(
            f"{name}-registry",
            resource_group_name=place.group,
            registry_name=args.registry_name,
            sku=azure.containerregistry.SkuArgs(name="Premium"),
            identity=azure.containerregistry.IdentityPropertiesArgs(
                type=azure.containerregistry.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=users
            ),
            encryption=azure.containerregistry.EncryptionPropertyArgs(
                status="enabled",
                key_vault_properties=azure.containerregistry.KeyVaultPropertiesArgs(
                    key_identifier=place.key_uri, identity=place.encryption_client
                ),
            ),
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            data_endpoint_enabled=True,
            public_network_access="Disabled",
            network_rule_bypass_options="AzureServices",
            zone_redundancy="Enabled" if args.production else "Disabled",
            policies=azure.containerregistry.PoliciesArgs(
                export_policy=azure.containerregistry.ExportPolicyArgs(status="disabled"),
                retention_policy=azure.containerregistry.RetentionPolicyArgs(status="enabled", days=UNTAGGED_DAYS),
                azure_ad_authentication_as_arm_policy=azure.containerregistry.AzureADAuthenticationAsArmPolicyArgs(
                    status="disabled"
                ),
            ),
            opts=pulumi.ResourceOptions.merge(
                self._opts, pulumi.ResourceOptions(protect=args.production or None, retain_on_delete=args.production or None)
            ),
        )
        self._ready = endpoint(f"{name}-registry", "registry", self._registry.id, place, self._opts)
        logged(f"{name}-logs", self._registry.id, place.logs, self._opts)
        self.host = self._registry.login_server
        self.registry_id = self._registry.id
        self.register_outputs({"host": self.host, "registryId": self.registry_id})

    def grant(self, consumer: Consumer) -> pulumi.Output[str]:
        """The consumer's identity may pull; the registry's host."""
        if consumer.role is not None:
            right = assign(f"{consumer.name}-images", Role.PULL_IMAGES, consumer.role, self._registry.id, self._opts)
            consumer.ready.append(right)
        consumer.ready.append(self._ready)
        return self.host

    @staticmethod
    def wants(config: Docker) -> contracts.Wants:
        """Nothing: the registry keeps its images itself."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> AzureRegistryArgs:
        """From the stack; host, users and builder are a cluster's affair."""
        network = site.contract(contracts.Network)
        return AzureRegistryArgs(
            registry_name=unique(f"{site.stack.name}images", network.account_id, 50, dashes=False),
            production=site.spec.environment == "prod",
            place=place_of(network, site.namespace),
        )

    def contracts(self) -> Sequence[contracts.ImageRegistry]:
        """The registry."""
        url = pulumi.Output.concat("https://", self.host)
        return [contracts.ImageRegistry(url=url, host=self.host, grant=self.grant, registry=self.registry_id)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address."""
        return {"url": pulumi.Output.concat("https://", self.host), "host": self.host}
