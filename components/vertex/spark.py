"""Batch processing on Google Cloud: Serverless for Apache Spark (Dataproc) inside the stack's network."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi
import pulumi_gcp as gcp

from components import contracts, spark_stream
from components.spec.base import duration_seconds, quantity_value
from components.spec.processing import Spark, SparkJob, SparkSize, SparkStream
from components.system import Site
from components.vertex import jobs, spark_jobs
from components.vertex.identity import on_project
from components.vertex.jobs import VertexGround
from components.vertex.launcher import launcher, schedules, source
from components.vertex.names import dns
from components.vertex.spark_jobs import SparkBatchArgs

BUCKET = "spark"
SAMPLE = "sample-stream"
WORK, START = "roles/dataproc.worker", "roles/dataproc.editor"


@dataclass
class ServerlessSparkArgs:
    """One place for Spark, and its batch templates."""

    ground: VertexGround
    """Network, key, account, and the bucket of scripts, jars, results, checkpoints and event logs."""
    idle_seconds: int
    """An interactive session that nobody uses ends after so long."""
    jobs: dict[str, SparkBatchArgs] = field(default_factory=dict)
    """Batch templates by name."""
    broker: Optional[contracts.BrokerAccess] = None


class ServerlessSpark(pulumi.ComponentResource):
    """dataproc.SessionTemplate for interactive work (Spark Connect), and every batch as a template that is launched.

    Creates the SessionTemplate in the private subnetwork with our key, the account's role to work, the streaming script as an
    object of the bucket, and workflow `<stack>-spark`: `gcloud workflows run <spark.launcher> --data '{"name": "nightly"}'`
    starts that batch; a job with a schedule has a cloudscheduler.Job. Without any declared stream there is `sample-stream`.
    Source: Serverless for Apache Spark, "Network configuration", "Use CMEK", batches.create of the Dataproc API. Limits:
    nothing runs before it is launched; a stream from the broker needs the jars of spark-sql-kafka-0-10 and
    managed-kafka-auth-login-handler, which whoever owns the stack puts below `jars/` of the bucket; the service has its own
    images and history, so that image and history server of the spec mean nothing here.
    """

    template: pulumi.Output[str]
    workflow: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.Broker,)
    provides = (contracts.BatchCompute,)
    tiers = ("all", "platform")
    essential_type = "gcp:dataproc/sessionTemplate:SessionTemplate"
    role_service = "dataproc.googleapis.com"

    def __init__(self, name: str, args: ServerlessSparkArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:ServerlessSpark", name, {}, opts)
        self._args = args
        place, mine = args.ground, pulumi.ResourceOptions(parent=self)
        works = on_project(f"{name}-work", WORK, place.account, place.project, mine)
        template = gcp.dataproc.SessionTemplate(
            f"{name}-sessions",
            name=pulumi.Output.format(
                "projects/{0}/locations/{1}/sessionTemplates/{2}", place.project, place.region, dns(f"{place.stack}-spark", 63)
            ),
            project=place.project,
            location=place.region,
            spark_connect_session=gcp.dataproc.SessionTemplateSparkConnectSessionArgs(),
            runtime_config=gcp.dataproc.SessionTemplateRuntimeConfigArgs(
                version=spark_jobs.RUNTIME, properties={"spark.dynamicAllocation.maxExecutors": "20"}
            ),
            environment_config=gcp.dataproc.SessionTemplateEnvironmentConfigArgs(
                execution_config=gcp.dataproc.SessionTemplateEnvironmentConfigExecutionConfigArgs(
                    service_account=place.account,
                    subnetwork_uri=place.subnet_id,
                    network_tags=[place.tag],
                    kms_key=place.kms_key,
                    staging_bucket=place.bucket,
                    idle_ttl=f"{args.idle_seconds}s",
                    ttl="86400s",
                    authentication_config=gcp.dataproc.SessionTemplateEnvironmentConfigExecutionConfigAuthenticationConfigArgs(
                        user_workload_authentication_type="SERVICE_ACCOUNT"
                    ),
                )
            ),
            opts=pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(depends_on=[works])),
        )
        self.template = template.name
        script = gcp.storage.BucketObject(
            f"{name}-stream",
            bucket=place.bucket,
            name=spark_stream.SCRIPT,
            content=spark_jobs.STREAM,
            content_type="text/x-python",
            kms_key_name=place.kms_key,
            opts=mine,
        )
        ready = pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(depends_on=[works, script]))
        made = launcher(name, "spark", place, self._workflow(), [START], ready)
        timed = {key: (job.schedule, {"name": key}) for key, job in args.jobs.items() if job.schedule}
        schedules(name, "spark", place, made, timed, mine)
        self.workflow = made.name
        self.register_outputs({"template": self.template, "workflow": self.workflow})

    def _workflow(self) -> pulumi.Output[str]:
        """Starts the batch that the launch names, under an id of its own."""
        place = self._args.ground
        requests = {key: spark_jobs.request(key, job, place, self._args.broker) for key, job in self._args.jobs.items()}
        url = pulumi.Output.format(
            "https://dataproc.googleapis.com/v1/projects/{0}/locations/{1}/batches", place.project, place.region
        )
        steps: list[dict[str, Any]] = [
            {"batches": {"assign": [{"batches": requests}, {"batch": "${batches[job.name]}"}]}},
            {
                "start": {
                    "call": "http.post",
                    "args": {
                        "url": url,
                        "auth": {"type": "OAuth2"},
                        "query": {"batchId": '${job.name + "-" + string(int(sys.now()))}'},
                        "body": "${batch}",
                    },
                    "result": "made",
                }
            },
        ]
        return source({"name": next(iter(sorted(self._args.jobs)), SAMPLE)}, steps)

    @staticmethod
    def wants(config: Spark) -> contracts.Wants:
        """A bucket, and the topics of jobs and streams."""
        topics = dict.fromkeys([*config.topics, *(stream.topic for stream in config.streams.values())])
        return contracts.Wants(buckets=(BUCKET,), topics=tuple(topics))

    @staticmethod
    def plan(site: Site) -> ServerlessSparkArgs:
        """From `systems.spark` of the spec."""
        config: Spark = site.config
        broker = site.brokers.get(site.key)
        if config.streams and broker is None:
            raise pulumi.RunError("spark: streams read a broker's topics, and this stack has none; add systems.kafka")
        found = {key: _batch(key, job) for key, job in config.jobs.items()}
        found |= {key: _stream(stream) for key, stream in config.streams.items()}
        if not config.streams:
            found[SAMPLE] = _stream(None)
        return ServerlessSparkArgs(jobs.ground(site, BUCKET), 3600, found, broker)

    def contracts(self) -> Sequence[contracts.BatchCompute]:
        """The account of its jobs, and what starts them."""
        place = self._args.ground
        return [
            contracts.BatchCompute(
                namespaces=(),
                service_account=place.account,
                event_log=jobs.uri(place, spark_jobs.EVENTS),
                application=self.workflow,
            )
        ]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What sessions are made from, what batches are launched by."""
        return {"sessions": self.template, "launcher": self.workflow, "batches": ",".join(sorted(self._args.jobs))}


def _size(size: SparkSize) -> dict[str, Any]:
    """4, 8 or 16 cores, and 1 to 6 GiB of heap a core (Serverless for Apache Spark, "Spark properties")."""

    def cores(wanted: float) -> int:
        return next((c for c in (4, 8, 16) if c >= wanted), 16)

    driver, executor = (cores(quantity_value(r.cpu)) for r in (size.driver, size.executor))
    return {
        "driver_cores": driver,
        "driver_gib": min(6 * driver, max(driver, math.ceil(quantity_value(size.driver.memory) / 2**30))),
        "executor_cores": executor,
        "executor_gib": min(6 * executor, max(executor, math.ceil(quantity_value(size.executor.memory) / 2**30))),
        "executors": max(2, size.executors),
    }


def _batch(key: str, job: SparkJob) -> SparkBatchArgs:
    if job.main.startswith("local:"):
        raise pulumi.RunError(
            f"systems.spark.jobs.{key}.main: {job.main}: here is no image of yours; put it in the bucket (s3a://…)"
        )
    return SparkBatchArgs(
        **_size(job), main=job.main.partition("://")[2].partition("/")[2], main_class=job.main_class, arguments=list(job.args),
        schedule=job.schedule,
    )  # fmt: skip


def _stream(stream: SparkStream | None) -> SparkBatchArgs:
    return SparkBatchArgs(
        **_size(stream or SparkSize()),
        streaming=True,
        topic=stream.topic if stream else None,
        trigger_seconds=duration_seconds(stream.trigger) if stream else 60,
    )
