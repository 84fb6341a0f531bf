"""MySQL on AWS: RDS for MySQL, private, encrypted, logged in to by IAM."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import contracts
from components.contracts import Consumer, DatabaseAccess
from components.naming import LIMITS, fit
from components.sagemaker.identity import allow, attach
from components.spec.base import quantity_value
from components.spec.data import Mysql
from components.system import Site

PORT = 3306
FAMILY, ENGINE_VERSION = "mysql8.4", "8.4"
"""Parameter group family and major version: MySQL 8.4 LTS, as on Kubernetes; RDS picks the minor version."""


@dataclass
class RdsMysqlArgs:
    """One RDS for MySQL instance."""

    identifier: str
    """Instance identifier, at most 63 characters."""
    instance_class: str
    """For example db.m7g.large."""
    storage_gib: int
    """Allocated storage in GiB, at least 20."""
    high_availability: bool
    """A standby in another zone."""
    backup_days: int
    """Days that automatic backups are kept; 0 turns them off."""
    production: bool
    """Deletion protection, final snapshot."""
    subnet_ids: pulumi.Input[list[str]]
    security_group_id: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    """ARN of the key for storage, backups, insights and the managed password."""
    region: str
    account_id: pulumi.Input[str]


class RdsMysql(pulumi.ComponentResource):
    """RDS for MySQL: storage encrypted by our key, not public, TLS required, administrator's password managed by RDS.

    Creates: rds.SubnetGroup, rds.ParameterGroup (require_secure_transport), rds.Instance. `grant` gives the consumer's
    role rds-db:connect as a user of its own. There is no API that creates a MySQL user: it comes to be with
    `CREATE USER '<user>' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'`, run once inside the network by who holds
    the managed password. Source: Amazon RDS user guide, "IAM database authentication for MariaDB, MySQL, and
    PostgreSQL".
    """

    endpoint: pulumi.Output[str]
    master_secret_arn: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.Database,)
    tiers = ("all", "platform")
    essential_type = "aws:rds/instance:Instance"

    def __init__(self, name: str, args: RdsMysqlArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:RdsMysql", name, {}, opts)
        self._args = args
        self._opts = pulumi.ResourceOptions(parent=self)
        group = aws.rds.SubnetGroup(f"{name}-subnets", name=args.identifier, subnet_ids=args.subnet_ids, opts=self._opts)
        parameters = aws.rds.ParameterGroup(
            f"{name}-parameters",
            name=args.identifier,
            family=FAMILY,
            description="TLS for every client; primary keys on every table, as on Kubernetes",
            parameters=[
                aws.rds.ParameterGroupParameterArgs(name="require_secure_transport", value="ON"),
                aws.rds.ParameterGroupParameterArgs(name="sql_generate_invisible_primary_key", value="1"),
            ],
            opts=self._opts,
        )
        self._instance = aws.rds.Instance(
            f"{name}-instance",
            identifier=args.identifier,
            engine="mysql",
            engine_version=ENGINE_VERSION,
            instance_class=args.instance_class,
            allocated_storage=args.storage_gib,
            max_allocated_storage=args.storage_gib * 4,
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=args.kms_key,
            username="platform",
            manage_master_user_password=True,
            master_user_secret_kms_key_id=args.kms_key,
            iam_database_authentication_enabled=True,
            publicly_accessible=False,
            db_subnet_group_name=group.name,
            vpc_security_group_ids=[args.security_group_id],
            parameter_group_name=parameters.name,
            multi_az=args.high_availability,
            backup_retention_period=args.backup_days,
            backup_window="02:00-03:00",
            maintenance_window="sun:03:30-sun:04:30",
            copy_tags_to_snapshot=True,
            auto_minor_version_upgrade=True,
            enabled_cloudwatch_logs_exports=["error", "slowquery"],
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args.kms_key,
            deletion_protection=args.production,
            skip_final_snapshot=not args.production,
            final_snapshot_identifier=fit(f"{args.identifier}-final", LIMITS["rds-instance"]) if args.production else None,
            port=PORT,
            opts=pulumi.ResourceOptions.merge(
                self._opts, pulumi.ResourceOptions(protect=args.production or None, retain_on_delete=args.production or None)
            ),
        )
        self.endpoint = self._instance.address
        self.master_secret_arn = self._instance.master_user_secrets.apply(lambda s: s[0].secret_arn or "" if s else "")
        self.register_outputs({"endpoint": self.endpoint, "masterSecretArn": self.master_secret_arn})

    def grant(self, database: str, consumer: Consumer) -> DatabaseAccess:
        """rds-db:connect as the consumer's own user, on its role."""
        user = fit(consumer.name.replace("-", "_"), LIMITS["mysql-user"])
        arn = pulumi.Output.format(
            "arn:aws:rds-db:{0}:{1}:dbuser:{2}/{3}", self._args.region, self._args.account_id, self._instance.resource_id, user
        )
        if consumer.role is not None:
            consumer.ready.append(
                attach(f"{consumer.name}-database-{database}", consumer.role, [allow(["rds-db:connect"], [arn])], self._opts)
            )
        name = fit(database.replace("-", "_"), LIMITS["mysql-database"])
        return DatabaseAccess(host=self.endpoint, port=PORT, database=name, username=user)

    @staticmethod
    def wants(config: Mysql) -> contracts.Wants:
        """Nothing: RDS keeps its own backups."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> RdsMysqlArgs:
        """From `systems.mysql` of the spec; more than one replica means a standby in another zone."""
        network = site.contract(contracts.Network)
        config: Mysql = site.config
        return RdsMysqlArgs(
            identifier=fit(f"{site.stack.name}-mysql", LIMITS["rds-instance"]),
            instance_class=config.instance_class,
            storage_gib=max(20, math.ceil(quantity_value(config.storage) / 2**30)),
            high_availability=config.replicas > 1,
            backup_days=config.backup.keep if config.backup else 0,
            production=site.spec.environment == "prod",
            subnet_ids=network.subnet_ids.apply(list),
            security_group_id=network.security_group_id,
            kms_key=network.kms_key,
            region=network.region,
            account_id=network.account_id,
        )

    def contracts(self) -> Sequence[contracts.Database]:
        """The server."""
        return [contracts.Database("mysql", self.endpoint, PORT, self.grant)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address and the name of the administrator's secret, never its value."""
        return {"host": self.endpoint, "port": str(PORT), "adminSecret": self.master_secret_arn}
