"""Git server: Gitea as a workload of our own, on the stack's database and object store."""

from collections.abc import Mapping, Sequence
from typing import Any, Optional

import pulumi
from pulumi_kubernetes import core

from components.accesses import Consumer, Wants
from components.contracts import Certificates, Database, Endpoint, Git, Metrics, ObjectStore
from components.kubernetes import objects, workload
from components.kubernetes.gitea_scripts import ADMIN, SERVE
from components.kubernetes.gitea_settings import KEYS, NAME, PORT, GiteaServerArgs, settings
from components.kubernetes.gitea_users import grant
from components.kubernetes.place import Compute, Image, Place, image
from components.spec.model import Git as GitSpec
from components.spec.stack import Environment
from components.system import Site

IMAGE = Image("docker.io/gitea/gitea", "1.27.0-rootless", "2026-11-23")
"""Tag as pinned in public repositories; digest unverified. Rootless: user 1000, bash and curl (Dockerfile.rootless)."""


class GiteaServer(pulumi.ComponentResource):
    """Gitea with private repositories, its records in the database, and LFS, packages, attachments and logs in a bucket.

    Creates a StatefulSet of one pod with a volume for the repositories, Service `git` (HTTPS where the stack has an issuer, port
    3000), Secrets with the generated administrator's password, keys, metrics token and the runners' registration token, a
    certificate and a ServiceMonitor. Nobody signs up and nothing is shown without a login. Its Git contract grants a repository
    of organisation `mlops` and a user that may write to it alone: a Job calls Gitea's own API.

    Source: go-gitea/gitea (Dockerfile.rootless, docker/rootless, custom/conf/app.example.ini, services/actions/init.go,
    modules/setting/storage.go). The upstream chart could not be read, so it is a workload of our own. Limits: one pod (the
    repositories are files), no SSH, no runners: they register with Secret `git-runners`; a renewed certificate restarts the pod.
    """

    needs = (Database, ObjectStore)
    optional = (Metrics, Certificates)
    provides = (Git,)
    tiers = ("all", "platform")
    namespace = NAME
    stateful = True
    essential_type = "apps/v1:StatefulSet"

    def __init__(self, name: str, args: GiteaServerArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:GiteaServer", name, None, opts)
        self._name, self._args = name, args
        self._place = Place(NAME, args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        place = self._place
        self._image = image(IMAGE, args.registry_mirror)
        self._scheme = "https" if args.issuer else "http"
        self._host = pulumi.Output.concat(f"{NAME}.", args.namespace, ".svc")
        self._url = pulumi.Output.concat(self._scheme, "://", self._host, f":{PORT}")
        secrets = {part: objects.password(f"{name}-{part}", place.opts, length) for part, length in KEYS.items()}
        self._admin = objects.secret(
            f"{name}-admin-secret", place, {"username": "gitadmin", "password": secrets["admin"].result}, object_name="git-admin"
        )
        keys = {part: secrets[part].result for part in ("secret-key", "internal-token", "jwt-secret", "lfs-secret", "metrics")}
        self._keys = objects.secret(f"{name}-keys", place, keys, object_name="git-keys")
        self._runners = objects.secret(
            f"{name}-runners-secret", place, {"token": secrets["runners"].result}, object_name="git-runners"
        )
        self._digest = objects.digest(pulumi.Output.concat(*(made.result for made in secrets.values())))
        self._account = objects.service_account(f"{name}-account", place, object_name=NAME)
        self._server = self._serve()
        self.register_outputs({})

    @staticmethod
    def wants(config: GitSpec) -> Wants:
        """One database, one bucket."""
        return Wants(databases=("gitea",), buckets=("git",))

    @staticmethod
    def plan(site: Site) -> GiteaServerArgs:
        """Constructor arguments from the spec."""
        config: GitSpec = site.config
        certificates, metrics = site.maybe(Certificates), site.maybe(Metrics)
        site.ready += [*(certificates.ready if certificates else ()), *(metrics.ready if metrics else ())]
        return GiteaServerArgs(
            namespace=site.namespace or NAME,
            labels=site.naming.labels(NAME),
            database=site.databases["gitea"],
            engine=site.contract(Database).engine,
            objects=site.buckets["git"],
            compute=Compute.of(config.resources),
            domain=site.spec.domain,
            storage=config.storage,
            storage_class=config.storage_class or site.spec.cluster.storage_class,
            actions=config.actions,
            issuer=certificates.issuer if certificates else None,
            bundle=certificates.bundle if certificates else None,
            monitored=metrics is not None,
            protect=site.spec.environment is Environment.PROD,
            registry_mirror=site.spec.registry_mirror,
            environment={key: str(value) for key, value in config.values.items()},
        )

    def contracts(self) -> Sequence[Git]:
        """Git, with a repository and a user of its own for each consumer."""
        return [Git(url=self._url, grant=self._grant)]

    def endpoints(self) -> Sequence[Endpoint]:
        """The server, which has a login of its own and answers git clients, who know no single sign-on."""
        return [Endpoint(NAME, self._place.namespace, NAME, PORT, scheme=self._scheme, login=False)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address, and where the administrator's password and the runners' token stand."""
        admin = pulumi.Output.concat(self._place.namespace, "/git-admin")
        found: dict[str, pulumi.Input[str]] = {"url": self._url, "adminSecret": admin}
        return (
            {**found, "runnersSecret": pulumi.Output.concat(self._place.namespace, "/git-runners")}
            if self._args.actions
            else found
        )

    def _serve(self) -> pulumi.Resource:
        """Service, certificate, monitor, and the StatefulSet."""
        name, args, place = self._name, self._args, self._place
        objects.service(f"{name}-service", place, "server", {self._scheme: PORT}, object_name=NAME)
        waits: list[pulumi.Resource] = [self._admin, self._keys, self._runners, self._account]
        if args.issuer:
            full = pulumi.Output.concat(self._host, ".cluster.local")
            names: list[pulumi.Input[str]] = [self._host, full, f"git.{args.domain}"]
            waits.append(
                objects.certificate(
                    f"{name}-certificate", place, issuer=args.issuer, names=names, secret_name="git-tls", object_name=NAME
                )
            )
        tls = bool(args.issuer)
        email = {"ADMIN_EMAIL": f"gitadmin@{args.domain}"}
        prepare = self._container("admin", ADMIN, env=email, mounts={"/etc/mlops/admin": "admin"})
        server = self._container(
            "gitea",
            SERVE,
            mounts={"/etc/mlops/runners": "runners", **({"/etc/mlops/tls": "tls"} if tls else {})},
            env={"GITEA_RUNNER_REGISTRATION_TOKEN_FILE": "/etc/mlops/runners/token"} if args.actions else {},
            ports={self._scheme: PORT},
            ready=workload.http("/api/healthz", self._scheme, tls=tls),
            live=_current() if tls else workload.http("/api/healthz", self._scheme, period=30),
            start=workload.http("/api/healthz", self._scheme, tls=tls, failures=60),
        )
        volumes = [
            workload.scratch_volume("config"),
            workload.secret_volume("admin", self._admin.metadata.name),
            workload.secret_volume("runners", self._runners.metadata.name),
            *self._authorities()[1],
            *([workload.secret_volume("tls", "git-tls")] if tls else []),
        ]
        template = workload.pod(
            place, "server", [server], init=[prepare], account=NAME, volumes=volumes, notes={"mlops.dev/keys": self._digest}
        )
        made = workload.stateful_set(
            f"{name}-server",
            place,
            "server",
            template,
            service=NAME,
            replicas=1,
            volumes=[workload.Volume("data", args.storage, args.storage_class)],
            object_name=NAME,
            opts=place.after(*waits, protect=args.protect, retain_on_delete=args.protect),
        )
        if args.monitored:
            credentials = {"name": self._keys.metadata.name, "key": "metrics"}
            endpoint: dict[str, Any] = {"scheme": self._scheme, "authorization": {"type": "Bearer", "credentials": credentials}}
            if args.bundle:
                trusted = {"configMap": {"name": args.bundle, "key": "ca.crt"}}
                endpoint["tlsConfig"] = {"ca": trusted, "serverName": f"git.{args.domain}"}
            objects.service_monitor(f"{name}-monitor", place, "server", port=self._scheme, endpoint=endpoint, object_name=NAME)
        return made

    def _authorities(self) -> tuple[dict[str, str], list[core.v1.VolumeArgs]]:
        """Mounts and volumes of private CAs: Go reads every file below SSL_CERT_DIR beside the image's own bundle."""
        maps = {"database-ca": self._args.database.ca_config_map, "store-ca": self._args.objects.ca_config_map}
        there = {volume: config for volume, config in maps.items() if config is not None}
        mounts = {f"/etc/mlops/{volume}": volume for volume in there}
        return mounts, [workload.config_volume(volume, config) for volume, config in there.items()]

    def _container(
        self, name: str, script: str, env: Mapping[str, pulumi.Input[str]], mounts: Mapping[str, str], **more: Any
    ) -> core.v1.ContainerArgs:
        authorities, _ = self._authorities()
        variables, secrets = settings(self._args, self._host, self._keys.metadata.name)
        return workload.container(
            name,
            self._image,
            self._args.compute,
            command=["/bin/bash", "-c", script],
            env={
                **variables,
                **({"SSL_CERT_DIR": ":".join(authorities)} if authorities else {}),
                **env,
                **(self._args.environment or {}),
            },
            secrets=secrets,
            mounts={"/var/lib/gitea": "data", "/etc/gitea": "config", **authorities, **mounts},
            **more,
        )

    def _grant(self, repository: str, consumer: Consumer) -> pulumi.Input[str]:
        return grant(self._name, self._place, self._image, self._url, self._admin, self._args, self._server, repository, consumer)


def _current() -> core.v1.ProbeArgs:
    """A liveness probe that fails once the mounted certificate is newer than the process: Gitea reads it only at start."""
    test = ["sh", "-c", "test ! /etc/mlops/tls/tls.crt -nt /tmp/started"]
    return core.v1.ProbeArgs(exec_=core.v1.ExecActionArgs(command=test), period_seconds=60, failure_threshold=1)
