"""Data catalogue: OpenMetadata's chart on the stack's database, with an OpenSearch of its own."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi

from components.accesses import DatabaseAccess, Wants
from components.contracts import Catalog, Certificates, Database, Endpoint, Metrics
from components.kubernetes import chart, extend, objects, opensearch
from components.kubernetes.openmetadata_values import ADMIN, INDEX, KEYS, SIGNING, chart_values
from components.kubernetes.place import Compute, Place
from components.spec.data import Openmetadata
from components.spec.stack import Environment
from components.system import Site

CHART = chart.Pin("openmetadata", "1.13.1", "https://helm.open-metadata.org/", checked="2026-11-23")
PORT = 8585
DATABASE = "openmetadata"


@dataclass
class OpenMetadataArgs:
    """Arguments of OpenMetadata."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    database: DatabaseAccess
    engine: str
    """mysql or postgres."""
    issuer: str
    """ClusterIssuer of the index's certificate and of the signing key's."""
    replicas: int
    compute: Compute
    """Of one server."""
    search: Compute
    storage: str
    """Volume of the index in bytes."""
    domain: str
    storage_class: Optional[str] = None
    monitored: bool = False
    """Makes a ServiceMonitor."""
    protect: bool = False
    """Refuse to delete the index."""
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    values: Optional[dict[str, Any]] = None
    """Merged last into the chart's values."""


def told(args: OpenMetadataArgs) -> extend.Extension:
    """What server and migration are told of database and administrator."""
    found, access = extend.Extension(), args.database
    found.value(DB_HOST=access.host, DB_PORT=pulumi.Output.from_input(access.port).apply(str), OM_DATABASE=access.database)
    if access.secret is not None:
        found.secret(access.secret, DB_USER="username", DB_USER_PASSWORD="password")
    found.secret(ADMIN, AUTHORIZER_ADMIN_PRINCIPALS="principals")
    # the chart takes `enabled: false` for unset (templates/_helpers.tpl: `default true`), and names a Secret that nobody makes
    found.secret(KEYS, AIRFLOW_PASSWORD="airflow")
    if access.ca_config_map is not None:
        found.volumes.append({"name": "database-ca", "configMap": {"name": access.ca_config_map}})
    return found


class OpenMetadata(pulumi.ComponentResource):
    """OpenMetadata: tables, pipelines and models with their owners, lineage and quality, behind a login of its own.

    Creates one OpenSearch node with a generated password and a volume, a signing key of its own (an RSA certificate, key never
    changed) in place of the one that every image carries, Secrets with the generated administrator's password and Fernet key, and
    the chart: Deployment and Service `openmetadata`, port 8585. The administrator is admin@<domain>; nobody signs up.

    Source: chart openmetadata 1.13.1 (values.schema.json, templates), OpenMetadata's UserUtil.java (an administrator's first
    password comes as "name:password"). Limits: that password, and the index's, are taken at the first start only; ingestion by
    Airflow or Kubernetes jobs is off (the chart's pipeline client), as are the chart's two maintenance CronJobs.
    """

    needs = (Database, Certificates)
    optional = (Metrics,)
    provides = (Catalog,)
    tiers = ("all", "platform")
    namespace = "openmetadata"
    stateful = True
    essential_type = "helm.sh/v4:Chart"

    def __init__(self, name: str, args: OpenMetadataArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:OpenMetadata", name, None, opts)
        self._place = Place(
            "openmetadata", args.namespace, args.labels, pulumi.ResourceOptions(parent=self), args.registry_mirror
        )
        place = self._place
        index = opensearch.opensearch(
            f"{name}-index",
            place,
            object_name=INDEX,
            issuer=args.issuer,
            compute=args.search,
            storage=args.storage,
            storage_class=args.storage_class,
            protect=args.protect,
        )
        password = objects.password(f"{name}-admin-password", place.opts)
        admin: dict[str, pulumi.Input[str]] = {
            "username": f"admin@{args.domain}",
            "password": password.result,
            "principals": pulumi.Output.concat('["admin:', password.result, '"]'),
        }
        fernet = objects.password(f"{name}-fernet", place.opts)
        # 32 bytes in base64url; of a secret Output, so secret too
        key = fernet.result.apply(lambda text: base64.urlsafe_b64encode(text.encode()).decode())
        airflow = objects.password(f"{name}-airflow-password", place.opts)
        waits: list[pulumi.Resource] = [
            objects.secret(f"{name}-admin", place, admin, object_name=ADMIN),
            objects.secret(f"{name}-keys", place, {"fernet": key, "airflow": airflow.result}, object_name=KEYS),
            self._signing(name, args.issuer),
            index.server,
        ]
        extension = told(args)
        # what is read at start only
        extension.notes = {"mlops.dev/keys": objects.digest(fernet.result), "mlops.dev/index": index.changed}
        chart.render(
            f"{name}-chart",
            CHART,
            chart_values(
                engine=args.engine,
                private=args.database.ca_config_map is not None,
                replicas=args.replicas,
                compute=args.compute,
                domain=args.domain,
                monitored=args.monitored,
                mirror=args.registry_mirror,
            ),
            namespace=args.namespace,
            extra=args.values,
            mirror=args.chart_mirror,
            keep=False,
            opts=place.after(*waits, transforms=[extend.deployment("openmetadata", extension, init="run-db-migrations")]),
        )
        self._url = pulumi.Output.concat("http://openmetadata.", args.namespace, f".svc:{PORT}")
        self.register_outputs({})

    def _signing(self, name: str, issuer: str) -> pulumi.Resource:
        """The key that signs users' tokens: cert-manager makes it, the certificate around it is used by nobody."""
        spec = {
            "secretName": SIGNING,
            "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": issuer},
            "commonName": "openmetadata-signing",
            "duration": "2160h0m0s",
            "renewBefore": "720h0m0s",
            # tokens outlive renewals, so the key does not change; OpenMetadata reads RSA in PKCS#8
            "privateKey": {"algorithm": "RSA", "size": 2048, "encoding": "PKCS8", "rotationPolicy": "Never"},
            "usages": ["digital signature"],
        }
        return objects.custom(
            f"{name}-signing", self._place, objects.CERTIFICATE, spec, object_name=SIGNING, notes=objects.WAIT_READY
        )

    @staticmethod
    def wants(config: Openmetadata) -> Wants:
        """One database."""
        return Wants(databases=(DATABASE,))

    @staticmethod
    def plan(site: Site) -> OpenMetadataArgs:
        """Constructor arguments from the spec."""
        config: Openmetadata = site.config
        certificates, metrics = site.contract(Certificates), site.maybe(Metrics)
        site.ready += [*certificates.ready, *(metrics.ready if metrics else ())]
        return OpenMetadataArgs(
            namespace=site.namespace or OpenMetadata.namespace,
            labels=site.naming.labels("openmetadata"),
            database=site.databases[DATABASE],
            engine=site.contract(Database).engine,
            issuer=certificates.issuer,
            replicas=config.replicas,
            compute=Compute.of(config.resources),
            search=Compute.of(config.search),
            storage=config.storage,
            domain=site.spec.domain,
            storage_class=config.storage_class or site.spec.cluster.storage_class,
            monitored=metrics is not None,
            protect=site.spec.environment is Environment.PROD,
            registry_mirror=site.spec.registry_mirror,
            chart_mirror=site.spec.chart_mirror,
            values=config.values,
        )

    def contracts(self) -> Sequence[Catalog]:
        """Catalog."""
        return [Catalog(url=self._url)]

    def endpoints(self) -> Sequence[Endpoint]:
        """UI and API, which have a login of their own."""
        return [Endpoint("openmetadata", self._place.namespace, "openmetadata", PORT, login=False)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address, and where the administrator's password stands."""
        return {"url": self._url, "adminSecret": pulumi.Output.concat(self._place.namespace, f"/{ADMIN}")}
