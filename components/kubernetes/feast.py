"""Feature store: Feast's operator and one FeatureStore on the stack's database and object store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components.accesses import BucketAccess, DatabaseAccess, Wants
from components.contracts import Certificates, Database, Endpoint, FeatureStore, Metrics, ObjectStore
from components.kubernetes import chart, feast_store, manifests, objects
from components.kubernetes.feast_store import NAME, SERVICES, STORES, TLS
from components.kubernetes.place import Compute, Place, image
from components.spec.data import Feast
from components.system import Site

OPERATOR = manifests.Source(
    "feast-dev/feast",
    "1d5be950cf718a674cb01eaf0fd0ad6f0a4c6335",
    "infra/feast-operator/dist/install.yaml",
    checked="2026-11-23",
)
"""Tag v0.66.0. It brings a namespace of its own, feast-operator-system, and cluster roles."""
BUCKET = "features"
DATABASE = "feast"


def adjusted(mirror: str | None) -> Any:
    """Resource transform of the operator's Deployment: images behind the mirror, seccomp RuntimeDefault."""

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ != "kubernetes:apps/v1:Deployment":
            return None
        spec: Any = args.props["spec"]
        pod = spec["template"]["spec"]
        containers = [
            {
                **container,
                "image": image(container["image"], mirror),
                "env": [
                    {**entry, "value": image(entry["value"], mirror)} if entry["name"].startswith("RELATED_IMAGE_") else entry
                    for entry in container.get("env") or []
                ],
            }
            for container in pod["containers"]
        ]
        security = {"seccompProfile": {"type": "RuntimeDefault"}, **(pod.get("securityContext") or {})}
        changed = {**spec["template"], "spec": {**pod, "containers": containers, "securityContext": security}}
        return pulumi.ResourceTransformResult(props={**args.props, "spec": {**spec, "template": changed}}, opts=args.opts)

    return transform


@dataclass
class FeastStoreArgs:
    """What the store stands on; accesses are grants made ahead."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    database: DatabaseAccess
    engine: str
    """mysql or postgres."""
    bucket: BucketAccess
    issuer: str
    """ClusterIssuer of the servers' certificate."""
    project: str
    schedule: str
    """Cron expression of the materialization, UTC."""
    compute: Compute
    """Of the online server."""
    repository: Optional[str] = None
    """Git repository of the definitions; Feast's own sample if unset."""
    ref: Optional[str] = None
    path: Optional[str] = None
    monitored: bool = False
    """Exposes metrics; the operator makes the ServiceMonitor."""
    keep_crds: bool = True
    values: Optional[dict[str, Any]] = None
    """Merged last into the spec of the FeatureStore."""
    registry_mirror: Optional[str] = None
    manifest_mirror: Optional[str] = None


class FeastStore(pulumi.ComponentResource):
    """Feast: registry and online store in the database, offline files in a bucket, materialized on a schedule.

    Creates the operator (its own manifest, at a pinned commit), Secret `feast-stores` with the stores' settings, a certificate
    and FeatureStore `features`. The operator makes Deployment `feast-features` (registry, online and offline server, UI), a
    Service each (HTTPS), ConfigMap `feast-features-client` with a client's feature_store.yaml, and CronJob `feast-features`
    (feast apply, feast materialize-incremental). Servers ask for a Kubernetes token and know the roles feast-reader and
    feast-writer. Definitions name their files below $FEAST_BUCKET.

    Source: feast v0.66.0 (infra/feast-operator: dist/install.yaml, config/samples, internal/controller/services). Limits: one
    pod, for the operator scales only where the offline store is a database too; Feast's MySQL online store passes no CA, so that
    connection is encrypted but does not verify the server (PyMySQL 1.2.0's default); the operator's containers have no security
    context of their own, so the namespace is `baseline`; the repository is cloned without credentials; the operator holds
    cluster roles.
    """

    needs = (Database, ObjectStore, Certificates)
    optional = (Metrics,)
    provides = (FeatureStore,)
    tiers = ("all", "platform")
    namespace = "feast"
    security = "baseline"
    internet = True
    essential_type = "feast.dev/v1:FeatureStore"

    def __init__(self, name: str, args: FeastStoreArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:FeastStore", name, None, opts)
        self._place = Place("feast", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
        place, mirror = self._place, args.registry_mirror
        transforms = [adjusted(mirror), *([chart.keep_crds] if args.keep_crds else [])]
        operator = manifests.render(
            f"{name}-operator", OPERATOR, mirror=args.manifest_mirror, opts=place.after(transforms=transforms)
        )
        settings = objects.secret(f"{name}-stores", place, feast_store.stores(args.database, args.engine), object_name=STORES)
        hosts = [pulumi.Output.concat(f"feast-{NAME}-{service}.", args.namespace, ".svc") for service in SERVICES]
        tls = objects.certificate(
            f"{name}-certificate",
            place,
            issuer=args.issuer,
            names=[*hosts, *(pulumi.Output.concat(host, ".cluster.local") for host in hosts)],
            secret_name=TLS,
            object_name="feast",
        )
        spec = feast_store.store_spec(
            args.project,
            feast_store.directory(args.repository, args.ref, args.path),
            args.engine,
            args.schedule,
            args.compute,
            image(feast_store.SERVER, mirror),
            image(feast_store.CLI, mirror),
            args.monitored,
            feast_store.surroundings(args.database, args.bucket),
        )
        objects.custom(
            f"{name}-store",
            place,
            feast_store.STORE,
            chart.merge(spec, args.values or {}),
            object_name=NAME,
            notes={"pulumi.com/waitFor": "jsonpath={.status.phase}=Ready", "pulumi.com/timeoutSeconds": "900"},
            opts=place.after(operator, settings, tls),
        )
        self._url = pulumi.Output.concat("https://", hosts[0])
        self.register_outputs({})

    @staticmethod
    def wants(config: Feast) -> Wants:
        """One database for registry and online store, one bucket for offline files."""
        return Wants(databases=(DATABASE,), buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> FeastStoreArgs:
        """Constructor arguments from the spec."""
        config: Feast = site.config
        certificates, metrics = site.contract(Certificates), site.maybe(Metrics)
        site.ready += [*certificates.ready, *(metrics.ready if metrics else ())]
        return FeastStoreArgs(
            namespace=site.namespace or FeastStore.namespace,
            labels=site.naming.labels("feast"),
            database=site.databases[DATABASE],
            engine=site.contract(Database).engine,
            bucket=site.buckets[BUCKET],
            issuer=certificates.issuer,
            project=config.project,
            schedule=config.schedule,
            compute=Compute.of(config.resources),
            repository=config.repository,
            ref=config.ref,
            path=config.path,
            monitored=metrics is not None,
            keep_crds=site.spec.operators.keep_crds,
            values=config.values,
            registry_mirror=site.spec.registry_mirror,
            manifest_mirror=site.spec.manifest_mirror,
        )

    def contracts(self) -> Sequence[FeatureStore]:
        """FeatureStore, with a client's settings."""
        return [FeatureStore(url=self._url, config_map=f"feast-{NAME}-client")]

    def endpoints(self) -> Sequence[Endpoint]:
        """The UI, behind the single sign-on."""
        return [Endpoint("feast", self._place.namespace, f"feast-{NAME}-ui", 443, scheme="https")]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address of the online server, and the ConfigMap of clients."""
        return {"url": self._url, "clientConfigMap": pulumi.Output.concat(self._place.namespace, f"/feast-{NAME}-client")}
