"""PostgreSQL on AWS: RDS for PostgreSQL, private, encrypted, logged in to by IAM."""

import pulumi

from components.sagemaker.rds_instance import Engine, RdsInstanceArgs, RdsServer

ENGINE = Engine(
    name="postgres",
    family="postgres18",
    # 18, as on Kubernetes; listed in the RDS for PostgreSQL release notes, "Amazon RDS for PostgreSQL updates", 2026-11-23
    version="18",
    port=5432,
    logs=("postgresql", "upgrade"),
    parameters={"rds.force_ssl": "1"},
    described="TLS for every client",
    limits=("postgres-name", "postgres-name"),
    prefix="postgres-",
)


class RdsPostgres(RdsServer):
    """RDS for PostgreSQL: storage encrypted by our key, not public, TLS required, administrator's password managed by RDS.

    Creates: rds.SubnetGroup, rds.ParameterGroup (rds.force_ssl), rds.Instance. `grant` gives the consumer's role
    rds-db:connect as a user of its own. There is no API that creates a user or a database: they come to be with
    `CREATE USER "<user>"; GRANT rds_iam TO "<user>"; CREATE DATABASE "<database>" OWNER "<user>"`, run once inside the
    network by who holds the managed password. Source: Amazon RDS user guide, "IAM database authentication for MariaDB,
    MySQL, and PostgreSQL" and "Requiring an SSL connection to a PostgreSQL DB instance".
    """

    def __init__(self, name: str, args: RdsInstanceArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(name, ENGINE, args, opts)
