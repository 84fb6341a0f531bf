"""The two stores of the stack as real programs: MariaDB in MySQL's place, and MinIO."""

import shutil
from pathlib import Path

from tests.truth.machine import Machine
from tests.truth.programs import need

WRAPPER = """\
#!/bin/sh
export LD_LIBRARY_PATH={libraries}
# MariaDB's client knows MySQL's --ssl-mode=VERIFY_IDENTITY as --ssl-verify-server-cert
for part; do
  shift
  case $part in --ssl-mode=VERIFY_IDENTITY) set -- "$@" --ssl-verify-server-cert ;; *) set -- "$@" "$part" ;; esac
done
exec {root}/usr/bin/mariadb "$@"
"""
UNPROVED = ("--ssl-mode=VERIFY_IDENTITY",)
"""What only MySQL 8.4's client knows of what our Job runs; all of its SQL is common to both."""


def run_jobs(machine: Machine, namespace: str, path: Path) -> list[str]:
    """Every Job of a namespace, each to its end; returns their names."""
    found = [made for made in machine.made.all("Job") if made.namespace == namespace]
    for job in found:
        machine.pod(job, path).done(120)
    return [job.object_name for job in found]


def mariadb(machine: Machine) -> Path:
    """A server with the certificate and the root password of the rendered objects, at the name and port that consumers are told.

    Returns the folder with `mysql`, the client that the Jobs call.
    """
    root = need("mariadb")
    own = machine.folder / "mariadb"
    data, bin_, tls = own / "data", own / "bin", own / "tls"
    for folder in (data, bin_, tls):
        folder.mkdir(parents=True)
    libraries = ":".join(str(folder) for folder in sorted((root / "usr/lib").glob("*-linux-gnu")))
    for name, text in machine.config("Secret", "mysql", "mysql-tls").items():
        (tls / name).write_text(text)
    password = machine.config("Secret", "mysql", "mysql-users")["root"]
    sql = own / "init.sql"
    # the operator makes root@% with the password of the Secret
    sql.write_text(
        "DROP USER IF EXISTS 'root'@'localhost', 'root'@'127.0.0.1', 'root'@'::1', ''@'localhost';\n"
        f"CREATE USER IF NOT EXISTS 'root'@'%' IDENTIFIED BY '{password}';\n"
        "GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;\n"
    )
    (bin_ / "mysql").write_text(WRAPPER.format(root=root, libraries=libraries))
    (bin_ / "mysql").chmod(0o755)
    environment = {"LD_LIBRARY_PATH": libraries}
    base = [
        "--no-defaults",
        f"--basedir={root}/usr",
        f"--datadir={data}",
        "--user=root",
        f"--lc-messages-dir={root}/usr/share/mysql",
    ]
    shutil.copy(root / "usr/bin/my_print_defaults", bin_)
    machine.run(
        [str(root / "usr/bin/mariadb-install-db"), *base, "--auth-root-authentication-method=normal", "--skip-test-db"],
        bin_,
        binds={str(own): own},
        environment=environment,
    )
    server = machine.start(
        [
            str(root / "usr/sbin/mariadbd"), *base, "--port=3306", f"--socket={own}/mysql.sock", f"--plugin-dir={root}/usr/lib/mysql/plugin",
            f"--ssl-cert={tls}/tls.crt", f"--ssl-key={tls}/tls.key", f"--ssl-ca={tls}/ca.crt", f"--init-file={sql}", "--skip-name-resolve",
            f"--pid-file={own}/pid",
        ],
        bin_,
        binds={str(own): own},
        environment=environment,
    )  # fmt: skip
    server.until(lambda: "ready for connections" in server.said)
    return bin_


def minio(machine: Machine) -> Path:
    """One server from the rendered StatefulSet; returns the folder with `mc`."""
    server, client = need("minio"), need("mc")
    data = machine.folder / "minio-data"
    data.mkdir()
    made = machine.made.one("StatefulSet", "minio")
    running = machine.pod(made, server, data={"data": data})
    running.until(lambda: "API:" in running.said, 60)
    return client
