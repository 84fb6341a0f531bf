"""Workflows on Google Cloud: Cloud Composer 3 with no public address, inside the stack's network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.spec.base import Resources, duration_seconds, quantity_value
from components.spec.flows import Airflow
from components.system import Site
from components.vertex import jobs
from components.vertex.identity import member, on_project
from components.vertex.jobs import VertexGround
from components.vertex.names import dns

BUCKET = "airflow"
VERSION = "composer-3-airflow-2"
"""The newest Airflow 2 of Composer 3, an alias (composer.Environment of pulumi-gcp 10.2, image_version); Airflow 3 was a
preview there where Google's versioning overview was last read, 2026-11-23."""
WORK = "roles/composer.worker"
KEEP = (30, 730)
"""Days that records of runs may be kept (Cloud Composer, "Database retention policy")."""


@dataclass
class AirflowPartArgs:
    """Size of one part."""

    count: int
    cpu: float
    memory_gib: float


@dataclass
class ComposerAirflowArgs:
    """One environment."""

    ground: VertexGround
    """Network, key, account, and the bucket with DAGs, logs and plugins."""
    environment_name: str
    """At most 64 characters."""
    scheduler: AirflowPartArgs
    server: AirflowPartArgs
    worker: AirflowPartArgs
    """`count` is how many there are at most."""
    keep_days: int
    high_resilience: bool
    """Two zones, and snapshots each night."""
    spark_account: Optional[pulumi.Input[str]] = None
    """E-mail of the account that Spark batches of DAGs run as."""
    spark_account_name: Optional[pulumi.Input[str]] = None


class ComposerAirflow(pulumi.ComponentResource):
    """composer.Environment (Composer 3): private, builds private too, our key, its own account, DAGs in bucket `airflow`.

    Machines stand in the stack's subnetwork and have no address outside; the web server answers whom IAM lets in (Google's own
    gate), from the stack's network alone. Its account may do Composer's work, start Spark batches where the stack has them and
    hand them their account, nothing else. `gcloud composer environments storage dags import` or a copy to `dags/` of the bucket
    deploys. Source: Cloud Composer 3, "Create environments with Terraform", "Configure encryption with customer-managed keys",
    "Use custom buckets". Limits: the service follows no git repository; it takes about half an hour to make; its own bucket's
    soft delete stays as the store has set it.
    """

    environment: pulumi.Output[str]
    url: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.BatchCompute,)
    provides = (contracts.Workflows,)
    tiers = ("all", "platform")
    essential_type = "gcp:composer/environment:Environment"
    role_service = "composer.googleapis.com"

    def __init__(self, name: str, args: ComposerAirflowArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:ComposerAirflow", name, {}, opts)
        self._args = args
        place, mine = args.ground, pulumi.ResourceOptions(parent=self)
        rights: list[pulumi.Resource] = [on_project(f"{name}-work", WORK, place.account, place.project, mine)]
        if args.spark_account_name is not None:
            rights.append(on_project(f"{name}-spark", "roles/dataproc.editor", place.account, place.project, mine))
            rights.append(
                gcp.serviceaccount.IAMMember(
                    f"{name}-spark-as",
                    service_account_id=args.spark_account_name,
                    role="roles/iam.serviceAccountUser",
                    member=member(place.account),
                    opts=mine,
                )
            )
        made = gcp.composer.Environment(
            f"{name}-environment",
            name=args.environment_name,
            project=place.project,
            region=place.region,
            storage_config=gcp.composer.EnvironmentStorageConfigArgs(bucket=place.bucket),
            config=self._config(),
            opts=pulumi.ResourceOptions.merge(jobs.kept(place, mine), pulumi.ResourceOptions(depends_on=rights)),
        )
        self.environment = made.name
        self.url = made.config.apply(lambda found: found.airflow_uri or "")
        self.register_outputs({"environment": self.environment, "url": self.url})

    def _config(self) -> gcp.composer.EnvironmentConfigArgs:
        args, place, composer = self._args, self._args.ground, gcp.composer

        def sized(part: AirflowPartArgs) -> dict[str, float]:
            return {"cpu": part.cpu, "memory_gb": part.memory_gib}

        return composer.EnvironmentConfigArgs(
            enable_private_environment=True,
            enable_private_builds_only=True,
            environment_size="ENVIRONMENT_SIZE_SMALL",
            resilience_mode="HIGH_RESILIENCE" if args.high_resilience else None,
            encryption_config=composer.EnvironmentConfigEncryptionConfigArgs(kms_key_name=place.kms_key),
            node_config=composer.EnvironmentConfigNodeConfigArgs(
                network=place.network_id, subnetwork=place.subnet_id, service_account=place.account, tags=[place.tag]
            ),
            software_config=composer.EnvironmentConfigSoftwareConfigArgs(
                image_version=VERSION,
                web_server_plugins_mode="DISABLED",
                airflow_config_overrides={
                    "core-load_examples": "False",
                    "core-dags_are_paused_at_creation": "True",
                    "webserver-expose_config": "False",
                },
            ),
            web_server_network_access_control=composer.EnvironmentConfigWebServerNetworkAccessControlArgs(
                allowed_ip_ranges=[
                    composer.EnvironmentConfigWebServerNetworkAccessControlAllowedIpRangeArgs(
                        value="10.0.0.0/8", description="Private networks"
                    )
                ]
            ),
            data_retention_config=composer.EnvironmentConfigDataRetentionConfigArgs(
                airflow_metadata_retention_configs=[
                    composer.EnvironmentConfigDataRetentionConfigAirflowMetadataRetentionConfigArgs(
                        retention_mode="RETENTION_MODE_ENABLED", retention_days=args.keep_days
                    )
                ],
                task_logs_retention_configs=[
                    composer.EnvironmentConfigDataRetentionConfigTaskLogsRetentionConfigArgs(
                        storage_mode="CLOUD_LOGGING_AND_CLOUD_STORAGE"
                    )
                ],
            ),
            recovery_config=composer.EnvironmentConfigRecoveryConfigArgs(
                scheduled_snapshots_config=composer.EnvironmentConfigRecoveryConfigScheduledSnapshotsConfigArgs(
                    enabled=True,
                    snapshot_location=jobs.uri(place, "snapshots"),
                    snapshot_creation_schedule="0 2 * * *",
                    time_zone="UTC+00",
                )
            )
            if args.high_resilience
            else None,
            workloads_config=composer.EnvironmentConfigWorkloadsConfigArgs(
                scheduler=composer.EnvironmentConfigWorkloadsConfigSchedulerArgs(
                    count=args.scheduler.count, storage_gb=1, **sized(args.scheduler)
                ),
                dag_processor=composer.EnvironmentConfigWorkloadsConfigDagProcessorArgs(
                    count=1, storage_gb=1, **sized(args.scheduler)
                ),
                triggerer=composer.EnvironmentConfigWorkloadsConfigTriggererArgs(count=1, cpu=0.5, memory_gb=1),
                web_server=composer.EnvironmentConfigWorkloadsConfigWebServerArgs(storage_gb=1, **sized(args.server)),
                worker=composer.EnvironmentConfigWorkloadsConfigWorkerArgs(
                    min_count=1, max_count=args.worker.count, storage_gb=10, **sized(args.worker)
                ),
            ),
        )

    @staticmethod
    def wants(config: Airflow) -> contracts.Wants:
        """A bucket for DAGs; the service keeps its own database."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> ComposerAirflowArgs:
        """From `systems.airflow` of the spec."""
        config: Airflow = site.config
        if config.dags is not None:
            raise pulumi.RunError(
                "systems.airflow.dags: Composer follows no git repository; leave it out and copy the DAGs to folder dags of "
                "bucket airflow (gcloud storage rsync)"
            )
        spark = site.maybe(contracts.BatchCompute)
        days = duration_seconds(config.keep_for) // 86400
        return ComposerAirflowArgs(
            ground=jobs.ground(site, BUCKET),
            environment_name=dns(f"{site.stack.name}-airflow", 64),
            scheduler=_part(config.schedulers, config.scheduler_resources),
            server=_part(1, config.resources),
            worker=_part(config.workers, config.task_resources),
            keep_days=min(KEEP[1], max(KEEP[0], days)),
            high_resilience=site.spec.environment == "prod",
            spark_account=spark.service_account if spark else None,
            spark_account_name=_full_name(site.contract(contracts.Network).account_id, spark.service_account) if spark else None,
        )

    def contracts(self) -> Sequence[contracts.Workflows]:
        """The web server and its REST API; a caller has a token of Google's."""
        return [contracts.Workflows(self.url, engine="airflow")]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses, and where DAGs go."""
        return {"url": self.url, "environment": self.environment, "dags": jobs.uri(self._args.ground, "dags")}


def _part(count: int, resources: Resources) -> AirflowPartArgs:
    """Cores in halves from 0.5, and memory in quarters of a GiB, from 1 to 8 GiB a core (Composer, "Scale environments")."""
    cpu = max(0.5, round(quantity_value(resources.cpu) * 2 + 0.49) / 2)
    gib = max(1.0, round(quantity_value(resources.memory) / 2**30 * 4 + 0.49) / 4)
    return AirflowPartArgs(count, max(cpu, 0.5), min(max(gib, cpu), 8 * cpu))


def _full_name(project: pulumi.Input[str], account: pulumi.Input[str]) -> pulumi.Output[str]:
    """projects/<project>/serviceAccounts/<e-mail>."""
    return pulumi.Output.format("projects/{0}/serviceAccounts/{1}", project, account)
