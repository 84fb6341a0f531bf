"""The private network, the vault with its key, and the logs that every Azure ML stack stands on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.identity import Role, assign, named, workload_identity
from components.azureml.network import PrivateNetwork, PrivateNetworkArgs
from components.azureml.place import AzurePlaceArgs, region_of
from components.azureml.private import endpoint, logged
from components.azureml.surroundings import groups, subnets
from components.system import Site


@dataclass
class AzureFoundationArgs:
    """Where the network stands and how large it is."""

    group: pulumi.Input[str]
    """Resource group that everything stands in."""
    subscription: pulumi.Input[str]
    tenant: pulumi.Input[str]
    region: str
    """Azure region, without dashes (westeurope)."""
    cidr: str
    """IPv4 range of the network; a quarter a subnet."""
    prefix: str
    """Beginning of the resources' names."""
    production: bool
    """Protect vault and key, keep logs for a year."""
    groups: list[str] = field(default_factory=list)
    """Subresources of private.OWN_ZONES that the stack's systems have."""
    owners: list[str] = field(default_factory=list)
    """Systems with a subnet of their own."""


class AzureFoundation(pulumi.ComponentResource):
    """Virtual network without a way to the internet, vault and key, Log Analytics, all reached by private endpoints.

    Creates: PrivateNetwork, operationalinsights.Workspace in a monitor.PrivateLinkScope, keyvault.Vault (RBAC, purge
    protection, closed to the internet) with an HSM key that rotates each year, one identity by which services use the
    key, private endpoints and diagnostic settings. The vault's name is drawn anew for each stack, for a deleted vault
    keeps its name until it is purged. Logs are encrypted with Microsoft's key: a customer's one wants a dedicated
    cluster. Source: Azure Key Vault documentation, "Azure Key Vault security"; Azure Monitor, "Private link security".
    """

    network_id: pulumi.Output[str]
    key_uri: pulumi.Output[str]
    vault_uri: pulumi.Output[str]
    log_workspace_id: pulumi.Output[str]

    needs = ()
    optional = ()
    provides = (contracts.Network,)
    tiers = ("all", "platform")
    essential_type = "azure-native:network:VirtualNetwork"

    def __init__(self, name: str, args: AzureFoundationArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AzureFoundation", name, {}, opts)
        self._name = name
        self._args = args
        self._group = pulumi.Output.from_input(args.group)
        self._opts = pulumi.ResourceOptions(parent=self)
        keep = pulumi.ResourceOptions(protect=args.production or None)
        self._kept = pulumi.ResourceOptions.merge(self._opts, keep)
        network = PrivateNetwork(
            f"{name}-network",
            PrivateNetworkArgs(args.group, args.prefix, args.region, args.cidr, args.groups, args.owners),
            self._opts,
        )
        logs = self._logs()
        scope = self._scope(logs)
        vault, key, user = self._vault()
        self.network_id = network.network_id
        self.vault_uri = vault.properties.apply(lambda p: p.vault_uri or "")
        self.key_uri = key.key_uri
        self.log_workspace_id = logs.id
        place = AzurePlaceArgs(
            region=args.region,
            subscription=args.subscription,
            tenant=args.tenant,
            group=self._group,
            workloads=network.workloads_id,
            endpoints=network.endpoints_id,
            databases=network.databases_id,
            logs=logs.id,
            monitor=scope.name,
            vault=vault.id,
            vault_name=vault.name,
            vault_uri=self.vault_uri,
            key_name=key.name,
            key_uri=key.key_uri,
            key_version=key.key_uri_with_version,
            encryption=user,
            encryption_client=self._client,
            zones={**network.zone_ids},
            subnets={**network.own_ids},
        )
        self._contract = contracts.Network(
            network_id=network.network_id,
            subnet_ids=network.workloads_id.apply(lambda id: [id]),
            security_group_id=network.security_group_id,
            kms_key=key.key_uri,
            region=args.region,
            account_id=pulumi.Output.from_input(args.subscription),
            parts=place.parts(),
        )
        endpoint(f"{name}-vault", "vault", vault.id, place, self._opts)
        endpoint(f"{name}-monitor", "azuremonitor", scope.id, place, self._opts)
        logged(f"{name}-vault-logs", vault.id, logs.id, self._opts)
        logged(f"{name}-group-logs", network.security_group_id, logs.id, self._opts, metrics=False)
        self.register_outputs(
            {
                "networkId": self.network_id,
                "keyUri": self.key_uri,
                "vaultUri": self.vault_uri,
                "logWorkspaceId": self.log_workspace_id,
            }
        )

    def _logs(self) -> azure.operationalinsights.Workspace:
        return azure.operationalinsights.Workspace(
            f"{self._name}-logs",
            resource_group_name=self._group,
            workspace_name=named(self._args.prefix, "logs", 63),
            sku=azure.operationalinsights.WorkspaceSkuArgs(name="PerGB2018"),
            retention_in_days=365 if self._args.production else 30,
            public_network_access_for_ingestion="Disabled",
            public_network_access_for_query="Disabled",
            features=azure.operationalinsights.WorkspaceFeaturesArgs(
                disable_local_auth=True, enable_log_access_using_only_resource_permissions=True
            ),
            opts=self._opts,
        )

    def _scope(self, logs: azure.operationalinsights.Workspace) -> azure.monitor.PrivateLinkScope:
        """Where the network's queries of logs go in; nothing else of Azure Monitor is reached through it."""
        scope = azure.monitor.PrivateLinkScope(
            f"{self._name}-monitor",
            resource_group_name=self._group,
            scope_name=named(self._args.prefix, "monitor", 64),
            location="global",
            access_mode_settings=azure.monitor.AccessModeSettingsArgs(
                ingestion_access_mode="PrivateOnly", query_access_mode="PrivateOnly"
            ),
            opts=self._opts,
        )
        azure.monitor.PrivateLinkScopedResource(
            f"{self._name}-monitor-logs",
            resource_group_name=self._group,
            scope_name=scope.name,
            name="logs",
            linked_resource_id=logs.id,
            opts=self._opts,
        )
        return scope

    def _vault(self) -> tuple[azure.keyvault.Vault, azure.keyvault.Key, pulumi.Output[str]]:
        """The vault, its key, and the identity that may use the key."""
        vault = azure.keyvault.Vault(
            f"{self._name}-kv",
            resource_group_name=self._group,
            properties=azure.keyvault.VaultPropertiesArgs(
                tenant_id=self._args.tenant,
                sku=azure.keyvault.SkuArgs(family="A", name=azure.keyvault.SkuName.PREMIUM),
                enable_rbac_authorization=True,
                enable_soft_delete=True,
                soft_delete_retention_in_days=90 if self._args.production else 7,
                enable_purge_protection=True,
                public_network_access="Disabled",
                # services that use the stack's key reach it as trusted services
                network_acls=azure.keyvault.NetworkRuleSetArgs(bypass="AzureServices", default_action="Deny"),
            ),
            opts=self._kept,
        )
        rotate = azure.keyvault.LifetimeActionArgs(
            action=azure.keyvault.ActionArgs(type=azure.keyvault.KeyRotationPolicyActionType.ROTATE),
            trigger=azure.keyvault.TriggerArgs(time_after_create="P1Y"),
        )
        key = azure.keyvault.Key(
            f"{self._name}-key",
            resource_group_name=self._group,
            vault_name=vault.name,
            key_name="mlops",
            properties=azure.keyvault.KeyPropertiesArgs(
                kty="RSA-HSM",
                key_size=3072,
                key_ops=["wrapKey", "unwrapKey"],
                rotation_policy=azure.keyvault.RotationPolicyArgs(
                    attributes=azure.keyvault.KeyRotationPolicyAttributesArgs(expiry_time="P2Y"), lifetime_actions=[rotate]
                ),
            ),
            opts=self._kept,
        )
        user = workload_identity(f"{self._name}-encryption", named(self._args.prefix, "encryption", 128), self._group, self._opts)
        right = assign(f"{self._name}-encryption", Role.KEY_USER, user.principal_id, key.id, self._opts)
        # whoever is given the identity waits for its right to the key
        self._client = pulumi.Output.all(user.client_id, right.id).apply(lambda both: str(both[0]))
        return vault, key, pulumi.Output.all(user.id, right.id).apply(lambda both: str(both[0]))

    @staticmethod
    def wants(config: None) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> AzureFoundationArgs:
        """From `cloud` of the spec, and what the chosen systems need around them."""
        client = azure.authorization.get_client_config_output(
            opts=pulumi.InvokeOutputOptions(parent=site.opts.parent, provider=_provider(site))
        )
        if site.namespace is None:
            raise pulumi.RunError("foundation: the landing gave no resource group")
        return AzureFoundationArgs(
            group=site.namespace,
            subscription=client.subscription_id,
            tenant=client.tenant_id,
            region=region_of(site.stack),
            cidr=site.spec.cloud.network.cidr,
            prefix=site.stack.name,
            production=site.spec.environment == "prod",
            groups=groups(site.spec.chosen()),
            owners=subnets(site.spec.chosen()),
        )

    def contracts(self) -> Sequence[contracts.Network]:
        """The network and its key."""
        return [self._contract]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Identifiers for other stacks."""
        return {"networkId": self.network_id, "kmsKey": self.key_uri, "vaultUri": self.vault_uri, "group": self._group}


def _provider(site: Site) -> pulumi.ProviderResource | None:
    given = site.opts.providers
    return given.get("azure-native") if isinstance(given, Mapping) else None
