"""MySQL: the operator's users are ours, a grant is a database and a user limited to it, backups have a key of their own."""

from dataclasses import replace

import pytest

from components.kubernetes.mysql import PerconaMysql
from components.kubernetes.mysql_cluster import SYSTEM_USERS
from components.kubernetes.sqljob import SCRIPT, grant_sql
from components.spec.data import Mysql
from tests.unit.kubernetes_stack import MYSQL, stack

JOB = "mysql-mlflow-mlflow_runs"


def test_a_grant_makes_sql_for_a_user_of_one_database_over_tls() -> None:
    sql = stack().one("ConfigMap", f"{JOB}-sql").inputs["data"]["grant.sql"]
    assert sql == grant_sql("mlflow_runs", "mlflow-mlflow_runs")
    lines = sql.splitlines()
    assert lines[0] == "CREATE DATABASE IF NOT EXISTS `mlflow_runs` CHARACTER SET utf8mb4;"
    assert sum("CREATE USER IF NOT EXISTS 'mlflow-mlflow_runs'@'%'" in line for line in lines) == 1
    assert sum("ALTER USER 'mlflow-mlflow_runs'@'%'" in line for line in lines) == 1
    assert sql.count('" REQUIRE SSL"') == 2
    granted = [line for line in lines if line.startswith("GRANT")]
    assert granted == [r"GRANT ALL PRIVILEGES ON `mlflow\_runs`.* TO 'mlflow-mlflow_runs'@'%';"]


def test_the_password_reaches_the_server_by_a_file_and_a_session_variable_only() -> None:
    made = stack()
    job = made.one("Job", f"{JOB}-job")
    spec = job.inputs["spec"]["template"]["spec"]
    (client,) = spec["containers"]
    assert client["command"] == ["/bin/bash", "-c", SCRIPT]
    assert {e["name"] for e in client["env"]} == {"HOST", "PORT"}
    secrets = {v["name"]: v["secret"] for v in spec["volumes"] if "secret" in v}
    assert secrets["root"]["secretName"] == "mysql-users"
    assert secrets["root"]["items"] == [{"key": "root", "path": "root"}]
    assert secrets["user"]["secretName"] == made.one("Secret", f"{JOB}-here").object_name
    assert "--ssl-mode=VERIFY_IDENTITY" in SCRIPT and "--password" not in SCRIPT
    assert made.leaks() == []


def test_a_new_password_runs_the_job_again_without_telling_it() -> None:
    made = stack()
    note = made.one("Job", f"{JOB}-job").inputs["spec"]["template"]["metadata"]["annotations"]["mlops.dev/password"]
    assert len(note) == 16 and note not in made.passwords[f"{JOB}-password"]


def test_a_grant_waits_for_the_cluster_and_leaves_the_consumer_a_secret() -> None:
    made = stack()
    assert {"mysql-cluster", f"{JOB}-here", f"{JOB}-sql"} <= made.waits_for(f"{JOB}-job")
    given = made.one("Secret", f"{JOB}-given")
    assert (given.namespace, given.object_name) == ("mlflow", "mlflow-database-mlflow_runs".replace("_", "_"))
    assert set(given.inputs["stringData"]) == {"username", "password"}
    access = made.result.access["database"]
    assert (access.port, access.database, access.secret) == (3306, "mlflow_runs", given.object_name)


def test_every_system_user_has_a_password_of_ours() -> None:
    made = stack()
    users = made.one("Secret", "mysql-users")
    assert set(users.inputs["stringData"]) == set(SYSTEM_USERS)
    assert len(set(users.inputs["stringData"].values())) == len(SYSTEM_USERS)
    cluster = made.one("PerconaServerMySQL").inputs["spec"]
    assert cluster["secretsName"] == users.object_name
    assert cluster["sslSecretName"] == made.one("Certificate", "mysql-certificate").inputs["spec"]["secretName"]


def test_the_certificate_covers_the_service_that_clients_use() -> None:
    names = stack().one("Certificate", "mysql-certificate").inputs["spec"]["dnsNames"]
    assert {"mysql-haproxy.mysql.svc", "*.mysql-mysql.mysql.svc"} <= set(names)


def test_backups_go_to_a_bucket_with_a_key_of_their_own() -> None:
    made = stack()
    backup = made.one("PerconaServerMySQL").inputs["spec"]["backup"]
    store = backup["storages"]["objectstore"]
    given = made.one("Secret", "minio-mysql-mysql-backup-given")
    assert store["s3"] == {
        "bucket": "mysql-backup",
        "region": "us-east-1",
        "credentialsSecret": given.object_name,
        "endpointUrl": "https://minio.minio.svc:9000",
    }
    assert given.namespace == "mysql"
    assert backup["schedule"][0]["schedule"] == "0 2 * * *" and backup["schedule"][0]["keep"] == 7
    assert f"{'minio-mysql-mysql-backup-job'}" in made.waits_for("mysql-cluster")
    assert PerconaMysql.wants(Mysql()).buckets == ("mysql-backup",)
    assert PerconaMysql.wants(Mysql(backup=None)).buckets == ()


@pytest.mark.parametrize(("replicas", "unsafe"), [(1, True), (3, False), (5, False), (9, True)])
def test_the_operator_is_told_where_a_size_is_unsafe(replicas: int, unsafe: bool) -> None:
    spec = stack(mysql=replace(MYSQL, replicas=replicas)).one("PerconaServerMySQL").inputs["spec"]
    assert spec["unsafeFlags"] == {"mysqlSize": unsafe, "proxySize": replicas == 1}
    assert spec["proxy"]["haproxy"]["size"] == (1 if replicas == 1 else 2)


def test_the_systems_own_values_are_merged_last_into_the_custom_resource() -> None:
    spec = stack(mysql=replace(MYSQL, values={"mysql": {"gracePeriod": 60}})).one("PerconaServerMySQL").inputs["spec"]
    assert spec["mysql"]["gracePeriod"] == 60 and spec["mysql"]["size"] == 3


def test_in_prod_the_cluster_is_protected_and_retained() -> None:
    assert not stack().one("PerconaServerMySQL").protect
    kept = stack(mysql=replace(MYSQL, protect=True)).one("PerconaServerMySQL")
    assert kept.protect and kept.retain


def test_metrics_come_from_an_exporter_beside_each_server() -> None:
    made = stack()
    (exporter,) = made.one("PerconaServerMySQL").inputs["spec"]["mysql"]["sidecars"]
    assert exporter["env"][0]["valueFrom"]["secretKeyRef"] == {"name": "mysql-users", "key": "monitor"}
    assert made.one("PodMonitor", "mysql-monitor").inputs["spec"]["podMetricsEndpoints"][0]["port"] == "metrics"
    bare = stack(mysql=replace(MYSQL, monitored=False))
    assert "sidecars" not in bare.one("PerconaServerMySQL").inputs["spec"]["mysql"]


def test_an_existing_operator_is_left_as_it_is() -> None:
    made = stack(mysql=replace(MYSQL, operator="managed"))
    assert made.one("Chart", "mysql-operator").inputs["values"]["disableTelemetry"] is True


def test_tables_without_a_primary_key_are_given_one_for_group_replication_refuses_their_rows() -> None:
    mysql = stack().one("PerconaServerMySQL").inputs["spec"]["mysql"]
    assert mysql["clusterType"] == "group-replication"
    assert "sql_generate_invisible_primary_key=ON" in mysql["configuration"].splitlines()
