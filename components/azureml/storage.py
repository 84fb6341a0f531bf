"""Object storage on Azure: a Data Lake Storage account, a container a purpose, a role assignment a consumer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.identity import Role, assign, unique
from components.azureml.place import AzurePlaceArgs, place_of
from components.azureml.private import endpoint, logged
from components.contracts import BucketAccess, Consumer
from components.spec.base import duration_seconds
from components.spec.data import Minio, Seaweedfs
from components.system import Site

LIMIT = 63
"""Longest name of a container in characters."""


def account(
    name: str,
    account_name: pulumi.Input[str],
    place: AzurePlaceArgs,
    opts: pulumi.ResourceOptions,
    *,
    lake: bool,
    production: bool,
) -> azure.storage.StorageAccount:
    """A storage account with every setting of a private one; `lake` gives it directories (hierarchical namespace).

    Our key twice over (infrastructure encryption), Entra alone (no account keys), TLS 1.2, no public address, nothing
    copied to other tenants, deleted blobs and containers kept for 14 days (90 in production), and earlier versions
    where there are no directories: Azure has no versions of blobs with them. Source: Azure Storage documentation,
    "Security recommendations for Blob storage", "Blob Storage feature support in Azure Storage accounts".
    """
    made = azure.storage.StorageAccount(
        name,
        resource_group_name=place.group,
        account_name=account_name,
        kind="StorageV2",
        sku=azure.storage.SkuArgs(name="Standard_ZRS"),
        access_tier=azure.storage.AccessTier.HOT,
        is_hns_enabled=lake,
        identity=azure.storage.IdentityArgs(type="UserAssigned", user_assigned_identities=[place.encryption]),
        encryption=azure.storage.EncryptionArgs(
            key_source="Microsoft.Keyvault",
            key_vault_properties=azure.storage.KeyVaultPropertiesArgs(key_name=place.key_name, key_vault_uri=place.vault_uri),
            encryption_identity=azure.storage.EncryptionIdentityArgs(encryption_user_assigned_identity=place.encryption),
            require_infrastructure_encryption=True,
            services=azure.storage.EncryptionServicesArgs(
                blob=azure.storage.EncryptionServiceArgs(enabled=True, key_type="Account"),
                file=azure.storage.EncryptionServiceArgs(enabled=True, key_type="Account"),
                queue=azure.storage.EncryptionServiceArgs(enabled=True, key_type="Account"),
                table=azure.storage.EncryptionServiceArgs(enabled=True, key_type="Account"),
            ),
        ),
        allow_blob_public_access=False,
        allow_shared_key_access=False,
        allow_cross_tenant_replication=False,
        allowed_copy_scope="AAD",
        default_to_o_auth_authentication=True,
        enable_https_traffic_only=True,
        is_local_user_enabled=False,
        is_sftp_enabled=False,
        minimum_tls_version="TLS1_2",
        public_network_access="Disabled",
        network_rule_set=azure.storage.NetworkRuleSetArgs(
            bypass="AzureServices", default_action=azure.storage.DefaultAction.DENY
        ),
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(protect=production or None, retain_on_delete=production or None)
        ),
    )
    days = 90 if production else 14
    azure.storage.BlobServiceProperties(
        name,
        resource_group_name=place.group,
        account_name=made.name,
        blob_services_name="default",
        delete_retention_policy=azure.storage.DeleteRetentionPolicyArgs(enabled=True, days=days),
        container_delete_retention_policy=azure.storage.DeleteRetentionPolicyArgs(enabled=True, days=days),
        is_versioning_enabled=None if lake else True,
        opts=opts,
    )
    for group in ("blob", "dfs") if lake else ("blob", "file"):
        endpoint(f"{name}-{group}", group, made.id, place, opts)
    logged(f"{name}-logs", pulumi.Output.concat(made.id, "/blobServices/default"), place.logs, opts)
    return made


@dataclass
class DataLakeArgs:
    """A storage account with containers."""

    account_name: pulumi.Input[str]
    """3 to 24 lower-case letters and digits, unique on all of Azure."""
    place: AzurePlaceArgs
    production: bool
    """Protect and retain the account and its containers."""
    containers: dict[str, int] = field(default_factory=dict)
    """Containers that stand although nobody asked for them, and after how many days their objects go; 0 keeps them."""


class DataLake(pulumi.ComponentResource):
    """One storage account with directories, closed but for private endpoints; `grant` makes a container and gives it.

    A consumer's identity is Storage Blob Data Contributor on its container alone. None of it can be switched off.
    """

    account_id: pulumi.Output[str]
    endpoint: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.ObjectStore,)
    tiers = ("all", "platform")
    essential_type = "azure-native:storage:StorageAccount"
    noun = "DataLake"

    def __init__(self, name: str, args: DataLakeArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(f"mlops:index:{self.noun}", name, {}, opts)
        self._name = name
        self._args = args
        self._opts = pulumi.ResourceOptions(parent=self)
        keep = pulumi.ResourceOptions(protect=args.production or None, retain_on_delete=args.production or None)
        self._kept = pulumi.ResourceOptions.merge(self._opts, keep)
        self._containers: dict[str, azure.storage.BlobContainer] = {}
        # a consumer may be granted a container of one name by each of two stores
        self._granted = "" if name == "minio" else f"{name}-"
        self._account = account(
            f"{name}-account", args.account_name, args.place, self._opts, lake=True, production=args.production
        )
        for container in args.containers:
            self._ensure(container)
        self._expire()
        self.account_id = self._account.id
        self.endpoint = self._account.primary_endpoints.apply(lambda found: found.dfs)
        self.register_outputs({"accountId": self.account_id, "endpoint": self.endpoint})

    def _ensure(self, container: str) -> azure.storage.BlobContainer:
        if container not in self._containers:
            self._containers[container] = azure.storage.BlobContainer(
                f"{self._name}-{container}",
                resource_group_name=self._args.place.group,
                account_name=self._account.name,
                container_name=container[:LIMIT],
                public_access=azure.storage.PublicAccess.NONE,
                opts=self._kept,
            )
        return self._containers[container]

    def _expire(self) -> None:
        """One rule a container whose objects do not stay."""
        rules = [
            azure.storage.ManagementPolicyRuleArgs(
                name=f"expire-{container}",
                type="Lifecycle",
                enabled=True,
                definition=azure.storage.ManagementPolicyDefinitionArgs(
                    filters=azure.storage.ManagementPolicyFilterArgs(blob_types=["blockBlob"], prefix_match=[f"{container}/"]),
                    actions=azure.storage.ManagementPolicyActionArgs(
                        base_blob=azure.storage.ManagementPolicyBaseBlobArgs(
                            delete=azure.storage.DateAfterModificationArgs(days_after_modification_greater_than=days)
                        )
                    ),
                ),
            )
            for container, days in self._args.containers.items()
            if days
        ]
        if rules:
            azure.storage.ManagementPolicy(
                f"{self._name}-lifecycle",
                resource_group_name=self._args.place.group,
                account_name=self._account.name,
                management_policy_name="default",
                policy=azure.storage.ManagementPolicySchemaArgs(rules=rules),
                opts=self._opts,
            )

    def grant(self, bucket: str, consumer: Consumer) -> BucketAccess:
        """The container, made if need be, and the consumer's role on it."""
        made = self._ensure(bucket)
        if consumer.role is not None:
            right = assign(
                f"{self._granted}{consumer.name}-bucket-{bucket}", Role.BLOB_DATA_CONTRIBUTOR, consumer.role, made.id, self._opts
            )
            consumer.ready.append(right)
        return BucketAccess(
            bucket=made.name,
            region=self._args.place.region,
            endpoint=self.endpoint,
            kms_key=self._args.place.key_uri,
            account=self._account.id,
        )

    @staticmethod
    def wants(config: Minio | Seaweedfs) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> DataLakeArgs:
        """From `systems.minio` (or `seaweedfs`) of the spec; sizes of volumes mean nothing here, and versions there are none."""
        network = site.contract(contracts.Network)
        config: Minio | Seaweedfs = site.config
        noun = "lake" if site.key == "minio" else site.key
        return DataLakeArgs(
            account_name=unique(f"{site.stack.name}{noun}", network.account_id, 24, dashes=False),
            place=place_of(network),
            production=site.spec.environment == "prod",
            containers={
                name: duration_seconds(bucket.expire_after) // 86400 if bucket.expire_after else 0
                for name, bucket in config.buckets.items()
            },
        )

    def contracts(self) -> Sequence[contracts.ObjectStore]:
        """The store."""
        return [contracts.ObjectStore(self.endpoint, self._args.place.region, self.grant)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address and containers."""
        return {
            "endpoint": self.endpoint,
            "account": self._account.name,
            **{f"bucket.{name}": container.name for name, container in self._containers.items()},
        }
