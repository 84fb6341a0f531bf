"""PostgreSQL on Google Cloud: Cloud SQL, private, encrypted, logged in to by IAM."""

import math

import pulumi

from components.spec.base import Resources, quantity_value
from components.spec.data import Postgres
from components.system import Site
from components.vertex import cloudsql_instance
from components.vertex.cloudsql_instance import CloudSqlArgs, CloudSqlServer, Engine

GIB_A_CORE = 6.5
"""Most memory of a core; the least is 0.9 GiB, and of a machine 3.75 GiB (Cloud SQL for PostgreSQL, "Machine series")."""
MAKE = (
    "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE \"{role}\"; END IF; END $$; "
    'GRANT "{role}" TO CURRENT_USER; ALTER DATABASE "{database}" OWNER TO "{role}"; '
    'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC;'
)
ENGINE = Engine(
    name="postgres",
    # 18, as on Kubernetes (listed by sql.DatabaseInstance of pulumi-gcp 10.2)
    version="POSTGRES_18",
    port=5432,
    flags={
        "cloudsql.iam_authentication": "on",
        "log_checkpoints": "on",
        "log_connections": "on",
        "log_disconnections": "on",
        "log_lock_waits": "on",
    },
    charset="UTF8",
    collation="en_US.UTF8",
    limits=("postgres-name", "postgres-name"),
    script=MAKE,
    connects="postgres",
    # PostgreSQL's names end before .gserviceaccount.com
    user=lambda email: str(email).removesuffix(".gserviceaccount.com"),
    username=lambda email: str(email).removesuffix(".gserviceaccount.com"),
)


class CloudSqlPostgres(CloudSqlServer):
    """Cloud SQL for PostgreSQL: private address only, our key, TLS and Google's connectors required, log-in by IAM.

    Creates: sql.DatabaseInstance, administrator and secret; `grant` a database, its role and a user (see CloudSqlServer).
    Source: Cloud SQL for PostgreSQL, "IAM authentication", "Manage users with IAM database authentication", "Data API".
    """

    def __init__(self, name: str, args: CloudSqlArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(name, ENGINE, args, opts)

    @staticmethod
    def plan(site: Site) -> CloudSqlArgs:
        """From `systems.postgres` of the spec; the machine is the smallest that holds its resources."""
        config: Postgres = site.config
        days = config.backup.keep if config.backup else 0
        return cloudsql_instance.from_spec(site, machine(config.resources), config.storage, config.replicas, days)


def machine(resources: Resources) -> str:
    """db-custom-<cores>-<MiB> of the Enterprise edition that holds the resources: one core or an even number, 256 MiB steps."""
    gib = max(3.75, quantity_value(resources.memory) / 2**30)
    cores = max(1, math.ceil(quantity_value(resources.cpu)), math.ceil(gib / GIB_A_CORE))
    cores += cores % 2 if cores > 1 else 0
    mib = math.ceil(max(gib, 0.9 * cores) * 1024 / 256) * 256
    return f"db-custom-{cores}-{mib}"
