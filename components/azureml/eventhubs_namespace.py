"""A Premium Event Hubs namespace and its hubs, for the broker and for ingestion."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Optional

import pulumi
import pulumi_azure_native as azure

from components.azureml.place import AzurePlaceArgs
from components.azureml.private import endpoint, logged

ARCHIVE = "{EventHub}/{Year}/{Month}/{Day}/{Hour}/{Namespace}-{PartitionId}-{Minute}-{Second}"
"""Names of captured files; all of these words have to be there (Event Hubs documentation, "Event Hubs Capture")."""


@dataclass
class HubCaptureArgs:
    """Where a hub's events are kept as Avro files."""

    account_id: pulumi.Input[str]
    container: pulumi.Input[str]
    identity_id: pulumi.Input[str]
    """Identity of the namespace that writes them."""


class Premium(NamedTuple):
    """A namespace, and what its name waits for."""

    namespace: azure.eventhub.Namespace
    ready: pulumi.Resource


def premium(
    name: str,
    namespace_name: pulumi.Input[str],
    units: int,
    place: AzurePlaceArgs,
    identities: list[pulumi.Input[str]],
    opts: pulumi.ResourceOptions,
    kept: pulumi.ResourceOptions,
) -> Premium:
    """A namespace with our key, Entra logins alone, TLS 1.2, a private endpoint, and logs; `identities` beside that of the key.

    `kept` are the options of what holds data. Source: Azure Event Hubs documentation, "Configure customer-managed keys",
    "Allow access to Event Hubs namespaces via private endpoints".
    """
    key = azure.eventhub.KeyVaultPropertiesArgs(
        key_name=place.key_name,
        key_vault_uri=place.vault_uri,
        identity=azure.eventhub.UserAssignedIdentityPropertiesArgs(user_assigned_identity=place.encryption),
    )
    namespace = azure.eventhub.Namespace(
        f"{name}-namespace",
        resource_group_name=place.group,
        namespace_name=namespace_name,
        sku=azure.eventhub.SkuArgs(name="Premium", tier="Premium", capacity=units),
        identity=azure.eventhub.IdentityArgs(
            type=azure.eventhub.ManagedServiceIdentityType.USER_ASSIGNED,
            user_assigned_identities=[place.encryption, *identities],
        ),
        encryption=azure.eventhub.EncryptionArgs(
            key_source=azure.eventhub.KeySource.MICROSOFT_KEY_VAULT,
            key_vault_properties=[key],
            require_infrastructure_encryption=True,
        ),
        kafka_enabled=True,
        disable_local_auth=True,
        minimum_tls_version="1.2",
        public_network_access="Disabled",
        zone_redundant=True,
        opts=kept,
    )
    azure.eventhub.NamespaceNetworkRuleSet(
        f"{name}-network",
        resource_group_name=place.group,
        namespace_name=namespace.name,
        default_action="Deny",
        public_network_access="Disabled",
        trusted_service_access_enabled=True,
        opts=opts,
    )
    ready = endpoint(f"{name}-namespace", "namespace", namespace.id, place, opts)
    logged(f"{name}-logs", namespace.id, place.logs, opts)
    return Premium(namespace, ready)


def hub(
    name: str,
    hub_name: str,
    namespace: azure.eventhub.Namespace,
    group: pulumi.Input[str],
    partitions: int,
    hours: int,
    capture: Optional[HubCaptureArgs],
    opts: pulumi.ResourceOptions,
) -> azure.eventhub.EventHub:
    """An event hub that keeps events for `hours`, and with `capture` as files too: every five minutes or 64 MiB."""
    kept: Any = None
    if capture is not None:
        kept = azure.eventhub.CaptureDescriptionArgs(
            enabled=True,
            encoding=azure.eventhub.EncodingCaptureDescription.AVRO,
            interval_in_seconds=300,
            size_limit_in_bytes=64 * 2**20,
            skip_empty_archives=True,
            destination=azure.eventhub.DestinationArgs(
                name="EventHubArchive.AzureBlockBlob",
                storage_account_resource_id=capture.account_id,
                blob_container=capture.container,
                archive_name_format=ARCHIVE,
                identity=azure.eventhub.CaptureIdentityArgs(
                    type=azure.eventhub.CaptureIdentityType.USER_ASSIGNED, user_assigned_identity=capture.identity_id
                ),
            ),
        )
    return azure.eventhub.EventHub(
        name,
        resource_group_name=group,
        namespace_name=namespace.name,
        event_hub_name=hub_name,
        partition_count=partitions,
        retention_description=azure.eventhub.RetentionDescriptionArgs(cleanup_policy="Delete", retention_time_in_hours=hours),
        capture_description=kept,
        opts=opts,
    )
