"""MySQL on Azure: a flexible server inside the network, encrypted by our key, logged in to by Entra identities."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_azure_native as azure
import pulumi_random as random

from components import contracts
from components.azureml.flexible import FlexibleServerArgs, from_spec, kept, tier
from components.azureml.identity import named, workload_identity
from components.azureml.place import AzurePlaceArgs
from components.azureml.private import MYSQL_ZONE, logged
from components.contracts import Consumer, DatabaseAccess
from components.naming import LIMITS, fit
from components.spec.data import Mysql
from components.system import Site

PORT = 3306
VERSION = "8.0.21"
"""What the SDK names beside the retired 5.7 (pulumi-azure-native 3.29.0, dbformysql.ServerVersion); it stands for 8.0."""
SETTINGS = {"require_secure_transport": "ON", "tls_version": "TLSv1.2,TLSv1.3", "aad_auth_only": "ON", "audit_log_enabled": "ON"}
"""Server parameters (Azure Database for MySQL documentation, "Server parameters", "Microsoft Entra authentication")."""


class FlexibleMysql(pulumi.ComponentResource):
    """dbformysql.Server in the delegated subnet: our key, TLS required, Entra logins alone.

    Creates: the server with its private name, its parameters, an identity as Entra administrator, a generated password
    that Azure asks for at creation (in the vault; logins with passwords are off). `grant` makes the consumer's
    database. No API makes a MySQL user: it comes to be with `CREATE AADUSER '<user>' IDENTIFIED BY '<client id>'`
    and a GRANT, run once inside the network by the administrator; and the administrator's identity needs
    User.Read.All, GroupMember.Read.All and Application.Read.All of Microsoft Graph, which a tenant's administrator
    gives it. The key is named with its version: after a rotation, `pulumi up --refresh` takes the new one. Source:
    Azure Database for MySQL documentation, "Microsoft Entra authentication", "Data encryption with a customer managed
    key", "Private network access".
    """

    host: pulumi.Output[str]
    server_id: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.Database,)
    tiers = ("all", "platform")
    essential_type = "azure-native:dbformysql:Server"

    def __init__(self, name: str, args: FlexibleServerArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:FlexibleMysql", name, {}, opts)
        self._name = name
        self._args = args
        self._opts = pulumi.ResourceOptions(parent=self)
        self._kept = kept(args.production, self._opts)
        place = args.place
        administrator = workload_identity(f"{name}-admin", named(args.prefix, "mysql-admin", 128), place.group, self._opts)
        self._server = azure.dbformysql.Server(
            f"{name}-server",
            resource_group_name=place.group,
            server_name=args.server_name,
            version=VERSION,
            create_mode="Default",
            sku=azure.dbformysql.MySQLServerSkuArgs(name=args.sku, tier=tier(args.sku)),
            administrator_login="platform",
            administrator_login_password=self._password(place),
            storage=azure.dbformysql.StorageArgs(
                storage_size_gb=args.storage_gib, auto_grow="Enabled", auto_io_scaling="Enabled"
            ),
            high_availability=azure.dbformysql.HighAvailabilityArgs(
                mode="ZoneRedundant" if args.high_availability else "Disabled"
            ),
            # backups in the paired region would want a key there
            backup=azure.dbformysql.BackupArgs(backup_retention_days=args.backup_days, geo_redundant_backup="Disabled"),
            network=azure.dbformysql.NetworkArgs(
                delegated_subnet_resource_id=place.databases,
                private_dns_zone_resource_id=place.zones[MYSQL_ZONE],
                public_network_access="Disabled",
            ),
            identity=azure.dbformysql.MySQLServerIdentityArgs(
                type="UserAssigned", user_assigned_identities=[place.encryption, administrator.id]
            ),
            data_encryption=self._encryption(place),
            maintenance_window=azure.dbformysql.MaintenanceWindowArgs(
                custom_window="Enabled", day_of_week=0, start_hour=3, start_minute=30
            ),
            opts=self._kept,
        )
        self._settings(place, administrator)
        logged(f"{name}-logs", self._server.id, place.logs, self._opts)
        self.host = self._server.fully_qualified_domain_name
        self.server_id = self._server.id
        self.register_outputs({"host": self.host, "serverId": self.server_id})

    def _encryption(self, place: AzurePlaceArgs) -> azure.dbformysql.DataEncryptionArgs:
        return azure.dbformysql.DataEncryptionArgs(
            type=azure.dbformysql.DataEncryptionType.AZURE_KEY_VAULT,
            primary_key_uri=place.key_version,
            primary_user_assigned_identity_id=place.encryption,
        )

    def _password(self, place: AzurePlaceArgs) -> pulumi.Output[str]:
        """Azure asks for one when a server is made; it is kept in the vault and opens nothing."""
        password = random.RandomPassword(
            f"{self._name}-password", length=40, min_lower=2, min_upper=2, min_numeric=2, special=False, opts=self._opts
        ).result
        self._secret = azure.keyvault.Secret(
            f"{self._name}-password",
            resource_group_name=place.group,
            vault_name=place.vault_name,
            secret_name=f"{self._args.prefix}-mysql-administrator",
            properties=azure.keyvault.SecretPropertiesArgs(value=password, content_type="text/plain"),
            opts=self._opts,
        )
        return pulumi.Output.secret(password)

    def _settings(self, place: AzurePlaceArgs, administrator: azure.managedidentity.UserAssignedIdentity) -> None:
        """Parameters one after the other, for the server takes one change at a time; the administrator after them."""
        after: list[pulumi.Resource] = []
        who = azure.dbformysql.AzureADAdministrator(
            f"{self._name}-admin",
            resource_group_name=place.group,
            server_name=self._server.name,
            administrator_name="ActiveDirectory",
            administrator_type="ActiveDirectory",
            identity_resource_id=administrator.id,
            login=administrator.name,
            sid=administrator.client_id,
            tenant_id=place.tenant,
            opts=self._opts,
        )
        # Entra logins alone cannot be asked for before there is somebody who can log in
        after.append(who)
        for key, value in SETTINGS.items():
            later = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=list(after)))
            made = azure.dbformysql.Configuration(
                f"{self._name}-{key.replace('_', '-')}",
                resource_group_name=place.group,
                server_name=self._server.name,
                configuration_name=key,
                value=value,
                source="user-override",
                opts=later,
            )
            after = [made]

    def grant(self, database: str, consumer: Consumer) -> DatabaseAccess:
        """The consumer's database, and the user that it logs in as with its identity's token."""
        name = fit(database.replace("-", "_"), LIMITS["mysql-database"])
        made = azure.dbformysql.Database(
            f"{consumer.name}-database-{database}",
            resource_group_name=self._args.place.group,
            server_name=self._server.name,
            database_name=name,
            charset="utf8mb4",
            collation="utf8mb4_0900_ai_ci",
            opts=self._kept,
        )
        consumer.ready.append(made)
        user = fit(consumer.name.replace("-", "_"), LIMITS["mysql-user"])
        return DatabaseAccess(host=self.host, port=PORT, database=made.name, username=user)

    @staticmethod
    def wants(config: Mysql) -> contracts.Wants:
        """Nothing: Azure keeps the backups."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> FlexibleServerArgs:
        """From `systems.mysql` of the spec; more than one replica means a standby in another zone."""
        config: Mysql = site.config
        # the service always keeps a day
        return from_spec(site, config.sku, config.storage, config.replicas, config.backup.keep if config.backup else 1)

    def contracts(self) -> Sequence[contracts.Database]:
        """The server."""
        return [contracts.Database("mysql", self.host, PORT, self.grant, server=self.server_id)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address and the name of the administrator's secret, never its value."""
        return {"host": self.host, "port": str(PORT), "adminSecret": self._secret.name}
