"""A team's fence on Azure: a resource group of its own with a deployer, and the document of what the team was granted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_azure_native as azure

from components.azureml.identity import Role, assign, named, unique, workload_identity
from components.azureml.place import AzurePlaceArgs, place_of
from components.azureml.private import ZONES, endpoint, logged
from components.contracts import Network
from components.published import document
from components.spec.stack import Stack
from components.system import TeamGrants

ENDPOINTS = ("vault", "blob", "file", "amlworkspace")
"""Subresources of a workspace's parts, by private.ZONES."""
WORKSPACE_ROLES = {
    "blobs": Role.BLOB_DATA_CONTRIBUTOR,
    "files": Role.FILES_CONTRIBUTOR,
    "secrets": Role.SECRETS_OFFICER,
    "parts": Role.CONTRIBUTOR,
}
"""What a workspace's identity needs of its parts (workspace.py gives it on each of them)."""


def store_name(platform: str, subscription: pulumi.Input[str]) -> pulumi.Output[str]:
    """Name of the App Configuration store that holds a platform's documents."""
    return unique(f"{platform}-documents", subscription, 50)


def key_name(team: str) -> str:
    """Key of a team's document in the store."""
    return f"mlops-{team}-contract"


@dataclass
class DocumentStoreArgs:
    """The store of a platform's documents."""

    store_name: pulumi.Input[str]
    place: AzurePlaceArgs
    production: bool
    """Protect the store."""

    @staticmethod
    def build(stack: Stack, network: Network) -> "DocumentStoreArgs":
        """From the stack and its network."""
        return DocumentStoreArgs(store_name(stack.name, network.account_id), place_of(network), stack.spec.environment == "prod")


class DocumentStore(pulumi.ComponentResource):
    """App Configuration store: our key, no access keys, no public address; written and read through Resource Manager.

    Source: Azure App Configuration documentation, "Deployment overview" (pass-through authentication with private
    link delegation) and "Use customer-managed keys".
    """

    store_name: pulumi.Output[str]
    group: pulumi.Output[str]
    store_id: pulumi.Output[str]

    def __init__(self, name: str, args: DocumentStoreArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:DocumentStore", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        place = args.place
        store = azure.appconfiguration.ConfigurationStore(
            f"{name}-store",
            resource_group_name=place.group,
            config_store_name=args.store_name,
            sku=azure.appconfiguration.SkuArgs(name="standard"),
            identity=azure.appconfiguration.ResourceIdentityArgs(
                type="UserAssigned", user_assigned_identities=[place.encryption]
            ),
            encryption=azure.appconfiguration.EncryptionPropertiesArgs(
                key_vault_properties=azure.appconfiguration.KeyVaultPropertiesArgs(
                    key_identifier=place.key_uri, identity_client_id=place.encryption_client
                )
            ),
            disable_local_auth=True,
            public_network_access="Disabled",
            enable_purge_protection=args.production,
            data_plane_proxy=azure.appconfiguration.DataPlaneProxyPropertiesArgs(
                authentication_mode="Pass-through", private_link_delegation="Enabled"
            ),
            opts=pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(protect=args.production or None)),
        )
        endpoint(f"{name}-store", "configurationStores", store.id, place, mine)
        logged(f"{name}-store-logs", store.id, place.logs, mine)
        self.store_name = store.name
        self.group = pulumi.Output.from_input(place.group)
        self.store_id = store.id
        self.register_outputs({"storeName": self.store_name, "group": self.group, "storeId": self.store_id})


@dataclass
class TeamFenceArgs:
    """One team of a platform."""

    team: str
    stem: str
    """Beginning of the names of the team's things."""
    group: pulumi.Input[str]
    """The team's resource group."""
    subscription: pulumi.Input[str]
    store_name: pulumi.Input[str]
    store_group: pulumi.Input[str]
    store_id: pulumi.Input[str]
    place: AzurePlaceArgs
    """What the platform's foundation gives."""
    contract: pulumi.Input[str]
    """The document (JSON), names and addresses only."""
    principals: dict[str, pulumi.Input[str]] = field(default_factory=dict)
    """Principals of the identities made ahead for the team's workloads, by system."""
    lakes: dict[str, pulumi.Input[str]] = field(default_factory=dict)
    """Ids of the storage accounts that the team's containers are in, by container."""

    @staticmethod
    def build(
        stack: Stack,
        team: str,
        met: Mapping[type, Any],
        grants: TeamGrants,
        identities: Mapping[str, azure.managedidentity.UserAssignedIdentity],
        group: pulumi.Input[str],
        store: DocumentStore,
    ) -> "TeamFenceArgs":
        """From what the platform granted."""
        given: dict[str, Mapping[str, Any]] = {
            "databases": grants.databases,
            "buckets": grants.buckets,
            "brokers": grants.brokers,
        }
        roles = {
            key: {"principal": item.principal_id, "id": item.id, "client": item.client_id} for key, item in identities.items()
        }
        network: Network = met[Network]
        return TeamFenceArgs(
            team=team,
            stem=f"{stack.name}-{team}",
            group=group,
            subscription=network.account_id,
            store_name=store.store_name,
            store_group=store.group,
            store_id=store.store_id,
            place=place_of(network),
            contract=document(stack.name, team, met, given, {"roles": roles, "group": group}),
            principals={key: item.principal_id for key, item in identities.items()},
            lakes={name: access.account for name, access in grants.buckets.items() if access.account is not None},
        )


class TeamFence(pulumi.ComponentResource):
    """Deployer identity that manages the team's resource group, and the team's document.

    Contributor on the group cannot assign roles, so the team cannot widen its fence; the identities of its workloads
    stand in the group, made and given their rights by the platform: the workspace's one on the group, since its parts
    do not exist yet. Of the platform's own things the deployer may use what a private workspace is made with: the subnet
    for private endpoints, the zones, the logs, the identity that uses the key. Source: Azure RBAC documentation,
    "Understand scope".
    """

    deployer_id: pulumi.Output[str]
    client_id: pulumi.Output[str]

    def __init__(self, name: str, args: TeamFenceArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:TeamFence", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        deployer = workload_identity(f"{name}-deployer", named(args.stem, "deployer", 128), args.group, mine)
        scope = pulumi.Output.format("/subscriptions/{0}/resourceGroups/{1}", args.subscription, args.group)
        assign(f"{name}-deploy", Role.CONTRIBUTOR, deployer.principal_id, scope, mine)
        assign(f"{name}-read", Role.CONFIGURATION_READER, deployer.principal_id, args.store_id, mine)
        self._borrow(name, args.place, deployer.principal_id, mine)
        self._workloads(name, args, scope, mine)
        azure.appconfiguration.KeyValue(
            f"{name}-contract",
            resource_group_name=args.store_group,
            config_store_name=args.store_name,
            key_value_name=key_name(args.team),
            content_type="application/json",
            value=args.contract,
            opts=mine,
        )
        self.deployer_id = deployer.id
        self.client_id = deployer.client_id
        self.register_outputs({"deployerId": self.deployer_id, "clientId": self.client_id})

    @staticmethod
    def _borrow(name: str, place: AzurePlaceArgs, principal: pulumi.Input[str], mine: pulumi.ResourceOptions) -> None:
        """What of the platform's a team's workspace is made with."""
        assign(f"{name}-subnet", Role.NETWORK_CONTRIBUTOR, principal, place.endpoints, mine)
        assign(f"{name}-logs", Role.LOGS_CONTRIBUTOR, principal, place.logs, mine)
        assign(f"{name}-key", Role.IDENTITY_OPERATOR, principal, place.encryption, mine)
        assign(f"{name}-vault", Role.READER, principal, place.vault, mine)
        for group in ENDPOINTS:
            for zone in ZONES[group]:
                assign(f"{name}-{zone}", Role.ZONE_CONTRIBUTOR, principal, place.zones[zone], mine)

    @staticmethod
    def _workloads(name: str, args: TeamFenceArgs, scope: pulumi.Input[str], mine: pulumi.ResourceOptions) -> None:
        """The rights that a workspace and its notebooks will need, which the team could not give them."""
        workspace = next((system for system in ("mlflow", "jupyterhub") if system in args.principals), None)
        if workspace is not None:
            principal = args.principals[workspace]
            for noun, role in WORKSPACE_ROLES.items():
                assign(f"{name}-{workspace}-{noun}", role, principal, scope, mine)
            # one account may hold several of the containers: once is enough
            for lake in list(args.lakes.values())[:1]:
                assign(f"{name}-{workspace}-reach", Role.CONNECTION_APPROVER, principal, lake, mine)
        if "jupyterhub" in args.principals:
            assign(f"{name}-jupyterhub-track", Role.DATA_SCIENTIST, args.principals["jupyterhub"], scope, mine)
