"""Batch processing on Azure: a Synapse workspace with a Spark pool in a managed network, and jobs that are launched."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi
import pulumi_azure_native as azure

from components import contracts, spark_stream
from components.azureml import spark_jobs
from components.azureml.factory import Factory, FactoryArgs
from components.azureml.identity import Role, assign, unique
from components.azureml.place import place_of
from components.azureml.private import endpoint, logged
from components.azureml.spark_jobs import LivyJobArgs
from components.spec.base import duration_seconds, quantity_value
from components.spec.processing import Spark, SparkJob, SparkSize, SparkStream
from components.system import Site

BUCKET = "spark"
VERSION = "3.5"
"""Of Spark (Azure Synapse Analytics documentation, "Azure Synapse Runtime for Apache Spark 3.5", read 2026-11-23)."""
POOL = "jobs"


@dataclass
class SynapseSparkArgs:
    """One pool and its job templates."""

    workspace_name: pulumi.Input[str]
    """1 to 50 characters, unique on all of Azure."""
    factory: FactoryArgs
    """What jobs are launched by, and the identity that they run as."""
    bucket: contracts.BucketAccess
    """Scripts, jars, results, checkpoints, event logs; the identity's right to it is granted beforehand."""
    production: bool
    """Protect the workspace."""
    jobs: dict[str, LivyJobArgs] = field(default_factory=dict)
    """Job templates by name."""
    broker: Optional[contracts.BrokerAccess] = None


class SynapseSpark(pulumi.ComponentResource):
    """synapse.Workspace without a public address and a BigDataPool that pauses when idle; a Data Factory pipeline a job.

    The workspace has our key, Entra logins alone, a managed network that lets nothing out but what is approved, and a private
    endpoint for its API. A pipeline puts our streaming script into the container and asks the pool's Livy API for a batch, as
    the system's identity: `az datafactory pipeline create-run --name <job>` launches it, a job with a schedule has a Logic App
    (see factory.py). Without any declared stream there is the template `sample-stream`. Source: Azure Synapse Analytics
    documentation, "Azure Synapse Analytics managed virtual network", "Encryption for Azure Synapse Analytics workspaces",
    "Data exfiltration protection". Limits: Synapse's own roles have no API in Resource Manager: who made the workspace gives
    the identity "Synapse Compute Operator" once (`az synapse role assignment create`) and approves the private endpoints; a
    stream from the broker needs jars (Kafka's login for managed identities, see spark_jobs) below `jars/` of the container.
    """

    workspace_id: pulumi.Output[str]
    pool_id: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.Broker,)
    provides = (contracts.BatchCompute,)
    tiers = ("all", "platform")
    essential_type = "azure-native:synapse:BigDataPool"
    identity = True

    def __init__(self, name: str, args: SynapseSparkArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:SynapseSpark", name, {}, opts)
        self._args, place = args, args.factory.place
        mine = pulumi.ResourceOptions(parent=self)
        account = pulumi.Output.from_input(args.bucket.account or "").apply(lambda id: id.rpartition("/")[2])
        self._store = pulumi.Output.concat("abfss://", args.bucket.bucket, "@", account, ".dfs.core.windows.net")
        size = spark_jobs.node(args.jobs)
        workspace = self._workspace(name, mine)
        endpoint(f"{name}-dev", "Dev", workspace.id, place, mine)
        logged(f"{name}-logs", workspace.id, place.logs, mine, metrics=False)
        pool = azure.synapse.BigDataPool(
            f"{name}-pool",
            resource_group_name=place.group,
            workspace_name=workspace.name,
            big_data_pool_name=POOL,
            spark_version=VERSION,
            node_size=size,
            node_size_family="MemoryOptimized",
            auto_scale=azure.synapse.AutoScalePropertiesArgs(enabled=True, min_node_count=3, max_node_count=10),
            auto_pause=azure.synapse.AutoPausePropertiesArgs(enabled=True, delay_in_minutes=15),
            is_compute_isolation_enabled=False,
            session_level_packages_enabled=False,
            spark_events_folder=f"/{spark_jobs.EVENTS}",
            default_spark_log_folder="/logs",
            opts=mine,
        )
        # the workspace's own identity keeps event logs in its default container
        principal = workspace.identity.apply(lambda found: (found.principal_id if found else None) or "")
        container = pulumi.Output.concat(args.bucket.account or "", "/blobServices/default/containers/", args.bucket.bucket)
        assign(f"{name}-events", Role.BLOB_DATA_CONTRIBUTOR, principal, container, mine)
        made = Factory(self, name, args.factory)
        made.reach("spark", workspace.id, "Dev")
        made.reach("blob", args.bucket.account or "", "blob")
        self._livy = pulumi.Output.concat("https://", workspace.name, f".dev.azuresynapse.net/{spark_jobs.LIVY}/{POOL}/batches")
        self._pipelines = {
            key: made.pipeline(key, self._activities(key, job, size, account, made), f"Spark job {key}")
            for key, job in sorted(args.jobs.items())
        }
        for key, job in sorted(args.jobs.items()):
            if job.schedule:
                made.schedule(key, self._pipelines[key], job.schedule)
        self._factory = made.factory.name
        self.workspace_id, self.pool_id = workspace.id, pool.id
        self.register_outputs({"workspaceId": self.workspace_id, "poolId": self.pool_id})

    def _workspace(self, name: str, mine: pulumi.ResourceOptions) -> azure.synapse.Workspace:
        args, place = self._args, self._args.factory.place
        return azure.synapse.Workspace(
            f"{name}-workspace",
            resource_group_name=place.group,
            workspace_name=args.workspace_name,
            identity=azure.synapse.ManagedIdentityArgs(
                type=azure.synapse.ResourceIdentityType.SYSTEM_ASSIGNED_USER_ASSIGNED,
                user_assigned_identities=[place.encryption],
            ),
            encryption=azure.synapse.EncryptionDetailsArgs(
                cmk=azure.synapse.CustomerManagedKeyDetailsArgs(
                    key=azure.synapse.WorkspaceKeyDetailsArgs(name=place.key_name, key_vault_url=place.key_uri),
                    kek_identity=azure.synapse.KekIdentityPropertiesArgs(
                        use_system_assigned_identity=False, user_assigned_identity=place.encryption
                    ),
                )
            ),
            default_data_lake_storage=azure.synapse.DataLakeStorageAccountDetailsArgs(
                account_url=args.bucket.endpoint,
                filesystem=args.bucket.bucket,
                resource_id=args.bucket.account,
                create_managed_private_endpoint=True,
            ),
            azure_ad_only_authentication=True,
            managed_virtual_network="default",
            managed_virtual_network_settings=azure.synapse.ManagedVirtualNetworkSettingsArgs(
                prevent_data_exfiltration=True,
                linked_access_check_on_target_resource=True,
                allowed_aad_tenant_ids_for_linking=[place.tenant],
            ),
            public_network_access="Disabled",
            trusted_service_bypass_enabled=False,
            opts=pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(protect=args.production or None)),
        )

    def _activities(
        self, key: str, job: LivyJobArgs, size: str, account: pulumi.Input[str], made: Factory
    ) -> list[azure.datafactory.WebActivityArgs]:
        df = azure.datafactory

        def web(name: str, url: Any, method: str, resource: str, body: Any, headers: Any, after: Any = None) -> Any:
            return df.WebActivityArgs(
                type="WebActivity",
                name=name,
                url=url,
                method=method,
                headers=headers,
                body=body,
                connect_via=made.via(),
                authentication=df.WebActivityAuthenticationArgs(
                    type="UserAssignedManagedIdentity", resource=resource, credential=made.credential()
                ),
                depends_on=after,
            )

        body = pulumi.Output.json_dumps(spark_jobs.request(key, job, size, self._store, self._args.broker), sort_keys=True)
        submit = ("submit", self._livy, "POST", "https://dev.azuresynapse.net", body, {"Content-Type": "application/json"})
        if not job.streaming:
            return [web(*submit)]
        script = pulumi.Output.concat(
            "https://", account, ".blob.core.windows.net/", self._args.bucket.bucket, f"/{spark_stream.SCRIPT}"
        )
        headers = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-08-06", "Content-Type": "text/x-python"}
        put = web("script", script, "PUT", "https://storage.azure.com/", spark_jobs.STREAM, headers)
        done = [df.ActivityDependencyArgs(activity="script", dependency_conditions=["Succeeded"])]
        return [put, web(*submit, done)]

    @staticmethod
    def wants(config: Spark) -> contracts.Wants:
        """A container, and the topics of jobs and streams."""
        topics = dict.fromkeys([*config.topics, *(stream.topic for stream in config.streams.values())])
        return contracts.Wants(buckets=(BUCKET,), topics=tuple(topics))

    @staticmethod
    def plan(site: Site) -> SynapseSparkArgs:
        """From `systems.spark` of the spec; image and history server mean nothing here, for the service has its own."""
        config: Spark = site.config
        network = site.contract(contracts.Network)
        if site.role is None or site.role_arn is None:
            raise pulumi.RunError("spark: the landing gave no identity")
        broker = site.brokers.get(site.key)
        if config.streams and broker is None:
            raise pulumi.RunError("spark: streams read a broker's topics, and this stack has none; add systems.kafka")
        jobs = {key: _batch(job) for key, job in config.jobs.items()}
        jobs |= {key: _stream(stream) for key, stream in config.streams.items()}
        if not config.streams:
            jobs["sample-stream"] = _stream(None)
        return SynapseSparkArgs(
            workspace_name=unique(f"{site.stack.name}-spark", network.account_id, 50),
            factory=FactoryArgs(
                factory_name=unique(f"{site.stack.name}-spark", network.account_id, 63),
                stem=f"{site.stack.name}-spark",
                principal_id=site.role,
                identity_id=site.role_arn,
                place=place_of(network, site.namespace),
            ),
            bucket=site.buckets[BUCKET],
            production=site.spec.environment == "prod",
            jobs=jobs,
            broker=broker,
        )

    def contracts(self) -> Sequence[contracts.BatchCompute]:
        """The pool, and the identity of its jobs."""
        event_log = pulumi.Output.concat(self._store, f"/{spark_jobs.EVENTS}")
        identity = self._args.factory.identity_id
        return [contracts.BatchCompute(namespaces=(), service_account=identity, event_log=event_log, application=self.pool_id)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The pool, and what is launched."""
        jobs = {f"job.{key}": made.name for key, made in self._pipelines.items()}
        return {"workspace": self.workspace_id, "pool": self.pool_id, "factory": self._factory, **jobs}


def _size(size: SparkSize) -> dict[str, Any]:
    """The larger of driver and executors, rounded up: each takes a whole node."""
    both = (size.driver, size.executor)
    return {
        "cores": max(math.ceil(quantity_value(one.cpu)) for one in both),
        "memory_gib": max(math.ceil(quantity_value(one.memory) / 2**30) for one in both),
        "executors": size.executors,
    }


def _batch(job: SparkJob) -> LivyJobArgs:
    if not job.main.startswith(f"s3a://{BUCKET}/"):
        raise pulumi.RunError(
            f"mlops:spec.systems.spark.jobs: {job.main}: on Azure there is no image of yours; put it in the container "
            f"(s3a://{BUCKET}/…)"
        )
    return LivyJobArgs(
        **_size(job), main=job.main.removeprefix(f"s3a://{BUCKET}/"), main_class=job.main_class, arguments=list(job.args),
        schedule=job.schedule,
    )  # fmt: skip


def _stream(stream: SparkStream | None) -> LivyJobArgs:
    size = _size(stream or SparkSize())
    if stream is None:
        return LivyJobArgs(**size, streaming=True)
    return LivyJobArgs(**size, streaming=True, topic=stream.topic, trigger_seconds=duration_seconds(stream.trigger))
