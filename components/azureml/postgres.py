"""PostgreSQL on Azure: a flexible server behind a private endpoint, encrypted by our key, logged in to by Entra identities."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.flexible import FlexibleServerArgs, from_spec, kept, tier
from components.azureml.identity import named, workload_identity
from components.azureml.private import endpoint, logged
from components.contracts import Consumer, DatabaseAccess
from components.naming import LIMITS, fit
from components.spec.data import Postgres
from components.system import Site

PORT = 5432
VERSION = "18"
"""Newest that the SDK names (pulumi-azure-native 3.29.0, dbforpostgresql.PostgresMajorVersion), as on Kubernetes."""
SETTINGS = {"require_secure_transport": "on", "ssl_min_protocol_version": "TLSv1.2", "log_connections": "on"}
"""Server parameters (Azure Database for PostgreSQL documentation, "Server parameters", "Transport Layer Security")."""
SIZES = (32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32767)
"""GiB that a server's disk comes in (the same, "Storage options")."""
LEAST_DAYS = 7
"""Backups are kept for so long at least (the same, "Backup and restore")."""


class FlexiblePostgres(pulumi.ComponentResource):
    """dbforpostgresql.Server behind a private endpoint: our key, TLS required, no passwords at all.

    Creates: the server with Entra logins alone, its private endpoint, parameters, and an identity as Entra administrator.
    `grant` makes the consumer's database. No API makes a PostgreSQL role: it comes to be with
    `select * from pgaadauth_create_principal_with_oid('<user>', '<principal id>', 'service', false, false)` in database
    postgres and a GRANT, run once inside the network as the administrator. The key is named with its version: after a
    rotation, `pulumi up --refresh` takes the new one. Source: Azure Database for PostgreSQL documentation, "Microsoft
    Entra authentication", "Data encryption with a customer-managed key", "Private Link", "Manage Microsoft Entra roles".
    """

    host: pulumi.Output[str]
    server_id: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.Database,)
    tiers = ("all", "platform")
    essential_type = "azure-native:dbforpostgresql:Server"

    def __init__(self, name: str, args: FlexibleServerArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:FlexiblePostgres", name, {}, opts)
        self._name, self._args, place = name, args, args.place
        self._opts = pulumi.ResourceOptions(parent=self)
        self._kept = kept(args.production, self._opts)
        self._admin = workload_identity(f"{name}-admin", named(args.prefix, "postgres-admin", 128), place.group, self._opts)
        pg = azure.dbforpostgresql
        self._server = pg.Server(
            f"{name}-server",
            resource_group_name=place.group,
            server_name=args.server_name,
            version=VERSION,
            create_mode="Default",
            sku=pg.SkuArgs(name=args.sku, tier=tier(args.sku)),
            auth_config=pg.AuthConfigArgs(active_directory_auth="Enabled", password_auth="Disabled", tenant_id=place.tenant),
            storage=pg.StorageArgs(storage_size_gb=_size(args.storage_gib), auto_grow="Enabled"),
            high_availability=pg.HighAvailabilityArgs(mode="ZoneRedundant" if args.high_availability else "Disabled"),
            # backups in the paired region would want a key there
            backup=pg.BackupArgs(backup_retention_days=max(LEAST_DAYS, args.backup_days), geo_redundant_backup="Disabled"),
            network=pg.NetworkArgs(public_network_access="Disabled"),
            # here identities are a mapping
            identity=pg.UserAssignedIdentityArgs(
                type="UserAssigned",
                user_assigned_identities=pulumi.Output.from_input(place.encryption).apply(lambda id: {id: pg.UserIdentityArgs()}),
            ),
            data_encryption=pg.DataEncryptionArgs(
                type="AzureKeyVault",
                primary_key_uri=place.key_version,
                primary_user_assigned_identity_id=place.encryption,
            ),
            maintenance_window=pg.MaintenanceWindowArgs(custom_window="Enabled", day_of_week=0, start_hour=3, start_minute=30),
            opts=self._kept,
        )
        self._settings()
        ready = endpoint(f"{name}-server", "postgresqlServer", self._server.id, place, self._opts)
        logged(f"{name}-logs", self._server.id, place.logs, self._opts)
        host = self._server.fully_qualified_domain_name
        self.host = pulumi.Output.all(host, ready.id).apply(lambda both: str(both[0]))
        self.server_id = self._server.id
        self.register_outputs({"host": self.host, "serverId": self.server_id})

    def _settings(self) -> None:
        """The administrator, then parameters one after the other: the server takes one change at a time."""
        place = self._args.place
        after: pulumi.Resource = azure.dbforpostgresql.AdministratorsMicrosoftEntra(
            f"{self._name}-admin",
            resource_group_name=place.group,
            server_name=self._server.name,
            object_id=self._admin.principal_id,
            principal_name=self._admin.name,
            principal_type="ServicePrincipal",
            tenant_id=place.tenant,
            opts=self._opts,
        )
        for key, value in SETTINGS.items():
            after = azure.dbforpostgresql.Configuration(
                f"{self._name}-{key.replace('_', '-')}",
                resource_group_name=place.group,
                server_name=self._server.name,
                configuration_name=key,
                value=value,
                source="user-override",
                opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[after])),
            )

    def grant(self, database: str, consumer: Consumer) -> DatabaseAccess:
        """The consumer's database, and the role that it logs in as with its identity's token."""
        name = fit(database.replace("-", "_"), LIMITS["postgres-name"])
        made = azure.dbforpostgresql.Database(
            f"{consumer.name}-postgres-{database}",
            resource_group_name=self._args.place.group,
            server_name=self._server.name,
            database_name=name,
            charset="UTF8",
            collation="en_US.utf8",
            opts=self._kept,
        )
        consumer.ready.append(made)
        user = fit(consumer.name.replace("-", "_"), LIMITS["postgres-name"])
        return DatabaseAccess(host=self.host, port=PORT, database=made.name, username=user)

    @staticmethod
    def wants(config: Postgres) -> contracts.Wants:
        """Nothing: Azure keeps the backups."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> FlexibleServerArgs:
        """From `systems.postgres` of the spec; more than one replica means a standby in another zone."""
        config: Postgres = site.config
        return from_spec(site, config.sku, config.storage, config.replicas, config.backup.keep if config.backup else LEAST_DAYS)

    def contracts(self) -> Sequence[contracts.Database]:
        """The server."""
        return [contracts.Database("postgres", self.host, PORT, self.grant, server=self.server_id)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address, ARM id and the administrator's identity."""
        return {"host": self.host, "port": str(PORT), "server": self.server_id, "admin": self._admin.id}


def _size(gib: int) -> int:
    """The next size that a disk comes in."""
    return next((size for size in SIZES if size >= gib), SIZES[-1])
