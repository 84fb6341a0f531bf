"""Sqoop: a password that is a file only, a verified connection, every job what it was declared to be."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pydantic import ValidationError

from components import contracts
from components.kubernetes import truststore
from components.kubernetes.sqoop import SqoopTransfers, SqoopTransfersArgs
from components.kubernetes.sqoop_command import SCRIPT, SqoopJobArgs
from components.spec.processing import Sqoop, SqoopJob
from tests.unit.kubernetes_processing import CLOUD, COMPUTE, LABELS, STATE, bounded, env, foreign, hardened
from tests.unit.kubernetes_site import BUCKET, CERTIFICATES, DATABASE, SERVER, site
from tests.unit.recording import Recording, record

ARGS = SqoopTransfersArgs(
    namespace="sqoop",
    labels=LABELS,
    image="registry.example/mlops/sqoop:1.4.7-1",
    jobs={
        "orders": SqoopJobArgs("import", "orders", columns=["id", "total"], where="total > 0", schedule="0 3 * * *"),
        "scores": SqoopJobArgs("export", "scores", path="models/scores", update_key="id"),
    },
    database=DATABASE,
    engine="mysql",
    compute=COMPUTE,
    store=STATE,
)
HDFS = {"hadoop/hdfs": {"data": {"core-site.xml": "<core/>", "hdfs-site.xml": "<hdfs/>"}, "metadata": {"name": "hdfs"}}}


def build(args: SqoopTransfersArgs = ARGS) -> Recording[SqoopTransfers]:
    return record(lambda: SqoopTransfers("sqoop", args), reads=HDFS)


def pod(made: Recording[Any], job: str) -> dict[str, Any]:
    """Pod spec of a job, scheduled or not."""
    return next(spec for r, spec in made.pods() if r.object_name.startswith(f"sqoop-{job}"))


def command(made: Recording[Any], job: str) -> list[str]:
    found: list[str] = pod(made, job)["containers"][0]["args"]
    return found


def after(line: list[str], flag: str) -> str:
    return line[line.index(flag) + 1]


def test_an_import_replaces_the_files_of_its_table_at_its_hour() -> None:
    made = build()
    line = command(made, "orders")
    assert line[0] == "import" and after(line, "--table") == "orders"
    assert after(line, "--target-dir") == "s3a://state/orders" and "--delete-target-dir" in line
    assert (after(line, "--columns"), after(line, "--where")) == ("id,total", "total > 0")
    schedule = made.one("CronJob", "sqoop-orders").inputs["spec"]
    assert (schedule["schedule"], schedule["concurrencyPolicy"]) == ("0 3 * * *", "Forbid")
    grown = command(build(replace(ARGS, jobs={"orders": SqoopJobArgs("import", "orders", mode="append")})), "orders")
    assert "--append" in grown and "--delete-target-dir" not in grown


def test_an_export_runs_once_and_again_only_when_it_changes() -> None:
    made = build()
    line = command(made, "scores")
    assert line[0] == "export" and after(line, "--export-dir") == "s3a://state/models/scores"
    assert (after(line, "--update-key"), after(line, "--update-mode")) == ("id", "allowinsert")
    name = next(j.object_name for j in made.all("Job"))
    assert name == next(j.object_name for j in build().all("Job"))
    other = build(replace(ARGS, jobs={"scores": SqoopJobArgs("export", "scores")}))
    assert name != next(j.object_name for j in other.all("Job"))


def test_the_connection_is_verified_and_its_password_is_a_file_alone() -> None:
    made = build()
    for job in ARGS.jobs:
        line = command(made, job)
        assert after(line, "--connect") == "jdbc:mysql://mysql-haproxy.mysql.svc:3306/runs?sslMode=VERIFY_IDENTITY"
        assert not [word for word in line if word.startswith("--password")]
        assert pod(made, job)["volumes"][2]["secret"] == {"secretName": "app-mysql", "defaultMode": 0o440}
        assert not [name for name in env(pod(made, job)["containers"][0]) if "PASS" in name or "DB" in name]
    assert made.leaks() == []
    postgres = command(build(replace(ARGS, engine="postgres")), "scores")
    assert after(postgres, "--connect").startswith("jdbc:postgresql://") and "sslmode=verify-full" in after(postgres, "--connect")


def test_another_database_has_a_login_of_its_own() -> None:
    job = SqoopJobArgs("import", "sales", connect="jdbc:postgresql://erp.example.com:5432/erp", secret="erp-login")
    made = build(replace(ARGS, jobs={"sales": job}))
    assert after(command(made, "sales"), "--connect").startswith("jdbc:postgresql://erp.example.com:5432/erp?sslmode=verify-full")
    assert [v["secret"]["secretName"] for v in pod(made, "sales")["volumes"] if "secret" in v] == ["erp-login"]
    own = replace(job, connect="jdbc:mysql://erp:3306/erp?sslMode=REQUIRED")
    assert after(command(build(replace(ARGS, jobs={"sales": own})), "sales"), "--connect").endswith("erp?sslMode=REQUIRED")


def test_the_script_logs_in_from_the_secrets_files(tmp_path: Path) -> None:
    login, conf, home = tmp_path / "login", tmp_path / "hadoop", tmp_path / "sqoop"
    for folder in (login, conf, home / "bin", tmp_path / "dist" / "etc" / "hadoop"):
        folder.mkdir(parents=True)
    (login / "username").write_text("app")
    (conf / "core-site.xml").write_text("<configuration/>")
    (home / "bin" / "sqoop").write_text('#!/bin/sh\nls "$HADOOP_CONF_DIR"; printf "%s\\n" "$@"\n')
    (home / "bin" / "sqoop").chmod(0o755)
    script = SCRIPT.replace("/etc/mlops", str(tmp_path)).replace("/tmp/conf", str(tmp_path / "conf"))
    script = script.replace("/tmp/sqoop", str(tmp_path / "out"))
    variables = {
        **os.environ,
        "HADOOP_HOME": str(tmp_path / "dist"),
        "SQOOP_HOME": str(home),
        "HADOOP_LOG_DIR": str(tmp_path / "l"),
    }
    line = ["bash", "-c", script, "sqoop", "import", "--table", "two words"]
    said = subprocess.run(line, env=variables, capture_output=True, text=True, check=True).stdout.splitlines()
    password = f"file://{tmp_path}/login/password"
    assert said == ["core-site.xml", "import", "--table", "two words", "--username", "app", "--password-file", password]
    (login / "username").unlink()
    assert "--username" not in subprocess.run(line, env=variables, capture_output=True, text=True, check=True).stdout


def test_both_authorities_are_trusted_and_only_those_that_are_private() -> None:
    made = build()
    (init,) = pod(made, "orders")["initContainers"]
    assert env(init)["BUNDLE"] == "/etc/mlops/ca-database/ca.crt /etc/mlops/ca-store/ca.crt"
    assert truststore.JAVA_OPTION in env(pod(made, "orders")["containers"][0])["HADOOP_CLIENT_OPTS"]
    public = build(replace(ARGS, store=CLOUD, database=replace(DATABASE, ca_config_map=None)))
    assert "initContainers" not in pod(public, "orders")


def test_hdfs_settings_are_copied_from_beside_the_file_system() -> None:
    job = SqoopJobArgs("import", "orders", place="hdfs")
    made = build(
        replace(ARGS, jobs={"orders": job}, store=None, hdfs_uri="hdfs://hdfs", hdfs_config_map="hdfs", hdfs_namespace="hadoop")
    )
    assert after(command(made, "orders"), "--target-dir") == "hdfs://hdfs/sqoop/orders"
    assert made.one("ConfigMap", "sqoop-client").inputs["data"]["hdfs-site.xml"] == "<hdfs/>"
    variables = env(pod(made, "orders")["containers"][0])
    assert "AWS_ACCESS_KEY_ID" not in variables and variables["HADOOP_USER_NAME"] == "stackable"
    assert "HADOOP_USER_NAME" not in env(pod(build(), "orders")["containers"][0])
    assert "hdfs-site.xml" not in build().one("ConfigMap", "sqoop-client").inputs["data"]


def test_jobs_are_hardened_bounded_and_say_that_their_upstream_is_retired() -> None:
    made = build(replace(ARGS, values={"fs.s3a.connection.maximum": 50}))
    for job in ARGS.jobs:
        assert hardened(pod(made, job)) and bounded(pod(made, job))
    assert foreign(made, "registry.example") == []
    assert {r.inputs["metadata"]["labels"]["mlops.dev/upstream"] for r in [*made.all("Job"), *made.all("CronJob")]} == {"retired"}
    core = made.one("ConfigMap", "sqoop-client").inputs["data"]["core-site.xml"]
    assert "<name>fs.s3a.connection.maximum</name><value>50</value>" in core


@pytest.mark.parametrize(
    "wrong",
    [
        {"connect": "jdbc:mysql://h/d"},
        {"secret": "s"},
        {"connect": "jdbc:mysql://u:p@h/d", "secret": "s"},
        {"direction": "export", "where": "a = 1"},
        {"update_key": "id"},
        {"path": "../up"},
    ],
)
def test_a_job_that_contradicts_itself_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SqoopJob(**{"direction": "import", "table": "t", **wrong})


def test_the_spec_becomes_arguments_and_files_need_a_place() -> None:
    config = Sqoop(image="r.example/sqoop:1", jobs={"a": SqoopJob(direction="import", table="t")})
    assert SqoopTransfers.wants(config) == contracts.Wants(databases=("sqoop",), buckets=("sqoop",))
    place = site("sqoop", config, CERTIFICATES, SERVER)
    with pytest.raises(pulumi.RunError, match=r"jobs\.a: this stack has no object store"):
        SqoopTransfers.plan(place)
    place.buckets = {"sqoop": BUCKET}
    args = SqoopTransfers.plan(place)
    assert args.jobs == {"a": SqoopJobArgs("import", "t", columns=[])} and args.engine == "mysql"
    hdfs = Sqoop(image="r.example/sqoop:1", jobs={"a": SqoopJob(direction="import", table="t", place="hdfs")})
    assert SqoopTransfers.wants(hdfs).buckets == ()
    with pytest.raises(pulumi.RunError, match=r"jobs\.a: this stack has no file system"):
        SqoopTransfers.plan(replace(place, config=hdfs))


def test_our_image_verifies_what_it_downloads_and_runs_as_the_pods_user() -> None:
    text = (Path(__file__).parents[2] / "images" / "sqoop" / "Dockerfile").read_text()
    assert text.count("gpg --batch --verify") == 2 and "mvn -B -C" in text
    assert "USER 10002" in text and pod(build(), "orders")["securityContext"]["runAsUser"] == 10002
