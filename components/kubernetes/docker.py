"""Registry of container images on Kubernetes: zot over the stack's object store, and the builder of our own images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi
import pulumi_random as random

from components import contracts
from components.contracts import Endpoint
from components.kubernetes import chart, extend, registry_access
from components.kubernetes.docker_config import (
    ACCOUNT,
    ADMINISTRATOR,
    BUILDER,
    METRICS,
    PORT,
    RESERVED,
    TLS_PATH,
    USERS_PATH,
    chart_values,
    document,
    htpasswd,
)
from components.kubernetes.image_builder import ImageBuilder
from components.kubernetes.objects import (
    SERVICE_MONITOR,
    certificate,
    config_map,
    custom,
    digest,
    password,
    secret,
    service_account,
)
from components.kubernetes.place import Compute, Place
from components.naming import fit
from components.spec.data import Docker
from components.system import Site

CHART = chart.Pin("zot", "0.1.122", "oci://ghcr.io/project-zot/helm-charts/zot", checked="2026-11-23")
BUCKET = "registry"
TLS, USERS, CONFIG = "registry-tls", "registry-users", "registry-config"
_CA = "/etc/mlops/store-ca"


@dataclass
class ZotRegistryArgs:
    """Arguments of ZotRegistry."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    issuer: str
    """ClusterIssuer of the server certificate."""
    bundle: str
    """ConfigMap with the CA bundle, in every labelled namespace."""
    bucket: contracts.BucketAccess
    compute: Compute
    host: str
    """Host (and port) by which nodes and people reach it."""
    users: list[str]
    """Who may log in beside the registry's own: consumers and people."""
    builder: Optional[Compute] = None
    """Of BuildKit; no builder if unset."""
    cache: str = "20Gi"
    """Bytes of layers that the builder keeps."""
    monitored: bool = False
    """Makes a ServiceMonitor."""
    values: Optional[dict[str, Any]] = None
    """Merged last into the chart's values."""
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None


class ZotRegistry(pulumi.ComponentResource):
    """zot with TLS and generated users, its images in the object store; BuildKit beside it for the images of our own.

    Creates the chart (Service `zot`, 5000), its Certificate, configuration and users (bcrypt hashes that are drawn with the
    passwords, so that no preview changes them), and the ImageBuilder. Everybody who may log in pulls everything and pushes to
    the project of its own name; `mlops/…`, our own images, is pulled without a login. A grant is a pull Secret. Limits: nodes
    pull by `host`, which must resolve for them and whose certificate they must trust (the gateway's name, a LoadBalancer, or
    the nodes' registry configuration): that is the cluster's owner's business; one replica, restarted in place; who has no
    entry in `users` when the stack is composed can be granted nothing. Images lie in the object store and outlive it.
    """

    needs = (contracts.Certificates, contracts.ObjectStore)
    optional = (contracts.Metrics,)
    provides = (contracts.ImageRegistry,)
    tiers = ("all", "platform")
    namespace = "docker"
    essential_type = "helm.sh/v4:Chart"

    def __init__(self, name: str, args: ZotRegistryArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:ZotRegistry", name, None, opts)
        self._name, self._args = name, args
        self._place = Place("docker", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        self._host = pulumi.Output.concat("zot.", args.namespace, ".svc")
        self._inside = pulumi.Output.concat(self._host, f":{PORT}")
        self._passwords: dict[str, random.RandomPassword] = {
            user: password(f"{name}-{user}-password", self._place.opts) for user in sorted({*RESERVED, *args.users})
        }
        self._people()
        self._server = self._serve()
        if args.monitored:
            self._monitor()
        self._builder = self._build() if args.builder else None
        self.register_outputs({})

    def _people(self) -> None:
        """Each user's name and password in a Secret of its own beside the registry."""
        for user, word in self._passwords.items():
            data: dict[str, pulumi.Input[str]] = {"username": user, "password": word.result}
            secret(f"{self._name}-user-{user}", self._place, data, object_name=fit(f"registry-user-{user}", 63))

    def _serve(self) -> pulumi.Resource:
        args, place, name = self._args, self._place, self._name
        public = args.host.partition(":")[0]
        names: list[pulumi.Input[str]] = [self._host, pulumi.Output.concat(self._host, ".cluster.local"), "zot", public]
        tls = certificate(f"{name}-certificate", place, issuer=args.issuer, names=names, secret_name=TLS, object_name="registry")
        lines = htpasswd({user: word.bcrypt_hash for user, word in self._passwords.items()})
        users = secret(f"{name}-users", place, {"htpasswd": lines}, object_name=USERS)
        account = service_account(f"{name}-account", place, object_name=ACCOUNT)
        content = document(args.bucket, args.users)
        config = config_map(f"{name}-config", place, {"config.json": content}, object_name=CONFIG)
        told = extend.Extension(notes={"mlops.dev/config": digest(content), "mlops.dev/users": digest(lines)})
        told.mounts += [
            {"name": "config", "mountPath": "/etc/zot", "readOnly": True},
            {"name": "users", "mountPath": USERS_PATH, "readOnly": True},
            {"name": "tls", "mountPath": TLS_PATH, "readOnly": True},
        ]
        told.volumes += [
            {"name": "config", "configMap": {"name": CONFIG}},
            {"name": "users", "secret": {"secretName": USERS, "defaultMode": 0o440}},
            {"name": "tls", "secret": {"secretName": TLS, "defaultMode": 0o440}},
        ]
        if args.bucket.secret is not None:
            told.secret(args.bucket.secret, AWS_ACCESS_KEY_ID="AWS_ACCESS_KEY_ID", AWS_SECRET_ACCESS_KEY="AWS_SECRET_ACCESS_KEY")
        if args.bucket.ca_config_map is not None:
            told.mounts.append({"name": "store-ca", "mountPath": _CA, "readOnly": True})
            told.volumes.append({"name": "store-ca", "configMap": {"name": args.bucket.ca_config_map}})
            told.value(SSL_CERT_FILE=f"{_CA}/ca.crt")
        return chart.render(
            f"{name}-chart",
            CHART,
            chart_values(args.compute, args.registry_mirror),
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            opts=place.after(tls, users, config, account, transforms=[extend.deployment("zot", told)]),
        )

    def _monitor(self) -> None:
        user = {key: {"name": f"registry-user-{METRICS}", "key": key} for key in ("username", "password")}
        tls = {"ca": {"configMap": {"name": self._args.bundle, "key": "ca.crt"}}, "serverName": self._host}
        endpoint = {"port": "zot", "path": "/metrics", "interval": "30s", "scheme": "https", "tlsConfig": tls, "basicAuth": user}
        spec = {"selector": {"matchLabels": {"app.kubernetes.io/name": "zot"}}, "endpoints": [endpoint]}
        custom(f"{self._name}-monitor", self._place, SERVICE_MONITOR, spec, object_name="registry")

    def _build(self) -> ImageBuilder:
        """The builder beside it."""
        return registry_access.builder(
            self._name,
            self._place,
            self._args,
            self._server,
            {"app.kubernetes.io/name": "zot"},
            PORT,
            registry=self._inside,
            password=self._passwords[BUILDER].result,
        )

    def _grant(self, consumer: contracts.Consumer) -> pulumi.Input[str]:
        """A Secret with which pods of the consumer's namespace pull, and its clients push to the project of its name."""
        users = self._args.users
        login = (consumer.name, self._passwords[consumer.name].result) if consumer.name in users else None
        hosts: list[pulumi.Input[str]] = [self._args.host, self._inside]
        return registry_access.pull_secret(self._name, self._place, consumer, hosts, users, login, [self._server])

    @staticmethod
    def wants(config: Docker) -> contracts.Wants:
        """A bucket for the images."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> ZotRegistryArgs:
        """The spec as constructor arguments; its users are known before the first grant, from who uses a registry."""
        config: Docker = site.config
        certificates, metrics = site.contract(contracts.Certificates), site.maybe(contracts.Metrics)
        site.ready += [*certificates.ready, *(metrics.ready if metrics else ())]
        return ZotRegistryArgs(
            namespace=site.namespace or ZotRegistry.namespace,
            labels=site.naming.labels("docker"),
            issuer=certificates.issuer,
            bundle=certificates.bundle,
            bucket=site.buckets[BUCKET],
            compute=Compute.of(config.resources),
            host=config.host or f"registry.{site.spec.domain}",
            users=registry_access.users(site, config.users, RESERVED),
            builder=Compute.of(config.builder.resources) if config.builder else None,
            cache=config.builder.cache if config.builder else "",
            monitored=metrics is not None,
            values=config.values,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
        )

    def contracts(self) -> Sequence[Any]:
        """ImageRegistry."""
        build = self._builder.build if self._builder else None
        url = pulumi.Output.concat("https://", self._inside)
        return [contracts.ImageRegistry(url=url, host=self._args.host, grant=self._grant, build=build)]

    def endpoints(self) -> Sequence[Endpoint]:
        """API and user interface, which have users of their own."""
        return [Endpoint("registry", self._args.namespace, "zot", PORT, scheme="https", login=False)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where it is reached, and which Secret holds the administrator's login."""
        return {
            "host": self._args.host,
            "url": pulumi.Output.concat("https://", self._inside),
            "secret": f"registry-user-{ADMINISTRATOR}",
        }
