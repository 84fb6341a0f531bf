"""Hyperparameter search with Optuna on Google Cloud: studies in Cloud SQL, the dashboard on Cloud Run, workers on Vertex AI."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components import contracts
from components.contracts import DatabaseAccess, Wants
from components.spec.model import Optuna
from components.system import Site
from components.vertex import cloudrun, jobs
from components.vertex.cloudrun import RunPlaceArgs
from components.vertex.identity import on_project
from components.vertex.jobs import VertexGround
from components.vertex.launched import RUN, named
from components.vertex.launcher import launcher, post, source

IMAGE = "ghcr.io/optuna/optuna-dashboard:v0.20.0"
"""As on Kubernetes; carries PyMySQL and psycopg2 (its Dockerfile at that tag, read 2026-11-23); digest unverified."""
DATABASE = "optuna"
BUCKET = "studies"
DRIVERS = {"mysql": "mysql+pymysql", "postgres": "postgresql+psycopg2"}


@dataclass
class CloudRunOptunaArgs:
    """One dashboard and the template of its workers."""

    place: RunPlaceArgs
    ground: VertexGround
    """Network, key, bucket and account of the workers, which is the dashboard's too."""
    database: DatabaseAccess
    engine: str
    """mysql or postgres."""
    environment: dict[str, str] = field(default_factory=dict)
    """Further variables of the dashboard."""


class CloudRunOptuna(pulumi.ComponentResource):
    """The dashboard behind Cloud Run's IAM check, beside the Cloud SQL Auth Proxy; workers are launched, never run by an `up`.

    Workflow `<stack>-optuna` starts one custom job with so many replicas of the launch's image; each finds OPTUNA_INSTANCE (the
    connection name for Google's connectors), OPTUNA_DATABASE, OPTUNA_USER and OPTUNA_ENGINE, logs in by IAM and works on the
    study of OPTUNA_STUDY. Whoever works first makes Optuna's tables. Source: Optuna documentation, "Easy Parallelization";
    optuna-dashboard v0.20.0. Limits: who opens the dashboard needs roles/run.invoker on it; it has no login of its own.
    """

    url: pulumi.Output[str]
    workflow: pulumi.Output[str]

    needs = (contracts.Network, contracts.Database, contracts.ObjectStore)
    optional = ()
    provides = (contracts.Tuning,)
    tiers = ("all", "platform")
    essential_type = "gcp:cloudrunv2/service:Service"
    role_service = "run.googleapis.com"

    def __init__(self, name: str, args: CloudRunOptunaArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:CloudRunOptuna", name, {}, opts)
        self._args = args
        mine, database, place = pulumi.ResourceOptions(parent=self), args.database, args.ground
        storage = pulumi.Output.format(
            DRIVERS[args.engine] + "://{0}@127.0.0.1:{1}/{2}", _quoted(database.username), database.port, database.database
        )
        server = cloudrun.application(
            cloudrun.pulled(name, IMAGE, args.place, mine),
            args.place,
            command=["optuna-dashboard"],
            arguments=[storage, "--host", "0.0.0.0", "--port", str(cloudrun.PORT)],
            environment=args.environment,
            health="/",
            mounts={},
        )
        made = cloudrun.service(f"{name}-dashboard", args.place, [server, cloudrun.proxy(database, args.place.mirror)], mine)
        works = on_project(f"{name}-run", RUN, place.account, place.project, mine)
        attached = jobs.attachment(name, "optuna", place, mine)
        ready = pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(depends_on=[works]))
        self.url = made.uri
        self.workflow = launcher(name, "optuna", place, self._source(attached.id), [RUN], ready).name
        self.register_outputs({"url": self.url, "workflow": self.workflow})

    def _source(self, attached: pulumi.Input[str]) -> pulumi.Output[str]:
        args, place = self._args, self._args.ground
        told: dict[str, pulumi.Input[str]] = {
            "OPTUNA_ENGINE": args.engine,
            "OPTUNA_INSTANCE": args.database.host,
            "OPTUNA_DATABASE": args.database.database,
            "OPTUNA_USER": args.database.username,
            "OPTUNA_STUDY": "${job.study}",
        }
        container = {
            "imageUri": "${job.image}",
            "args": "${job.args}",
            "env": [{"name": key, "value": value} for key, value in told.items()],
        }
        pool = {
            "machineSpec": {"machineType": "${job.machineType}"},
            "replicaCount": "${job.workers}",
            "containerSpec": container,
        }
        body = {
            "displayName": '${"optuna-" + job.study}',
            "jobSpec": {"workerPoolSpecs": [pool], **jobs.safe(place, attached, jobs.uri(place, "optuna"))},
            "encryptionSpec": jobs.encrypted(place),
        }
        given: dict[str, Any] = {
            "image": "",
            "args": [],
            "machineType": jobs.MACHINE,
            "workers": 4,
            "study": "study",
        }
        return source(given, [named("image", "a worker's image"), post(jobs.vertex(place, "customJobs"), body)])

    @staticmethod
    def wants(config: Optuna) -> Wants:
        """A database for the studies, a bucket for what workers write."""
        return Wants(databases=(DATABASE,), buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> CloudRunOptunaArgs:
        """From `systems.optuna` of the spec."""
        config: Optuna = site.config
        return CloudRunOptunaArgs(
            place=cloudrun.place(site, config.resources, config.replicas),
            ground=jobs.ground(site, BUCKET),
            database=site.databases[DATABASE],
            engine=site.contract(contracts.Database).engine,
            environment={key: str(value) for key, value in config.values.items()},
        )

    def contracts(self) -> Sequence[contracts.Tuning]:
        """The dashboard over the studies."""
        return [contracts.Tuning(self.url, engine=self._args.engine, database=DATABASE)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses."""
        return {"url": self.url, "launcher": self.workflow}


def _quoted(user: pulumi.Input[str]) -> pulumi.Output[str]:
    """A user's name in a URL: PostgreSQL's has an "@"."""
    return pulumi.Output.from_input(user).apply(lambda name: str(name).replace("@", "%40"))
