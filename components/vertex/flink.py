"""Stream processing on Google Cloud: Flink on a Dataproc cluster inside the stack's network, its state in the bucket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.spec.base import Resources, duration_seconds, quantity_value
from components.spec.processing import Flink
from components.system import Site
from components.vertex import dataproc, jobs
from components.vertex.dataproc import ClusterSize
from components.vertex.jobs import VertexGround
from components.vertex.launcher import launcher, post, source

BUCKET = "flink"
SAMPLE = {"mainJarFileUri": "file:///usr/lib/flink/examples/batch/WordCount.jar", "args": []}
"""On every machine with the component (Dataproc, "Dataproc optional Flink component"); the path was not tried."""
NAME = "sample"


@dataclass
class DataprocFlinkJobArgs:
    """One job of the user's own."""

    jar: str
    """https address from which the jar is copied to the bucket."""
    parallelism: int
    entry_class: Optional[str] = None
    arguments: list[str] = field(default_factory=list)


@dataclass
class DataprocFlinkArgs:
    """One cluster, and its job templates."""

    ground: VertexGround
    """Network, key, account, and the bucket of jars, checkpoints and savepoints."""
    size: ClusterSize
    slots: int
    """Task slots of a TaskManager."""
    checkpoint_seconds: int
    """Between two checkpoints."""
    manager_mib: int
    """Memory of a JobManager in MiB."""
    task_mib: int
    """Memory of a TaskManager in MiB."""
    jobs: dict[str, DataprocFlinkJobArgs] = field(default_factory=dict)
    """Jobs by name."""
    broker: Optional[contracts.BrokerAccess] = None


class DataprocFlink(pulumi.ComponentResource):
    """dataproc.Cluster with the Flink component: checkpoints and savepoints in the bucket, jobs on YARN, each as a template.

    Workflow `<stack>-flink` submits the job that a launch names (`gcloud workflows run <flink.launcher> --data '{"name": "…"}'`);
    before anybody declares one it is Flink's own example. Source: Dataproc, "Dataproc optional Flink component", FlinkJob of the
    Dataproc API. Limits: nothing runs before it is launched, for the provider has no resource of a Flink job; a changed job
    starts from what its launch says (`savepoint`); a job that reads Kafka brings connector and managed-kafka-auth-login-handler
    itself, and finds the bootstrap address in its properties as `mlops.kafka.bootstrap`.
    """

    cluster_name: pulumi.Output[str]
    workflow: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.Broker,)
    provides = (contracts.StreamProcessor,)
    tiers = ("all", "platform")
    essential_type = "gcp:dataproc/cluster:Cluster"
    role_service = "dataproc.googleapis.com"

    def __init__(self, name: str, args: DataprocFlinkArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:DataprocFlink", name, {}, opts)
        self._name, self._args = name, args
        place, mine = args.ground, pulumi.ResourceOptions(parent=self)
        self._opts = mine
        made = dataproc.cluster(
            name,
            "flink",
            place,
            args.size,
            mine,
            components=["FLINK"],
            metadata={"flink-start-yarn-session": "false"},
            properties={
                "flink:state.backend.type": "rocksdb",
                "flink:state.checkpoints.dir": jobs.uri(place, "checkpoints"),
                "flink:state.savepoints.dir": jobs.uri(place, "savepoints"),
                "flink:execution.checkpointing.interval": f"{args.checkpoint_seconds}s",
                "flink:taskmanager.numberOfTaskSlots": str(args.slots),
                "flink:jobmanager.memory.process.size": f"{args.manager_mib}m",
                "flink:taskmanager.memory.process.size": f"{args.task_mib}m",
            },
        )
        self.cluster_name = made.name
        requests = {key: self._request(key, job) for key, job in sorted(args.jobs.items())} or {NAME: SAMPLE}
        started = launcher(name, "flink", place, self._workflow(requests), ["roles/dataproc.editor"], mine)
        self.workflow = started.name
        self.register_outputs({"clusterName": self.cluster_name, "workflow": self.workflow})

    def _request(self, key: str, job: DataprocFlinkJobArgs) -> dict[str, Any]:
        """A FlinkJob; its jar lies in the bucket."""
        place = self._args.ground
        made = gcp.storage.BucketObject(
            f"{self._name}-jar-{key}",
            bucket=place.bucket,
            name=f"jars/{key}.jar",
            source=pulumi.RemoteAsset(job.jar),
            content_type="application/java-archive",
            kms_key_name=place.kms_key,
            opts=self._opts,
        )
        address = pulumi.Output.concat("gs://", place.bucket, "/", made.name)
        code = {"mainClass": job.entry_class, "jarFileUris": [address]} if job.entry_class else {"mainJarFileUri": address}
        properties: dict[str, pulumi.Input[str]] = {"parallelism.default": str(job.parallelism)}
        if self._args.broker is not None:
            properties["mlops.kafka.bootstrap"] = self._args.broker.bootstrap
        return {**code, "args": list(job.arguments), "properties": properties}

    def _workflow(self, requests: Mapping[str, Any]) -> pulumi.Output[str]:
        place = self._args.ground
        url = pulumi.Output.format(
            "https://dataproc.googleapis.com/v1/projects/{0}/regions/{1}/jobs:submit", place.project, place.region
        )
        pick = {"jobs": {"assign": [{"jobs": dict(requests)}, {"flink": "${jobs[job.name]}"}]}}
        resume = {
            "resume": {
                "switch": [
                    {
                        "condition": '${job.savepoint != ""}',
                        "steps": [{"savepoint": {"assign": [{"flink.savepointUri": "${job.savepoint}"}]}}],
                    }
                ]
            }
        }
        body = {"job": {"placement": {"clusterName": self.cluster_name}, "flinkJob": "${flink}"}}
        return source({"name": next(iter(requests)), "savepoint": ""}, [pick, resume, post(url, body)])

    @staticmethod
    def wants(config: Flink) -> contracts.Wants:
        """A bucket for jars and state, and the topics of its jobs."""
        return contracts.Wants(buckets=(BUCKET,), topics=tuple(config.topics))

    @staticmethod
    def plan(site: Site) -> DataprocFlinkArgs:
        """From `systems.flink` of the spec; the machines are the smallest that hold a TaskManager."""
        config: Flink = site.config
        return DataprocFlinkArgs(
            ground=jobs.ground(site, BUCKET),
            size=ClusterSize(3 if config.job_managers > 1 else 1, 2, dataproc.machine(config.task_manager), 100),
            slots=config.slots,
            checkpoint_seconds=duration_seconds(config.checkpoint_interval),
            manager_mib=_mib(config.resources),
            task_mib=_mib(config.task_manager),
            jobs={
                key: DataprocFlinkJobArgs(job.jar, job.parallelism, job.entry_class, list(job.args))
                for key, job in config.jobs.items()
            },
            broker=site.brokers.get(site.key),
        )

    def contracts(self) -> Sequence[contracts.StreamProcessor]:
        """The service's API: jobs are submitted there, by IAM."""
        return [contracts.StreamProcessor("https://dataproc.googleapis.com:443")]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The cluster, what submits jobs, where code goes."""
        return {"cluster": self.cluster_name, "launcher": self.workflow, "code": jobs.uri(self._args.ground, "jars/")}


def _mib(resources: Resources) -> int:
    return int(quantity_value(resources.memory) // 2**20)
