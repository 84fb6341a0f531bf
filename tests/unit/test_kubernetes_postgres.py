"""PostgreSQL: TLS, our passwords, and a database that only its own roles may open."""

from dataclasses import dataclass, field, replace
from typing import Any

import pulumi
import pytest

from components import contracts
from components.kubernetes.installed import OPERATORS
from components.kubernetes.place import Compute
from components.kubernetes.postgres import BACKUPS, CloudNativePostgres, CloudNativePostgresArgs
from components.spec.data import Postgres
from tests.unit.kubernetes_site import BUCKET, CERTIFICATES, METRICS, STORE, site
from tests.unit.kubernetes_stack import LABELS, consumer
from tests.unit.recording import Recording, record

ARGS = CloudNativePostgresArgs(
    namespace="postgres",
    labels=LABELS,
    issuer="mlops-ca",
    bundle="mlops-ca",
    compute=Compute("500m", "1Gi"),
    replicas=3,
    storage="10Gi",
    backups=replace(BUCKET, bucket="postgres-backup", secret="postgres-bucket-postgres-backup"),
    schedule="0 3 * * *",
    keep=7,
    monitored=True,
)


@dataclass
class Made:
    access: list[contracts.DatabaseAccess] = field(default_factory=list)
    ready: list[pulumi.Resource] = field(default_factory=list)


def made(args: CloudNativePostgresArgs = ARGS, *grants: tuple[str, str]) -> Recording[Made]:
    """The database with grants (database, consumer)."""

    def build() -> Made:
        result = Made()
        (database,) = CloudNativePostgres("postgres", args).contracts()
        assert database.engine == "postgres"
        for name, who in grants:
            asking = consumer(who, who)
            result.access.append(database.grant(name, asking))
            result.ready += asking.ready
        return result

    return record(build)


def spec(recording: Recording[Made], kind: str, name: str = "") -> dict[str, Any]:
    found: dict[str, Any] = recording.one(kind, name).inputs["spec"]
    return found


def test_a_database_opens_for_members_of_its_role_over_tls_and_for_nobody_else() -> None:
    cluster = spec(made(), "Cluster")
    assert cluster["postgresql"]["pg_hba"] == ["hostssl samerole all all scram-sha-256", "host all all all reject"]
    assert cluster["enableSuperuserAccess"] is False


def test_the_servers_have_our_certificate_which_is_reloaded() -> None:
    recording = made()
    certificate = spec(recording, "Certificate")
    assert {"postgres-rw.postgres.svc", "postgres-ro.postgres.svc"} <= set(certificate["dnsNames"])
    assert certificate["secretTemplate"]["labels"] == {"cnpg.io/reload": ""}
    cluster = spec(recording, "Cluster")
    assert set(cluster["certificates"].values()) == {certificate["secretName"]}
    assert {"postgres-certificate", "postgres-operator", "postgres-app"} <= recording.waits_for("postgres-cluster")


def test_a_consumer_named_like_its_database_owns_it() -> None:
    recording = made(ARGS, ("airflow", "airflow"))
    role, database = spec(recording, "DatabaseRole"), spec(recording, "Database")
    assert (role["name"], role["login"], database["owner"]) == ("airflow", True, "airflow")
    given = recording.one("Secret", "postgres-airflow-airflow-given")
    here = recording.one("Secret", "postgres-airflow-airflow-here")
    assert role["passwordSecret"]["name"] == here.object_name and here.namespace == "postgres"
    assert given.inputs["stringData"] == here.inputs["stringData"] and given.inputs["stringData"]["username"] == "airflow"
    (access,) = recording.result.access
    assert (access.database, access.username, access.secret, access.port) == ("airflow", "airflow", given.object_name, 5432)
    assert "postgres-role-airflow" in recording.waits_for("postgres-database-airflow")
    assert {"postgres-cluster", "postgres-airflow-airflow-here"} <= recording.waits_for("postgres-role-airflow")
    assert len(recording.result.ready) == 3


def test_another_consumer_of_a_database_is_a_member_of_its_owner() -> None:
    recording = made(ARGS, ("airflow", "airflow"), ("airflow", "notebooks"), ("mlflow_runs", "mlflow"))
    roles = {r.inputs["spec"]["name"]: r.inputs["spec"] for r in recording.all("DatabaseRole")}
    assert roles["notebooks-airflow"]["inRoles"] == ["airflow"] and "inRoles" not in roles["airflow"]
    assert roles["mlflow_runs"]["login"] is False and "passwordSecret" not in roles["mlflow_runs"]
    assert roles["mlflow-mlflow_runs"]["inRoles"] == ["mlflow_runs"]
    assert len(recording.all("Database")) == 2
    assert all(r.object_name == r.object_name.lower() and "_" not in r.object_name for r in recording.all("DatabaseRole"))
    assert not [r for r in roles.values() if {"superuser", "createrole", "createdb", "replication", "bypassrls"} & set(r)]


def test_the_owner_may_come_after_a_member() -> None:
    recording = made(ARGS, ("airflow", "notebooks"), ("airflow", "airflow"))
    assert [a.username for a in recording.result.access] == ["notebooks-airflow", "airflow-airflow"]
    roles = {r.inputs["spec"]["name"]: r.inputs["spec"] for r in recording.all("DatabaseRole")}
    assert roles["airflow"]["login"] is False and roles["airflow-airflow"]["inRoles"] == ["airflow"]


def test_every_password_is_its_consumers_own_and_stands_in_secrets_alone() -> None:
    recording = made(ARGS, ("a", "a"), ("b", "b"))
    assert len(set(recording.passwords.values())) == 3 and recording.leaks() == []


def test_backups_go_to_the_bucket_over_tls_that_is_checked() -> None:
    recording = made()
    backup = spec(recording, "Cluster")["backup"]
    store = backup["barmanObjectStore"]
    assert store["destinationPath"] == "s3://postgres-backup/" and store["endpointURL"] == "https://minio.minio.svc:9000"
    assert store["endpointCA"] == {"name": "postgres-tls", "key": "ca.crt"} and backup["retentionPolicy"] == "7d"
    schedule = spec(recording, "ScheduledBackup")
    assert schedule["schedule"] == "0 0 3 * * *" and schedule["cluster"] == {"name": "postgres"}


def test_without_an_object_store_there_are_none() -> None:
    config = Postgres()
    assert CloudNativePostgres.wants(config).buckets == (BACKUPS,)
    args = CloudNativePostgres.plan(site("postgres", config, CERTIFICATES))
    recording = made(args)
    assert "backup" not in spec(recording, "Cluster") and recording.all("ScheduledBackup") == []
    assert CloudNativePostgres.wants(Postgres(backup=None)).buckets == ()


def test_a_store_with_a_ca_of_its_own_is_refused_with_what_to_do() -> None:
    where = replace(
        site("postgres", Postgres(), CERTIFICATES, STORE), buckets={BACKUPS: replace(BUCKET, ca_config_map="company")}
    )
    with pytest.raises(pulumi.RunError, match=r"ConfigMap company.*systems\.postgres\.backup: null"):
        CloudNativePostgres.plan(where)


@pytest.mark.parametrize(
    ("replicas", "expected"), [(1, None), (2, None), (3, {"method": "any", "number": 1, "dataDurability": "required"})]
)
def test_from_three_servers_a_write_waits_for_one_standby(replicas: int, expected: Any) -> None:
    assert spec(made(replace(ARGS, replicas=replicas)), "Cluster")["postgresql"].get("synchronous") == expected


def test_buffers_are_a_quarter_of_the_memory() -> None:
    assert spec(made(), "Cluster")["postgresql"]["parameters"]["shared_buffers"] == "256MB"


def test_in_prod_the_cluster_is_protected_and_retained() -> None:
    args = CloudNativePostgres.plan(
        site("postgres", Postgres(), CERTIFICATES, METRICS, environment="prod", registryMirror="m.example")
    )
    cluster = made(args).one("Cluster")
    assert cluster.protect and cluster.retain
    assert cluster.inputs["spec"]["imageName"] == "m.example/cloudnative-pg/postgresql:18.4-system-trixie"
    assert not made().one("Cluster").protect


def test_an_operator_of_the_cluster_is_left_alone() -> None:
    crd = {"spec": {"versions": [{"name": "v1", "served": True}]}}
    reads = dict.fromkeys(OPERATORS["cloudnative_pg"].definitions, crd)
    recording = record(lambda: CloudNativePostgres("postgres", replace(ARGS, operator="existing")), reads=reads)
    assert recording.all("Chart") == [] and recording.one("Cluster")
    assert [m.name for m in recording.all("PodMonitor")] == ["postgres-monitor-cluster"]
