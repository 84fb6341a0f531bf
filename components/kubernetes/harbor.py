"""Registry of container images on Kubernetes: Harbor, on the stack's PostgreSQL and object store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components import contracts
from components.contracts import Endpoint
from components.kubernetes import chart, extend, objects, registry_access, valkey
from components.kubernetes import harbor_values as values
from components.kubernetes.docker_config import BUILDER
from components.kubernetes.harbor_accounts import accounts, password
from components.kubernetes.image_builder import ImageBuilder
from components.kubernetes.place import Compute, Place
from components.spec.data import Docker
from components.spec.stack import Environment
from components.system import Site

BUCKET = DATABASE = "harbor"
RESERVED = ("admin", BUILDER)
"""Users of our own."""
YEAR = {"duration": "8760h0m0s"}
"""Of certificates inside: Harbor reads its own only at start."""


@dataclass
class HarborRegistryArgs:
    """Arguments of HarborRegistry."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    issuer: str
    """ClusterIssuer of the certificates."""
    bundle: str
    """ConfigMap with the CA bundle, in every labelled namespace."""
    database: contracts.DatabaseAccess
    """PostgreSQL."""
    bucket: contracts.BucketAccess
    compute: Compute
    """Of the core, the job service, the registry and its controller, each."""
    host: str
    """Host (and port) by which nodes and people reach it."""
    users: list[str]
    """Who may log in beside the registry's own: consumers and people."""
    builder: Optional[Compute] = None
    """Of BuildKit; no builder if unset."""
    cache: str = "20Gi"
    """Bytes of layers that the builder keeps."""
    storage_class: Optional[str] = None
    """Of the volume of its Valkey."""
    monitored: bool = False
    protect: bool = False
    values: Optional[dict[str, Any]] = None
    """Merged last into the chart's values."""
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None


class HarborRegistry(pulumi.ComponentResource):
    """Harbor 2.15 with projects and robot accounts, its images in the object store; BuildKit beside it for the images of our own.

    Creates the chart (Service `harbor`, 443), a Valkey with a volume for its queue of jobs, certificates for every part, its
    keys, and a Job that gives each user a robot account and a project of its name. Everybody who may log in pulls everything and
    pushes to its own project; `mlops/…`, our own images, is public. A grant is a pull Secret; a robot's user name is
    `robot$<name>`. Needs PostgreSQL: Harbor knows no other database.

    Source: goharbor/harbor-helm v1.19.1; v2auth of Harbor's core, which sends a client that names the core by its Service to the
    core's own token service, and every other to `host`: so the builder pushes to `harbor-core`, an alias in its namespace.
    Limits: nodes pull by `host`, which must resolve for them, as for ZotRegistry; users and projects of the API's making stay
    when they leave `users`; its parts read their certificates at start, so restart them once in the year that those are valid;
    no Trivy (its database comes from the internet); no single sign-on: the administrator alone logs in to the user interface.
    Images lie in the object store, what Harbor knows of them in the database.
    """

    needs = (contracts.Certificates, contracts.Database, contracts.ObjectStore)
    optional = (contracts.Metrics,)
    provides = (contracts.ImageRegistry,)
    tiers = ("all", "platform")
    namespace = "docker"
    essential_type = "helm.sh/v4:Chart"

    def __init__(self, name: str, args: HarborRegistryArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:HarborRegistry", name, None, opts)
        self._name, self._args = name, args
        self._place = Place("docker", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        self._host = pulumi.Output.concat(f"{values.SERVICE}.", args.namespace, ".svc")
        people = sorted({BUILDER, *args.users})
        self._passwords = {user: password(f"{name}-{user}-password", self._place.opts) for user in people}
        self._accounts = accounts(name, self._place, self._passwords, args.bundle, self._serve())
        self._builder = self._build() if args.builder else None
        self.register_outputs({})

    def _serve(self) -> pulumi.Resource:
        args, place, name = self._args, self._place, self._name
        store, _ = valkey.valkey(
            f"{name}-cache",
            place,
            object_name=values.CACHE,
            storage="2Gi",
            storage_class=args.storage_class,
            protect=args.protect,
        )
        keys, marks = self._keys()
        told = values.told(args.database, args.bucket, {"mlops.dev/keys": marks})
        return chart.render(
            f"{name}-chart",
            values.CHART,
            values.values(args.compute, args.host, args.monitored, args.registry_mirror),
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            opts=place.after(
                store, keys, *self._certificates(), transforms=[extend.deployment(part, found) for part, found in told.items()]
            ),
        )

    def _keys(self) -> tuple[pulumi.Resource, pulumi.Output[str]]:
        """All that Harbor's parts know each other by, in one Secret under the names that the chart asks for; and their digest."""
        opts, name = self._place.opts, self._name
        lengths = {"secret": 16, "secretKey": 16, "CSRF_KEY": 32, "JOBSERVICE_SECRET": 16, "REGISTRY_HTTP_SECRET": 16}
        drawn = {key: objects.password(f"{name}-key-{key.lower().replace('_', '-')}", opts, n) for key, n in lengths.items()}
        admin, inner = password(f"{name}-admin-password", opts), objects.password(f"{name}-inner-password", opts)
        data: dict[str, pulumi.Input[str]] = {
            **{key: found.result for key, found in drawn.items()},
            "HARBOR_ADMIN_PASSWORD": admin.result,
            "REGISTRY_PASSWD": inner.result,
            "REGISTRY_HTPASSWD": pulumi.Output.concat(f"{values.REGISTRY_USER}:", inner.bcrypt_hash),
        }
        made = objects.secret(f"{name}-keys", self._place, data, object_name=values.KEYS)
        return made, objects.digest(pulumi.Output.concat(*(data[key] for key in sorted(data))))

    def _certificates(self) -> list[pulumi.Resource]:
        """Of the door, of every part behind it, and the key that signs the registry's tokens."""
        args, place, name = self._args, self._place, self._name
        public, cluster = args.host.partition(":")[0], pulumi.Output.concat(self._host, ".cluster.local")
        doors: list[pulumi.Input[str]] = [self._host, cluster, values.SERVICE, public]

        def made(part: str, names: list[pulumi.Input[str]], secret: str, **more: Any) -> pulumi.Resource:
            return objects.certificate(
                f"{name}-{part}",
                place,
                issuer=args.issuer,
                names=names,
                secret_name=secret,
                object_name=f"registry-{part}",
                more=YEAR | more,
            )

        def inside(part: str) -> list[pulumi.Input[str]]:
            short = f"harbor-{part}"
            return [short, pulumi.Output.concat(f"{short}.", args.namespace, ".svc")]

        # the registry knows tokens by this key, of which the core reads PKCS#1 alone; a new one would end every login
        rsa = {"algorithm": "RSA", "size": 4096, "encoding": "PKCS1", "rotationPolicy": "Never"}
        return [
            made("certificate", doors, values.TLS),
            *(made(f"certificate-{part}", inside(part), values.certificate_secret(part)) for part in values.PARTS),
            made("token", ["harbor-token"], values.TOKEN, privateKey=rsa, usages=["digital signature"]),
        ]

    def _build(self) -> ImageBuilder:
        """The builder, which reaches the core."""
        return registry_access.builder(
            self._name,
            self._place,
            self._args,
            self._accounts,
            {"app": "harbor", "component": "core"},
            8443,
            registry=f"{values.CORE}:443",
            password=self._passwords[BUILDER].result,
            user=f"robot${BUILDER}",
            alias=pulumi.Output.concat(f"{values.CORE}.", self._args.namespace, ".svc.cluster.local"),
        )

    def _grant(self, consumer: contracts.Consumer) -> pulumi.Input[str]:
        """A Secret with which pods of the consumer's namespace pull, and its clients push to the project of its name."""
        word = self._passwords[consumer.name].result if consumer.name in self._args.users else None
        login = (f"robot${consumer.name}", word) if word is not None else None
        given = registry_access.pull_secret(
            self._name, self._place, consumer, [self._args.host, self._host], self._args.users, login, [self._accounts]
        )
        return given

    @staticmethod
    def wants(config: Docker) -> contracts.Wants:
        """A database, and a bucket for the images."""
        return contracts.Wants(databases=(DATABASE,), buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> HarborRegistryArgs:
        """The spec as constructor arguments; its users are known before the first grant, from who uses a registry."""
        config: Docker = site.config
        certificates, metrics = site.contract(contracts.Certificates), site.maybe(contracts.Metrics)
        site.ready += [*certificates.ready, *(metrics.ready if metrics else ())]
        return HarborRegistryArgs(
            namespace=site.namespace or HarborRegistry.namespace,
            labels=site.naming.labels("docker"),
            issuer=certificates.issuer,
            bundle=certificates.bundle,
            database=site.databases[DATABASE],
            bucket=site.buckets[BUCKET],
            compute=Compute.of(config.resources),
            host=config.host or f"registry.{site.spec.domain}",
            users=registry_access.users(site, config.users, RESERVED),
            builder=Compute.of(config.builder.resources) if config.builder else None,
            cache=config.builder.cache if config.builder else "",
            storage_class=site.spec.cluster.storage_class,
            monitored=metrics is not None,
            protect=site.spec.environment is Environment.PROD,
            values=config.values,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
        )

    def contracts(self) -> Sequence[Any]:
        """ImageRegistry."""
        build = self._builder.build if self._builder else None
        url = pulumi.Output.concat("https://", self._host)
        return [contracts.ImageRegistry(url=url, host=self._args.host, grant=self._grant, build=build)]

    def endpoints(self) -> Sequence[Endpoint]:
        """API and user interface, which have users of their own."""
        return [Endpoint("registry", self._args.namespace, values.SERVICE, values.PORT, scheme="https", login=False)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where it is reached, and which Secret holds the administrator's password (user admin)."""
        return {"host": self._args.host, "url": pulumi.Output.concat("https://", self._host), "secret": values.KEYS}
