"""The command line of a Sqoop job: pure data from a few decisions (Sqoop 1.4.7, src/docs/user)."""

from dataclasses import dataclass
from typing import Optional

import pulumi

from components.contracts import DatabaseAccess

CONF_PATH = "/etc/mlops/hadoop"
LOGIN_PATH = "/etc/mlops/login"
SCRIPT = """\
set -eu
mkdir -p /tmp/conf /tmp/sqoop "$HADOOP_LOG_DIR"
cp "$HADOOP_HOME"/etc/hadoop/* /tmp/conf/ 2>/dev/null || true
cp /etc/mlops/hadoop/*.xml /tmp/conf/
export HADOOP_CONF_DIR=/tmp/conf
user=()
if [ -f /etc/mlops/login/username ]; then
  user=(--username "$(cat /etc/mlops/login/username)" --password-file file:///etc/mlops/login/password)
fi
tool="$1"; shift
exec "$SQOOP_HOME/bin/sqoop" "$tool" "$@" "${user[@]}"
"""
"""The name of the user stands beside its password in the Secret; the password's value is no argument and no variable."""


@dataclass
class SqoopJobArgs:
    """One transfer (nested Args type)."""

    direction: str
    table: str
    place: str = "store"
    path: Optional[str] = None
    columns: Optional[list[str]] = None
    where: Optional[str] = None
    mode: str = "replace"
    update_key: Optional[str] = None
    connect: Optional[str] = None
    secret: Optional[str] = None
    schedule: Optional[str] = None


@dataclass(frozen=True)
class Connection:
    """A JDBC address, and the Secret with the login for it."""

    url: pulumi.Input[str]
    secret: pulumi.Input[str] | None

    @staticmethod
    def of(job: SqoopJobArgs, database: DatabaseAccess, engine: str) -> "Connection":
        """The job's own database, or the granted one; the server's certificate and name are verified."""
        if job.connect is not None:
            return Connection(_verified(job.connect), job.secret)
        scheme = "postgresql" if engine.startswith("postgres") else "mysql"
        port = pulumi.Output.from_input(database.port).apply(lambda number: str(int(number)))
        url = pulumi.Output.concat(f"jdbc:{scheme}://", database.host, ":", port, "/", database.database)
        return Connection(pulumi.Output.concat(url, VERIFIED[scheme]), database.secret)


VERIFIED = {
    # Connector/J falls back to the JVM's trust store, the JDBC driver of PostgreSQL is told to
    "mysql": "?sslMode=VERIFY_IDENTITY",
    "postgresql": "?sslmode=verify-full&sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory",
}


def _verified(url: str) -> str:
    """An address of the user's own, with TLS verified unless it says how itself."""
    if "?" in url:
        return url
    return url + VERIFIED["mysql" if url.startswith("jdbc:mysql:") else "postgresql"]


def arguments(job: SqoopJobArgs, login: Connection, home: pulumi.Input[str]) -> list[pulumi.Input[str]]:
    """Tool and arguments, without the login. One mapper: the local runner has one process."""
    folder = pulumi.Output.concat(home, f"/{job.path or job.table}")
    found: list[pulumi.Input[str]] = [job.direction, "--connect", login.url, "--table", job.table]
    if job.columns:
        found += ["--columns", ",".join(job.columns)]
    if job.direction == "import":
        found += ["--target-dir", folder, "--temporary-rootdir", pulumi.Output.concat(home, "/_sqoop")]
        found += ["--append"] if job.mode == "append" else ["--delete-target-dir"]
        found += ["--where", job.where] if job.where else []
        found += ["--null-string", "\\N", "--null-non-string", "\\N"]
    else:
        found += ["--export-dir", folder, "--input-null-string", "\\N", "--input-null-non-string", "\\N"]
        found += ["--update-key", job.update_key, "--update-mode", "allowinsert"] if job.update_key else []
    return [*found, "--num-mappers", "1", "--outdir", "/tmp/sqoop", "--bindir", "/tmp/sqoop"]
