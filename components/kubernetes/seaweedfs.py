"""Object store on Kubernetes: SeaweedFS by its chart, TLS and keys of ours, the same contract as MinIO."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components import contracts
from components.kubernetes import chart, seaweedfs_values
from components.kubernetes.given import give_bucket
from components.kubernetes.minio import REGION, BucketArgs
from components.kubernetes.minio_client import Grant
from components.kubernetes.objects import certificate, disruption_budget, password, secret
from components.kubernetes.place import Compute, Image, Place, image
from components.kubernetes.seaweedfs_client import GRANT, bucket_line, client_job
from components.kubernetes.seaweedfs_values import IDENTITIES, INTERNAL, KEYS, PORT, SERVER
from components.spec.base import duration_seconds
from components.spec.data import Seaweedfs
from components.spec.stack import Environment
from components.system import Site

CHART = chart.Pin("seaweedfs", "4.44.0", "https://seaweedfs.github.io/seaweedfs/helm", checked="2026-11-23")
CLIENT = Image("docker.io/chrislusf/seaweedfs", "4.44", checked="2026-11-23")
"""The chart's own image (its appVersion). Digest never read at its registry: unverified."""
STATEFUL = "kubernetes:apps/v1:StatefulSet"


def keep_servers(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """Resource transform: servers that hold data are protected, and stay in the cluster when the stack goes."""
    if args.type_ != STATEFUL:
        return None
    kept = pulumi.ResourceOptions(protect=True, retain_on_delete=True)
    return pulumi.ResourceTransformResult(props=args.props, opts=pulumi.ResourceOptions.merge(args.opts, kept))


@dataclass
class SeaweedfsStoreArgs:
    """Arguments of SeaweedfsStore."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    issuer: str
    """ClusterIssuer of the certificates."""
    bundle: str
    """ConfigMap with the CA bundle, in every consumer's namespace."""
    compute: Compute
    """Of one volume server, and of the filer."""
    replicas: int
    """Volume servers."""
    copies: int
    """Copies of each object, on as many servers."""
    masters: int
    gateways: int
    storage: str
    """Volume of each volume server in bytes."""
    metadata_storage: str
    """Volume of the filer in bytes."""
    buckets: dict[str, BucketArgs]
    storage_class: Optional[str] = None
    monitored: bool = False
    """Makes ServiceMonitors."""
    protect: bool = False
    """Refuse to delete the servers, and leave them in the cluster when the stack goes."""
    values: Optional[dict[str, Any]] = None
    """Merged last into the chart's values."""
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None


class SeaweedfsStore(pulumi.ComponentResource):
    """SeaweedFS: masters, volume servers, a filer and S3 gateways; for each grant a bucket and a key that reaches it alone.

    Creates the chart, the Certificate of the S3 port (Service `seaweedfs-s3`, 8333, TLS only) and that of the servers among
    themselves (mutual TLS, one common name), the generated signing keys and administrator's key, a Job for the declared
    buckets and one a grant. The chart's hooks are not used. Limits: one filer keeps the names of all objects on its own
    volume (it restarts, nothing is lost; more filers would need a shared database, which itself needs this store for its
    backups); blocks travel between servers as HTTP with signed writes inside the namespace; expiry counts from the writing
    of new objects, in days to 255, then weeks and years; the chart cannot grow a StatefulSet's volumes.
    """

    needs = (contracts.Certificates,)
    optional = (contracts.Metrics,)
    provides = (contracts.ObjectStore,)
    tiers = ("all", "platform")
    namespace = "seaweedfs"
    stateful = True
    essential_type = "helm.sh/v4:Chart"

    def __init__(self, name: str, args: SeaweedfsStoreArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:SeaweedfsStore", name, None, opts)
        self._name, self._args = name, args
        self._place = Place("seaweedfs", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        self._host = pulumi.Output.concat("seaweedfs-s3.", args.namespace, ".svc")
        self._servers = self._serve(self._secrets(), self._certificates())
        for part in ("master", "volume", "s3"):
            disruption_budget(f"{name}-budget-{part}", self._place, part, object_name=f"seaweedfs-{part}")
        if args.buckets:
            lines = [bucket_line(b, wanted.versioning, wanted.expire_seconds) for b, wanted in sorted(args.buckets.items())]
            self._run(f"{name}-buckets", "".join(lines), self._place.after(self._servers))
        self.register_outputs({})

    def _secrets(self) -> list[pulumi.Resource]:
        """The keys that sign requests between the servers, and the administrator's identity."""
        place, name = self._place, self._name
        keys = {key: password(f"{name}-{key}", place.opts, 40).result for key in ("volume-write", "filer-write", "filer-read")}
        user, key = (password(f"{name}-root-{part}", place.opts, n).result for part, n in (("user", 20), ("password", 40)))
        identities = pulumi.Output.concat(
            '{"identities":[{"name":"administrator","credentials":[{"accessKey":"', user, '","secretKey":"', key,
            '"}],"actions":["Admin","Read","Write","List","Tagging"]}]}',
        )  # fmt: skip
        return [
            secret(f"{name}-keys", place, keys, object_name=KEYS),
            secret(f"{name}-identities", place, {"seaweedfs_s3_config": identities}, object_name=IDENTITIES),
        ]

    def _certificates(self) -> list[pulumi.Resource]:
        place, name = self._place, self._name
        issuer, common_name = self._args.issuer, seaweedfs_values.COMMON_NAME
        server = certificate(
            f"{name}-certificate",
            place,
            issuer=issuer,
            names=[self._host, pulumi.Output.concat(self._host, ".cluster.local"), "seaweedfs-s3"],
            secret_name=SERVER,
            object_name="seaweedfs-s3",
        )
        among = certificate(
            f"{name}-internal",
            place,
            issuer=issuer,
            names=[common_name],
            secret_name=INTERNAL,
            object_name="seaweedfs-internal",
            more={"usages": ["digital signature", "key encipherment", "server auth", "client auth"]},
        )
        return [server, among]

    def _serve(self, secrets: Sequence[pulumi.Resource], certificates: Sequence[pulumi.Resource]) -> pulumi.Resource:
        args = self._args
        values = seaweedfs_values.chart_values(
            replicas=args.replicas,
            copies=args.copies,
            masters=args.masters,
            gateways=args.gateways,
            storage=args.storage,
            metadata_storage=args.metadata_storage,
            storage_class=args.storage_class,
            compute=args.compute,
            monitored=args.monitored,
            mirror=args.registry_mirror,
        )
        return chart.render(
            f"{self._name}-chart",
            CHART,
            values,
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            opts=self._place.after(*secrets, *certificates, transforms=[keep_servers] if args.protect else None),
        )

    def _run(self, name: str, script: str, opts: pulumi.ResourceOptions, grant: Grant | None = None) -> pulumi.Resource:
        space = pulumi.Output.from_input(self._args.namespace)
        return client_job(
            name,
            self._place,
            script,
            ref=image(CLIENT, self._args.registry_mirror),
            masters=space.apply(lambda at: seaweedfs_values.masters(self._args.masters, at)),
            filer=space.apply(seaweedfs_values.filer),
            opts=opts,
            grant=grant,
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
        )

    @staticmethod
    def wants(config: Seaweedfs) -> contracts.Wants:
        """Nothing."""
        return contracts.Wants()

    @staticmethod
    def plan(site: Site) -> SeaweedfsStoreArgs:
        """The spec as constructor arguments."""
        config: Seaweedfs = site.config
        certificates, metrics = site.contract(contracts.Certificates), site.maybe(contracts.Metrics)
        site.ready += [*certificates.ready, *(metrics.ready if metrics else ())]
        return SeaweedfsStoreArgs(
            namespace=site.namespace or SeaweedfsStore.namespace,
            labels=site.naming.labels("seaweedfs"),
            issuer=certificates.issuer,
            bundle=certificates.bundle,
            compute=Compute.of(config.resources),
            replicas=config.replicas,
            copies=min(config.copies, config.replicas),
            masters=config.masters,
            gateways=config.gateways,
            storage=config.storage,
            metadata_storage=config.metadata_storage,
            buckets={
                name: BucketArgs(b.versioning, duration_seconds(b.expire_after) if b.expire_after else 0)
                for name, b in config.buckets.items()
            },
            storage_class=config.storage_class or site.spec.cluster.storage_class,
            monitored=metrics is not None,
            protect=site.spec.environment is Environment.PROD,
            values=config.values,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
        )

    def contracts(self) -> Sequence[Any]:
        """ObjectStore."""
        endpoint = pulumi.Output.concat("https://", self._host, f":{PORT}")
        return [contracts.ObjectStore(endpoint=endpoint, region=REGION, grant=self._grant)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Where it is reached."""
        return {"endpoint": pulumi.Output.concat("https://", self._host, f":{PORT}"), "region": REGION}
