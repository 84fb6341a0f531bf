"""The storage systems through the composer: who is granted what by whom, and who may reach whom."""

from pathlib import Path
from typing import Any

import pytest

from components.platform import Platform
from components.targets import TABLE
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, messages, stack

CONSUMERS = {s: fact for (target, s), fact in TABLE.items() if target == "kubernetes" and "database" in fact.needs}
MORE = {"sqoop": "sqoop: {image: 'r.example/sqoop:1', jobs: {a: {direction: import, table: t}}}"}
"""Sections that cannot be empty."""
SPEC = """
systems:
  seaweedfs: {buckets: {raw: {expireAfter: 30d}}}
  mysql: {}
  postgres: {}
  docker: {users: [ada]}
  mlflow: {}
  prometheus: {}
"""


def composed(tmp_path: Path, spec: str = SPEC) -> Recording[Platform]:
    made = stack(checked(tmp_path, spec))
    return record(lambda: Platform("platform", made))


def reach(made: Recording[Platform], namespace: str) -> dict[str, set[str]]:
    """Namespaces that connect to one, and that it connects to."""
    rules: dict[str, Any] = made.one("NetworkPolicy", f"network-{namespace}").inputs["spec"]

    def named(peers: list[dict[str, Any]]) -> set[str]:
        labels = [p.get("namespaceSelector", {}).get("matchLabels", {}) for p in peers]
        return {found for each in labels if (found := each.get("kubernetes.io/metadata.name"))}

    return {"in": named(rules["ingress"][0]["from"]), "out": named(rules["egress"][0]["to"])}


def test_every_consumer_of_the_store_has_a_bucket_of_its_own(tmp_path: Path) -> None:
    made = composed(tmp_path)
    given = {s.object_name: s.namespace for s in made.all("Secret") if s.object_name.count("-bucket-")}
    assert given == {
        "mysql-bucket-mysql-backup": "mysql",
        "postgres-bucket-postgres-backup": "postgres",
        "docker-bucket-registry": "docker",
        "mlflow-bucket-mlflow": "mlflow",
    }
    assert made.leaks() == []


def test_systems_wait_for_the_grants_that_they_use(tmp_path: Path) -> None:
    made = composed(tmp_path)
    assert "seaweedfs-postgres-postgres-backup-job" in made.waits_for("postgres-cluster")
    assert "seaweedfs-docker-registry-job" in made.waits_for("docker-chart")
    cluster = made.one("Cluster").inputs["spec"]
    assert cluster["backup"]["barmanObjectStore"]["endpointURL"] == "https://seaweedfs-s3.seaweedfs.svc:8333"


def test_the_first_database_of_the_stack_is_taken_where_none_is_named(tmp_path: Path) -> None:
    made = composed(tmp_path)
    assert made.all("DatabaseRole") == [] and made.one("Job", "mysql-mlflow-mlflow-job")


def test_namespaces_reach_what_their_systems_use(tmp_path: Path) -> None:
    made = composed(tmp_path)
    assert {"mysql", "postgres", "docker", "mlflow", "monitoring"} <= reach(made, "seaweedfs")["in"]
    assert "seaweedfs" in reach(made, "postgres")["out"] and "seaweedfs" in reach(made, "docker")["out"]
    ports = [r["ports"] for r in made.one("NetworkPolicy", "network-postgres").inputs["spec"]["ingress"] if "ports" in r]
    assert ports == [[{"port": 9443, "protocol": "TCP"}]]


def test_without_a_store_postgres_stands_all_the_same(tmp_path: Path) -> None:
    made = composed(tmp_path, "systems: {postgres: {replicas: 1}}")
    assert "backup" not in made.one("Cluster").inputs["spec"]


def test_what_speaks_mysql_alone_is_given_no_postgres(tmp_path: Path) -> None:
    made = composed(tmp_path, "systems: {postgres: {replicas: 1}, prometheus: {}, grafana: {}}")
    assert made.all("DatabaseRole") == [] and "postgres" not in str(made.one("Chart", "grafana-chart").inputs)


@pytest.mark.parametrize("system", sorted(system for system, fact in CONSUMERS.items() if not fact.engines))
def test_what_speaks_both_stands_on_postgres_alone(tmp_path: Path, system: str) -> None:
    section = MORE.get(system, f"{system}: {{}}")
    made = composed(tmp_path, f"systems: {{minio: {{replicas: 1}}, postgres: {{replicas: 1}}, {section}}}")
    granted = [role.name for role in made.all("DatabaseRole")]
    assert granted and made.leaks() == []
    text = "".join(str(r.inputs) for r in made.resources if not r.kind.startswith("CustomResourceDefinition"))
    assert "postgres-rw.postgres.svc" in text and "mysql-haproxy" not in text


@pytest.mark.parametrize("system", sorted(system for system, fact in CONSUMERS.items() if fact.engines))
def test_what_speaks_mysql_alone_asks_for_it(tmp_path: Path, system: str) -> None:
    (said,) = messages(checked(tmp_path, f"systems: {{minio: {{}}, postgres: {{}}, {system}: {{}}}}"))
    assert "needs a mysql database" in said


def test_of_two_databases_a_team_is_granted_the_one_that_its_system_can_use(tmp_path: Path) -> None:
    spec = """
tier: platform
teams: {fraud: {systems: [mlflow]}}
systems: {minio: {replicas: 1}, postgres: {replicas: 1}, mysql: {}}
"""
    made = composed(tmp_path, spec)
    assert made.one("Job", "mysql-fraud-mlflow-fraud-mlflow-job") and made.all("DatabaseRole") == []
