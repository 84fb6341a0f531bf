"""MySQL on AWS: RDS for MySQL, private, encrypted, logged in to by IAM."""

from collections.abc import Mapping, Sequence

import pulumi

from components import contracts
from components.contracts import Consumer, DatabaseAccess
from components.sagemaker import rds_instance
from components.sagemaker.rds_instance import Engine, RdsInstanceArgs
from components.spec.data import Mysql
from components.system import Site

PORT = 3306
ENGINE = Engine(
    name="mysql",
    family="mysql8.4",
    # MySQL 8.4 LTS, as on Kubernetes
    version="8.4",
    port=PORT,
    logs=("error", "slowquery"),
    parameters={"require_secure_transport": "ON", "sql_generate_invisible_primary_key": "1"},
    described="TLS for every client; primary keys on every table, as on Kubernetes",
    limits=("mysql-user", "mysql-database"),
)


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

    def __init__(self, name: str, args: RdsInstanceArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:RdsMysql", name, {}, opts)
        self._args = args
        self._opts = pulumi.ResourceOptions(parent=self)
        self._instance = rds_instance.instance(name, args, ENGINE, self._opts)
        self.endpoint = self._instance.address
        self.master_secret_arn = rds_instance.master_secret(self._instance)
        self.register_outputs({"endpoint": self.endpoint, "masterSecretArn": self.master_secret_arn})

    def grant(self, database: str, consumer: Consumer) -> DatabaseAccess:
        """rds-db:connect as the consumer's own user, on its role."""
        return rds_instance.grant(self._instance, self._args, ENGINE, database, consumer, self._opts)

    @staticmethod
    def wants(config: Mysql) -> contracts.Wants:
        """Nothing: RDS keeps its own backups."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> RdsInstanceArgs:
        """From `systems.mysql` of the spec; more than one replica means a standby in another zone."""
        config: Mysql = site.config
        days = config.backup.keep if config.backup else 0
        return rds_instance.from_spec(site, config.instance_class, config.storage, config.replicas, days)

    def contracts(self) -> Sequence[contracts.Database]:
        """The server."""
        return [contracts.Database("mysql", self.endpoint, PORT, self.grant)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address and the name of the administrator's secret, never its value."""
        return {"host": self.endpoint, "port": str(PORT), "adminSecret": self.master_secret_arn}
