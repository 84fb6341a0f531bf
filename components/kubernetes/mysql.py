"""Relational database on Kubernetes: Percona's operator, one group-replicated cluster, a user a consumer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components import contracts
from components.kubernetes import chart, mysql_cluster
from components.kubernetes.given import give, login
from components.kubernetes.objects import certificate, custom, digest, password, pod_monitor, secret
from components.kubernetes.operator import operator
from components.kubernetes.place import Compute, Place
from components.kubernetes.sqljob import sql_job
from components.naming import LIMITS, fit
from components.spec.data import Mysql
from components.spec.stack import Environment
from components.system import Site

OPERATOR = chart.Pin("ps-operator", "1.1.0", "https://percona.github.io/percona-helm-charts", checked="2026-11-23")
PORT = 3306
USERS = "mysql-users"
"""Secret with the passwords of the operator's system users, root's among them; it leaves this namespace nowhere."""
BACKUPS = "mysql-backup"
"""Bucket of the scheduled backups."""


def operator_values(mirror: str | None) -> dict[str, Any]:
    """Values of the ps-operator chart; it watches its own namespace only."""
    return {
        "disableTelemetry": True,
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"cpu": "500m", "memory": "512Mi"}},
        **({"image": {"repository": f"{mirror.rstrip('/')}/percona/percona-server-mysql-operator"}} if mirror else {}),
    }


@dataclass
class PerconaMysqlArgs:
    """Arguments of PerconaMysql."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    issuer: str
    """ClusterIssuer of the server certificate."""
    bundle: str
    """ConfigMap with the CA bundle, in this and every consumer's namespace."""
    compute: Compute
    """Of one server."""
    replicas: int
    storage: str
    """Volume of each server in bytes."""
    storage_class: Optional[str] = None
    backups: Optional[contracts.BucketAccess] = None
    """Where scheduled backups go; none are made if unset."""
    schedule: str = ""
    """Cron expression of the backups, UTC."""
    keep: int = 7
    """Backups kept."""
    monitored: bool = False
    """Runs an exporter beside each server and makes a PodMonitor."""
    operator: str = "managed"
    """managed, or existing: the cluster's own is used and left as it is."""
    keep_crds: bool = True
    protect: bool = False
    """Refuse to delete the cluster, and leave it when the stack goes."""
    values: Optional[dict[str, Any]] = None
    """Merged last into the spec of the PerconaServerMySQL."""
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None


class PerconaMysql(pulumi.ComponentResource):
    """Percona Server for MySQL 8.4: group replication behind HAProxy, TLS, backups to the object store.

    Creates the operator (chart ps-operator, namespaced), the Secret of its system users, a Certificate, and one
    PerconaServerMySQL `mysql`; clients use Service `mysql-haproxy`, port 3306. Each grant makes a database, a user limited
    to it (TLS required) by an idempotent SQL Job, and a Secret in the consumer's namespace. Limits: a single server has no
    failover; tables need primary keys (group replication); the operator cannot verify a private CA of the object store.
    """

    needs = (contracts.Certificates, contracts.ObjectStore)
    optional = (contracts.Metrics,)
    provides = (contracts.Database,)
    tiers = ("all", "platform")
    namespace = "mysql"
    # the operator's Deployment sets neither seccompProfile nor dropped capabilities (chart 1.1.0, templates/deployment.yaml)
    security = "baseline"
    stateful = True
    essential_type = "ps.percona.com/v1:PerconaServerMySQL"

    def __init__(self, name: str, args: PerconaMysqlArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:PerconaMysql", name, None, opts)
        self._name, self._args = name, args
        self._place = Place("mysql", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        self._host = pulumi.Output.concat("mysql-haproxy.", args.namespace, ".svc")
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
            key="percona",
            keep=args.keep_crds,
            mirror=args.chart_mirror,
        )

    def _make(self, operator: pulumi.Resource) -> pulumi.Resource:
        args, place, name = self._args, self._place, self._name
        passwords = {user: password(f"{name}-{user}-password", place.opts).result for user in mysql_cluster.SYSTEM_USERS}
        users = secret(f"{name}-users", place, passwords, object_name=USERS)
        servers = pulumi.Output.concat("mysql-mysql.", args.namespace, ".svc")
        tls = certificate(
            f"{name}-certificate",
            place,
            issuer=args.issuer,
            names=[
                self._host,
                pulumi.Output.concat(self._host, ".cluster.local"),
                "mysql-haproxy",
                pulumi.Output.concat("mysql-mysql-primary.", args.namespace, ".svc"),
                pulumi.Output.concat("*.", servers),
                pulumi.Output.concat("*.", servers, ".cluster.local"),
                pulumi.Output.concat("*.mysql-mysql.", args.namespace),
                "*.mysql-mysql",
            ],
            secret_name="mysql-tls",
            object_name="mysql",
        )
        spec = mysql_cluster.cluster_spec(
            replicas=args.replicas,
            compute=args.compute,
            storage=args.storage,
            storage_class=args.storage_class,
            users_secret=USERS,
            tls_secret="mysql-tls",
            backups=args.backups,
            schedule=args.schedule,
            keep=args.keep,
            monitored=args.monitored,
            mirror=args.registry_mirror,
        )
        if args.monitored:
            self._monitor()
        return custom(
            f"{name}-cluster",
            place,
            mysql_cluster.CLUSTER,
            chart.merge(spec, args.values or {}),
            object_name=mysql_cluster.NAME,
            # it has no Ready condition; three servers join one after the other
            notes={"pulumi.com/waitFor": "jsonpath={.status.state}=ready", "pulumi.com/timeoutSeconds": "1800"},
            opts=place.after(operator, users, tls, protect=args.protect, retain_on_delete=args.protect),
        )

    def _monitor(self) -> None:
        labels = {"app.kubernetes.io/instance": mysql_cluster.NAME, "app.kubernetes.io/component": "database"}
        pod_monitor(f"{self._name}-monitor", self._place, labels, object_name="mysql")

    def _grant(self, database: str, consumer: contracts.Consumer) -> contracts.DatabaseAccess:
        """A database and a user limited to it; the password's Secret stands in the consumer's namespace and here."""
        args = self._args
        schema = fit(database, LIMITS["mysql-database"])
        username = fit(f"{consumer.name}-{database}" if consumer.name != database else database, LIMITS["mysql-user"])
        name = f"{self._name}-{consumer.name}-{database}"
        here, theirs = fit(f"user-{consumer.name}-{database}", 63), fit(f"{consumer.name}-database-{database}", 63)
        given = give(name, self._place, consumer, self._cluster, login(username), here=here, theirs=theirs)
        granted = sql_job(
            name,
            self._place,
            server=mysql_cluster.SERVER,
            host=self._host,
            port=PORT,
            database=schema,
            username=username,
            root_secret=USERS,
            user_secret=here,
            bundle=args.bundle,
            changed=digest(given.word),
            opts=given.after,
        )
        consumer.ready.append(granted)
        return contracts.DatabaseAccess(
            host=self._host,
            port=PORT,
            database=schema,
            username=username,
            secret=given.secret,
            ca_config_map=args.bundle,
        )

    @staticmethod
    def wants(config: Mysql) -> contracts.Wants:
        """A bucket for the backups."""
        return contracts.Wants(buckets=(BACKUPS,) if config.backup else ())

    @staticmethod
    def plan(site: Site) -> PerconaMysqlArgs:
        """The spec as constructor arguments."""
        config: Mysql = site.config
        certificates, metrics = site.contract(contracts.Certificates), site.maybe(contracts.Metrics)
        site.ready += [*certificates.ready, *(metrics.ready if metrics else ())]
        return PerconaMysqlArgs(
            namespace=site.namespace or PerconaMysql.namespace,
            labels=site.naming.labels("mysql"),
            issuer=certificates.issuer,
            bundle=certificates.bundle,
            compute=Compute.of(config.resources),
            replicas=config.replicas,
            storage=config.storage,
            storage_class=config.storage_class or site.spec.cluster.storage_class,
            backups=site.buckets[BACKUPS] if config.backup else None,
            schedule=config.backup.schedule if config.backup else "",
            keep=config.backup.keep if config.backup else 0,
            monitored=metrics is not None,
            operator=site.spec.operators.percona,
            keep_crds=site.spec.operators.keep_crds,
            protect=site.spec.environment is Environment.PROD,
            values=config.values,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
        )

    def contracts(self) -> Sequence[Any]:
        """Database."""
        return [contracts.Database(engine="mysql", host=self._host, port=PORT, grant=self._grant)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where it is reached."""
        return {"host": self._host, "port": str(PORT)}
