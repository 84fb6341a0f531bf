"""The simulated Flink, Spark, ZooKeeper and HDFS: what they make of our own resources, and when they say that it is up."""

from typing import Any

import pytest

from components.kubernetes import flink_cluster, hadoop_cluster
from components.kubernetes.place import Compute
from tests.unit import test_kubernetes_flink as of_flink
from tests.unit import test_kubernetes_spark as of_spark
from tests.unit.operators_fake import Cluster, custom, deployment


def cluster(*operators: str) -> Cluster:
    made = Cluster()
    for name in operators:
        made.put(deployment(name))
        made.up("Deployment", "system", name)
    return made


def condition(obj: dict[str, Any], kind: str) -> str:
    return next(str(c["status"]) for c in obj["status"]["conditions"] if c["type"] == kind)


def test_our_flink_cluster_becomes_a_job_manager_that_is_running_once_it_is_ready() -> None:
    made = cluster("flink-kubernetes-operator")
    made.put(custom("FlinkDeployment", "flink", of_flink.cluster(of_flink.build())))
    made.put(custom("FlinkSessionJob", "clicks", {"deploymentName": "flink", "job": {"jarURI": "https://h/j.jar"}}))
    assert made.settle() == []
    found = made.get("Deployment", "team", "flink")["spec"]
    pod = found["template"]["spec"]
    main = next(c for c in pod["containers"] if c["name"] == "flink-main-container")
    assert found["replicas"] == 2 and [c["name"] for c in pod["initContainers"]] == ["trust"]
    assert main["resources"] == {"requests": {"cpu": "0.5", "memory": "1024Mi"}, "limits": {"cpu": "2", "memory": "1024Mi"}}
    assert {"rest", "metrics"} <= {p["name"] for p in main["ports"]}
    assert made.get("Service", "team", "flink-rest")["spec"]["ports"][0]["port"] == flink_cluster.PORT
    assert "flink" not in made.names("Service"), "with HA TaskManagers find the leader by themselves"
    assert condition(made.get("FlinkDeployment", "team", "flink"), "Running") == "False"
    made.up("Deployment", "team", "flink")
    made.settle()
    assert condition(made.get("FlinkDeployment", "team", "flink"), "Running") == "True"
    assert made.get("FlinkSessionJob", "team", "clicks")["status"]["jobStatus"]["state"] == "RUNNING"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, "Flink Version must be defined."),
        ({"flinkVersion": "v2_2", "jobManager": {"replicas": 2}}, "High availability should be enabled"),
    ],
)
def test_flink_refuses_what_its_webhook_would(spec: dict[str, Any], said: str) -> None:
    made = cluster("flink-kubernetes-operator")
    made.put(custom("FlinkDeployment", "flink", spec))
    made.settle()
    status = made.get("FlinkDeployment", "team", "flink")["status"]
    assert said in status["error"] and made.names("Deployment") == ["flink-kubernetes-operator"]


def test_our_spark_application_becomes_a_driver_and_executors() -> None:
    made = cluster("spark-operator-controller")
    spec = of_spark.build().one("SparkApplication", "events").inputs["spec"]
    made.put(custom("SparkApplication", "events", spec))
    assert made.settle() == []
    assert made.names("Pod") == ["events-driver", "events-exec-1", "events-exec-2", "events-exec-3"]
    driver = made.get("Pod", "team", "events-driver")
    assert (
        driver["metadata"]["labels"]["spark-role"] == "driver" and driver["spec"]["serviceAccountName"] == "spark-operator-spark"
    )
    assert driver["spec"]["containers"][0]["image"] == spec["image"]
    assert [c["name"] for c in driver["spec"]["initContainers"]] == ["trust"]
    mounted = {m["name"] for c in driver["spec"]["initContainers"] for m in c["volumeMounts"]}
    assert mounted <= {v["name"] for v in driver["spec"]["volumes"]}, "such a pod would be refused"
    executor = made.get("Pod", "team", "events-exec-1")["spec"]["containers"][0]
    assert executor["resources"]["requests"]["cpu"] == "1500m"
    assert made.get("SparkApplication", "team", "events")["status"]["applicationState"]["state"] == "SUBMITTED"
    made.up("Pod", "team", "events-driver")
    made.settle()
    assert made.get("SparkApplication", "team", "events")["status"]["applicationState"]["state"] == "RUNNING"


def test_a_schedule_that_is_none_is_refused() -> None:
    made = cluster("spark-operator-controller")
    for name, schedule in (("good", "0 2 * * *"), ("bad", "daily at two")):
        made.put(custom("ScheduledSparkApplication", name, {"schedule": schedule, "template": {}}))
    made.settle()
    states = [made.get("ScheduledSparkApplication", "team", name)["status"]["scheduleState"] for name in ("good", "bad")]
    assert states == ["Scheduled", "FailedValidation"]


def test_hdfs_stands_on_a_znode_of_a_zookeeper_that_is_up() -> None:
    made = cluster("zookeeper-operator-deployment", "hdfs-operator-deployment")
    size = Compute("500m", "1Gi")
    made.put(custom("HdfsCluster", "hdfs", hadoop_cluster.hdfs_spec(2, 3, 4, size, size, "200Gi", "fast", "znode", None, None)))
    made.put(custom("ZookeeperZnode", "znode", {"clusterRef": {"name": "zk"}}))
    made.put(custom("ZookeeperCluster", "zk", hadoop_cluster.zookeeper_spec(3, None, None)))
    assert made.settle() == []
    assert made.names("StatefulSet") == ["zk-server-default"]
    assert condition(made.get("HdfsCluster", "team", "hdfs"), "Available") == "False"
    made.up("StatefulSet", "team", "zk-server-default")
    made.settle()
    znode = made.get("ConfigMap", "team", "znode")["data"]["ZOOKEEPER"]
    assert znode.startswith("zk-server.team.svc.cluster.local:2282/znode-"), "clients come over TLS"
    assert made.get("ZookeeperZnode", "team", "znode")["status"]["znodePath"].startswith("/znode-")
    sets = {f"hdfs-{role}-default": count for role, count in (("namenode", 2), ("journalnode", 3), ("datanode", 4))}
    assert {name: made.get("StatefulSet", "team", name)["spec"]["replicas"] for name in sets} == sets
    data = made.get("StatefulSet", "team", "hdfs-datanode-default")["spec"]
    assert data["template"]["spec"]["containers"][0]["image"] == "registry.example/sdp/hadoop:3.5.0-stackable26.7.0"
    assert data["template"]["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "2000m", "memory": "1Gi"}
    ports = data["template"]["spec"]["containers"][0]["ports"]
    assert {port["name"]: port["containerPort"] for port in ports} == {"data": 9866, "ipc": 9867, "http": 9864}
    claim = data["volumeClaimTemplates"][0]["spec"]
    assert claim["storageClassName"] == "fast" and claim["resources"]["requests"]["storage"] == "200Gi"
    for name in sets:
        made.up("StatefulSet", "team", name)
    made.settle()
    assert condition(made.get("HdfsCluster", "team", "hdfs"), "Available") == "True"
    client = made.get("ConfigMap", "team", "hdfs")["data"]
    assert set(client) == {"core-site.xml", "hdfs-site.xml"} and "hdfs-namenode-default-1" in client["hdfs-site.xml"]
