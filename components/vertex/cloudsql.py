"""MySQL on Google Cloud: Cloud SQL, private, encrypted, logged in to by IAM."""

import pulumi

from components.spec.data import Mysql
from components.system import Site
from components.vertex import cloudsql_instance
from components.vertex.cloudsql_instance import CloudSqlArgs, CloudSqlServer, Engine

ENGINE = Engine(
    name="mysql",
    # 8.4 LTS, as on Kubernetes (listed by sql.DatabaseInstance of pulumi-gcp 10.2)
    version="MYSQL_8_4",
    port=3306,
    flags={
        "cloudsql_iam_authentication": "on",
        "local_infile": "off",
        "skip_show_database": "on",
        "slow_query_log": "on",
        # primary keys on every table, as on Kubernetes
        "sql_generate_invisible_primary_key": "on",
    },
    charset="utf8mb4",
    collation="utf8mb4_0900_ai_ci",
    limits=("mysql-database", "mysql-user"),
    script="CREATE ROLE IF NOT EXISTS '{role}'; GRANT ALL PRIVILEGES ON `{database}`.* TO '{role}';",
    connects=None,
    user=str,
    # a user's name is its account's id
    username=lambda email: str(email).partition("@")[0],
)


class CloudSqlMysql(CloudSqlServer):
    """Cloud SQL for MySQL: private address only, our key, TLS and Google's connectors required, log-in by IAM.

    Creates: sql.DatabaseInstance, administrator and secret; `grant` a database, its role and a user (see CloudSqlServer).
    Source: Cloud SQL for MySQL, "IAM authentication", "Manage users with IAM database authentication", "Data API".
    """

    def __init__(self, name: str, args: CloudSqlArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(name, ENGINE, args, opts)

    @staticmethod
    def plan(site: Site) -> CloudSqlArgs:
        """From `systems.mysql` of the spec; more than one replica means a standby in another zone."""
        config: Mysql = site.config
        days = config.backup.keep if config.backup else 0
        return cloudsql_instance.from_spec(site, config.machine_type, config.storage, config.replicas, days)
