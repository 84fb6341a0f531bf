"""An Azure Machine Learning workspace with what it cannot do without: storage, vault, telemetry, and an identity."""

from dataclasses import dataclass, field
from typing import Optional

import pulumi
import pulumi_azure_native as azure

from components.azureml.identity import Role, assign
from components.azureml.place import AzurePlaceArgs
from components.azureml.private import endpoint, logged
from components.azureml.storage import account
from components.contracts import BucketAccess
from components.naming import fit


@dataclass
class LakeContainerArgs:
    """A container of the stack's object store."""

    account_id: pulumi.Input[str]
    container: pulumi.Input[str]

    @staticmethod
    def of(access: BucketAccess | None) -> "LakeContainerArgs | None":
        """What was granted; None where nothing was, or not on Azure."""
        if access is None or access.account is None:
            return None
        return LakeContainerArgs(access.account, access.bucket)


@dataclass
class AzuremlWorkspaceArgs:
    """One workspace."""

    workspace_name: str
    """3 to 33 characters."""
    account_name: pulumi.Input[str]
    """Its storage account, unique on all of Azure."""
    principal_id: pulumi.Input[str]
    identity_id: pulumi.Input[str]
    """The workspace's own identity."""
    owns_rights: bool
    """Assign roles; in a team's stack the platform has done so on the team's resource group."""
    production: bool
    """Protect the workspace and what it keeps."""
    place: AzurePlaceArgs
    kind: str = "Default"
    """Default or FeatureStore."""
    reaches: dict[str, pulumi.Input[str]] = field(default_factory=dict)
    """Ids of storage accounts, by name, that its computes reach by private endpoints of the managed network."""
    registry_id: Optional[pulumi.Input[str]] = None
    """Container registry for environments' images."""


class AzuremlWorkspace(pulumi.ComponentResource):
    """machinelearningservices.Workspace without a public address, whose computes stand in a network that lets nothing out
    but what is approved.

    Creates: storage account (no directories: a workspace's own must not have them), key vault of its own, Application
    Insights, the workspace with our key (service-side, so no second resource group), data stores by identity instead of
    keys, and the identity's roles on each of these alone. Source: Azure Machine Learning documentation, "Workspace
    managed virtual network isolation", "Set up authentication between Azure Machine Learning and other services",
    "Customer-managed keys".
    """

    workspace_id: pulumi.Output[str]
    workspace_name: pulumi.Output[str]
    tracking_uri: pulumi.Output[str]

    def __init__(self, name: str, args: AzuremlWorkspaceArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AzuremlWorkspace", name, {}, opts)
        self._name = name
        self._args = args
        self._opts = pulumi.ResourceOptions(parent=self)
        keep = pulumi.ResourceOptions(protect=args.production or None)
        self._kept = pulumi.ResourceOptions.merge(self._opts, keep)
        place = args.place
        store = account(f"{name}-store", args.account_name, place, self._opts, lake=False, production=args.production)
        vault = self._vault(place)
        insights = self._insights(place)
        rights = self._rights(store, vault, insights) if args.owns_rights else []
        workspace = azure.machinelearningservices.Workspace(
            f"{name}-workspace",
            resource_group_name=place.group,
            workspace_name=args.workspace_name,
            friendly_name=args.workspace_name,
            kind=args.kind,
            sku=azure.machinelearningservices.SkuArgs(name="Basic", tier=azure.machinelearningservices.SkuTier.BASIC),
            identity=azure.machinelearningservices.ManagedServiceIdentityArgs(
                type="UserAssigned", user_assigned_identities=[args.identity_id, place.encryption]
            ),
            primary_user_assigned_identity=args.identity_id,
            storage_account=store.id,
            key_vault=vault.id,
            application_insights=insights.id,
            container_registry=args.registry_id,
            feature_store_settings=azure.machinelearningservices.FeatureStoreSettingsArgs()
            if args.kind == "FeatureStore"
            else None,
            public_network_access="Disabled",
            allow_public_access_when_behind_vnet=False,
            managed_network=self._managed_network(),
            system_datastores_auth_mode="Identity",
            hbi_workspace=True,
            v1_legacy_mode=False,
            enable_service_side_cmk_encryption=True,
            encryption=azure.machinelearningservices.EncryptionPropertyArgs(
                status="Enabled",
                key_vault_properties=azure.machinelearningservices.KeyVaultPropertiesArgs(
                    key_identifier=place.key_version, key_vault_arm_id=place.vault
                ),
                identity=azure.machinelearningservices.IdentityForCmkArgs(user_assigned_identity=place.encryption),
            ),
            opts=pulumi.ResourceOptions.merge(self._kept, pulumi.ResourceOptions(depends_on=rights)),
        )
        ready = endpoint(f"{name}-workspace", "amlworkspace", workspace.id, place, self._opts)
        logged(f"{name}-workspace-logs", workspace.id, place.logs, self._opts)
        # whoever uses the workspace reaches it by its private name
        self.workspace_id = pulumi.Output.all(workspace.id, ready.id).apply(lambda both: str(both[0]))
        self.workspace_name = workspace.name
        self.tracking_uri = workspace.ml_flow_tracking_uri
        self.register_outputs(
            {"workspaceId": self.workspace_id, "workspaceName": self.workspace_name, "trackingUri": self.tracking_uri}
        )

    def _vault(self, place: AzurePlaceArgs) -> azure.keyvault.Vault:
        """The workspace's secrets; its name is drawn, for a deleted vault keeps its own."""
        vault = azure.keyvault.Vault(
            # eight digits are added to it, and 24 characters are the most
            fit(f"{self._name}-kv", 16),
            resource_group_name=place.group,
            properties=azure.keyvault.VaultPropertiesArgs(
                tenant_id=place.tenant,
                sku=azure.keyvault.SkuArgs(family="A", name=azure.keyvault.SkuName.STANDARD),
                enable_rbac_authorization=True,
                enable_soft_delete=True,
                soft_delete_retention_in_days=90 if self._args.production else 7,
                enable_purge_protection=True,
                public_network_access="Disabled",
                network_acls=azure.keyvault.NetworkRuleSetArgs(bypass="AzureServices", default_action="Deny"),
            ),
            opts=self._kept,
        )
        endpoint(f"{self._name}-vault", "vault", vault.id, place, self._opts)
        logged(f"{self._name}-vault-logs", vault.id, place.logs, self._opts)
        return vault

    def _insights(self, place: AzurePlaceArgs) -> azure.applicationinsights.Component:
        made = azure.applicationinsights.Component(
            f"{self._name}-insights",
            resource_group_name=place.group,
            resource_name_=self._args.workspace_name,
            kind="web",
            application_type="web",
            workspace_resource_id=place.logs,
            ingestion_mode="LogAnalytics",
            disable_local_auth=True,
            public_network_access_for_ingestion="Disabled",
            public_network_access_for_query="Disabled",
            opts=self._opts,
        )
        if self._args.owns_rights:  # the scope stands in the platform's group
            azure.monitor.PrivateLinkScopedResource(
                f"{self._name}-insights",
                resource_group_name=place.group,
                scope_name=place.monitor,
                name=self._args.workspace_name,
                linked_resource_id=made.id,
                opts=self._opts,
            )
        return made

    def _rights(
        self,
        store: azure.storage.StorageAccount,
        vault: azure.keyvault.Vault,
        insights: azure.applicationinsights.Component,
    ) -> list[pulumi.Resource]:
        """What the workspace's identity may do with its own parts, and nowhere else."""
        given = [
            ("blobs", Role.BLOB_DATA_CONTRIBUTOR, store.id),
            ("files", Role.FILES_CONTRIBUTOR, store.id),
            ("store", Role.CONTRIBUTOR, store.id),
            ("secrets", Role.SECRETS_OFFICER, vault.id),
            ("vault", Role.CONTRIBUTOR, vault.id),
            ("insights", Role.CONTRIBUTOR, insights.id),
            *((f"reach-{name}", Role.CONNECTION_APPROVER, id) for name, id in self._args.reaches.items()),
        ]
        if self._args.registry_id is not None:
            given.append(("images", Role.CONTRIBUTOR, pulumi.Output.from_input(self._args.registry_id)))
        return [assign(f"{self._name}-{noun}", role, self._args.principal_id, id, self._opts) for noun, role, id in given]

    def _managed_network(self) -> azure.machinelearningservices.ManagedNetworkSettingsArgs:
        rules = {
            f"{name}-{part}": azure.machinelearningservices.PrivateEndpointOutboundRuleArgs(
                type="PrivateEndpoint",
                category="UserDefined",
                destination=azure.machinelearningservices.PrivateEndpointDestinationArgs(
                    service_resource_id=id, subresource_target=part, spark_enabled=True
                ),
            )
            for name, id in self._args.reaches.items()
            for part in ("blob", "dfs")
        }
        return azure.machinelearningservices.ManagedNetworkSettingsArgs(
            isolation_mode="AllowOnlyApprovedOutbound", firewall_sku="Basic", outbound_rules=rules or None
        )


def datastore(
    name: str,
    store: str,
    workspace: pulumi.Input[str],
    bucket: "LakeContainerArgs",
    group: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> azure.machinelearningservices.Datastore:
    """A container of the stack's object store as data store `store` of a workspace, read and written by identity."""
    return azure.machinelearningservices.Datastore(
        name,
        resource_group_name=group,
        workspace_name=workspace,
        name=store,
        properties=azure.machinelearningservices.AzureDataLakeGen2DatastoreArgs(
            datastore_type="AzureDataLakeGen2",
            account_name=pulumi.Output.from_input(bucket.account_id).apply(lambda id: id.rpartition("/")[2]),
            filesystem=bucket.container,
            endpoint="core.windows.net",
            protocol="https",
            credentials=azure.machinelearningservices.NoneDatastoreCredentialsArgs(credentials_type="None"),
            service_data_access_auth_identity="WorkspaceUserAssignedIdentity",
            description="A container of the stack's object store",
        ),
        opts=opts,
    )
