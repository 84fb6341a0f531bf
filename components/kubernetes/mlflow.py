"""Experiment tracking: the MLflow server as a workload of our own, on the stack's database and object store."""

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import pulumi
from pulumi_kubernetes import core

from components.contracts import (
    Certificates,
    Consumer,
    Database,
    Endpoint,
    Metrics,
    ObjectStore,
    Tracking,
    Wants,
)
from components.kubernetes import objects, workload
from components.kubernetes.mlflow_args import MlflowServerArgs
from components.kubernetes.mlflow_scripts import GRANT_USER, MIGRATE_AUTH, WITH_DATABASE
from components.kubernetes.mlflow_users import MIGRATION, grant
from components.kubernetes.place import Compute, Image, Place, content_hash, image
from components.spec.model import Mlflow
from components.system import Site

IMAGE = Image("ghcr.io/mlflow/mlflow", "v3.18.0-full", "2026-11-23")
"""`-full` carries the MySQL driver, boto3 and the auth extra (docker/Dockerfile.full of mlflow/mlflow); digest unverified."""

PORT = 5000
ADMIN = "admin"
PRIVATE_RANGES = ("10.*", "192.168.*", *(f"172.{n}.*" for n in range(16, 32)))
"""Host headers by pod address, as Prometheus sends them: MLflow's own default, which --allowed-hosts would replace."""

SYSTEM_CA = "/etc/ssl/certs/ca-certificates.crt"
"""The image's own bundle (Debian): where a database or store has no private CA."""


class MlflowServer(pulumi.ComponentResource):
    """MLflow with basic authentication, its metadata in MySQL and its artifacts, which it proxies, in a bucket.

    Creates a Deployment (uvicorn, two workers a pod), Service, PodDisruptionBudget, ServiceAccount, Secrets with the generated
    administrator's password and session key, a certificate where the stack has an issuer, a ServiceMonitor where it has metrics,
    and a Job that migrates both schemas (tracking, then auth, one database: their Alembic version tables differ) before the
    Deployment. Its Tracking contract grants a user a consumer: a Job calls MLflow's own user API.

    Source: the options and variables of `mlflow server` 3.18.0, read in its package. Limits: MLflow ships no default password and
    refuses to start without one; /metrics answers administrators only, so the ServiceMonitor names that Secret; a renewed
    certificate restarts the pods, since uvicorn reads it at start; job execution (scheduled scorers) is off, it needs one writer;
    over S3 it offers every client addresses of the bucket itself, and has no switch against that: a client that does not reach
    the bucket, or trusts it not, sets MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD and _UPLOAD to false, as notebooks are told to.
    """

    needs = (Database, ObjectStore)
    optional = (Metrics, Certificates)
    provides = (Tracking,)
    tiers = ("all", "platform", "team")
    namespace = "mlflow"
    essential_type = "apps/v1:Deployment"

    def __init__(self, name: str, args: MlflowServerArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:MlflowServer", name, {}, opts)
        self._name, self._args = name, args
        self._place = Place("mlflow", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        self._image = image(IMAGE, args.registry_mirror)
        self._scheme = "https" if args.issuer else "http"
        self._host = pulumi.Output.concat("mlflow.", args.namespace, ".svc")
        self._uri = pulumi.Output.concat(self._scheme, "://", self._host, f":{PORT}")
        self._scripts = objects.config_map(
            f"{name}-scripts",
            self._place,
            {"with_database.py": WITH_DATABASE, "migrate_auth.py": MIGRATE_AUTH, "grant_user.py": GRANT_USER},
            object_name="mlflow-scripts",
        )
        password = objects.password(f"{name}-admin-password", self._place.opts)
        session = objects.password(f"{name}-session-key", self._place.opts, 64)
        self._admin = objects.secret(
            f"{name}-admin", self._place, {"username": ADMIN, "password": password.result}, object_name="mlflow-admin"
        )
        self._session = objects.secret(f"{name}-session", self._place, {"key": session.result}, object_name="mlflow-session")
        self._keys = objects.digest(pulumi.Output.concat(password.result, session.result))
        self._account = objects.service_account(f"{name}-account", self._place, object_name="mlflow")
        self._server = self._serve(self._migrate())
        self.register_outputs({})

    @staticmethod
    def wants(config: Mlflow) -> Wants:
        """One database for tracking and auth, one bucket for artifacts."""
        return Wants(databases=("mlflow",), buckets=("mlflow",))

    @staticmethod
    def plan(site: Site) -> MlflowServerArgs:
        """Constructor arguments from the spec."""
        config: Mlflow = site.config
        certificates, metrics = site.maybe(Certificates), site.maybe(Metrics)
        site.ready += [*(certificates.ready if certificates else ()), *(metrics.ready if metrics else ())]
        return MlflowServerArgs(
            namespace=site.namespace or MlflowServer.namespace,
            labels=site.naming.labels("mlflow"),
            database=site.databases["mlflow"],
            artifacts=site.buckets["mlflow"],
            replicas=config.replicas,
            compute=Compute.of(config.resources),
            hosts=[f"mlflow.{site.spec.domain}"],
            issuer=certificates.issuer if certificates else None,
            bundle=certificates.bundle if certificates else None,
            monitored=metrics is not None,
            registry_mirror=site.spec.registry_mirror,
            environment={key: str(value) for key, value in config.values.items()},
        )

    def contracts(self) -> Sequence[Tracking]:
        """Tracking, with a user of its own for each consumer."""
        return [Tracking(uri=self._uri, server="mlflow", secret=self._admin.metadata.name, grant=self._grant)]

    def endpoints(self) -> Sequence[Endpoint]:
        """The server, which has users of its own."""
        return [Endpoint("mlflow", self._args.namespace, "mlflow", PORT, self._scheme, login=False)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address of the server and where its administrator's password stands."""
        return {"uri": self._uri, "adminSecret": pulumi.Output.concat(self._place.namespace, "/", self._admin.metadata.name)}

    def _migrate(self) -> pulumi.Resource:
        """The Job that brings both schemas to this version; a new image is a new Job."""
        tracking = self._container("tracking", MIGRATION, ("mlflow", "db", "upgrade", "@DATABASE@"))
        auth = self._container(
            "auth", MIGRATION, ("python", "/opt/mlops/migrate_auth.py", "db", "upgrade", "--url", "@DATABASE@")
        )
        template = workload.pod(
            self._place, "migration", [auth], init=[tracking], once=True, account="mlflow", volumes=self._volumes(tls=False)
        )
        content = (self._image, WITH_DATABASE, MIGRATE_AUTH)
        opts = self._place.after(self._account, self._scripts)
        return workload.job(
            f"{self._name}-migration",
            self._place,
            "migration",
            template,
            content=content,
            object_name="mlflow-migration",
            opts=opts,
        )

    def _serve(self, migration: pulumi.Resource) -> pulumi.Resource:
        """Service, certificate, budget, monitor, and the Deployment after the migration."""
        name, args, place = self._name, self._args, self._place
        objects.service(f"{name}-service", place, "server", {self._scheme: PORT}, object_name="mlflow")
        waits: list[pulumi.Resource] = [migration, self._admin, self._session, self._account, self._scripts]
        if args.issuer:
            waits.append(
                objects.certificate(
                    f"{name}-certificate",
                    place,
                    issuer=args.issuer,
                    names=[self._host, pulumi.Output.concat(self._host, ".cluster.local"), "mlflow", *args.hosts],
                    secret_name="mlflow-tls",
                    object_name="mlflow",
                )
            )
        server = self._container(
            "server",
            args.compute,
            self._command(),
            env=args.environment,
            secrets={
                "MLFLOW_FLASK_SERVER_SECRET_KEY": (self._session.metadata.name, "key"),
                "MLFLOW_AUTH_ADMIN_USERNAME": (self._admin.metadata.name, "username"),
                "MLFLOW_AUTH_ADMIN_PASSWORD": (self._admin.metadata.name, "password"),
            },
            ports={self._scheme: PORT},
            mounts={"/etc/mlops/tls": "tls"} if args.issuer else {},
            ready=workload.http("/health", self._scheme, tls=bool(args.issuer)),
            live=_current() if args.issuer else workload.http("/health", self._scheme, period=30),
            start=workload.http("/health", self._scheme, tls=bool(args.issuer), failures=60),
        )
        template = workload.pod(
            place,
            "server",
            [server],
            account="mlflow",
            volumes=self._volumes(tls=bool(args.issuer)),
            # what is read at start only
            notes={"mlops.dev/scripts": content_hash(WITH_DATABASE), "mlops.dev/keys": self._keys},
        )
        deployment = workload.deployment(
            f"{name}-server", place, "server", template, replicas=args.replicas, object_name="mlflow", opts=place.after(*waits)
        )
        objects.disruption_budget(f"{name}-budget", place, "server", object_name="mlflow")
        if args.monitored:
            objects.service_monitor(
                f"{name}-monitor", place, "server", port=self._scheme, endpoint=self._scrape(), object_name="mlflow"
            )
        return deployment

    def _command(self) -> list[pulumi.Input[str]]:
        args = self._args
        own = [f"{host}{port}" for host in ("mlflow", "localhost", "127.0.0.1", *args.hosts) for port in ("", f":{PORT}")]
        hosts: list[pulumi.Input[str]] = [*own, *(PRIVATE_RANGES if args.monitored else ())]
        for end in ("", ".cluster.local"):
            hosts += [pulumi.Output.concat(self._host, end), pulumi.Output.concat(self._host, end, f":{PORT}")]
        command: list[pulumi.Input[str]] = ["mlflow", "server", "--host", "0.0.0.0", "--port", str(PORT), "--workers", "2"]
        command += ["--app-name", "basic-auth", "--serve-artifacts"]
        command += ["--artifacts-destination", pulumi.Output.concat("s3://", args.artifacts.bucket, "/artifacts")]
        command += ["--allowed-hosts", pulumi.Output.all(*hosts).apply(",".join)]
        if args.monitored:
            command += ["--expose-prometheus", "/tmp/metrics"]
        if args.issuer:
            command.append("--uvicorn-opts=--ssl-keyfile=/etc/mlops/tls/tls.key --ssl-certfile=/etc/mlops/tls/tls.crt")
        return command

    def _container(
        self, name: str, compute: Compute, command: Sequence[pulumi.Input[str]], env: Mapping[str, str] | None = None, **more: Any
    ) -> core.v1.ContainerArgs:
        """A container of the image that runs `command` behind with_database.py."""
        database, store = self._args.database, self._args.artifacts
        variables: dict[str, pulumi.Input[str]] = {
            "DB_HOST": database.host,
            "DB_PORT": pulumi.Output.from_input(database.port).apply(str),
            "DB_NAME": database.database,
            "DB_CA": "/etc/mlops/database/ca.crt" if database.ca_config_map is not None else SYSTEM_CA,
            "HOME": "/tmp",
            "AWS_DEFAULT_REGION": store.region,
            "AWS_CA_BUNDLE": "/etc/mlops/store/ca.crt" if store.ca_config_map is not None else SYSTEM_CA,
            "MLFLOW_AUTH_CONFIG_PATH": "/tmp/basic_auth.ini",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }
        if store.endpoint is not None:
            variables["MLFLOW_S3_ENDPOINT_URL"] = store.endpoint
        secrets: dict[str, tuple[pulumi.Input[str], str]] = {}
        if database.secret is not None:
            secrets |= {"DB_USERNAME": (database.secret, "username"), "DB_PASSWORD": (database.secret, "password")}
        if store.secret is not None:
            secrets |= {key: (store.secret, key) for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        mounts = {"/opt/mlops": "scripts"}
        if database.ca_config_map is not None:
            mounts["/etc/mlops/database"] = "database-ca"
        if store.ca_config_map is not None:
            mounts["/etc/mlops/store"] = "store-ca"
        return workload.container(
            name,
            self._image,
            compute,
            command=["python", "/opt/mlops/with_database.py"],
            args=command,
            env={**variables, **(env or {})},
            secrets=secrets | more.pop("secrets", {}),
            mounts=mounts | more.pop("mounts", {}),
            **more,
        )

    def _volumes(self, *, tls: bool) -> list[core.v1.VolumeArgs]:
        database, store = self._args.database, self._args.artifacts
        volumes = [workload.config_volume("scripts", "mlflow-scripts")]
        if database.ca_config_map is not None:
            volumes.append(workload.config_volume("database-ca", database.ca_config_map))
        if store.ca_config_map is not None:
            volumes.append(workload.config_volume("store-ca", store.ca_config_map))
        return [*volumes, workload.secret_volume("tls", "mlflow-tls")] if tls else volumes

    def _scrape(self) -> dict[str, Any]:
        """How Prometheus reads /metrics: as the administrator, over TLS where there is a certificate."""
        admin = self._admin.metadata.name
        endpoint: dict[str, Any] = {
            "scheme": self._scheme,
            "basicAuth": {"username": {"name": admin, "key": "username"}, "password": {"name": admin, "key": "password"}},
        }
        if self._args.bundle:
            trusted = {"configMap": {"name": self._args.bundle, "key": "ca.crt"}}
            endpoint["tlsConfig"] = {"ca": trusted, "serverName": "mlflow"}
        return endpoint

    def _grant(self, consumer: Consumer) -> pulumi.Input[str]:
        return grant(self._name, self._place, self._image, self._uri, self._admin, self._args.bundle, self._server, consumer)


def _current() -> core.v1.ProbeArgs:
    """A liveness probe that fails once the mounted certificate is newer than the process: uvicorn reads it only at start."""
    test = ["sh", "-c", "test ! /etc/mlops/tls/tls.crt -nt /tmp/started"]
    return core.v1.ProbeArgs(exec_=core.v1.ExecActionArgs(command=test), period_seconds=60, failure_threshold=1)
