"""PostgreSQL on Kubernetes, for systems that cannot use MySQL: CloudNativePG, one replicated cluster, a role a consumer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource

from components import contracts
from components.kubernetes import chart, postgres_cluster
from components.kubernetes.given import give, login
from components.kubernetes.objects import WAIT_READY, certificate, custom, password, pod_monitor, secret
from components.kubernetes.operator import operator
from components.kubernetes.place import Compute, Place
from components.kubernetes.postgres_cluster import APPLIED, NAME, PORT
from components.naming import LIMITS, fit
from components.spec.data import Postgres
from components.spec.stack import Environment
from components.system import Site

OPERATOR = chart.Pin("cloudnative-pg", "0.29.0", "https://cloudnative-pg.github.io/charts", checked="2026-11-23")
BACKUPS = "postgres-backup"
"""Bucket of the base backups and the write-ahead log."""
TLS = "postgres-tls"
APP = "postgres-app-user"
"""Secret with the password of the operator's own application user; nobody is given it."""


def operator_values(mirror: str | None) -> dict[str, Any]:
    """Values of the operator's chart; it watches its own namespace only."""
    return {
        "config": {"clusterWide": False},
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"cpu": "500m", "memory": "512Mi"}},
        **({"image": {"repository": f"{mirror.rstrip('/')}/cloudnative-pg/cloudnative-pg"}} if mirror else {}),
    }


@dataclass
class CloudNativePostgresArgs:
    """Arguments of CloudNativePostgres."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    issuer: str
    """ClusterIssuer of the server certificate."""
    bundle: str
    """ConfigMap with the CA bundle, in every consumer's namespace."""
    compute: Compute
    """Of one server."""
    replicas: int
    storage: str
    """Volume of each server in bytes."""
    storage_class: Optional[str] = None
    backups: Optional[contracts.BucketAccess] = None
    """Where backups go; none are made if unset."""
    schedule: str = ""
    """Cron expression of the base backups, UTC."""
    keep: int = 7
    """Days to which one can go back."""
    monitored: bool = False
    """Makes PodMonitors."""
    operator: str = "managed"
    """managed, or existing: the cluster's own is used and left as it is."""
    keep_crds: bool = True
    protect: bool = False
    """Refuse to delete the cluster, and leave it when the stack goes."""
    values: Optional[dict[str, Any]] = None
    """Merged last into the spec of the Cluster."""
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None


class CloudNativePostgres(pulumi.ComponentResource):
    """PostgreSQL 18 by CloudNativePG: streaming replication with failover, TLS, backups and write-ahead log to the object store.

    Creates the operator (chart cloudnative-pg, its own namespace only), a Certificate, and one Cluster `postgres`; clients use
    Service `postgres-rw`, port 5432. Each grant makes a DatabaseRole with our password and a Database that this role owns; every
    other database refuses it (pg_hba `samerole`), and so does a connection without TLS. Where the stack has no object store there
    are no backups. Limits: a single server has no failover; the operator's own object store backups are deprecated upstream in
    favour of a plugin whose installer is not at hand, and take the store's CA from our own certificate's Secret; a role and a
    database stay when their grant goes.
    """

    needs = (contracts.Certificates,)
    optional = (contracts.ObjectStore, contracts.Metrics)
    provides = (contracts.Database,)
    tiers = ("all", "platform")
    namespace = "postgres"
    webhooks = (9443,)
    stateful = True
    essential_type = "postgresql.cnpg.io/v1:Cluster"

    def __init__(self, name: str, args: CloudNativePostgresArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:CloudNativePostgres", name, None, opts)
        self._name, self._args = name, args
        self._place = Place("postgres", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        self._host = pulumi.Output.concat(f"{NAME}-rw.", args.namespace, ".svc")
        self._roles: dict[str, CustomResource] = {}
        self._databases: dict[str, CustomResource] = {}
        self._cluster = self._make(self._operator())
        self.register_outputs({})

    def _operator(self) -> pulumi.Resource:
        args = self._args
        return operator(
            self._name,
            self._place,
            args.operator,
            OPERATOR,
            operator_values(args.registry_mirror),
            key="cloudnative_pg",
            keep=args.keep_crds,
            mirror=args.chart_mirror,
        )

    def _make(self, operator: pulumi.Resource) -> pulumi.Resource:
        args, place, name = self._args, self._place, self._name
        services = [pulumi.Output.concat(f"{NAME}-{kind}.", args.namespace, ".svc") for kind in ("rw", "ro", "r")]
        tls = certificate(
            f"{name}-certificate",
            place,
            issuer=args.issuer,
            names=[*services, pulumi.Output.concat(self._host, ".cluster.local"), f"{NAME}-rw"],
            secret_name=TLS,
            object_name="postgres",
            # with this label a renewed certificate is loaded without a restart
            more={"secretTemplate": {"labels": {"cnpg.io/reload": ""}}},
        )
        app = secret(
            f"{name}-app",
            place,
            {"username": "app", "password": password(f"{name}-app-password", place.opts).result},
            object_name=APP,
        )
        spec = postgres_cluster.cluster_spec(
            replicas=args.replicas,
            compute=args.compute,
            storage=args.storage,
            storage_class=args.storage_class,
            tls_secret=TLS,
            app_secret=APP,
            backups=args.backups,
            keep=args.keep,
            mirror=args.registry_mirror,
        )
        cluster = custom(
            f"{name}-cluster",
            place,
            postgres_cluster.CLUSTER,
            chart.merge(spec, args.values or {}),
            object_name=NAME,
            notes={**WAIT_READY, "pulumi.com/timeoutSeconds": "1800"},
            opts=place.after(operator, tls, app, protect=args.protect, retain_on_delete=args.protect),
        )
        if args.backups:
            schedule = postgres_cluster.schedule_spec(args.schedule)
            custom(f"{name}-schedule", place, postgres_cluster.SCHEDULE, schedule, object_name="daily", opts=place.after(cluster))
        if args.monitored:
            self._monitor()
        return cluster

    def _monitor(self) -> None:
        """Servers and operator each serve plain metrics on a port of that name."""
        for part, labels in (
            ("cluster", {"cnpg.io/cluster": NAME}),
            ("operator", {"app.kubernetes.io/name": "cloudnative-pg"}),
        ):
            if part == "operator" and self._args.operator == "existing":
                continue
            pod_monitor(f"{self._name}-monitor-{part}", self._place, labels, object_name=f"postgres-{part}")

    def _role(self, role: str, opts: pulumi.ResourceOptions, **spec: Any) -> CustomResource:
        """A role by its name in the database, made once."""
        if role not in self._roles:
            self._roles[role] = custom(
                f"{self._name}-role-{role}",
                self._place,
                postgres_cluster.ROLE,
                postgres_cluster.role_spec(role, **spec),
                object_name=fit(f"role-{_object(role)}", 63),
                notes=APPLIED,
                opts=opts,
            )
        return self._roles[role]

    def _grant(self, database: str, consumer: contracts.Consumer) -> contracts.DatabaseAccess:
        """A database, owned by the role of its name, and the consumer's role: that one where the names agree, else a member.

        The password's Secret stands in the consumer's namespace and here.
        """
        args = self._args
        schema = fit(database, LIMITS["postgres-name"])
        owner = consumer.name == database and schema not in self._roles
        username = schema if owner else fit(f"{consumer.name}-{database}", LIMITS["postgres-name"])
        if username == schema and not owner:
            username = fit(f"{schema}-user", LIMITS["postgres-name"])
        name = f"{self._name}-{consumer.name}-{database}"
        here_name = fit(f"user-{_object(f'{consumer.name}-{database}')}", 63)
        theirs = fit(f"{consumer.name}-database-{_object(database)}", 63)
        given = give(name, self._place, consumer, self._cluster, login(username), here=here_name, theirs=theirs)
        if not owner:
            self._role(schema, given.opts, password_secret=None, member_of=None)
        role = self._role(username, given.after, password_secret=here_name, member_of=None if owner else schema)
        if schema not in self._databases:
            self._databases[schema] = custom(
                f"{self._name}-database-{database}",
                self._place,
                postgres_cluster.DATABASE,
                postgres_cluster.database_spec(schema, schema),
                object_name=fit(f"database-{_object(database)}", 63),
                notes=APPLIED,
                opts=pulumi.ResourceOptions.merge(given.opts, pulumi.ResourceOptions(depends_on=[self._roles[schema]])),
            )
        consumer.ready += [role, self._databases[schema]]
        return contracts.DatabaseAccess(
            host=self._host,
            port=PORT,
            database=schema,
            username=username,
            secret=given.secret,
            ca_config_map=args.bundle,
        )

    @staticmethod
    def wants(config: Postgres) -> contracts.Wants:
        """A bucket for the backups."""
        return contracts.Wants(buckets=(BACKUPS,) if config.backup else ())

    @staticmethod
    def plan(site: Site) -> CloudNativePostgresArgs:
        """The spec as constructor arguments."""
        config: Postgres = site.config
        certificates, metrics = site.contract(contracts.Certificates), site.maybe(contracts.Metrics)
        site.ready += [*certificates.ready, *(metrics.ready if metrics else ())]
        backups = site.buckets.get(BACKUPS) if config.backup else None
        if backups and backups.ca_config_map not in (None, certificates.bundle):
            raise pulumi.RunError(
                f"postgres: the object store's CA is in ConfigMap {backups.ca_config_map}, and the operator can check the "
                "platform's CA only; say systems.postgres.backup: null, or use a store whose certificate is publicly trusted"
            )
        return CloudNativePostgresArgs(
            namespace=site.namespace or CloudNativePostgres.namespace,
            labels=site.naming.labels("postgres"),
            issuer=certificates.issuer,
            bundle=certificates.bundle,
            compute=Compute.of(config.resources),
            replicas=config.replicas,
            storage=config.storage,
            storage_class=config.storage_class or site.spec.cluster.storage_class,
            backups=backups,
            schedule=config.backup.schedule if config.backup else "",
            keep=config.backup.keep if config.backup else 0,
            monitored=metrics is not None,
            operator=site.spec.operators.cloudnative_pg,
            keep_crds=site.spec.operators.keep_crds,
            protect=site.spec.environment is Environment.PROD,
            values=config.values,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
        )

    def contracts(self) -> Sequence[Any]:
        """Database."""
        return [contracts.Database(engine="postgres", host=self._host, port=PORT, grant=self._grant)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where it is reached."""
        return {"host": self._host, "port": str(PORT)}


def _object(name: str) -> str:
    """A database's name as part of a Kubernetes name."""
    return name.lower().replace("_", "-")
