"""HDFS: name nodes that fail over, ZooKeeper behind TLS, definitions before what is of their kind."""

from dataclasses import replace
from typing import Any

import pulumi

from components import contracts
from components.kubernetes import hadoop_operators
from components.kubernetes.hadoop import StackableHdfs, StackableHdfsArgs
from components.kubernetes.place import Compute
from components.spec.processing import Hadoop
from tests.unit.kubernetes_processing import COMPUTE, LABELS
from tests.unit.kubernetes_site import CERTIFICATES, METRICS, site
from tests.unit.recording import Recording, record

ARGS = StackableHdfsArgs(
    namespace="hadoop",
    labels=LABELS,
    issuer="mlops-ca",
    name_nodes=2,
    journal_nodes=3,
    data_nodes=4,
    zookeepers=3,
    name_node=Compute("500m", "2Gi"),
    data_node=COMPUTE,
    storage="200Gi",
    storage_class="fast",
    kerberos="realm",
    monitored=True,
    manifest_mirror="/srv/manifests",
)


def build(args: StackableHdfsArgs = ARGS) -> Recording[StackableHdfs]:
    return record(lambda: StackableHdfs("hadoop", args))


def hdfs(made: Recording[Any]) -> dict[str, Any]:
    found: dict[str, Any] = made.one("HdfsCluster").inputs["spec"]
    return found


def test_name_nodes_fail_over_with_a_log_that_a_majority_keeps() -> None:
    made = build()
    spec = hdfs(made)
    counts = {role: spec[role]["roleGroups"]["default"]["replicas"] for role in ("nameNodes", "journalNodes", "dataNodes")}
    assert counts == {"nameNodes": 2, "journalNodes": 3, "dataNodes": 4}
    assert spec["clusterConfig"]["zookeeperConfigMapName"] == made.one("ZookeeperZnode").object_name
    assert made.one("ZookeeperZnode").inputs["spec"]["clusterRef"] == {"name": made.one("ZookeeperCluster").object_name}
    assert spec["clusterConfig"]["dfsReplication"] == 3
    assert hdfs(build(replace(ARGS, data_nodes=1)))["clusterConfig"]["dfsReplication"] == 1


def test_certificates_come_from_the_platforms_issuer() -> None:
    made = build()
    (secret_class,) = made.all("SecretClass")
    assert secret_class.inputs["spec"]["backend"]["certManager"]["issuer"] == {"kind": "ClusterIssuer", "name": "mlops-ca"}
    assert secret_class.namespace is None
    tls = made.one("ZookeeperCluster").inputs["spec"]["clusterConfig"]["tls"]
    assert set(tls.values()) == {secret_class.object_name}


def test_hdfs_has_tls_exactly_where_a_realm_is_named() -> None:
    assert hdfs(build())["clusterConfig"]["authentication"] == {
        "tlsSecretClass": "mlops-tls", "kerberos": {"secretClass": "realm"},
    }  # fmt: skip
    bare = build(replace(ARGS, kerberos=None))
    assert "authentication" not in hdfs(bare)["clusterConfig"]
    schemes = [m.inputs["spec"]["endpoints"][0]["scheme"] for m in (*build().all("ServiceMonitor"), *bare.all("ServiceMonitor"))]
    assert schemes == ["https", "http"]
    assert build(replace(ARGS, monitored=False)).all("ServiceMonitor") == []


def test_definitions_come_first_then_operators_then_what_they_serve() -> None:
    made = build()
    definitions = {f"hadoop-{name}-crds" for name in hadoop_operators.PINS}
    operators = {f"hadoop-{name}" for name in hadoop_operators.PINS}
    for operator in operators:
        assert definitions <= made.waits_for(operator)
    assert operators | {"hadoop-class-tls", "hadoop-class-listener", "hadoop-znode"} <= made.waits_for("hadoop-cluster")
    for chart in made.all("Chart"):
        assert chart.inputs["values"]["maintenance"]["customResourceDefinitions"] == {"maintain": False}
    files = {r.inputs["file"] for r in made.all("ConfigFile")}
    assert files == {source.place("/srv/manifests") for source in hadoop_operators.SOURCES.values()}
    assert all(r.transforms for r in made.all("ConfigFile")), "definitions would go with the stack"
    assert not any(r.transforms for r in build(replace(ARGS, keep_crds=False)).all("ConfigFile"))


def test_without_a_manifest_mirror_the_definitions_come_from_their_commits() -> None:
    files = {r.inputs["file"] for r in build(replace(ARGS, manifest_mirror=None)).all("ConfigFile")}
    assert files == {source.place(None) for source in hadoop_operators.SOURCES.values()}
    assert all(file.startswith("https://raw.githubusercontent.com/stackabletech/") for file in files)


def test_each_role_gets_what_was_declared() -> None:
    spec = hdfs(build())
    data = spec["dataNodes"]["config"]["resources"]
    assert data["cpu"] == {"min": "500m", "max": "2000m"} and data["memory"] == {"limit": "1Gi"}
    assert data["storage"]["data"] == {"capacity": "200Gi", "storageClass": "fast", "count": 1, "hdfsStorageType": "Disk"}
    assert spec["nameNodes"]["config"]["resources"]["memory"] == {"limit": "2Gi"}


def test_in_prod_the_file_system_and_its_zookeeper_are_protected() -> None:
    made = build(replace(ARGS, protect=True))
    for kind in ("HdfsCluster", "ZookeeperCluster", "ZookeeperZnode"):
        assert made.one(kind).protect and made.one(kind).retain
    assert not build().one("HdfsCluster").protect


def test_images_move_to_the_mirror_and_the_stack_files_values_come_last() -> None:
    own = {"hdfs": {"clusterConfig": {"dfsReplication": 2}}, "hdfs-operator": {"resources": {"limits": {"memory": "1Gi"}}}}
    made = build(replace(ARGS, registry_mirror="mirror.example/hub", values=own))
    assert hdfs(made)["image"]["repo"] == "mirror.example/hub/sdp" == made.one("ZookeeperCluster").inputs["spec"]["image"]["repo"]
    assert hdfs(made)["clusterConfig"]["dfsReplication"] == 2
    operator = made.one("Chart", "hadoop-hdfs-operator").inputs["values"]
    assert operator["image"]["repository"] == "mirror.example/hub/sdp" and operator["resources"]["limits"]["memory"] == "1Gi"
    assert "repo" not in hdfs(build())["image"]


def test_clients_learn_the_name_service_and_where_its_settings_stand() -> None:
    (offer,) = build().result.contracts()
    assert isinstance(offer, contracts.FileSystem)
    assert (offer.uri, offer.namespace) == ("hdfs://hdfs", "hadoop")
    assert isinstance(offer.config_map, pulumi.Output), "known only once the cluster is there"


def test_the_spec_becomes_arguments() -> None:
    args = StackableHdfs.plan(site("hadoop", Hadoop(data_nodes=5), CERTIFICATES, METRICS, manifestMirror="/srv/m"))
    assert (args.data_nodes, args.issuer, args.monitored, args.manifest_mirror) == (5, "mlops-ca", True, "/srv/m")
    assert args.kerberos is None and not args.protect
