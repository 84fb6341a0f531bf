"""Each data file renders for the smallest custom resource, cites its source, and is gated as its chart is labelled."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sandbox.operators.kinds import BUILTIN
from sandbox.operators.model import DATA, DataError, load, read
from tests.contracts import reference
from tests.unit.operators_fake import LISTENER, OF_CLUSTER, OPERATORS, POOL, Cluster, custom, deployment

RAY = {"headGroupSpec": {"template": {"spec": {"containers": [{"name": "ray-head", "image": "registry.example/ray:2.52.0"}]}}}}
MINIMAL: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "Certificate": ({"secretName": "tls", "issuerRef": {"name": "self"}}, {}),
    "ClusterIssuer": ({"selfSigned": {}}, {}),
    "Issuer": ({"selfSigned": {}}, {}),
    "StrimziPodSet": ({"selector": {}, "pods": []}, {}),
    "Kafka": ({"kafka": {"listeners": [LISTENER]}}, {}),
    "KafkaNodePool": (POOL, OF_CLUSTER),
    "KafkaTopic": ({}, OF_CLUSTER),
    "KafkaUser": ({}, OF_CLUSTER),
    "KafkaConnect": ({"bootstrapServers": "events-kafka-bootstrap:9092"}, {}),
    "KafkaConnector": ({}, OF_CLUSTER),
    "PerconaServerMySQL": ({"mysql": {"volumeSpec": {"emptyDir": {}}}, "proxy": {"haproxy": {"enabled": True}}}, {}),
    "PerconaServerMySQLBackup": ({"clusterName": "db", "storageName": "s3"}, {}),
    "PerconaServerMySQLRestore": ({"clusterName": "db", "backupName": "first"}, {}),
    "FlinkDeployment": ({"flinkVersion": "v2_2", "jobManager": {"resource": {"cpu": 1, "memory": "2048m"}}}, {}),
    "FlinkSessionJob": ({"deploymentName": "smallest", "job": {"jarURI": "https://example.com/job.jar"}}, {}),
    "SparkApplication": ({"mainApplicationFile": "local:///job.py", "driver": {}, "executor": {}}, {}),
    "ScheduledSparkApplication": ({"schedule": "0 2 * * *", "template": {}}, {}),
    "Cluster": ({"instances": 1, "storage": {"size": "1Gi"}}, {}),
    "Database": ({"cluster": {"name": "db"}, "name": "app", "owner": "app"}, {}),
    "DatabaseRole": ({"cluster": {"name": "db"}, "name": "app"}, {}),
    "ScheduledBackup": ({"cluster": {"name": "db"}, "schedule": "0 0 3 * * *"}, {}),
    "InferenceService": ({"predictor": {"model": {"modelFormat": {"name": "sklearn"}}}}, {}),
    "Schedule": ({"schedule": "0 1 * * *"}, {}),
    "ExternalSecret": ({"secretStoreRef": {"kind": "ClusterSecretStore", "name": "smallest"}}, {}),
    "GatewayClass": ({"controllerName": "gateway.envoyproxy.io/gatewayclass-controller"}, {}),
    "SecurityPolicy": ({"targetRefs": [{"group": "g", "kind": "HTTPRoute", "name": "x"}]}, {}),
    "ClientTrafficPolicy": ({"targetRefs": [{"group": "g", "kind": "Gateway", "name": "x"}]}, {}),
    "ClusterQueue": ({"resourceGroups": []}, {}),
    "LocalQueue": ({"clusterQueue": "smallest"}, {}),
    "AutoscalingRunnerSet": ({"githubConfigUrl": "https://github.com/acme", "githubConfigSecret": "github-app"}, {}),
    "AutoscalingListener": ({"image": "registry.example/controller:1"}, {}),
    "EphemeralRunnerSet": ({"patchID": 0}, {}),
    "TrainJob": ({"runtimeRef": {"name": "torch-distributed"}}, {}),
    "SecretClass": ({"backend": {}}, {}),
    "ListenerClass": ({"serviceType": "ClusterIP"}, {}),
    "ZookeeperCluster": ({"image": {"productVersion": "3.9.5"}, "servers": {"roleGroups": {"default": {"replicas": 1}}}}, {}),
    "ZookeeperZnode": ({"clusterRef": {"name": "smallest"}}, {}),
    "HdfsCluster": ({"image": {"productVersion": "3.5.0"}, "nameNodes": {"roleGroups": {"default": {}}}}, {}),
    "Bundle": ({"sources": [{"useDefaultCAs": True}], "target": {"configMap": {"key": "ca.crt"}}}, {}),
    "FeatureStore": ({"feastProject": "features"}, {}),
    "RayCluster": (RAY, {}),
    "RayJob": ({"rayClusterSpec": RAY, "entrypoint": "python job.py"}, {}),
    "RayService": ({"rayClusterConfig": RAY}, {}),
}
NAMES = {"Kafka": "events", "AutoscalingListener": "listener"}
"""Where all stand together: what others name, and what would make the same ServiceAccount as another."""
OWN_NAMESPACE = {"Workflow", "WorkflowTemplate", "CronWorkflow", "SeldonRuntime", "Server", "Model"}
"""Served where their operator runs, and nowhere else."""
SILENT = {
    "AutoscalingListener",
    "ClusterTrainingRuntime",
    "TrainingRuntime",
    "ResourceFlavor",
    "ServiceMonitor",
    "PodMonitor",
    "Probe",
    "PrometheusRule",
    "ScrapeConfig",
    "AlertmanagerConfig",
}
SILENT |= {"EnvoyProxy", "ReferenceGrant", "ClusterServingRuntime", "ClusterStorageContainer", "SecretClass", "ListenerClass"}
SILENT |= {"SeldonConfig", "ServerConfig"}
UNCLAIMED = {"Gateway", "HTTPRoute", "BackendTLSPolicy", "BackupStorageLocation", "Schedule"}
"""Nobody's: without a class or a parent of the controller, or in another namespace than Velero."""


@pytest.mark.parametrize("kind", sorted(load()))
def test_the_smallest_object_renders_once_its_operator_is_there(kind: str) -> None:
    cluster = Cluster()
    spec, metadata = MINIMAL.get(kind, ({}, {}))
    cluster.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
    cluster.put(custom(kind, "smallest", spec, **metadata))
    assert cluster.settle() == [] and cluster.writes == []
    for name in OPERATORS:
        cluster.put(deployment(name))
        cluster.up("Deployment", "system", name)
    assert cluster.settle() == [], "a template failed"
    found = cluster.get(kind, "team" if load()[kind].namespaced else "", "smallest")
    # topics and users belong to an entity operator, which no Kafka here has made
    assert bool(found.get("status")) is (
        kind not in SILENT | OWN_NAMESPACE | UNCLAIMED | {"KafkaTopic", "KafkaUser", "KafkaNodePool", "ZookeeperZnode"}
    )
    known = {item.kind for item in BUILTIN} | set(load())
    assert {key[0] for key in cluster.writes} <= known
    assert all(re.fullmatch(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", key[2]) for key in cluster.writes)


def test_nothing_is_left_unrendered_or_null_in_what_is_made() -> None:
    cluster = Cluster()
    for name in OPERATORS:
        cluster.put(deployment(name))
        cluster.up("Deployment", "system", name)
    for kind, (spec, metadata) in MINIMAL.items():
        cluster.put(custom(kind, NAMES.get(kind, "smallest"), spec, **metadata))
    cluster.settle(60)
    made = [obj for key in set(cluster.writes) if (obj := cluster.store.get(key))]
    assert len(made) > 30
    text = json.dumps(made)
    assert "${" not in text and "$eval" not in text and "null" not in text.replace('"null"', "")


@pytest.mark.parametrize("kind", sorted(load()))
def test_each_names_its_upstream_source(kind: str) -> None:
    sources = load()[kind].source
    known = (
        "actions-runner-controller",
        "argo-workflows",
        "cert-manager",
        "cloudnative-pg",
        "envoyproxy/gateway",
        "external-secrets",
        "feast",
        "flink",
        "gpu-operator",
        "jobset",
        "katib",
        "kserve",
        "kuberay",
        "kubeflow/notebooks",
        "kueue",
        "percona-server-mysql-operator",
        "prometheus-operator",
        "seldon-core",
        "spark-operator",
        "strimzi",
        "trainer",
        "trust-manager",
        "velero",
        "secret-operator",
        "listener-operator",
        "zookeeper-operator",
        "hdfs-operator",
    )
    assert all(source.startswith(known) for source in sources)
    assert any(re.search(r" v?\d+\.\d+\.\d+ ", source) for source in sources), "no version of a source"


@pytest.mark.parametrize(
    ("chart", "operator"),
    [
        ("strimzi-kafka-operator", "strimzi-cluster-operator"),
        ("ps-operator", "ps-operator"),
        ("cloudnative-pg", "cloudnative-pg"),
        ("kube-prometheus-stack", "prometheus-operator"),
        ("cert-manager", "cert-manager"),
        ("trust-manager", "trust-manager"),
        ("flink-kubernetes-operator", "flink-kubernetes-operator"),
        ("spark-operator", "spark-operator-controller"),
        ("argo-workflows", "argo-workflow-controller"),
        ("kuberay-operator", "kuberay-operator"),
        ("gateway-helm", "envoy-gateway"),
        ("external-secrets", "external-secrets"),
        ("velero", "velero"),
        ("gha-runner-scale-set-controller", "gha-runner-scale-set-controller"),
        ("kueue", "kueue"),
        ("gpu-operator", "gpu-operator"),
        ("jobset", "jobset-controller"),
        ("kubeflow-trainer", "kubeflow-trainer-controller-manager"),
        ("kuberay-operator", "kuberay-operator"),
        ("kserve-resources", "kserve-controller-manager"),
        ("seldon-core-v2-setup", "seldon-v2-controller-manager"),
        ("secret-operator", "secret-operator"),
        ("listener-operator", "listener-operator-csi-provisioner"),
        ("zookeeper-operator", "zookeeper-operator-deployment"),
        ("hdfs-operator", "hdfs-operator-deployment"),
    ],
)
def test_the_gate_picks_exactly_the_operators_own_deployment_of_its_chart(chart: str, operator: str) -> None:
    deployments = [item for item in reference.inventory(chart)["objects"] if item["kind"] == "Deployment"]
    gated = [item for item in load().values() if item.operator.name == operator]
    assert gated
    for data in gated:
        wanted = data.operator.selector.items()
        picked = [item["name"] for item in deployments if wanted <= item["podLabels"].items()]
        assert len(picked) == 1, f"{data.kind}: {picked}"


def test_a_file_in_the_wrong_folder_or_with_an_unknown_field_is_refused(tmp_path: Path) -> None:
    stray = tmp_path / "Kafka.yaml"
    stray.write_text((DATA / "kafka.strimzi.io" / "Kafka.yaml").read_text())
    with pytest.raises(DataError, match=r"belongs in .*kafka\.strimzi\.io/Kafka\.yaml"):
        read(stray)
    stray.write_text("source: [x]\nkindd: Kafka\n")
    with pytest.raises(DataError, match="kindd"):
        read(stray)
