"""What finds and describes files on Google Cloud: Dataplex scans of buckets, published as tables of BigQuery."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components.vertex.identity import member, on_project
from components.vertex.jobs import VertexGround
from components.vertex.names import dns

CRON = "0 3 * * *"
LOOK = "roles/dataplex.discoveryServiceAgent"
PUBLISH = "roles/dataplex.discoveryPublishingServiceAgent"
READ = "roles/dataplex.discoveryBigLakePublishingServiceAgent"
"""Dataplex, "Discover and catalog Cloud Storage data"."""


@dataclass
class ScanArgs:
    """One scan."""

    bucket: pulumi.Input[str]
    prefixes: list[str] = field(default_factory=list)
    """Beginnings of the objects that are looked at; all if empty."""
    schedule: str = CRON
    """Cron expression of five fields, UTC."""


class Discovery:
    """A connection of BigQuery that reads the buckets, and who may look at them; `scan` adds a dataplex.Datascan.

    A scan finds tables by their folders, infers and compares their columns, reports files that do not fit (Cloud Logging,
    data_scan), and publishes them as BigLake tables, which read by the connection's own account. Source: Dataplex, "Discover
    and catalog Cloud Storage data"; BigQuery, "Create and set up a Cloud resource connection".
    """

    def __init__(
        self, name: str, noun: str, place: VertexGround, buckets: Sequence[pulumi.Input[str]], opts: pulumi.ResourceOptions
    ):
        self._name, self._noun, self._place, self._opts = name, noun, place, opts
        # it encrypts nothing, so the foundation has not asked for it
        agent = gcp.projects.ServiceIdentity(
            f"{name}-agent", service="dataplex.googleapis.com", project=place.project, opts=opts
        ).email
        self._connection = gcp.bigquery.Connection(
            f"{name}-connection",
            connection_id=dns(f"{place.stack}-{noun}", 63),
            project=place.project,
            location=place.region,
            description=f"Files of {noun} as tables",
            kms_key_name=place.kms_key,
            cloud_resource=gcp.bigquery.ConnectionCloudResourceArgs(),
            opts=opts,
        )
        reader = self._connection.cloud_resource.apply(lambda found: (found.service_account_id if found else None) or "")
        self._ready: list[pulumi.Resource] = [on_project(f"{name}-publish", PUBLISH, agent, place.project, opts)]
        for number, bucket in enumerate(buckets):
            for part, role, who in (("look", LOOK, agent), ("read", READ, reader)):
                self._ready.append(
                    gcp.storage.BucketIAMMember(
                        f"{name}-{part}-{number}", bucket=bucket, role=role, member=member(who), opts=opts
                    )
                )

    def scan(self, key: str, args: ScanArgs, description: str) -> gcp.dataplex.Datascan:
        """A scan of one bucket by schedule."""
        place, plex = self._place, gcp.dataplex
        return plex.Datascan(
            f"{self._name}-{key}",
            data_scan_id=dns(f"{place.stack}-{self._noun}-{key}", 63),
            project=place.project,
            location=place.region,
            display_name=f"{self._noun} {key}",
            description=description,
            data=plex.DatascanDataArgs(
                resource=pulumi.Output.format("//storage.googleapis.com/projects/{0}/buckets/{1}", place.project, args.bucket)
            ),
            execution_spec=plex.DatascanExecutionSpecArgs(
                trigger=plex.DatascanExecutionSpecTriggerArgs(
                    schedule=plex.DatascanExecutionSpecTriggerScheduleArgs(cron=args.schedule)
                )
            ),
            data_discovery_spec=plex.DatascanDataDiscoverySpecArgs(
                bigquery_publishing_config=plex.DatascanDataDiscoverySpecBigqueryPublishingConfigArgs(
                    table_type="BIGLAKE", connection=self._connection.name, location=place.region
                ),
                storage_config=plex.DatascanDataDiscoverySpecStorageConfigArgs(
                    include_patterns=[f"{prefix}**" for prefix in args.prefixes] or None,
                    csv_options=plex.DatascanDataDiscoverySpecStorageConfigCsvOptionsArgs(header_rows=1),
                ),
            ),
            opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=self._ready)),
        )
