"""Data catalogue on Google Cloud: Dataplex, kept up to date by scans of what the platform's systems write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.contracts import Consumer
from components.spec.data import Amundsen
from components.system import Site
from components.vertex import jobs
from components.vertex.discovery import Discovery, ScanArgs
from components.vertex.identity import member
from components.vertex.jobs import VertexGround
from components.vertex.names import dns

FILLED: Mapping[str, Sequence[str]] = {"flume": (), "sqoop": (), "spark": ("streams/",)}
"""What other systems write for everybody to read: bucket and prefixes in it."""
BUCKET = "catalog"
"""Beside it, a bucket for tables that no system writes."""
ASPECT = {
    "name": "ownership",
    "type": "record",
    "recordFields": [
        {"name": "owner", "type": "string", "index": 1, "constraints": {"required": True}},
        {"name": "purpose", "type": "string", "index": 2},
    ],
}


@dataclass
class DataplexCatalogArgs:
    """One catalogue."""

    ground: VertexGround
    """Key, and the account that writes entries of the user's own."""
    scans: dict[str, ScanArgs] = field(default_factory=dict)
    """What is looked at, by name."""


class DataplexCatalog(pulumi.ComponentResource):
    """dataplex.EntryGroup with an AspectType that says whose a table is, and a Datascan each night over every bucket of files.

    Tables that a scan finds are published in BigQuery, and with them in the catalogue, which is searched in the console or by
    `gcloud dataplex entries search`; entries of other systems go to the entry group, by the system's account. Source: Dataplex,
    "Discover and catalog Cloud Storage data", "Manage entries and ingest custom sources". Data Catalog, its forerunner, ended on
    2026-06-01. Limits: it is not Amundsen, and databuilder jobs do not run.
    """

    entry_group: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = ()
    provides = (contracts.Catalog,)
    tiers = ("all", "platform")
    essential_type = "gcp:dataplex/entryGroup:EntryGroup"
    role_service = "dataplex.googleapis.com"

    def __init__(self, name: str, args: DataplexCatalogArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:DataplexCatalog", name, {}, opts)
        self._args = args
        place, mine = args.ground, pulumi.ResourceOptions(parent=self)
        group = gcp.dataplex.EntryGroup(
            f"{name}-group",
            entry_group_id=dns(f"{place.stack}-catalog", 63),
            project=place.project,
            location=place.region,
            display_name=f"{place.stack} catalogue",
            description="The platform's data",
            opts=jobs.kept(place, mine),
        )
        gcp.dataplex.EntryGroupIamMember(
            f"{name}-group",
            entry_group_id=group.entry_group_id.apply(lambda id: id or ""),
            project=place.project,
            location=place.region,
            role="roles/dataplex.entryGroupOwner",
            member=member(place.account),
            opts=mine,
        )
        gcp.dataplex.AspectType(
            f"{name}-ownership",
            aspect_type_id=dns(f"{place.stack}-ownership", 63),
            project=place.project,
            location=place.region,
            display_name="Ownership",
            description="Who answers for a table, and what it is for",
            metadata_template=pulumi.Output.json_dumps(ASPECT),
            opts=mine,
        )
        found = Discovery(name, "catalog", place, [scan.bucket for _, scan in sorted(args.scans.items())], mine)
        self._scans = {key: found.scan(key, scan, f"Tables of bucket {key}") for key, scan in sorted(args.scans.items())}
        self.entry_group = group.name
        self.register_outputs({"entryGroup": self.entry_group})

    @staticmethod
    def wants(config: Amundsen) -> contracts.Wants:
        """Nothing: it reads what others were granted, see `plan`."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> DataplexCatalogArgs:
        """From the systems that write files; databuilder jobs are refused."""
        config: Amundsen = site.config
        store = site.contract(contracts.ObjectStore)
        if config.ingestion:
            raise pulumi.RunError(
                "systems.amundsen.ingestion: here is no Amundsen that databuilder jobs could fill; scans read the buckets of "
                "flume, sqoop and spark, and bucket catalog"
            )
        # without a role a grant makes the bucket and gives no right: the scans' own is to read
        nobody = Consumer(name="amundsen", opts=site.opts)
        filled = {BUCKET: (), **{key: places for key, places in FILLED.items() if key in site.spec.chosen()}}
        return DataplexCatalogArgs(
            jobs.ground(site),
            {key: ScanArgs(store.grant(key, nobody).bucket, list(places)) for key, places in filled.items()},
        )

    def contracts(self) -> Sequence[contracts.Catalog]:
        """The catalogue's API, which wants a token of Google's."""
        return [contracts.Catalog(self._url())]

    def _url(self) -> pulumi.Output[str]:
        return pulumi.Output.concat("https://dataplex.googleapis.com/v1/", self.entry_group)

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The entry group and the scans."""
        scans = {f"scan.{key}": scan.data_scan_id for key, scan in self._scans.items()}
        return {"url": self._url(), "entryGroup": self.entry_group, **scans}
