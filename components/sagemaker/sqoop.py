"""Bulk transfer on AWS: DMS Serverless from the database to the object store, started by schedule or by hand."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi
import pulumi_aws as aws

from components import contracts
from components.naming import fit
from components.sagemaker import launch
from components.sagemaker.identity import allow, own_role
from components.spec.processing import Sqoop
from components.system import Site

BUCKET = "sqoop"
DATABASE = "sqoop"
SETTINGS = {
    "Logging": {"EnableLogging": True},
    "FullLoadSettings": {"TargetTablePrepMode": "DROP_AND_CREATE", "MaxFullLoadSubTasks": 4},
    "ErrorBehavior": {"TableErrorPolicy": "STOP_TASK"},
}
"""AWS DMS user guide, "Specifying task settings": files of an earlier run are replaced, a broken table stops the run."""


@dataclass
class DmsTransferArgs:
    """One table that is copied."""

    schema_name: str
    table: str
    folder: str
    """Prefix of the files in the bucket."""
    columns: list[str] = field(default_factory=list)
    """Columns; all if empty."""
    schedule: Optional[str] = None
    """Cron expression of five fields, UTC."""


@dataclass
class DmsTransfersArgs:
    """The replications of one stack."""

    stem: str
    """Beginning of the identifiers."""
    engine: str
    """mysql or postgres."""
    database: contracts.DatabaseAccess
    bucket: contracts.BucketAccess
    role_arn: pulumi.Input[str]
    """Role by which DMS logs in to the database and writes to the bucket; both rights are granted beforehand."""
    subnet_ids: pulumi.Input[list[str]]
    security_group_id: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    """ARN of the key for endpoints, replication storage and files."""
    account_id: pulumi.Input[str]
    high_availability: bool
    """A standby in another zone."""
    certificate_arn: Optional[str] = None
    """DMS certificate with the CA bundle of RDS: the server is verified by it. Unset, the connection is TLS without that."""
    transfers: dict[str, DmsTransferArgs] = field(default_factory=dict)
    """Tables by the job's name."""


class DmsTransfers(pulumi.ComponentResource):
    """dms.ReplicationConfig a job: full load by DMS Serverless in private subnets, IAM login over TLS, Parquet files.

    Creates a ReplicationSubnetGroup, the source Endpoint (no password: the role's rds-db:connect), and for each job an
    S3Endpoint, a ReplicationConfig that does not start by itself, and an SSM parameter `/mlops/<stem>/jobs/<name>` with the
    request of `aws dms start-replication --cli-input-json`; a job with a schedule has a scheduler.Schedule. Source: AWS DMS
    user guide, "Working with AWS DMS Serverless", "Using Amazon S3 as a target". Limits: imports from the stack's own
    database to the object store alone (no export, no row condition, no appending); the account has the service role
    dms-vpc-role, which DMS wants by that name; the database user has to exist (see RdsMysql).
    """

    source_arn: pulumi.Output[str]

    needs = (contracts.Network, contracts.Database, contracts.ObjectStore)
    optional = ()
    provides = ()
    tiers = ("all", "platform")
    essential_type = "aws:dms/replicationConfig:ReplicationConfig"
    role_service = "dms.amazonaws.com"

    def __init__(self, name: str, args: DmsTransfersArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:DmsTransfers", name, {}, opts)
        self._name, self._args = name, args
        self._opts = pulumi.ResourceOptions(parent=self)
        self._subnets = aws.dms.ReplicationSubnetGroup(
            f"{name}-subnets",
            replication_subnet_group_id=args.stem,
            replication_subnet_group_description="Private subnets of the stack",
            subnet_ids=args.subnet_ids,
            opts=self._opts,
        )
        by_iam: Any = {"authentication_method": "iam", "service_access_role_arn": args.role_arn}
        source = aws.dms.Endpoint(
            f"{name}-source",
            endpoint_id=f"{args.stem}-source",
            endpoint_type="source",
            engine_name=args.engine,
            server_name=args.database.host,
            port=args.database.port,
            username=args.database.username,
            # MySQL has no database in its login
            database_name=args.database.database if args.engine == "postgres" else None,
            ssl_mode="verify-full" if args.certificate_arn else "require",
            certificate_arn=args.certificate_arn,
            kms_key_arn=args.kms_key,
            mysql_settings=by_iam if args.engine == "mysql" else None,
            postgres_settings=by_iam if args.engine == "postgres" else None,
            opts=self._opts,
        )
        self.source_arn = source.endpoint_arn
        self._launcher = launch.Launcher(args.stem, args.account_id, args.kms_key, self._opts)
        self._replications = {key: self._replication(key, job) for key, job in sorted(args.transfers.items())}
        self.templates = {key: self._template(key, made) for key, made in self._replications.items()}
        self._schedules()
        self.register_outputs({"sourceArn": self.source_arn})

    def _replication(self, key: str, job: DmsTransferArgs) -> aws.dms.ReplicationConfig:
        args = self._args
        target = aws.dms.S3Endpoint(
            f"{self._name}-{key}-target",
            endpoint_id=fit(f"{args.stem}-{key}-target", 255),
            endpoint_type="target",
            bucket_name=args.bucket.bucket,
            bucket_folder=job.folder,
            service_access_role_arn=args.role_arn,
            data_format="parquet",
            parquet_version="parquet-2-0",
            compression_type="GZIP",
            encryption_mode="SSE_KMS",
            server_side_encryption_kms_key_id=args.kms_key,
            kms_key_arn=args.kms_key,
            expected_bucket_owner=args.account_id,
            opts=self._opts,
        )
        return aws.dms.ReplicationConfig(
            f"{self._name}-{key}",
            replication_config_identifier=fit(f"{args.stem}-{key}", 255),
            resource_identifier=fit(f"{args.stem}-{key}", 31),
            replication_type="full-load",
            source_endpoint_arn=self.source_arn,
            target_endpoint_arn=target.endpoint_arn,
            table_mappings=json.dumps({"rules": _rules(job)}),
            replication_settings=json.dumps(SETTINGS),
            start_replication=False,
            compute_config={
                "replication_subnet_group_id": self._subnets.replication_subnet_group_id,
                "vpc_security_group_ids": [args.security_group_id],
                "kms_key_id": args.kms_key,
                "min_capacity_units": 1,
                "max_capacity_units": 8,
                "multi_az": args.high_availability,
                "preferred_maintenance_window": "sun:05:00-sun:06:00",
            },
            opts=self._opts,
        )

    @staticmethod
    def _request(made: aws.dms.ReplicationConfig) -> Mapping[str, Any]:
        return {"ReplicationConfigArn": made.arn, "StartReplicationType": "reload-target"}

    def _template(self, key: str, made: aws.dms.ReplicationConfig) -> aws.ssm.Parameter:
        what = f"Transfer {key}: aws dms start-replication --cli-input-json"
        return self._launcher.template(f"{self._name}-job-{key}", f"jobs/{key}", self._request(made), what)

    def _schedules(self) -> None:
        scheduled = {key: job.schedule for key, job in self._args.transfers.items() if job.schedule}
        if not scheduled:
            return
        start = allow(["dms:StartReplication"], [self._replications[key].arn for key in scheduled])
        role = self._launcher.role(self._name, [start])
        for key, cron in sorted(scheduled.items()):
            request, action = self._request(self._replications[key]), "databasemigration:startReplication"
            self._launcher.schedule(f"{self._name}-schedule-{key}", key, cron, action, request, role)

    @staticmethod
    def wants(config: Sqoop) -> contracts.Wants:
        """A database of its own and a bucket."""
        return contracts.Wants(databases=(DATABASE,), buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> DmsTransfersArgs:
        """From `systems.sqoop` of the spec."""
        config: Sqoop = site.config
        network = site.contract(contracts.Network)
        for key, job in config.jobs.items():
            for wrong, given in (
                ("direction", "export" if job.direction == "export" else ""),
                ("place", "hdfs" if job.place == "hdfs" else ""),
                ("connect", job.connect or ""),
                ("where", job.where or ""),
                ("mode", "append" if job.mode == "append" else ""),
            ):
                if given:
                    raise pulumi.RunError(
                        f'systems.sqoop.jobs.{key}.{wrong}: "{given}": DMS copies whole tables of the stack\'s database to the '
                        "object store; leave it out, or use spark for it"
                    )
        engine = site.contract(contracts.Database).engine
        return DmsTransfersArgs(
            stem=f"{site.stack.name}-sqoop",
            engine=engine,
            database=site.databases[DATABASE],
            bucket=site.buckets[BUCKET],
            role_arn=own_role(site)[1],
            subnet_ids=network.subnet_ids.apply(list),
            security_group_id=network.security_group_id,
            kms_key=network.kms_key,
            account_id=network.account_id,
            high_availability=site.spec.environment == "prod",
            certificate_arn=config.certificate,
            transfers={
                key: DmsTransferArgs(*_named(job.table, engine), job.path or job.table, list(job.columns), job.schedule)
                for key, job in config.jobs.items()
            },
        )

    def contracts(self) -> Sequence[contracts.Database]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where files go, and each job's request."""
        return {"bucket": self._args.bucket.bucket, **{f"job.{key}": made.name for key, made in self.templates.items()}}


def _named(table: str, engine: str) -> tuple[str, str]:
    """(schema, table) of "orders" or "shop.orders"; MySQL's schema is its database, PostgreSQL's is public."""
    schema, _, bare = table.rpartition(".")
    return schema or (DATABASE if engine == "mysql" else "public"), bare


def _rules(job: DmsTransferArgs) -> list[dict[str, Any]]:
    """Table mappings (AWS DMS user guide, "Specifying table selection and transformations rules using JSON")."""
    place = {"schema-name": job.schema_name, "table-name": job.table}
    select = {"rule-type": "selection", "rule-id": "1", "rule-name": "table", "object-locator": place, "rule-action": "include"}
    keep = [
        {
            "rule-type": "transformation",
            "rule-id": str(number),
            "rule-name": f"column-{column}",
            "rule-target": "column",
            "object-locator": {**place, "column-name": column},
            "rule-action": "include-column",
        }
        for number, column in enumerate(job.columns, start=2)
    ]
    return [select, *keep]
