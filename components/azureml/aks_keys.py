"""How a cluster on AKS encrypts: its disks with the stack's key, its Secrets with a key of their own."""

from dataclasses import dataclass

import pulumi
import pulumi_azure_native as azure

from components.azureml.identity import Role, assign, named
from components.azureml.place import AzurePlaceArgs


@dataclass
class Keys:
    """Ids that wait for the cluster identity's rights."""

    disks: pulumi.Output[str]
    """Disk encryption set."""
    secrets: pulumi.Output[str]
    """URI of the key for Secrets, with its version."""


def keys(
    name: str, prefix: str, principal: pulumi.Input[str], place: AzurePlaceArgs, opts: pulumi.ResourceOptions, production: bool
) -> Keys:
    """A DiskEncryptionSet that follows the stack's key, and a key that etcd's Secrets are encrypted with.

    The stack's key wraps and unwraps alone; the API server's KMS plugin encrypts and decrypts, so that it has a key of its own in
    the same vault. Source: AKS, "Bring your own keys with Azure managed disks", "Add Key Management Service etcd encryption".
    """
    disks = azure.compute.DiskEncryptionSet(
        f"{name}-disks",
        resource_group_name=place.group,
        disk_encryption_set_name=named(prefix, "cluster-disks", 80),
        identity=azure.compute.EncryptionSetIdentityArgs(type="UserAssigned", user_assigned_identities=[place.encryption]),
        encryption_type="EncryptionAtRestWithCustomerKey",
        active_key=azure.compute.KeyForDiskEncryptionSetArgs(
            key_url=place.key_version, source_vault=azure.compute.SourceVaultArgs(id=place.vault)
        ),
        rotation_to_latest_key_version_enabled=True,
        opts=opts,
    )
    key = azure.keyvault.Key(
        f"{name}-secrets",
        resource_group_name=place.group,
        vault_name=place.vault_name,
        key_name=named(prefix, "cluster-secrets", 127),
        properties=azure.keyvault.KeyPropertiesArgs(kty="RSA-HSM", key_size=3072, key_ops=["encrypt", "decrypt"]),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=production or None)),
    )
    read = assign(f"{name}-disks", Role.READER, principal, disks.id, opts)
    use = assign(f"{name}-secrets", Role.CRYPTO_USER, principal, key.id, opts)
    reach = assign(f"{name}-vault", Role.VAULT_CONTRIBUTOR, principal, place.vault, opts)
    return Keys(
        pulumi.Output.all(disks.id, read.id).apply(lambda ids: str(ids[0])),
        pulumi.Output.all(key.key_uri_with_version, use.id, reach.id).apply(lambda ids: str(ids[0])),
    )
