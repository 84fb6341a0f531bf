"""MySQL on AWS: RDS for MySQL, private, encrypted, logged in to by IAM."""

import pulumi

from components.sagemaker.rds_instance import Engine, RdsInstanceArgs, RdsServer

ENGINE = Engine(
    name="mysql",
    family="mysql8.4",
    # MySQL 8.4 LTS, as on Kubernetes
    version="8.4",
    port=3306,
    logs=("error", "slowquery"),
    parameters={"require_secure_transport": "ON", "sql_generate_invisible_primary_key": "1"},
    described="TLS for every client; primary keys on every table, as on Kubernetes",
    limits=("mysql-user", "mysql-database"),
)


class RdsMysql(RdsServer):
    """RDS for MySQL: storage encrypted by our key, not public, TLS required, administrator's password managed by RDS.

    Creates: rds.SubnetGroup, rds.ParameterGroup (require_secure_transport), rds.Instance. `grant` gives the consumer's
    role rds-db:connect as a user of its own. There is no API that creates a MySQL user: it comes to be with
    `CREATE USER '<user>' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'`, run once inside the network by who holds
    the managed password. Source: Amazon RDS user guide, "IAM database authentication for MariaDB, MySQL, and
    PostgreSQL".
    """

    def __init__(self, name: str, args: RdsInstanceArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(name, ENGINE, args, opts)
