"""What the relational databases on Google Cloud share: one private Cloud SQL instance that is logged in to by IAM."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp
import pulumi_random as random

from components import contracts
from components.contracts import Consumer, DatabaseAccess
from components.naming import LIMITS, fit
from components.spec.base import System, quantity_value
from components.system import Site
from components.vertex.identity import on_project
from components.vertex.names import dns, labels

ADMIN = "platform"
LOGIN, CONNECT = "roles/cloudsql.instanceUser", "roles/cloudsql.client"


@dataclass
class CloudSqlArgs:
    """One Cloud SQL instance."""

    prefix: str
    """Beginning of names."""
    machine_type: str
    """For example db-custom-2-8192: cores and MiB."""
    storage_gib: int
    """Storage in GiB, at least 10; it grows by itself to four times that."""
    high_availability: bool
    """A standby in another zone."""
    backup_days: int
    """Automatic backups kept, with the transaction log for as many days up to 7; 0 turns them off."""
    production: bool
    """Deletion protection, a last backup."""
    network_id: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    """Key for storage and backups."""
    region: str
    project: pulumi.Input[str]
    labels: dict[str, str]
    """Of the instance: the provider's default labels do not reach its settings."""


@dataclass(frozen=True)
class Engine:
    """What differs between the engines."""

    name: str
    """mysql or postgres."""
    version: str
    port: int
    flags: Mapping[str, str]
    charset: str
    collation: str
    limits: tuple[str, str]
    """Keys of naming.LIMITS for a database's and a role's name."""
    script: str
    """SQL that makes {role}, the owner of {database}; may run again."""
    connects: str | None
    """Database that the script is run in."""
    user: Callable[[str], str]
    """A service account's e-mail as the name of its sql.User."""
    username: Callable[[str], str]
    """The same as what it logs in as."""


class CloudSqlServer(pulumi.ComponentResource):
    """One private Cloud SQL instance of an engine.

    The instance (its name ends in random letters, for a deleted one's is taken for a week), a built-in administrator whose
    generated password stands in a regional secret that nobody was granted. `grant` makes the database, a database role that
    may do everything in it alone (sql.ProvisionScript), and a sql.User for the consumer's service account that has this role,
    with the project roles to connect, limited to this instance.
    """

    connection_name: pulumi.Output[str]
    admin_secret: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.Database,)
    tiers = ("all", "platform")
    essential_type = "gcp:sql/databaseInstance:DatabaseInstance"

    def __init__(self, name: str, engine: Engine, args: CloudSqlArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(f"mlops:index:{type(self).__name__}", name, {}, opts)
        self._args, self._name, self._engine = args, name, engine
        self._opts = pulumi.ResourceOptions(parent=self)
        self._databases: dict[str, tuple[gcp.sql.Database, gcp.sql.ProvisionScript]] = {}
        self._connects: set[str] = set()
        keep = pulumi.ResourceOptions(protect=args.production or None, retain_on_delete=args.production or None)
        self._kept = pulumi.ResourceOptions.merge(self._opts, keep)
        self._instance = gcp.sql.DatabaseInstance(
            f"{name}-{dns(args.prefix, 60)}",
            project=args.project,
            region=args.region,
            database_version=engine.version,
            encryption_key_name=args.kms_key,
            deletion_protection=args.production,
            settings=self._settings(),
            opts=self._kept,
        )
        self.connection_name = self._instance.connection_name
        self._admin, self._password = self._administrator()
        self.admin_secret = self._password.name
        self.register_outputs({"connectionName": self.connection_name, "adminSecret": self.admin_secret})

    def _settings(self) -> gcp.sql.DatabaseInstanceSettingsArgs:
        args = self._args
        logs = args.backup_days > 0 or args.high_availability  # a standby needs them
        by_binary_log = self._engine.name == "mysql"
        return gcp.sql.DatabaseInstanceSettingsArgs(
            tier=args.machine_type,
            edition="ENTERPRISE",
            availability_type="REGIONAL" if args.high_availability else "ZONAL",
            disk_type="PD_SSD",
            disk_size=args.storage_gib,
            disk_autoresize=True,
            disk_autoresize_limit=args.storage_gib * 4,
            connector_enforcement="REQUIRED",
            data_api_access="ALLOW_DATA_API",
            deletion_protection_enabled=args.production,
            retain_backups_on_delete=args.production,
            user_labels=args.labels,
            ip_configuration=gcp.sql.DatabaseInstanceSettingsIpConfigurationArgs(
                ipv4_enabled=False, private_network=args.network_id, ssl_mode="ENCRYPTED_ONLY"
            ),
            database_flags=[
                gcp.sql.DatabaseInstanceSettingsDatabaseFlagArgs(name=key, value=value)
                for key, value in self._engine.flags.items()
            ],
            backup_configuration=gcp.sql.DatabaseInstanceSettingsBackupConfigurationArgs(
                enabled=logs,
                binary_log_enabled=logs if by_binary_log else None,
                point_in_time_recovery_enabled=None if by_binary_log else logs,
                location=args.region,
                start_time="02:00",
                transaction_log_retention_days=min(7, max(1, args.backup_days)),
                backup_retention_settings=gcp.sql.DatabaseInstanceSettingsBackupConfigurationBackupRetentionSettingsArgs(
                    retained_backups=max(1, args.backup_days), retention_unit="COUNT"
                ),
            ),
            insights_config=gcp.sql.DatabaseInstanceSettingsInsightsConfigArgs(query_insights_enabled=True),
            maintenance_window=gcp.sql.DatabaseInstanceSettingsMaintenanceWindowArgs(day=7, hour=3, update_track="stable"),
            password_validation_policy=gcp.sql.DatabaseInstanceSettingsPasswordValidationPolicyArgs(
                enable_password_policy=True,
                min_length=16,
                complexity="COMPLEXITY_DEFAULT",
                disallow_username_substring=True,
            ),
        )

    def _administrator(self) -> tuple[gcp.sql.User, gcp.secretmanager.RegionalSecretVersion]:
        password = random.RandomPassword(
            f"{self._name}-admin", length=32, min_lower=1, min_upper=1, min_numeric=1, min_special=1, opts=self._opts
        )
        admin = gcp.sql.User(
            f"{self._name}-admin",
            name=ADMIN,
            project=self._args.project,
            instance=self._instance.name,
            type="BUILT_IN",
            password_wo=password.result,
            password_wo_version=1,
            database_roles=["cloudsqlsuperuser"],
            opts=self._opts,
        )
        secret = gcp.secretmanager.RegionalSecret(
            f"{self._name}-admin",
            secret_id=dns(f"{self._args.prefix}-{self._engine.name}-admin", 255),
            project=self._args.project,
            location=self._args.region,
            customer_managed_encryption=gcp.secretmanager.RegionalSecretCustomerManagedEncryptionArgs(
                kms_key_name=self._args.kms_key
            ),
            opts=self._opts,
        )
        version = gcp.secretmanager.RegionalSecretVersion(
            f"{self._name}-admin", secret=secret.id, secret_data_wo=password.result, secret_data_wo_version="1", opts=self._opts
        )
        return admin, version

    def _database(self, database: str) -> tuple[gcp.sql.Database, str, gcp.sql.ProvisionScript]:
        """A database with a role that may do everything in it, and nothing elsewhere."""
        name = fit(database.replace("-", "_"), LIMITS[self._engine.limits[0]])
        role = fit(f"{name}_owner", LIMITS[self._engine.limits[1]])
        if database not in self._databases:
            made = gcp.sql.Database(
                f"{self._name}-{database}",
                name=name,
                project=self._args.project,
                instance=self._instance.name,
                charset=self._engine.charset,
                collation=self._engine.collation,
                opts=self._kept,
            )
            script = gcp.sql.ProvisionScript(
                f"{self._name}-{database}-role",
                project=self._args.project,
                instance=self._instance.name,
                user=self._admin.name,
                password_secret_version=self._password.name,
                description=f"The role that owns {name}",
                database=self._engine.connects,
                script=self._engine.script.format(database=name, role=role),
                opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[made])),
            )
            self._databases[database] = (made, script)
        made, script = self._databases[database]
        return made, role, script

    def grant(self, database: str, consumer: Consumer) -> DatabaseAccess:
        """The database, and the consumer's service account as a user that owns it.

        `host` is the instance's connection name, which Google's connectors take.
        """
        made, role, script = self._database(database)
        access = DatabaseAccess(host=self.connection_name, port=self._engine.port, database=made.name, username="")
        if consumer.role is None:
            return access
        email = pulumi.Output.from_input(consumer.role)
        access.username = email.apply(self._engine.username)
        if consumer.name not in self._connects:
            self._connects.add(consumer.name)
            consumer.ready += self._connect(consumer, email)
        consumer.ready.append(
            gcp.sql.User(
                f"{consumer.name}-database-{database}",
                name=email.apply(self._engine.user),
                project=self._args.project,
                instance=self._instance.name,
                type="CLOUD_IAM_SERVICE_ACCOUNT",
                database_roles=[role],
                opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[script])),
            )
        )
        return access

    def _connect(self, consumer: Consumer, email: pulumi.Output[str]) -> list[pulumi.Resource]:
        """The project's roles by which a connector finds and enters this instance, and no other."""
        only = pulumi.Output.format(
            "resource.type == 'sqladmin.googleapis.com/Instance' && resource.name == 'projects/{0}/instances/{1}'",
            self._args.project,
            self._instance.name,
        )
        return [
            on_project(f"{consumer.name}-{noun}", role, email, self._args.project, self._opts, only=("this-instance", only))
            for noun, role in (("connect", CONNECT), ("login", LOGIN))
        ]

    @staticmethod
    def wants(config: System) -> contracts.Wants:
        """Nothing: Cloud SQL keeps its own backups."""
        return contracts.Wants()

    def contracts(self) -> Sequence[contracts.Database]:
        """The server."""
        engine, account = self._engine, self._instance.service_account_email_address
        return [contracts.Database(engine.name, self.connection_name, engine.port, self.grant, account=account)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address and the name of the administrator's secret, never its value."""
        return {"host": self.connection_name, "port": str(self._engine.port), "adminSecret": self.admin_secret}


def from_spec(site: Site, machine_type: str, storage: str, replicas: int, backup_days: int) -> CloudSqlArgs:
    """Arguments from a section of the spec; more than one replica means a standby in another zone."""
    network = site.contract(contracts.Network)
    return CloudSqlArgs(
        prefix=site.stack.name,
        machine_type=machine_type,
        storage_gib=max(10, math.ceil(quantity_value(storage) / 2**30)),
        high_availability=replicas > 1,
        backup_days=backup_days,
        production=site.spec.environment == "prod",
        network_id=network.network_id,
        kms_key=network.kms_key,
        region=network.region,
        project=network.account_id,
        labels=labels(site.naming.tags(site.key)),
    )
