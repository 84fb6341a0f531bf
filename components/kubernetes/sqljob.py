"""An idempotent SQL Job that gives one consumer a database and a user of its own.

Percona's operator has no resource for users and databases. The statements stand in a ConfigMap and name no password:
the Job's shell step puts the consumer's, from a mounted Secret, into a session variable ahead of them. Run twice, it
changes nothing; run after a new password, it sets it.
"""

import pulumi
from pulumi_kubernetes import batch

from components.kubernetes.objects import config_map
from components.kubernetes.place import SMALL, Image, Place, content_hash, image
from components.kubernetes.workload import config_volume, container, job, pod, secret_volume
from components.naming import fit

SCRIPT = """\
set -eu
umask 077
printf '[client]\\nuser=root\\npassword=%s\\n' "$(cat /etc/mlops/root/root)" > /tmp/client.cnf
{
  printf "SET @password = '%s';\\n" "$(cat /etc/mlops/user/password)"
  cat /etc/mlops/sql/grant.sql
} | mysql --defaults-extra-file=/tmp/client.cnf --host="$HOST" --port="$PORT" \\
  --ssl-mode=VERIFY_IDENTITY --ssl-ca=/etc/mlops/ca/ca.crt
"""
"""Passwords are letters and digits (objects.password): nothing to escape; none is an argument of a process."""


def grant_sql(database: str, username: str) -> str:
    """SQL that makes the database, the user (TLS only, any host) and its rights on that database alone.

    CREATE USER and ALTER USER take no variable, so they go through PREPARE. In GRANT a database name is a pattern:
    `_` is escaped, or a user of `a_b` would also own `axb`.
    """
    account = f"'{username}'@'%'"
    pattern = database.replace("_", r"\_")
    return f"""\
CREATE DATABASE IF NOT EXISTS `{database}` CHARACTER SET utf8mb4;
SET @sql = CONCAT("CREATE USER IF NOT EXISTS {account} IDENTIFIED BY ", QUOTE(@password), " REQUIRE SSL");
PREPARE stmt FROM @sql;
EXECUTE stmt;
SET @sql = CONCAT("ALTER USER {account} IDENTIFIED BY ", QUOTE(@password), " REQUIRE SSL");
PREPARE stmt FROM @sql;
EXECUTE stmt;
DEALLOCATE PREPARE stmt;
GRANT ALL PRIVILEGES ON `{pattern}`.* TO {account};
"""


def sql_job(
    name: str,
    place: Place,
    *,
    server: Image,
    host: pulumi.Input[str],
    port: int,
    database: str,
    username: str,
    root_secret: str,
    user_secret: str,
    bundle: str,
    changed: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> batch.v1.Job:
    """The Job beside the server, with its ConfigMap.

    `root_secret` has key `root`, `user_secret` key `password`, both in the server's namespace; `changed` is a digest of
    the password, so that a new one runs the Job again.
    """
    sql = grant_sql(database, username)
    object_name = fit(f"sql-{name}", 50)
    ref = image(server, place.mirror)
    statements = config_map(f"{name}-sql", place, {"grant.sql": sql}, object_name=f"{object_name}-{content_hash(sql)}", opts=opts)
    client = container(
        "mysql",
        ref,
        SMALL,
        command=["/bin/bash", "-c", SCRIPT],
        env={"HOST": host, "PORT": str(port)},
        mounts={"/etc/mlops/sql": "sql", "/etc/mlops/root": "root", "/etc/mlops/user": "user", "/etc/mlops/ca": "ca"},
    )
    template = pod(
        place,
        "sql",
        [client],
        uid=1001,
        once=True,
        notes={"mlops.dev/password": changed},
        volumes=[
            config_volume("sql", statements.metadata.name),
            secret_volume("root", root_secret, {"root": "root"}),
            secret_volume("user", user_secret, {"password": "password"}),
            config_volume("ca", bundle),
        ],
    )
    return job(
        f"{name}-job",
        place,
        "sql",
        template,
        content=[sql, SCRIPT, ref],
        object_name=object_name,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[statements])),
    )
