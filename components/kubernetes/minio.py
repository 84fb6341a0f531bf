"""Object store on Kubernetes: MinIO as a workload of our own (retired upstream, named by users all the same)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components import contracts
from components.kubernetes.given import give_bucket
from components.kubernetes.minio_client import Grant, client_job
from components.kubernetes.minio_scripts import GRANT, bucket_line
from components.kubernetes.objects import (
    certificate,
    disruption_budget,
    password,
    secret,
    service,
    service_account,
    service_monitor,
)
from components.kubernetes.place import Compute, Image, Place, image
from components.kubernetes.workload import Volume, container, http, pod, secret_volume, stateful_set
from components.spec.base import duration_seconds
from components.spec.data import Minio
from components.spec.stack import Environment
from components.system import Site

SERVER = Image("quay.io/minio/minio", "RELEASE.2025-09-07T16-13-09Z", checked="2026-11-23")
"""The last image that was published; the source tag of 2025-10-15 has none. Digest never read at its registry: unverified."""
UPSTREAM = {
    "status": "retired",
    "since": "2026-04-25",
    "successor": "seaweedfs",
    "licence": "AGPL-3.0",
}
"""minio/minio: README "no longer maintained" 2026-02-12, repository archived 2026-04-25."""
RETIRED = {"mlops.dev/upstream": "retired"}
"""Label by which the policy pack finds a workload whose upstream is retired."""

PORT = 9000
REGION = "us-east-1"
ROOT = "minio-root"
"""Secret with the administrator's credentials; it leaves this namespace nowhere."""


@dataclass
class BucketArgs:
    """A bucket that stands although no system asks for it."""

    versioning: bool = True
    expire_seconds: int = 0
    """Objects are deleted this long after their creation; 0: never."""


@dataclass
class MinioStoreArgs:
    """Arguments of MinioStore."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    issuer: str
    """ClusterIssuer of the server certificate."""
    bundle: str
    """ConfigMap with the CA bundle, in this and every consumer's namespace."""
    compute: Compute
    replicas: int
    storage: str
    """Volume of each server in bytes."""
    buckets: dict[str, BucketArgs]
    storage_class: Optional[str] = None
    monitored: bool = False
    """Makes a ServiceMonitor."""
    environment: Optional[dict[str, str]] = None
    """Further variables of the servers (MINIO_…): the stack file's `values:`."""
    protect: bool = False
    """Refuse to delete the servers, and leave them in the cluster when the stack goes."""
    registry_mirror: Optional[str] = None


class MinioStore(pulumi.ComponentResource):
    """A StatefulSet with TLS, and for each grant a bucket and a key that reaches that bucket alone.

    Creates StatefulSet `minio` (erasure coded from four servers), Services `minio` (API, 9000) and `minio-headless`, a
    Certificate, the generated root credentials, a Job for the declared buckets and one a grant. Metrics: /minio/v2, with a
    ServiceMonitor if the stack has Metrics. Limits: the number of servers cannot be changed once it holds data (MinIO grows
    by server pools); metrics are unauthenticated and fenced by the namespace's NetworkPolicy; key rotation replaces the
    key's Secret and re-runs its Job, running consumers read it at their next start.
    """

    needs = (contracts.Certificates,)
    optional = (contracts.Metrics,)
    provides = (contracts.ObjectStore,)
    tiers = ("all", "platform")
    namespace = "minio"
    stateful = True
    essential_type = "apps/v1:StatefulSet"

    def __init__(self, name: str, args: MinioStoreArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:MinioStore", name, None, opts)
        self._name, self._args = name, args
        self._place = Place(
            "minio", args.namespace, {**args.labels, **RETIRED}, pulumi.ResourceOptions(parent=self), args.registry_mirror
        )
        self._host = pulumi.Output.concat("minio.", args.namespace, ".svc")
        self._root = secret(
            f"{name}-root",
            self._place,
            {"user": password(f"{name}-root-user", self._place.opts, 20).result,
             "password": password(f"{name}-root-password", self._place.opts, 40).result},
            object_name=ROOT,
        )  # fmt: skip
        self._account = service_account(f"{name}-account", self._place, object_name="minio")
        self._servers = self._serve()
        if args.monitored:
            self._monitor()
        if args.buckets:
            lines = [bucket_line(b, wanted.versioning, wanted.expire_seconds) for b, wanted in sorted(args.buckets.items())]
            self._run(f"{name}-buckets", "".join(lines), self._place.after(self._servers))
        self.register_outputs({})

    def _serve(self) -> pulumi.Resource:
        place, name, args = self._place, self._name, self._args
        headless = pulumi.Output.concat("minio-headless.", args.namespace, ".svc")
        tls = certificate(
            f"{name}-certificate",
            place,
            issuer=args.issuer,
            names=[
                self._host,
                pulumi.Output.concat(self._host, ".cluster.local"),
                "minio",
                pulumi.Output.concat("*.", headless),
                pulumi.Output.concat("*.", headless, ".cluster.local"),
            ],
            secret_name="minio-tls",
            object_name="minio",
        )
        api = service(f"{name}-api", place, "server", {"https": PORT}, object_name="minio")
        peers = service(f"{name}-peers", place, "server", {"https": PORT}, object_name="minio-headless", headless=True)
        last = args.replicas - 1
        drives: pulumi.Input[str] = (
            pulumi.Output.concat("https://minio-{0...", str(last), "}.", headless, f":{PORT}/data") if last else "/data"
        )
        server = container(
            "minio",
            image(SERVER, args.registry_mirror),
            args.compute,
            args=["server", "--address", f":{PORT}", "--certs-dir", "/etc/minio/certs", drives],
            env={
                "MINIO_REGION": REGION,
                "MINIO_BROWSER": "off",
                "MINIO_PROMETHEUS_AUTH_TYPE": "public",
                **(args.environment or {}),
            },
            secrets={"MINIO_ROOT_USER": (ROOT, "user"), "MINIO_ROOT_PASSWORD": (ROOT, "password")},
            ports={"https": PORT},
            mounts={"/data": "data", "/etc/minio/certs": "certs"},
            ready=http("/minio/health/ready", PORT, tls=True),
            live=http("/minio/health/live", PORT, tls=True, period=20),
            start=http("/minio/health/live", PORT, tls=True, period=5, failures=60),
        )
        certs = secret_volume("certs", "minio-tls", {"tls.crt": "public.crt", "tls.key": "private.key", "ca.crt": "CAs/ca.crt"})
        servers = stateful_set(
            f"{name}-servers",
            place,
            "server",
            pod(place, "server", [server], account=self._account.metadata.name, volumes=[certs]),
            service="minio-headless",
            replicas=args.replicas,
            volumes=[Volume("data", args.storage, args.storage_class)],
            object_name="minio",
            # a server is ready only when it sees a quorum of its peers
            parallel=True,
            opts=place.after(self._root, tls, api, peers, protect=args.protect, retain_on_delete=args.protect),
        )
        disruption_budget(f"{name}-budget", place, "server", object_name="minio")
        return servers

    def _monitor(self) -> None:
        """A ServiceMonitor over the API Service."""
        tls = {"ca": {"configMap": {"name": self._args.bundle, "key": "ca.crt"}}, "serverName": self._host}
        service_monitor(
            f"{self._name}-monitor",
            self._place,
            "server",
            port="https",
            path="/minio/v2/metrics/cluster",
            endpoint={"scheme": "https", "tlsConfig": tls},
            object_name="minio",
        )

    def _run(self, name: str, script: str, opts: pulumi.ResourceOptions, grant: Grant | None = None) -> pulumi.Resource:
        server = pulumi.Output.concat(self._host, f":{PORT}")
        return client_job(
            name, self._place, script, server=server, root_secret=ROOT, bundle=self._args.bundle, opts=opts, grant=grant
        )

    def _grant(self, bucket: str, consumer: contracts.Consumer) -> contracts.BucketAccess:
        """A bucket and a key limited to it; the key's Secret stands in the consumer's namespace and (for the Job) here."""
        args, wanted = self._args, self._args.buckets.get(bucket, BucketArgs())
        return give_bucket(
            self._name,
            self._place,
            bucket,
            consumer,
            self._servers,
            self._run,
            bucket_line(bucket, wanted.versioning, wanted.expire_seconds) + GRANT,
            endpoint=pulumi.Output.concat("https://", self._host, f":{PORT}"),
            region=REGION,
            bundle=args.bundle,
            labels=args.labels,
        )

    @staticmethod
    def wants(config: Minio) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> MinioStoreArgs:
        """The spec as constructor arguments."""
        config: Minio = site.config
        certificates, metrics = site.contract(contracts.Certificates), site.maybe(contracts.Metrics)
        site.ready += [*certificates.ready, *(metrics.ready if metrics else ())]
        return MinioStoreArgs(
            namespace=site.namespace or MinioStore.namespace,
            labels=site.naming.labels("minio"),
            issuer=certificates.issuer,
            bundle=certificates.bundle,
            compute=Compute.of(config.resources),
            replicas=config.replicas,
            storage=config.storage,
            buckets={
                name: BucketArgs(b.versioning, duration_seconds(b.expire_after) if b.expire_after else 0)
                for name, b in config.buckets.items()
            },
            storage_class=config.storage_class or site.spec.cluster.storage_class,
            monitored=metrics is not None,
            environment={key: str(value) for key, value in config.values.items()},
            protect=site.spec.environment is Environment.PROD,
            registry_mirror=site.spec.registry_mirror,
        )

    def contracts(self) -> Sequence[Any]:
        """ObjectStore."""
        endpoint = pulumi.Output.concat("https://", self._host, f":{PORT}")
        return [contracts.ObjectStore(endpoint=endpoint, region=REGION, grant=self._grant)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where it is reached."""
        return {"endpoint": pulumi.Output.concat("https://", self._host, f":{PORT}"), "region": REGION}
