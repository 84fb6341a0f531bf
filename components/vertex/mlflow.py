"""Experiment tracking on Google Cloud: MLflow on Cloud Run, its records in Cloud SQL, its artifacts in Cloud Storage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from components import contracts
from components.contracts import BucketAccess, DatabaseAccess
from components.spec.model import Mlflow
from components.system import Site
from components.vertex import cloudrun
from components.vertex.cloudrun import RunPlaceArgs

IMAGE = "ghcr.io/mlflow/mlflow:v3.18.0-full"
"""`-full` is mlflow[extras,azure,db,gateway,genai,auth] (docker/Dockerfile.full of mlflow/mlflow), of which extras carry
google-cloud-storage and db PyMySQL (metadata of mlflow 3.18.0, read 2026-11-23); digest unverified."""
NAME = "mlflow"
START = (
    'mlflow db upgrade "$DATABASE" && exec mlflow server --host 0.0.0.0 --port 8080 --workers 2 '
    '--backend-store-uri "$DATABASE" --serve-artifacts --artifacts-destination "$ARTIFACTS" --allowed-hosts "$HOSTS"'
)
"""Migrates, then serves; a migration takes a lock of the database's own, so that two instances may start at once."""


@dataclass
class CloudRunMlflowArgs:
    """One tracking server."""

    place: RunPlaceArgs
    database: DatabaseAccess
    artifacts: BucketAccess
    environment: dict[str, str] = field(default_factory=dict)
    """Further variables of the server (MLFLOW_…): the stack file's `values:`."""


class CloudRunMlflow(pulumi.ComponentResource):
    """MLflow behind Cloud Run's own IAM check: who calls it needs roles/run.invoker on it, there is no password anywhere.

    Creates: artifactregistry.Repository that fetches the image, cloudrunv2.Service with the server and the Cloud SQL Auth
    Proxy, which answers inside the network alone. Its service account reaches its own database and bucket. A client sends its
    ID token as MLFLOW_TRACKING_TOKEN (MLflow documentation, "Tracking server authentication"; Cloud Run, "Authenticating
    service-to-service"). Google has no managed MLflow.
    """

    url: pulumi.Output[str]
    service_name: pulumi.Output[str]

    needs = (contracts.Network, contracts.Database, contracts.ObjectStore)
    optional = ()
    provides = (contracts.Tracking,)
    tiers = ("all", "platform", "team")
    essential_type = "gcp:cloudrunv2/service:Service"
    role_service = "run.googleapis.com"

    def __init__(self, name: str, args: CloudRunMlflowArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:CloudRunMlflow", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        database = args.database
        told: dict[str, pulumi.Input[str]] = {
            "DATABASE": pulumi.Output.format(
                "mysql+pymysql://{0}@127.0.0.1:{1}/{2}", database.username, database.port, database.database
            ),
            "ARTIFACTS": pulumi.Output.format("gs://{0}/artifacts", args.artifacts.bucket),
            # Cloud Run hands a service only what was sent to its own host names
            "HOSTS": "*.run.app,localhost:8080,127.0.0.1:8080",
            "HOME": "/tmp",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            **args.environment,
        }
        server = cloudrun.application(
            cloudrun.pulled(name, IMAGE, args.place, mine),
            args.place,
            command=["sh", "-c"],
            arguments=[START],
            environment=told,
            health="/health",
            mounts={},
        )
        made = cloudrun.service(f"{name}-server", args.place, [server, cloudrun.proxy(database, args.place.mirror)], mine)
        self.url = made.uri
        self.service_name = made.name
        self.register_outputs({"url": self.url, "serviceName": self.service_name})

    @staticmethod
    def wants(config: Mlflow) -> contracts.Wants:
        """One database for the records, one bucket for artifacts."""
        return contracts.Wants(databases=(NAME,), buckets=(NAME,))

    @staticmethod
    def plan(site: Site) -> CloudRunMlflowArgs:
        """From `systems.mlflow` of the spec."""
        config: Mlflow = site.config
        return CloudRunMlflowArgs(
            place=cloudrun.place(site, config.resources, config.replicas),
            database=site.databases[NAME],
            artifacts=site.buckets[NAME],
            environment={key: str(value) for key, value in config.values.items()},
        )

    def contracts(self) -> Sequence[contracts.Tracking]:
        """The tracking server; `server` is the name of the Cloud Run service that callers are let in to."""
        return [contracts.Tracking(uri=self.url, server=self.service_name)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses."""
        return {"url": self.url, "service": self.service_name}
