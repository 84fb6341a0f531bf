"""Bulk transfer on Azure: Data Factory copies tables of the database to the object store, by schedule or by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.factory import Factory, FactoryArgs
from components.azureml.identity import unique
from components.azureml.place import place_of
from components.spec.processing import Sqoop
from components.system import Site

BUCKET = "sqoop"
DATABASE = "sqoop"
SOURCE, TARGET = "database", "store"


@dataclass
class TableCopyArgs:
    """One table that is copied."""

    schema_name: str
    table: str
    folder: str
    """Folder of the files in the container."""
    columns: list[str] = field(default_factory=list)
    """Columns; all if empty."""
    where: Optional[str] = None
    schedule: Optional[str] = None
    """Cron expression of five fields, UTC."""


@dataclass
class DataFactoryTransfersArgs:
    """The transfers of one stack."""

    factory: FactoryArgs
    database: contracts.DatabaseAccess
    server_id: pulumi.Input[str]
    """ARM id of the database server, which the managed network reaches by a private endpoint."""
    bucket: contracts.BucketAccess
    transfers: dict[str, TableCopyArgs] = field(default_factory=dict)
    """Tables by the job's name."""


class DataFactoryTransfers(pulumi.ComponentResource):
    """A Data Factory with a pipeline a job: a copy activity from PostgreSQL to Parquet files, launched by schedule or by hand.

    Creates the Factory (see factory.py), private endpoints out of its network to the server and the object store, linked
    services to both with the system's own identity (no password), a pipeline a job, and a Logic App for each that has a
    schedule. `az datafactory pipeline create-run --name <job>` launches one. Files of an earlier run are replaced. Source:
    Azure Data Factory documentation, "Copy and transform data in Azure Database for PostgreSQL", "Copy and transform data in
    Azure Data Lake Storage Gen2". Limits: from the stack's PostgreSQL alone, for the connector of MySQL takes passwords, which
    our MySQL refuses; imports to the object store alone; the database role has to exist (see FlexiblePostgres); the private
    endpoints are approved once by the owner of server and store.
    """

    factory_id: pulumi.Output[str]

    needs = (contracts.Network, contracts.Database, contracts.ObjectStore)
    optional = ()
    provides = ()
    tiers = ("all", "platform")
    essential_type = "azure-native:datafactory:Pipeline"
    identity = True

    def __init__(self, name: str, args: DataFactoryTransfersArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:DataFactoryTransfers", name, {}, opts)
        self._args = args
        made = Factory(self, name, args.factory)
        df = azure.datafactory
        made.reach("server", args.server_id, "postgresqlServer")
        for group in ("blob", "dfs"):
            made.reach(group, args.bucket.account or "", group)
        made.link(
            SOURCE,
            df.AzurePostgreSqlLinkedServiceArgs(
                type="AzurePostgreSql",
                version="2.0",
                server=args.database.host,
                port=args.database.port,
                database=args.database.database,
                username=args.database.username,
                # 5 is verify-full: the server's certificate and name are checked
                ssl_mode=5,
                credential=made.credential(),
                connect_via=made.via(),
            ),
        )
        made.link(
            TARGET,
            df.AzureBlobFSLinkedServiceArgs(
                type="AzureBlobFS", url=args.bucket.endpoint, credential=made.credential(), connect_via=made.via()
            ),
        )
        tables = self._datasets(name, made)
        self._pipelines = {
            key: made.pipeline(key, [_copy(job, *tables[key])], f"Transfer {key}") for key, job in sorted(args.transfers.items())
        }
        for key, job in sorted(args.transfers.items()):
            if job.schedule:
                made.schedule(key, self._pipelines[key], job.schedule)
        self.factory_id = made.factory.id
        self._factory = made.factory.name
        self.register_outputs({"factoryId": self.factory_id})

    def _datasets(self, name: str, made: Factory) -> dict[str, tuple[pulumi.Output[str], pulumi.Output[str]]]:
        """Names of the table and of the files, by job."""
        df, args = azure.datafactory, self._args
        after = pulumi.ResourceOptions.merge(made.opts, pulumi.ResourceOptions(depends_on=list(made.ready)))
        found = {}

        def dataset(key: str, properties: Any) -> azure.datafactory.Dataset:
            one = df.Dataset(
                f"{name}-{key}",
                resource_group_name=args.factory.place.group,
                factory_name=made.factory.name,
                dataset_name=key.replace("-", "_"),
                properties=properties,
                opts=after,
            )
            made.ready.append(one)
            return one

        for key, job in sorted(args.transfers.items()):
            table = dataset(
                f"{key}-table",
                df.AzurePostgreSqlTableDatasetArgs(
                    type="AzurePostgreSqlTable", linked_service_name=_linked(SOURCE), schema=job.schema_name, table=job.table
                ),
            )
            files = dataset(
                f"{key}-files",
                df.ParquetDatasetArgs(
                    type="Parquet",
                    linked_service_name=_linked(TARGET),
                    compression_codec="gzip",
                    location=df.AzureBlobFSLocationArgs(
                        type="AzureBlobFSLocation", file_system=args.bucket.bucket, folder_path=job.folder
                    ),
                ),
            )
            found[key] = (table.name, files.name)
        return found

    @staticmethod
    def wants(config: Sqoop) -> contracts.Wants:
        """A database of its own and a container."""
        return contracts.Wants(databases=(DATABASE,), buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> DataFactoryTransfersArgs:
        """From `systems.sqoop` of the spec."""
        config: Sqoop = site.config
        network = site.contract(contracts.Network)
        server = site.contract(contracts.Database).server
        if site.role is None or site.role_arn is None:
            raise pulumi.RunError("sqoop: the landing gave no identity")
        if server is None:
            raise pulumi.RunError("sqoop: the database is no server of this stack on Azure; add systems.postgres")
        for key, job in config.jobs.items():
            for wrong, given in (
                ("direction", "export" if job.direction == "export" else ""),
                ("place", "hdfs" if job.place == "hdfs" else ""),
                ("connect", job.connect or ""),
                ("mode", "append" if job.mode == "append" else ""),
            ):
                if given:
                    raise pulumi.RunError(
                        f'mlops:spec.systems.sqoop.jobs.{key}.{wrong}: "{given}": on Azure tables of the stack\'s database are '
                        "copied to the object store; leave it out, or use spark for it"
                    )
        return DataFactoryTransfersArgs(
            factory=FactoryArgs(
                factory_name=unique(f"{site.stack.name}-sqoop", network.account_id, 63),
                stem=f"{site.stack.name}-sqoop",
                principal_id=site.role,
                identity_id=site.role_arn,
                place=place_of(network, site.namespace),
            ),
            database=site.databases[DATABASE],
            server_id=server,
            bucket=site.buckets[BUCKET],
            transfers={
                key: TableCopyArgs(*_named(job.table), job.path or job.table, list(job.columns), job.where, job.schedule)
                for key, job in config.jobs.items()
            },
        )

    def contracts(self) -> Sequence[contracts.Database]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where files go, and what is launched."""
        jobs = {f"job.{key}": made.name for key, made in self._pipelines.items()}
        return {"container": self._args.bucket.bucket, "factory": self._factory, **jobs}


def _linked(name: str) -> azure.datafactory.LinkedServiceReferenceArgs:
    return azure.datafactory.LinkedServiceReferenceArgs(type="LinkedServiceReference", reference_name=name)


def _named(table: str) -> tuple[str, str]:
    """(schema, table) of "orders" or "shop.orders"."""
    schema, _, bare = table.rpartition(".")
    return schema or "public", bare


def _copy(job: TableCopyArgs, table: pulumi.Input[str], files: pulumi.Input[str]) -> azure.datafactory.CopyActivityArgs:
    """The whole table, or the columns and rows that are asked for."""
    df = azure.datafactory
    columns = ", ".join(f'"{column}"' for column in job.columns) or "*"
    query = f'select {columns} from "{job.schema_name}"."{job.table}"' + (f" where {job.where}" if job.where else "")
    return df.CopyActivityArgs(
        type="Copy",
        name="copy",
        inputs=[df.DatasetReferenceArgs(type="DatasetReference", reference_name=table)],
        outputs=[df.DatasetReferenceArgs(type="DatasetReference", reference_name=files)],
        source=df.AzurePostgreSqlSourceArgs(type="AzurePostgreSqlSource", query=query),
        sink=df.ParquetSinkArgs(
            type="ParquetSink",
            store_settings=df.AzureBlobFSWriteSettingsArgs(type="AzureBlobFSWriteSettings"),
            format_settings=df.ParquetWriteSettingsArgs(type="ParquetWriteSettings"),
        ),
        policy=df.ActivityPolicyArgs(timeout="0.12:00:00", retry=2, retry_interval_in_seconds=300),
    )
