"""Bulk transfer on Google Cloud: Cloud SQL's own export and import between a table and files, by schedule or by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.spec.processing import Sqoop, SqoopJob
from components.system import Site
from components.vertex import jobs
from components.vertex.identity import member, on_project
from components.vertex.jobs import VertexGround
from components.vertex.launcher import launcher, schedules, source
from components.vertex.names import dns

BUCKET = "sqoop"
DATABASE = "sqoop"
RIGHTS = ("cloudsql.instances.export", "cloudsql.instances.get", "cloudsql.instances.import")
STAMP = '${text.replace_all(text.substring(time.format(sys.now()), 0, 19), ":", "-")}'


@dataclass
class SqlTransferArgs:
    """One table that is copied."""

    table: str
    folder: str
    """Prefix of the files in the bucket."""
    imports: bool
    """Table to files (Sqoop's word for it); else files to table."""
    append: bool = False
    """A file a run, beside those that are there; else one file that is written anew."""
    columns: list[str] = field(default_factory=list)
    """Columns; all if empty."""
    where: Optional[str] = None
    schedule: Optional[str] = None
    """Cron expression of five fields, UTC."""


@dataclass
class SqlTransfersArgs:
    """The transfers of one stack."""

    ground: VertexGround
    database: contracts.DatabaseAccess
    """Its `host` is the instance's connection name: <project>:<region>:<instance>."""
    server_account: pulumi.Input[str]
    """E-mail of the instance's own service account, which reads and writes the files."""
    transfers: dict[str, SqlTransferArgs] = field(default_factory=dict)
    """Tables by the job's name."""


class SqlTransfers(pulumi.ComponentResource):
    """Workflow `<stack>-sqoop`: instances.export and instances.import of the stack's own database, CSV files in bucket `sqoop`.

    `gcloud workflows run <sqoop.launcher> --data '{"name": "orders"}'` runs a job; one with a schedule has a
    cloudscheduler.Job. The workflow's account has a role of its own with three rights, on this instance alone; the instance's
    account may write to this bucket alone. Nobody logs in, no password exists, and a serverless export takes its load off the
    server. Source: Cloud SQL Admin API, instances.export and instances.import. It is not Datastream, which replicates changes,
    logs in by password and does not speak by Google's connectors, without which our instances let nobody in. Limits: the stack's
    own database alone, to and from the object store; Cloud SQL runs one such operation of an instance at a time; exports to a
    table add rows and update none.
    """

    workflow: pulumi.Output[str]

    needs = (contracts.Network, contracts.Database, contracts.ObjectStore)
    optional = ()
    provides = ()
    tiers = ("all", "platform")
    essential_type = "gcp:workflows/workflow:Workflow"
    role_service = "sqladmin.googleapis.com"

    def __init__(self, name: str, args: SqlTransfersArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:SqlTransfers", name, {}, opts)
        self._args = args
        place, mine = args.ground, pulumi.ResourceOptions(parent=self)
        files = gcp.storage.BucketIAMMember(
            f"{name}-files",
            bucket=place.bucket,
            role="roles/storage.objectUser",
            member=member(args.server_account),
            opts=mine,
        )
        ready = pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(depends_on=[files]))
        made = launcher(name, "sqoop", place, self._workflow(), [], ready, acts=False)
        role = gcp.projects.IAMCustomRole(
            f"{name}-transfer",
            role_id=dns(f"{place.stack}-sqoop-transfer", 64).replace("-", "_"),
            project=place.project,
            title=f"{place.stack} sqoop: export and import",
            permissions=list(RIGHTS),
            opts=mine,
        )
        instance = pulumi.Output.from_input(args.database.host).apply(lambda host: str(host).rpartition(":")[2])
        only = pulumi.Output.format(
            "resource.type == 'sqladmin.googleapis.com/Instance' && resource.name == 'projects/{0}/instances/{1}'",
            place.project,
            instance,
        )
        on_project(f"{name}-transfer", role.name, made.account, place.project, mine, only=("this-instance", only))
        timed = {key: (job.schedule, {"name": key}) for key, job in args.transfers.items() if job.schedule}
        schedules(name, "sqoop", place, made, timed, mine)
        self.workflow = made.name
        self.register_outputs({"workflow": self.workflow})

    def _workflow(self) -> pulumi.Output[str]:
        place, transfers = self._args.ground, self._args.transfers
        instance = pulumi.Output.from_input(self._args.database.host).apply(lambda host: str(host).rpartition(":")[2])
        url = pulumi.Output.format("https://sqladmin.googleapis.com/v1/projects/{0}/instances/{1}/", place.project, instance)
        requests = {key: self._request(job) for key, job in sorted(transfers.items())}
        steps: list[dict[str, Any]] = [
            {"stamp": {"assign": [{"stamp": STAMP}]}},
            {"jobs": {"assign": [{"jobs": requests}, {"transfer": "${jobs[job.name]}"}]}},
            {"file": {"assign": [{"context": "${transfer.context}"}, {"context.uri": "${transfer.folder + transfer.file}"}]}},
            {
                "each": {
                    "switch": [
                        {
                            "condition": "${transfer.append}",
                            "steps": [{"apart": {"assign": [{"context.uri": '${transfer.folder + stamp + ".csv"}'}]}}],
                        }
                    ]
                }
            },
            {"body": {"assign": [{"body": {}}, {"body[transfer.key]": "${context}"}]}},
            {
                "run": {
                    "call": "http.post",
                    "args": {
                        "url": pulumi.Output.concat('${"', url, '" + transfer.verb}'),
                        "auth": {"type": "OAuth2"},
                        "body": "${body}",
                    },
                    "result": "made",
                }
            },
        ]
        return source({"name": next(iter(requests))}, steps)

    def _request(self, job: SqlTransferArgs) -> dict[str, Any]:
        """ExportContext or ImportContext (Cloud SQL Admin API reference) without its address, and where it goes."""
        database = self._args.database.database
        held: dict[str, Any] = {"fileType": "CSV"}
        if job.imports:
            query = f"SELECT {', '.join(job.columns) or '*'} FROM {job.table}{f' WHERE {job.where}' if job.where else ''}"
            held |= {"databases": [database], "csvExportOptions": {"selectQuery": query}, "offload": True}
        else:
            held |= {"database": database, "csvImportOptions": {"table": job.table, "columns": list(job.columns)}}
        return {
            "context": held,
            "key": "exportContext" if job.imports else "importContext",
            "verb": "export" if job.imports else "import",
            "folder": jobs.uri(self._args.ground, f"{job.folder.rstrip('/')}/"),
            "file": "data.csv",
            "append": job.append,
        }

    @staticmethod
    def wants(config: Sqoop) -> contracts.Wants:
        """A database of its own and a bucket."""
        return contracts.Wants(databases=(DATABASE,), buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> SqlTransfersArgs:
        """From `systems.sqoop` of the spec. RunError for what Cloud SQL cannot do."""
        config: Sqoop = site.config
        database = site.contract(contracts.Database)
        if database.account is None:
            raise pulumi.RunError("systems.sqoop: needs the stack's own Cloud SQL; add systems.mysql or systems.postgres")
        return SqlTransfersArgs(
            ground=jobs.ground(site, BUCKET),
            database=site.databases[DATABASE],
            server_account=database.account,
            transfers={key: _transfer(key, job) for key, job in config.jobs.items()},
        )

    def contracts(self) -> Sequence[contracts.Database]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What runs jobs, and where files lie."""
        return {"launcher": self.workflow, "bucket": self._args.ground.bucket, "jobs": ",".join(sorted(self._args.transfers))}


def _transfer(key: str, job: SqoopJob) -> SqlTransferArgs:
    wrong = {"place": job.place if job.place != "store" else None, "connect": job.connect, "updateKey": job.update_key}
    for name, given in wrong.items():
        if given:
            raise pulumi.RunError(
                f'systems.sqoop.jobs.{key}.{name}: "{given}": Cloud SQL copies between the stack\'s own database and the object '
                "store, and adds rows; leave it out, or use spark for it"
            )
    return SqlTransferArgs(
        job.table,
        job.path or job.table,
        job.direction == "import",
        job.mode == "append",
        list(job.columns),
        job.where,
        job.schedule,
    )
