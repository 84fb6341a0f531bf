"""PostgreSQL on AWS: RDS for PostgreSQL, private, encrypted, logged in to by IAM."""

from collections.abc import Mapping, Sequence

import pulumi

from components import contracts
from components.contracts import Consumer, DatabaseAccess
from components.sagemaker import rds_instance
from components.sagemaker.rds_instance import Engine, RdsInstanceArgs
from components.spec.data import Postgres
from components.system import Site

PORT = 5432
ENGINE = Engine(
    name="postgres",
    family="postgres18",
    # 18, as on Kubernetes; listed in the RDS for PostgreSQL release notes, "Amazon RDS for PostgreSQL updates", 2026-11-23
    version="18",
    port=PORT,
    logs=("postgresql", "upgrade"),
    parameters={"rds.force_ssl": "1"},
    described="TLS for every client",
    limits=("postgres-name", "postgres-name"),
)


class RdsPostgres(pulumi.ComponentResource):
    """RDS for PostgreSQL: storage encrypted by our key, not public, TLS required, administrator's password managed by RDS.

    Creates: rds.SubnetGroup, rds.ParameterGroup (rds.force_ssl), rds.Instance. `grant` gives the consumer's role
    rds-db:connect as a user of its own. There is no API that creates a user or a database: they come to be with
    `CREATE USER "<user>"; GRANT rds_iam TO "<user>"; CREATE DATABASE "<database>" OWNER "<user>"`, run once inside the
    network by who holds the managed password. Source: Amazon RDS user guide, "IAM database authentication for MariaDB,
    MySQL, and PostgreSQL" and "Requiring an SSL connection to a PostgreSQL DB instance".
    """

    endpoint: pulumi.Output[str]
    master_secret_arn: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = ()
    provides = (contracts.Database,)
    tiers = ("all", "platform")
    essential_type = "aws:rds/instance:Instance"

    def __init__(self, name: str, args: RdsInstanceArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:RdsPostgres", name, {}, opts)
        self._args = args
        self._opts = pulumi.ResourceOptions(parent=self)
        self._instance = rds_instance.instance(name, args, ENGINE, self._opts)
        self.endpoint = self._instance.address
        self.master_secret_arn = rds_instance.master_secret(self._instance)
        self.register_outputs({"endpoint": self.endpoint, "masterSecretArn": self.master_secret_arn})

    def grant(self, database: str, consumer: Consumer) -> DatabaseAccess:
        """rds-db:connect as the consumer's own user, on its role."""
        return rds_instance.grant(self._instance, self._args, ENGINE, database, consumer, self._opts, "postgres-")

    @staticmethod
    def wants(config: Postgres) -> contracts.Wants:
        """Nothing: RDS keeps its own backups."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> RdsInstanceArgs:
        """From `systems.postgres` of the spec; more than one replica means a standby in another zone."""
        config: Postgres = site.config
        days = config.backup.keep if config.backup else 0
        return rds_instance.from_spec(site, config.instance_class, config.storage, config.replicas, days)

    def contracts(self) -> Sequence[contracts.Database]:
        """The server."""
        return [contracts.Database("postgres", self.endpoint, PORT, self.grant)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address and the name of the administrator's secret, never its value."""
        return {"host": self.endpoint, "port": str(PORT), "adminSecret": self.master_secret_arn}
