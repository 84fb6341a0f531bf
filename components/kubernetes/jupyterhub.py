"""Notebooks: Zero to JupyterHub, wired to the stack's tracking server, object store and database."""

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import pulumi
from pulumi_random import RandomPassword

from components.accesses import Consumer, Wants
from components.contracts import Certificates, ComputeCluster, Database, Endpoint, Metrics, ObjectStore, Tracking, Tuning
from components.kubernetes import chart, extend, gpus, kueue, objects, optuna_scripts
from components.kubernetes import jupyterhub_values as values
from components.kubernetes.jupyterhub_args import JupyterHubArgs, NotebookProfileArgs
from components.kubernetes.place import Place, image
from components.spec.base import duration_seconds
from components.spec.model import Jupyterhub
from components.system import Site

CHART = chart.Pin("jupyterhub", "4.4.0", "https://hub.jupyter.org/helm-chart/", checked="2026-11-23")
NAME = "jupyterhub"
"""Release and prefix of every object's name, so that none clashes in a team's namespace."""


def chart_values(args: JupyterHubArgs) -> dict[str, Any]:
    """Values of the chart, plain: nothing of them is secret or drawn at render."""
    mirror = args.registry_mirror
    queued = (args.gpu_resource, kueue.QUEUE if args.queue else None)
    profiles = [
        values.profile(name, p.description, p.cpu, p.memory, p.gpus, p.image, args.gpu_product, not index, mirror, *queued)
        for index, (name, p) in enumerate(args.profiles.items())
    ]
    home = {"storageClass": args.storage_class} if args.storage_class else {}
    records: dict[str, Any] = {"type": "mysql", "upgrade": True} if args.database else {"type": "sqlite-pvc"}
    if args.storage_class and not args.database:
        records["pvc"] = {"storageClassName": args.storage_class}
    own: dict[str, Any] = {
        "fullnameOverride": NAME,
        "hub": {
            "existingSecret": values.KEYS,
            "resources": values.HUB.spec(),
            "db": records,
            "config": {
                "JupyterHub": {"authenticator_class": "native", "cookie_secret": values.UNUSED},
                "CryptKeeper": {"keys": [values.UNUSED]},
                "Authenticator": {
                    "allowed_users": sorted({*args.users, *args.admins}),
                    "admin_users": sorted(args.admins),
                    # who leaves the stack file is locked out, although the hub still knows the name
                    "allow_existing_users": False,
                },
                "NativeAuthenticator": {
                    "enable_signup": False,
                    "minimum_password_length": 12,
                    "check_common_password": True,
                    "allowed_failed_logins": 5,
                    "seconds_before_next_try": 600,
                },
                "KubeSpawner": {"container_security_context": values.RESTRICTED},
            },
            "extraConfig": {"10-users": values.DECLARED_USERS, **({"20-database": values.MYSQL} if args.database else {})},
            "extraVolumes": [{"name": "users", "secret": {"secretName": values.USERS, "defaultMode": 0o440}}],
            "extraVolumeMounts": [{"name": "users", "mountPath": "/etc/jupyterhub/users", "readOnly": True}],
            # metrics with a token of their own: the path is also reached through the public proxy
            "authenticatePrometheus": True,
            "services": {"prometheus": {"apiToken": values.UNUSED}},
            "loadRoles": {"prometheus": {"scopes": ["read:metrics"], "services": ["prometheus"]}},
        },
        "proxy": {
            "secretToken": values.UNUSED,
            # the gateway is the way in, not a load balancer for each system
            "service": {"type": "ClusterIP"},
            "chp": {"resources": values.PROXY.spec()},
        },
        "singleuser": {
            "image": {"name": image(values.NOTEBOOK.repository, mirror), "tag": values.NOTEBOOK.tag},
            "profileList": profiles,
            "storage": {"capacity": args.storage, "dynamic": home},
            # by a privileged init container; the NetworkPolicy keeps notebooks from the metadata address without one
            "cloudMetadata": {"blockWithIptables": False},
        },
        # needs cluster roles, and packs nodes only where an autoscaler takes empty ones away
        "scheduling": {"userScheduler": {"enabled": False}, "userPlaceholder": {"enabled": False}},
        # hooks, and every image on every node
        "prePuller": {"hook": {"enabled": False}, "continuous": {"enabled": False}},
        "cull": {"enabled": True, "timeout": args.idle_seconds, "every": max(60, min(600, args.idle_seconds // 4))},
    }
    return chart.merge(own, values.mirrored(mirror))


def told(args: JupyterHubArgs) -> extend.Extension:
    """What the hub's container is told of its database."""
    told = extend.Extension()
    if access := args.database:
        port = pulumi.Output.from_input(access.port).apply(str)
        told.value(HUB_DB_HOST=access.host, HUB_DB_PORT=port, HUB_DB_NAME=access.database, HUB_DB_CA=told.trust(access))
        told.secret(access.secret, HUB_DB_USERNAME="username", HUB_DB_PASSWORD="password")
    return told


class JupyterHub(pulumi.ComponentResource):
    """JupyterHub with declared users, CPU and GPU profiles, and notebooks that find MLflow and the object store preset.

    Users log in with NativeAuthenticator, which the stock hub image carries: nobody can sign up (whoever came first could take
    an administrator's name), each declared user is made at the hub's start with a generated first password from Secret
    `jupyterhub-users` and changes it at /hub/change-password; five failures lock for ten minutes. No dummy authenticator, no
    shared or default password. Where neither users nor admins are declared there is one administrator, `admin`.

    Source: chart jupyterhub (zero-to-jupyterhub), all of whose random keys come from our Secret `jupyterhub-keys`. Nothing
    cluster-scoped is made. Limits: the hub is one pod; a new password in `jupyterhub-users` does not change that of a user who
    exists; all notebooks share one MLflow user and one bucket key; the default images (Jupyter Docker Stacks) lack mlflow and
    boto3, so name images of your own in the profiles.
    """

    needs = ()
    optional = (Tracking, ObjectStore, Database, Metrics, Certificates, Tuning, ComputeCluster)
    provides = ()
    tiers = ("all", "platform", "team")
    namespace = NAME
    stateful = True
    internet = True
    essential_type = "helm.sh/v4:Chart"

    def __init__(self, name: str, args: JupyterHubArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:JupyterHub", name, None, opts)
        self._name, self._args = name, args
        self._place = Place(NAME, args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        settings = self._settings()
        keys, users = self._keys(settings), self._users()
        # both pods read their shared token from the chart's own Secret, whatever hub.existingSecret says (its documented limit)
        hub_told, proxy_told = told(args), extend.Extension()
        hub_told.notes = {"mlops.dev/settings": objects.digest(settings)}
        for pod in (hub_told, proxy_told):
            pod.secret(values.KEYS, CONFIGPROXY_AUTH_TOKEN="hub.config.ConfigurableHTTPProxy.auth_token")
        hub = chart.render(
            f"{name}-chart",
            CHART,
            chart_values(args),
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            keep=False,
            opts=self._place.after(
                keys, users, transforms=[extend.deployment("hub", hub_told), extend.deployment("chp", proxy_told)]
            ),
        )
        if args.monitored:
            self._monitor(hub)
        if args.queue:
            kueue.local_queue(f"{name}-queue", self._place, args.queue)
        self._url = pulumi.Output.concat(f"http://{NAME}-proxy-public.", args.namespace, ".svc")
        self.register_outputs({})

    def _settings(self) -> pulumi.Output[str]:
        """values.yaml of our Secret, which the hub merges over the chart's: what is known only during the run."""
        args = self._args
        preset = values.environment(args.tracking_uri, args.tracking_secret, args.bucket)
        if args.studies:
            preset |= optuna_scripts.preset(args.studies, args.studies_engine, values.TRUST if args.bundle else extend.SYSTEM_CA)
        notebook = values.notebook_settings(preset, args.bundle, args.registry_mirror)
        passed = (args.values or {}).get("singleuser") or {}
        return pulumi.Output.json_dumps({"singleuser": chart.merge(notebook, passed)}, sort_keys=True)

    def _keys(self, settings: pulumi.Output[str]) -> pulumi.Resource:
        """Every key that the chart would draw at random."""

        def digits(part: str) -> pulumi.Output[str]:
            # both want 32 bytes in hexadecimal: digits are that
            opts = self._place.opts
            made = RandomPassword(f"{self._name}-{part}", length=64, special=False, upper=False, lower=False, opts=opts)
            return pulumi.Output.secret(made.result)

        token = objects.password(f"{self._name}-proxy-token", self._place.opts, 64)
        scrape = objects.password(f"{self._name}-metrics-token", self._place.opts, 64)
        data = {
            "values.yaml": settings,
            "hub.config.ConfigurableHTTPProxy.auth_token": token.result,
            "hub.config.JupyterHub.cookie_secret": digits("cookie-secret"),
            "hub.config.CryptKeeper.keys": digits("crypt-key"),
            "hub.services.prometheus.apiToken": scrape.result,
        }
        return objects.secret(f"{self._name}-keys", self._place, data, object_name=values.KEYS)

    def _users(self) -> pulumi.Resource:
        """First passwords, one a user."""
        people = sorted({*self._args.users, *self._args.admins})
        data = {person: objects.password(f"{self._name}-user-{person}", self._place.opts, 24).result for person in people}
        return objects.secret(f"{self._name}-users", self._place, data, object_name=values.USERS)

    def _monitor(self, hub: pulumi.Resource) -> None:
        credentials = {"name": values.KEYS, "key": "hub.services.prometheus.apiToken"}
        endpoint = {
            "port": "hub",
            "path": "/hub/metrics",
            "interval": "30s",
            "authorization": {"type": "Bearer", "credentials": credentials},
        }
        spec = {"selector": {"matchLabels": {"app": NAME, "component": "hub", "release": NAME}}, "endpoints": [endpoint]}
        opts = self._place.after(hub)
        objects.custom(f"{self._name}-monitor", self._place, objects.SERVICE_MONITOR, spec, object_name=NAME, opts=opts)

    @staticmethod
    def wants(config: Jupyterhub) -> Wants:
        """A database for the hub's records and a bucket for notebooks."""
        return Wants(databases=("jupyterhub",), buckets=("notebooks",))

    @staticmethod
    def plan(site: Site) -> JupyterHubArgs:
        """The spec as constructor arguments; the notebooks' MLflow user is granted here."""
        config: Jupyterhub = site.config
        tracking, metrics, certificates = site.maybe(Tracking), site.maybe(Metrics), site.maybe(Certificates)
        site.ready += [*(metrics.ready if metrics else ()), *(certificates.ready if certificates else ())]
        secret: pulumi.Input[str] | None = None
        if tracking and tracking.grant:
            secret = tracking.grant(Consumer(NAME, namespace=site.namespace, opts=site.opts, ready=site.ready))
        tuning, server = site.maybe(Tuning), site.maybe(Database)
        studies = None
        if tuning and tuning.database and server and server.engine == tuning.engine:
            user = Consumer(NAME, namespace=site.namespace, opts=site.opts, ready=site.ready)
            studies = server.grant(tuning.database, user)
        queues = site.maybe(ComputeCluster)
        site.ready += queues.ready if queues else ()
        return JupyterHubArgs(
            namespace=site.namespace or JupyterHub.namespace,
            labels=site.naming.labels(NAME),
            users=list(config.users),
            admins=list(config.admins) if config.admins or config.users else ["admin"],
            profiles={
                name: NotebookProfileArgs(p.description, p.cpu, p.memory, p.gpus, p.image) for name, p in config.profiles.items()
            },
            storage=config.storage,
            idle_seconds=duration_seconds(config.idle_timeout),
            storage_class=config.storage_class or site.spec.cluster.storage_class,
            gpu_product=gpus.only_product(site.spec.cluster),
            gpu_resource=gpus.resource(site.spec.cluster.gpu_sharing),
            queue=kueue.SHARED if queues else None,
            tracking_uri=tracking.uri if tracking else None,
            tracking_secret=secret,
            bucket=site.buckets.get("notebooks"),
            database=site.databases.get("jupyterhub"),
            studies=studies,
            studies_engine=tuning.engine if tuning else "mysql",
            bundle=certificates.bundle if certificates else None,
            monitored=metrics is not None,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
            values=config.values,
        )

    def contracts(self) -> Sequence[Any]:
        """None: notebooks are an end, not a means."""
        return []

    def endpoints(self) -> Sequence[Endpoint]:
        """The proxy in front of hub and notebooks; the hub has users of its own."""
        return [Endpoint("jupyterhub", self._args.namespace, f"{NAME}-proxy-public", 80, login=False)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address inside the cluster, and the Secret with the users' first passwords."""
        return {"url": self._url, "usersSecret": pulumi.Output.concat(self._args.namespace, f"/{values.USERS}")}
