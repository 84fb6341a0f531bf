"""What the relational databases on AWS share: one private, encrypted RDS instance that is logged in to by IAM."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import contracts
from components.contracts import Consumer, DatabaseAccess
from components.naming import LIMITS, fit
from components.sagemaker.identity import allow, attach
from components.spec.base import System, quantity_value
from components.spec.data import Mysql, Postgres
from components.system import Site


@dataclass
class RdsInstanceArgs:
    """One RDS instance."""

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


@dataclass(frozen=True)
class Engine:
    """What differs between the engines."""

    name: str
    family: str
    """Parameter group family."""
    version: str
    """Major version; RDS picks the minor one."""
    port: int
    logs: Sequence[str]
    """Logs that go to CloudWatch."""
    parameters: Mapping[str, str]
    described: str
    limits: tuple[str, str]
    """Keys of naming.LIMITS for a user's and a database's name."""
    prefix: str = ""
    """Tells this server's policies on a role from another's."""


def instance(name: str, args: RdsInstanceArgs, engine: Engine, opts: pulumi.ResourceOptions) -> aws.rds.Instance:
    """SubnetGroup, ParameterGroup and Instance: our key, no public address, TLS, password managed by RDS."""
    group = aws.rds.SubnetGroup(f"{name}-subnets", name=args.identifier, subnet_ids=args.subnet_ids, opts=opts)
    parameters = aws.rds.ParameterGroup(
        f"{name}-parameters",
        name=args.identifier,
        family=engine.family,
        description=engine.described,
        parameters=[aws.rds.ParameterGroupParameterArgs(name=k, value=v) for k, v in engine.parameters.items()],
        opts=opts,
    )
    return aws.rds.Instance(
        f"{name}-instance",
        identifier=args.identifier,
        engine=engine.name,
        engine_version=engine.version,
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
        enabled_cloudwatch_logs_exports=list(engine.logs),
        performance_insights_enabled=True,
        performance_insights_kms_key_id=args.kms_key,
        deletion_protection=args.production,
        skip_final_snapshot=not args.production,
        final_snapshot_identifier=fit(f"{args.identifier}-final", LIMITS["rds-instance"]) if args.production else None,
        port=engine.port,
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(protect=args.production or None, retain_on_delete=args.production or None)
        ),
    )


def master_secret(made: aws.rds.Instance) -> pulumi.Output[str]:
    """ARN of the administrator's secret, which RDS keeps."""
    return made.master_user_secrets.apply(lambda s: s[0].secret_arn or "" if s else "")


def grant(
    made: aws.rds.Instance,
    args: RdsInstanceArgs,
    engine: Engine,
    database: str,
    consumer: Consumer,
    opts: pulumi.ResourceOptions,
) -> DatabaseAccess:
    """rds-db:connect as the consumer's own user, on its role."""
    user = fit(consumer.name.replace("-", "_"), LIMITS[engine.limits[0]])
    arn = pulumi.Output.format("arn:aws:rds-db:{0}:{1}:dbuser:{2}/{3}", args.region, args.account_id, made.resource_id, user)
    if consumer.role is not None:
        statement = allow(["rds-db:connect"], [arn])
        consumer.ready.append(attach(f"{consumer.name}-{engine.prefix}database-{database}", consumer.role, [statement], opts))
    name = fit(database.replace("-", "_"), LIMITS[engine.limits[1]])
    return DatabaseAccess(host=made.address, port=engine.port, database=name, username=user)


def from_spec(site: Site, instance_class: str, storage: str, replicas: int, backup_days: int) -> RdsInstanceArgs:
    """Arguments from a section of the spec; more than one replica means a standby in another zone."""
    network = site.contract(contracts.Network)
    return RdsInstanceArgs(
        identifier=fit(f"{site.stack.name}-{site.key}", LIMITS["rds-instance"]),
        instance_class=instance_class,
        storage_gib=max(20, math.ceil(quantity_value(storage) / 2**30)),
        high_availability=replicas > 1,
        backup_days=backup_days,
        production=site.spec.environment == "prod",
        subnet_ids=network.subnet_ids.apply(list),
        security_group_id=network.security_group_id,
        kms_key=network.kms_key,
        region=network.region,
        account_id=network.account_id,
    )


class RdsServer(pulumi.ComponentResource):
    """One private RDS instance of an engine: what RdsMysql and RdsPostgres are."""

    endpoint: pulumi.Output[str]
    master_secret_arn: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.Database,)
    tiers = ("all", "platform")
    essential_type = "aws:rds/instance:Instance"

    def __init__(self, name: str, engine: Engine, args: RdsInstanceArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(f"mlops:index:{type(self).__name__}", name, {}, opts)
        self._args, self._engine = args, engine
        self._opts = pulumi.ResourceOptions(parent=self)
        self._instance = instance(name, args, engine, self._opts)
        self.endpoint = self._instance.address
        self.master_secret_arn = master_secret(self._instance)
        self.register_outputs({"endpoint": self.endpoint, "masterSecretArn": self.master_secret_arn})

    def grant(self, database: str, consumer: Consumer) -> DatabaseAccess:
        """rds-db:connect as the consumer's own user, on its role."""
        return grant(self._instance, self._args, self._engine, database, consumer, self._opts)

    @staticmethod
    def wants(config: System) -> contracts.Wants:
        """Nothing: RDS keeps its own backups."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> RdsInstanceArgs:
        """From the system's section of the spec; more than one replica means a standby in another zone."""
        config: Mysql | Postgres = site.config
        days = config.backup.keep if config.backup else 0
        return from_spec(site, config.instance_class, config.storage, config.replicas, days)

    def contracts(self) -> Sequence[contracts.Database]:
        """The server."""
        return [contracts.Database(self._engine.name, self.endpoint, self._engine.port, self.grant)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address and the name of the administrator's secret, never its value."""
        return {"host": self.endpoint, "port": str(self._engine.port), "adminSecret": self.master_secret_arn}
