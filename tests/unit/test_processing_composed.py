"""The processing systems in a whole platform: who is granted what, who may reach whom, and what the policies say."""

from typing import Any

import pytest

from components.platform import Platform
from policies.exceptions import Exceptions
from policies.model import Facts, Level, Resource
from policies.pack import all_rules
from tests.unit.recording import Recording, record
from tests.unit.stackfiles import checked, stack

SPEC = """
manifestMirror: /srv/manifests
systems:
  minio: {replicas: 1}
  mysql: {replicas: 1}
  kafka: {brokers: 1, controllers: 1, topics: {events: {}}}
  prometheus: {}
  flink: {topics: [events], jobs: {clicks: {jar: "https://jars.mlops.internal/clicks.jar"}}}
  spark:
    image: ghcr.io/example/spark:4.0.4-1
    streams: {events: {topic: events}}
    jobs: {nightly: {main: "s3a://spark/jobs/nightly.py", schedule: "0 2 * * *"}}
  flume:
    image: ghcr.io/example/flume:1.11.0-1
    agents:
      clicks: {source: http, sink: kafka, topic: events}
      archive: {source: kafka, sourceTopic: events}
  sqoop:
    image: ghcr.io/example/sqoop:1.4.7-1
    jobs:
      orders: {direction: import, table: orders, schedule: "0 3 * * *"}
      scores: {direction: export, table: scores}
      archive: {direction: import, table: archive, place: hdfs}
  hadoop: {}
"""
HDFS = {"hadoop/hadoop-cluster-id": {"data": {"hdfs-site.xml": "<configuration/>"}}}
"""What a mock's id of the HdfsCluster leads to."""
SYSTEMS = ("flink", "spark", "flume", "sqoop", "hadoop")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Recording[Platform]:
    spec = stack(checked(tmp_path_factory.mktemp("stack"), SPEC))
    return record(lambda: Platform("platform", spec), reads=HDFS)


def of(made: Recording[Any], kind: str, namespace: str) -> list[Any]:
    return [r for r in made.all(kind) if r.namespace == namespace]


def test_each_is_granted_its_bucket_and_its_topics(made: Recording[Platform]) -> None:
    env = made.one("FlinkDeployment").inputs["spec"]["taskManager"]["podTemplate"]["spec"]["containers"][0]["env"]
    names = {e["valueFrom"]["secretKeyRef"]["name"] for e in env if "valueFrom" in e}
    assert names <= {s.object_name for s in of(made, "Secret", "flink")}
    assert "events" in {e.get("value") for e in env}
    assert {u.object_name for u in made.all("KafkaUser")} >= {"flink", "spark", "flume"}


def test_each_may_reach_what_it_uses_and_no_more(made: Recording[Platform]) -> None:
    (rules,) = of(made, "NetworkPolicy", "flink")
    assert callees(rules) >= {"minio", "kafka"} and "mysql" not in callees(rules)


def test_spark_reads_kafka_and_keeps_its_logs_in_the_bucket_it_was_granted(made: Recording[Platform]) -> None:
    spec = made.one("SparkApplication").inputs["spec"]
    names = {e["valueFrom"]["secretKeyRef"]["name"] for e in spec["driver"]["env"] if "valueFrom" in e}
    assert names <= {s.object_name for s in of(made, "Secret", "spark")} and len(names) == 2
    (rules,) = of(made, "NetworkPolicy", "spark")
    assert callees(rules) >= {"minio", "kafka"}


def test_sqoop_is_granted_a_database_and_a_bucket(made: Recording[Platform]) -> None:
    pod = made.one("CronJob", "sqoop-orders").inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    login = next(v for v in pod["volumes"] if v["name"] == "login")["secret"]["secretName"]
    assert login in {s.object_name for s in of(made, "Secret", "sqoop")}
    (rules,) = of(made, "NetworkPolicy", "sqoop")
    assert callees(rules) >= {"minio", "mysql", "hadoop"} and "kafka" not in callees(rules)


def test_hdfs_is_what_sqoop_writes_to_and_stands_on_its_own_operators(made: Recording[Platform]) -> None:
    archive = next(j for j in made.all("Job") if j.object_name.startswith("sqoop-archive"))
    args = archive.inputs["spec"]["template"]["spec"]["containers"][0]["args"]
    assert "hdfs://hdfs/sqoop/archive" in args
    assert "hadoop-cluster" in made.waits_for(archive.name) or made.order("hadoop-cluster", archive.name)[0] >= 0
    assert {"hadoop-hdfs-operator", "hadoop-zookeeper-operator", "hadoop-hdfs-operator-crds"} <= made.waits_for("hadoop-cluster")
    (space,) = [n for n in made.all("Namespace") if n.object_name == "hadoop"]
    assert space.inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"


def callees(policy: Any) -> set[str]:
    return {
        peer["namespaceSelector"]["matchLabels"].get("kubernetes.io/metadata.name", "")
        for rule in policy.inputs["spec"]["egress"]
        for peer in rule.get("to", ())
        if "namespaceSelector" in peer
    }


def test_no_policy_has_anything_against_them(made: Recording[Platform]) -> None:
    facts, exceptions = Facts(level=Level.STANDARD, environment="dev"), Exceptions.load()
    said = [
        f"{rule.name}: {r.type} {r.name}: {finding}"
        for r in made.resources
        if r.name.split("-")[0] in SYSTEMS
        for resource in [Resource(r.type, r.name, r.inputs, protect=r.protect, secrets=frozenset(r.secrets))]
        for rule in all_rules()
        # the landing's transform writes the labels of ownership, and mocks do not run it
        if rule.mandatory(facts) and rule.name != "ownership"
        for finding in rule.check(resource, facts)
        if not exceptions.covers(rule.name, resource, finding.path)
    ]
    assert said == []


def test_nothing_generated_stands_in_the_open(made: Recording[Platform]) -> None:
    assert made.leaks() == []
