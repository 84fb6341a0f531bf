"""Hyperparameter search: Optuna's studies in the stack's database, and the dashboard as a workload of our own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi
from pulumi_kubernetes import core

from components.contracts import Database, DatabaseAccess, Endpoint, Tuning, Wants
from components.kubernetes import extend, objects, workload
from components.kubernetes.optuna_scripts import FILES
from components.kubernetes.place import Compute, Image, Place, content_hash, image
from components.spec.model import Optuna
from components.system import Site

IMAGE = Image("ghcr.io/optuna/optuna-dashboard", "v0.20.0", "2026-11-23")
"""Carries PyMySQL, psycopg2 and gunicorn (its Dockerfile at tag v0.20.0); tags are the releases' (docker-ghcr.yml); digest
unverified. Optuna's schema is the same from 3.2 to 5.0.0-rc1 (optuna/storages/_rdb/alembic/versions)."""
PORT = 8080
DATABASE = "optuna"


@dataclass
class OptunaDashboardArgs:
    """What the dashboard stands on."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    """Of every object."""
    database: DatabaseAccess
    engine: str
    """mysql or postgres."""
    replicas: int
    compute: Compute
    """Of one dashboard."""
    registry_mirror: Optional[str] = None
    environment: Optional[dict[str, str]] = None
    """Further variables of the dashboard: the stack file's `values:`."""


class OptunaDashboard(pulumi.ComponentResource):
    """Optuna's dashboard over the studies of one database, whose tables a Job makes first.

    Creates a Job that makes or migrates Optuna's tables, a Deployment of the dashboard (gunicorn, port 8080) behind Service
    `optuna`, a PodDisruptionBudget, a ServiceAccount, and two ConfigMaps for clients: `optuna-client` with OPTUNA_DB_* for a
    job's envFrom, `optuna-scripts` with `optuna_storage.py`, which makes the URL of them and of the Secret. Notebooks find
    OPTUNA_STORAGE preset, each hub with a database user of its own.

    Source: optuna-dashboard v0.20.0 (_cli.py, _config.py), optuna 4.8.0 (storages/_rdb/storage.py). Limits: the dashboard has no
    login and no metrics, so the single sign-on stands in front; its image lacks boto3, so trials' artifacts do not show.
    """

    needs = (Database,)
    optional = ()
    provides = (Tuning,)
    tiers = ("all", "platform", "team")
    namespace = "optuna"
    essential_type = "apps/v1:Deployment"

    def __init__(self, name: str, args: OptunaDashboardArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:OptunaDashboard", name, None, opts)
        self._args = args
        self._place = Place("optuna", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        place, ref = self._place, image(IMAGE, args.registry_mirror)
        scripts = objects.config_map(f"{name}-scripts", place, FILES, object_name="optuna-scripts")
        objects.config_map(f"{name}-client", place, self._addresses(), object_name="optuna-client")
        account = objects.service_account(f"{name}-account", place, object_name="optuna")
        schema = workload.job(
            f"{name}-schema",
            place,
            "schema",
            self._pod("schema", self._container("schema", ref, "schema.py"), once=True),
            content=(ref, FILES),
            object_name="optuna-schema",
            opts=place.after(scripts, account),
        )
        objects.service(f"{name}-service", place, "dashboard", {"http": PORT}, object_name="optuna")
        dashboard = self._container(
            "dashboard",
            ref,
            "serve.py",
            extra=args.environment,
            ports={"http": PORT},
            ready=workload.http("/api/meta", "http"),
            live=workload.http("/api/meta", "http", period=30),
            start=workload.http("/api/meta", "http", failures=30),
        )
        workload.deployment(
            f"{name}-dashboard",
            place,
            "dashboard",
            self._pod("dashboard", dashboard, notes={"mlops.dev/scripts": content_hash(FILES)}),
            replicas=args.replicas,
            object_name="optuna",
            opts=place.after(schema),
        )
        objects.disruption_budget(f"{name}-budget", place, "dashboard", object_name="optuna")
        self._url = pulumi.Output.concat("http://optuna.", args.namespace, f".svc:{PORT}")
        self.register_outputs({})

    @staticmethod
    def wants(config: Optuna) -> Wants:
        """One database for the studies."""
        return Wants(databases=(DATABASE,))

    @staticmethod
    def plan(site: Site) -> OptunaDashboardArgs:
        """Constructor arguments from the spec."""
        config: Optuna = site.config
        return OptunaDashboardArgs(
            namespace=site.namespace or OptunaDashboard.namespace,
            labels=site.naming.labels("optuna"),
            database=site.databases[DATABASE],
            engine=site.contract(Database).engine,
            replicas=config.replicas,
            compute=Compute.of(config.resources),
            registry_mirror=site.spec.registry_mirror,
            environment={key: str(value) for key, value in config.values.items()},
        )

    def contracts(self) -> Sequence[Tuning]:
        """Tuning, with the name of the studies' database."""
        return [Tuning(url=self._url, engine=self._args.engine, database=DATABASE)]

    def endpoints(self) -> Sequence[Endpoint]:
        """The dashboard, behind the single sign-on."""
        return [Endpoint("optuna", self._place.namespace, "optuna", PORT)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address inside the cluster, and the ConfigMap that presets clients."""
        return {"url": self._url, "clientConfigMap": pulumi.Output.concat(self._place.namespace, "/optuna-client")}

    def _addresses(self) -> dict[str, pulumi.Input[str]]:
        """OPTUNA_DB_* but for user and password."""
        access = self._args.database
        return {
            "OPTUNA_DB_ENGINE": self._args.engine,
            "OPTUNA_DB_HOST": access.host,
            "OPTUNA_DB_PORT": pulumi.Output.from_input(access.port).apply(str),
            "OPTUNA_DB_NAME": access.database,
        }

    def _container(
        self, name: str, ref: str, script: str, extra: Mapping[str, str] | None = None, **more: Any
    ) -> core.v1.ContainerArgs:
        """A container of the image that runs one of our scripts with the database at hand."""
        access = self._args.database
        private = access.ca_config_map is not None
        secrets: dict[str, tuple[pulumi.Input[str], str]] = {}
        if access.secret is not None:
            secrets = {f"OPTUNA_DB_{key.upper()}": (access.secret, key) for key in ("username", "password")}
        return workload.container(
            name,
            ref,
            self._args.compute,
            command=["python", f"/opt/mlops/{script}"],
            env={
                **self._addresses(),
                "OPTUNA_DB_CA": f"{extend.CA_PATH}/ca.crt" if private else extend.SYSTEM_CA,
                "HOME": "/tmp",
                **(extra or {}),
            },
            secrets=secrets,
            mounts={"/opt/mlops": "scripts", **({extend.CA_PATH: "database-ca"} if private else {})},
            **more,
        )

    def _pod(self, part: str, container: core.v1.ContainerArgs, **more: Any) -> core.v1.PodTemplateSpecArgs:
        volumes = [workload.config_volume("scripts", "optuna-scripts")]
        if self._args.database.ca_config_map is not None:
            volumes.append(workload.config_volume("database-ca", self._args.database.ca_config_map))
        return workload.pod(self._place, part, [container], account="optuna", volumes=volumes, **more)
