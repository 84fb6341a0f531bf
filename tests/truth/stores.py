"""The two stores of the stack as real programs: MariaDB in MySQL's place, and MinIO."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.truth.machine import Machine
from tests.truth.programs import need
from tests.truth.running import Running

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


def run_jobs(machine: Machine, namespace: str, path: Path, start: str = "") -> list[str]:
    """Every Job of a namespace whose name begins so, each to its end; returns their names."""
    found = [made for made in machine.made.all("Job") if made.namespace == namespace and made.object_name.startswith(start)]
    assert found, f"no Job {start} in {namespace}"
    for job in found:
        machine.pod(job, path).done()
    return [job.object_name for job in found]


def query(machine: Machine, client: Path, user: str, sql: str, tls: str = "--ssl-mode=VERIFY_IDENTITY") -> Running:
    """SQL as one of the consumers, with what its own namespace's Secret says."""
    given = machine.config("Secret", user, f"{user}-database-{user}")
    login = [f"--user={given['username']}", f"--password={given['password']}"]
    authority = ["--ssl-ca=/etc/mlops/ca/ca.crt"] if tls != "--skip-ssl" else []
    argv = ["mysql", "--no-defaults", "--host=mysql-haproxy.mysql.svc", *login, tls, *authority, "--batch", f"--execute={sql}"]
    return machine.start(argv, client, binds=machine.trust())


def ask_mc(machine: Machine, mc: Path, secret: tuple[str, str], *argv: str) -> Running:
    """One command of mc with the key in a consumer's Secret, as the Jobs call it."""
    key = machine.config("Secret", *secret)
    server = f"https://{key['AWS_ACCESS_KEY_ID']}:{key['AWS_SECRET_ACCESS_KEY']}@minio.minio.svc:9000"
    environment = {"SSL_CERT_FILE": "/etc/mlops/ca/ca.crt", "MC_CONFIG_DIR": "/tmp/mc", "MC_HOST_store": server}
    return machine.start(["mc", *argv], mc, environment=environment, binds=machine.trust())


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
    running.until(lambda: "API:" in running.said)
    return client


MAKE = """\
import boto3, json, sys
endpoint, *buckets = sys.argv[1:]
for bucket in buckets:
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=bucket)
"""
LIST = """\
import boto3, sys
found = boto3.client("s3", endpoint_url=sys.argv[1]).list_objects_v2(Bucket=sys.argv[2])
print(*(item["Key"] for item in found.get("Contents", [])), sep="\\n")
"""
ENDPOINT = "https://minio.minio.svc:9000"
PYTHON = Path(sys.executable).parent


def s3(machine: Machine) -> str:
    """An S3 server at the name that consumers are told: MinIO with our Jobs' buckets and keys, or moto's where MinIO cannot be had.

    Returns which. moto knows no keys: what it proves is the address, the CA and the calls.
    """
    try:
        client = minio(machine)
    except pytest.skip.Exception:
        return moto(machine)
    run_jobs(machine, "minio", client)
    return "minio"


def moto(machine: Machine) -> str:
    """moto's server with the rendered certificate, and the buckets of our grants."""
    tls = machine.volume("minio", {"secret": {"secretName": "minio-tls"}}, machine.folder / "moto-tls")
    argv = ["python", "-m", "moto.server", "-H", "0.0.0.0", "-p", "9000", "-s", "-c", "/tls/tls.crt", "-k", "/tls/tls.key"]
    # it would take the first part of the server's name for a bucket
    server = machine.start(argv, PYTHON, binds={"/tls": tls}, environment={"S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true"})
    server.until(lambda: "Running on" in server.said)
    grants = [made for made in machine.made.all("Job") if made.namespace == "minio"]
    scripts = [machine.config("ConfigMap", "minio", v["configMap"]["name"])["run.sh"] for job in grants
               for v in job.inputs["spec"]["template"]["spec"]["volumes"] if v["name"] == "files"]  # fmt: skip
    lines = [line for script in scripts for line in script.splitlines()]
    buckets = {line.split()[1] for line in lines if line.startswith("bucket ")}
    machine.run(["python", "-c", MAKE, ENDPOINT, *sorted(buckets)], PYTHON, environment=KEYLESS, binds=machine.trust())
    return "moto"


KEYLESS = {
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CA_BUNDLE": "/etc/mlops/ca/ca.crt",
}


def stored(machine: Machine, secret: tuple[str, str], bucket: str) -> list[str]:
    """Keys of the objects in a bucket, asked with the key in a consumer's Secret."""
    environment = KEYLESS | machine.config("Secret", *secret)
    return machine.run(["python", "-c", LIST, ENDPOINT, bucket], PYTHON, environment=environment, binds=machine.trust()).split()
