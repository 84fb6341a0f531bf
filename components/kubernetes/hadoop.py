"""Distributed file system on Kubernetes: HDFS and its ZooKeeper by Stackable's operators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components import contracts
from components.kubernetes import chart, hadoop_cluster, hadoop_operators, objects
from components.kubernetes.hadoop_cluster import NAME
from components.kubernetes.place import Compute, Place
from components.spec.processing import Hadoop
from components.spec.stack import Environment
from components.system import Site

NAMESPACE = "hadoop"
ZNODE = "hdfs-znode"
AVAILABLE = {"pulumi.com/waitFor": "condition=Available", "pulumi.com/timeoutSeconds": "1200"}


@dataclass
class StackableHdfsArgs:
    """Arguments of StackableHdfs."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    issuer: str
    """ClusterIssuer of every certificate."""
    name_nodes: int
    journal_nodes: int
    data_nodes: int
    zookeepers: int
    name_node: Compute
    data_node: Compute
    storage: str
    """Volume of each data node in bytes."""
    storage_class: Optional[str] = None
    kerberos: Optional[str] = None
    """SecretClass of a Kerberos realm: authentication, and TLS with it."""
    monitored: bool = False
    keep_crds: bool = True
    protect: bool = False
    """Refuse to delete the file system and its ZooKeeper."""
    values: Optional[dict[str, Any]] = None
    """Merged last: `hdfs` and `zookeeper` into those resources' specs, a chart's name into its values."""
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    manifest_mirror: Optional[str] = None


class StackableHdfs(pulumi.ComponentResource):
    """HDFS 3.5 with automatic failover: name, journal and data nodes, and a ZooKeeper of its own behind TLS.

    Creates the definitions and charts of five operators (commons, secret, listener, zookeeper, hdfs), SecretClass `mlops-tls` on
    the platform's issuer, ListenerClass `cluster-internal`, ZookeeperCluster and ZookeeperZnode, HdfsCluster `hdfs` (name service
    `hdfs`; ConfigMap `hdfs` with the clients' core-site.xml and hdfs-site.xml), and a ServiceMonitor. Source: charts, CRDs and
    documentation of stackabletech at 26.7.0 (commons 26.3.0). Limits: the definitions come from the stack's manifestMirror; the
    secret and listener operators run drivers as root on every node; the operators are under OSL-3.0; HDFS itself has TLS and
    logins only with `kerberosSecretClass`, else whoever reaches it may do everything; an object store serves most of what it did.
    """

    needs = (contracts.Certificates,)
    optional = (contracts.Metrics,)
    provides = (contracts.FileSystem,)
    tiers = ("all", "platform")
    namespace = NAMESPACE
    security = "privileged"
    stateful = True
    essential_type = "hdfs.stackable.tech/v1alpha1:HdfsCluster"

    def __init__(self, name: str, args: StackableHdfsArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:StackableHdfs", name, None, opts)
        self._name, self._args = name, args
        self._place = Place("hadoop", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        self._repository = f"{args.registry_mirror.rstrip('/')}/sdp" if args.registry_mirror else None
        operators = hadoop_operators.install(
            name,
            self._place,
            manifest_mirror=args.manifest_mirror,
            chart_mirror=args.chart_mirror,
            keep_crds=args.keep_crds,
            extra=args.values or {},
        )
        self._cluster = self._hdfs(self._zookeeper([*operators, *self._classes(operators)]))
        # known once the operator had it to read: a consumer's preview then reads no ConfigMap that is not there yet
        self._client = self._cluster.id.apply(lambda found: found.rpartition("/")[2])
        if args.monitored:
            self._monitor()
        self.register_outputs({})

    def _classes(self, operators: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
        """How pods get certificates, and addresses."""
        found = {
            "tls": (hadoop_cluster.SECRET_CLASS, hadoop_cluster.TLS, hadoop_cluster.secret_class_spec(self._args.issuer)),
            "listener": (hadoop_cluster.LISTENER_CLASS, hadoop_cluster.LISTENER, {"serviceType": "ClusterIP"}),
        }
        return [
            objects.custom(
                f"{self._name}-class-{key}",
                self._place,
                kind,
                spec,
                object_name=object_name,
                cluster_scoped=True,
                opts=self._place.after(*operators),
            )
            for key, (kind, object_name, spec) in found.items()
        ]

    def _zookeeper(self, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        """The ensemble, and HDFS's own branch in it."""
        args, place = self._args, self._place
        spec = hadoop_cluster.zookeeper_spec(args.zookeepers, args.storage_class, self._repository)
        cluster = objects.custom(
            f"{self._name}-zookeeper",
            place,
            hadoop_cluster.ZOOKEEPER,
            chart.merge(spec, (args.values or {}).get("zookeeper") or {}),
            object_name="zookeeper",
            notes=AVAILABLE,
            opts=place.after(*after, protect=args.protect, retain_on_delete=args.protect),
        )
        return objects.custom(
            f"{self._name}-znode",
            place,
            hadoop_cluster.ZNODE,
            {"clusterRef": {"name": "zookeeper"}},
            object_name=ZNODE,
            notes={"pulumi.com/waitFor": "jsonpath={.status.znodePath}"},
            opts=place.after(cluster, protect=args.protect, retain_on_delete=args.protect),
        )

    def _hdfs(self, znode: pulumi.Resource) -> pulumi.CustomResource:
        args, place = self._args, self._place
        spec = hadoop_cluster.hdfs_spec(
            args.name_nodes,
            args.journal_nodes,
            args.data_nodes,
            args.name_node,
            args.data_node,
            args.storage,
            args.storage_class,
            ZNODE,
            self._repository,
            args.kerberos,
        )
        return objects.custom(
            f"{self._name}-cluster",
            place,
            hadoop_cluster.HDFS,
            chart.merge(spec, (args.values or {}).get("hdfs") or {}),
            object_name=NAME,
            notes=AVAILABLE,
            opts=place.after(znode, protect=args.protect, retain_on_delete=args.protect),
        )

    def _monitor(self) -> None:
        """A ServiceMonitor over the metrics Services that the operators make for each role."""
        tls = self._args.kerberos is not None
        endpoint = {"port": "metrics", "path": "/prom", "interval": "30s", "scheme": "https" if tls else "http"}
        labels = {"app.kubernetes.io/name": "hdfs", "app.kubernetes.io/instance": NAME, "prometheus.io/scrape": "true"}
        spec = {"selector": {"matchLabels": labels}, "endpoints": [endpoint]}
        objects.custom(f"{self._name}-monitor", self._place, objects.SERVICE_MONITOR, spec, object_name="hdfs")

    @staticmethod
    def wants(config: Hadoop) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> StackableHdfsArgs:
        """The spec as constructor arguments."""
        config: Hadoop = site.config
        certificates, metrics = site.contract(contracts.Certificates), site.maybe(contracts.Metrics)
        site.ready += [*certificates.ready, *(metrics.ready if metrics else ())]
        return StackableHdfsArgs(
            namespace=site.namespace or NAMESPACE,
            labels=site.naming.labels("hadoop"),
            issuer=certificates.issuer,
            name_nodes=config.name_nodes,
            journal_nodes=config.journal_nodes,
            data_nodes=config.data_nodes,
            zookeepers=config.zookeepers,
            name_node=Compute.of(config.name_node),
            data_node=Compute.of(config.resources),
            storage=config.storage,
            storage_class=config.storage_class or site.spec.cluster.storage_class,
            kerberos=config.kerberos_secret_class,
            monitored=metrics is not None,
            keep_crds=site.spec.operators.keep_crds,
            protect=site.spec.environment is Environment.PROD,
            values=config.values,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
            manifest_mirror=site.spec.manifest_mirror,
        )

    def contracts(self) -> Sequence[Any]:
        """FileSystem."""
        return [contracts.FileSystem(uri=f"hdfs://{NAME}", config_map=self._client, namespace=self._args.namespace)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The name service, and where its clients' settings stand."""
        return {"uri": f"hdfs://{NAME}", "clientConfigMap": pulumi.Output.concat(self._args.namespace, "/", NAME)}
