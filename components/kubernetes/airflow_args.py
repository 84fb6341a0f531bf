"""What Airflow is made from, and what its chart and its containers are told of it."""

from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components import contracts
from components.kubernetes import airflow_values as values
from components.kubernetes import extend
from components.kubernetes.place import Compute

NAME = "airflow"
BUNDLE = "airflow.providers.amazon.aws.bundles.s3.S3DagBundle"


@dataclass
class GitDagsArgs:
    """A branch that DAGs are taken from."""

    repository: str
    branch: str
    path: str
    seconds: int
    """Between two looks at the branch."""
    credentials_secret: Optional[str] = None


@dataclass
class AirflowArgs:
    """What Airflow stands on; accesses are grants made ahead, their Secrets and ConfigMaps named in plain text."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    database: contracts.DatabaseAccess
    bucket: contracts.BucketAccess
    """Task logs under tasks/, DAGs under dags/."""
    servers: int
    schedulers: int
    server_compute: Compute
    scheduler_compute: Compute
    """Of one scheduler, and of the DAG processor."""
    task_compute: Compute
    """Of a task that says nothing of its own."""
    domain: str
    """Users reach it at https://airflow.<domain>."""
    keep_days: int
    """Records of runs older than this are deleted, nightly."""
    engine: str = "mysql"
    """Of the database: mysql or postgres."""
    git: Optional[GitDagsArgs] = None
    """DAGs from a repository in place of the bucket."""
    monitored: bool = False
    """Runs the StatsD exporter and makes a ServiceMonitor."""
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    values: Optional[dict[str, Any]] = None
    """Merged last into the chart's values."""


def plain(value: pulumi.Input[str] | None, what: str) -> str:
    """The name itself: values of a chart hold no Output. Raises pulumi.RunError where it is only known during the run."""
    if not isinstance(value, str):
        raise pulumi.RunError(f"airflow: the name of {what} must be known before the run; its chart takes names in plain text")
    return value


def chart_values(args: AirflowArgs) -> dict[str, Any]:
    """Values of the chart for these arguments."""
    git = args.git
    store = args.bucket.secret
    mounts = {
        values.DATABASE_CA: args.database.ca_config_map,
        values.STORE_CA: args.bucket.ca_config_map,
    }
    return values.chart_values(
        servers=args.servers,
        schedulers=args.schedulers,
        server=args.server_compute,
        scheduler=args.scheduler_compute,
        task=args.task_compute,
        url=f"https://{NAME}.{args.domain}",
        days=args.keep_days,
        monitored=args.monitored,
        environment=values.secrets(
            plain(args.database.secret, "the database's Secret"),
            plain(store, "the object store's Secret") if store is not None else None,
        ),
        mounts={path: plain(name, "the CA's ConfigMap") for path, name in mounts.items() if name is not None},
        dags=values.git_sync(git.repository, git.branch, git.path, git.seconds, git.credentials_secret) if git else None,
        mirror=args.registry_mirror,
    )


def settings(args: AirflowArgs) -> dict[str, pulumi.Input[str]]:
    """Variables of every container of Airflow's: addresses that are known only during the run, no secret value."""
    database, store = args.database, args.bucket
    found: dict[str, pulumi.Input[str]] = {
        "PYTHONPATH": values.SCRIPTS,
        "DB_ENGINE": "mysql" if args.engine == "mysql" else "postgres",
        "DB_HOST": database.host,
        "DB_PORT": pulumi.Output.from_input(database.port).apply(str),
        "DB_NAME": database.database,
        "DB_CA": f"{values.DATABASE_CA}/ca.crt" if database.ca_config_map is not None else extend.SYSTEM_CA,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_CMD": f"python {values.SCRIPTS}/connection.py",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS": "mlops_database.connect_args",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS_ASYNC": "mlops_database.connect_args_async",
        "AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
        "AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER": pulumi.Output.concat("s3://", store.bucket, "/tasks"),
        "AWS_DEFAULT_REGION": store.region,
    }
    if store.endpoint is not None:
        found["AWS_ENDPOINT_URL_S3"] = store.endpoint
    if store.ca_config_map is not None:
        found["AWS_CA_BUNDLE"] = f"{values.STORE_CA}/ca.crt"
    if args.git is None:
        # credentials and address come from the variables above
        arguments = {"bucket_name": store.bucket, "prefix": "dags/", "aws_conn_id": None, "refresh_interval": 60}
        bundle = pulumi.Output.json_dumps([{"name": "bucket", "classpath": BUNDLE, "kwargs": arguments}])
        found["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"] = bundle
    return found
