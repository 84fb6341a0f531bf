"""Stackable's custom resources for HDFS: pure data from a few decisions (operators 26.7)."""

from typing import Any

from components.kubernetes.place import Compute

VERSION = "3.5.0"
ZOOKEEPER_VERSION = "3.9.5"
"""Hadoop's and ZooKeeper's own: the LTS lines of the operators 26.7.0 (docs/…/supported-versions.adoc)."""
HDFS = ("hdfs.stackable.tech/v1alpha1", "HdfsCluster")
ZOOKEEPER = ("zookeeper.stackable.tech/v1alpha1", "ZookeeperCluster")
ZNODE = ("zookeeper.stackable.tech/v1alpha1", "ZookeeperZnode")
SECRET_CLASS = ("secrets.stackable.tech/v1alpha2", "SecretClass")
LISTENER_CLASS = ("listeners.stackable.tech/v1alpha1", "ListenerClass")
NAME = "hdfs"
TLS = "mlops-tls"
"""SecretClass that signs by our ClusterIssuer."""
LISTENER = "cluster-internal"
"""The one class that the name nodes' listeners may have (enum of the CRD)."""
SMALL = Compute("200m", "512Mi", "1")
"""Of journal nodes and ZooKeeper servers."""
SMALL_STORAGE = "10Gi"


def image(version: str, repository: str | None) -> dict[str, Any]:
    """The product's image: the operator's own registry, or a mirror of it."""
    return {"productVersion": version, "pullPolicy": "IfNotPresent", **({"repo": repository} if repository else {})}


def _config(compute: Compute, size: str, storage_class: str | None, *, data: bool = False) -> dict[str, Any]:
    volume: dict[str, Any] = {"capacity": size, **({"storageClass": storage_class} if storage_class else {})}
    if data:
        volume |= {"count": 1, "hdfsStorageType": "Disk"}
    return {
        "resources": {
            "cpu": {"min": compute.cpu, "max": compute.limit()},
            "memory": {"limit": compute.memory},
            "storage": {"data": volume},
        }
    }


def _role(replicas: int, config: dict[str, Any]) -> dict[str, Any]:
    return {"config": config, "roleGroups": {"default": {"replicas": replicas}}}


def zookeeper_spec(servers: int, storage_class: str | None, repository: str | None) -> dict[str, Any]:
    """A ZookeeperCluster: clients and quorum over TLS."""
    return {
        "image": image(ZOOKEEPER_VERSION, repository),
        "clusterConfig": {"tls": {"serverSecretClass": TLS, "quorumSecretClass": TLS}},
        "servers": _role(servers, _config(SMALL, SMALL_STORAGE, storage_class)),
    }


def hdfs_spec(
    name_nodes: int,
    journal_nodes: int,
    data_nodes: int,
    name_node: Compute,
    data_node: Compute,
    storage: str,
    storage_class: str | None,
    znode: str,
    repository: str | None,
    kerberos: str | None,
) -> dict[str, Any]:
    """An HdfsCluster with automatic failover; authentication (and TLS, which the operator ties to it) where a realm is named."""
    cluster: dict[str, Any] = {
        "zookeeperConfigMapName": znode,
        "dfsReplication": min(3, data_nodes),
        "listenerClass": LISTENER,
    }
    if kerberos:
        cluster["authentication"] = {"tlsSecretClass": TLS, "kerberos": {"secretClass": kerberos}}
    listening = {"listenerClass": LISTENER}
    return {
        "image": image(VERSION, repository),
        "clusterConfig": cluster,
        "nameNodes": _role(name_nodes, {**_config(name_node, SMALL_STORAGE, storage_class), **listening}),
        "journalNodes": _role(journal_nodes, _config(SMALL, SMALL_STORAGE, storage_class)),
        "dataNodes": _role(data_nodes, {**_config(data_node, storage, storage_class, data=True), **listening}),
    }


def secret_class_spec(issuer: str) -> dict[str, Any]:
    """Certificates of a pod's own, signed by the platform's issuer."""
    return {"backend": {"certManager": {"issuer": {"kind": "ClusterIssuer", "name": issuer}, "defaultCertificateLifetime": "7d"}}}
