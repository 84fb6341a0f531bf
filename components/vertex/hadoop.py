"""HDFS on Google Cloud: a Dataproc cluster that stands, with three masters, inside the stack's network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components import contracts
from components.spec.processing import Hadoop
from components.system import Site
from components.vertex import dataproc, jobs
from components.vertex.dataproc import ClusterSize
from components.vertex.jobs import VertexGround

BUCKET = "hadoop"
MASTERS = 3
"""Name nodes stand by for each other on three masters, which keep the log too (Dataproc, "High availability mode")."""


@dataclass
class DataprocHdfsArgs:
    """One file system."""

    ground: VertexGround
    """Network, key, account, and the bucket of logs and staging."""
    size: ClusterSize


class DataprocHdfs(pulumi.ComponentResource):
    """dataproc.Cluster in high availability mode: HDFS over the workers' encrypted disks, at hdfs://<cluster>.

    Clients are members of the platform's network (its tag) and resolve the name service by the cluster's hdfs-site.xml; files
    that are to outlive the cluster lie in bucket `hadoop`, which every node reads by gs://. Source: Dataproc, "High
    availability mode", "HDFS properties". Limits: there is no Kerberos, so that whoever is let into the network by its tag
    reads every file; journal nodes and ZooKeeper run on the masters, whatever their numbers in the spec.
    """

    cluster_name: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = (contracts.FileSystem,)
    tiers = ("all", "platform")
    essential_type = "gcp:dataproc/cluster:Cluster"
    role_service = "dataproc.googleapis.com"

    def __init__(self, name: str, args: DataprocHdfsArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:DataprocHdfs", name, {}, opts)
        properties = {"hdfs:dfs.replication": str(min(3, args.size.workers)), "hdfs:dfs.permissions.enabled": "true"}
        kept = jobs.kept(args.ground, pulumi.ResourceOptions(parent=self))
        made = dataproc.cluster(name, "hadoop", args.ground, args.size, kept, properties=properties)
        self.cluster_name = made.name
        self.register_outputs({"clusterName": self.cluster_name})

    @staticmethod
    def wants(config: Hadoop) -> contracts.Wants:
        """A bucket for logs and for files that outlive the cluster."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> DataprocHdfsArgs:
        """From `systems.hadoop` of the spec. RunError where Kerberos is asked for, which is Kubernetes' alone."""
        config: Hadoop = site.config
        if config.kerberos_secret_class is not None:
            raise pulumi.RunError(
                "systems.hadoop.kerberosSecretClass: is Kubernetes' alone; leave it out, or say target: kubernetes"
            )
        size = ClusterSize(
            MASTERS, max(2, config.data_nodes), dataproc.machine(config.resources), dataproc.gibibytes(config.storage)
        )
        return DataprocHdfsArgs(jobs.ground(site, BUCKET), size)

    def contracts(self) -> Sequence[contracts.FileSystem]:
        """HDFS by its name service."""
        return [contracts.FileSystem(uri=self._uri())]

    def _uri(self) -> pulumi.Output[str]:
        return pulumi.Output.concat("hdfs://", self.cluster_name)

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The cluster and the file system's address."""
        return {"cluster": self.cluster_name, "uri": self._uri()}
