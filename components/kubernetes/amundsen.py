"""Data catalogue: Amundsen's three services as workloads of our own, on Neo4j and OpenSearch of its own (retired upstream)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

import pulumi
from pulumi_kubernetes import core

from components.contracts import Catalog, Certificates, Endpoint, Wants
from components.kubernetes import objects, opensearch, workload
from components.kubernetes.neo4j import BOLT, neo4j
from components.kubernetes.place import Compute, Image, Place, image
from components.spec.data import Amundsen
from components.spec.stack import Environment
from components.system import Site

RETIRED = {"mlops.dev/upstream": "retired"}
"""Label by which the policy pack finds a workload whose upstream is retired."""
IMAGES = {
    "search": Image("docker.io/amundsendev/amundsen-search", "4.0.2", "2026-11-23"),
    "metadata": Image("docker.io/amundsendev/amundsen-metadata", "3.11.0", "2026-11-23"),
    "frontend": Image("docker.io/amundsendev/amundsen-frontend", "4.2.0", "2026-11-23"),
}
"""As docker-amundsen.yml of amundsen-io/amundsen names them (commit 2a6ba5803e48, its last); digests unverified."""
MODULES = {
    "search": "search_service.search_wsgi",
    "metadata": "metadata_service.metadata_wsgi",
    "frontend": "amundsen_application.wsgi",
}
PORT = 5000
GRAPH = "amundsen-graph"
INDEX = "amundsen-index"


@dataclass
class IngestionArgs:
    """One databuilder job."""

    image: str
    command: list[str]
    schedule: str
    compute: Compute


@dataclass
class AmundsenCatalogArgs:
    """Arguments of AmundsenCatalog."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    issuer: str
    """ClusterIssuer of the index's certificate."""
    replicas: int
    compute: Compute
    """Of one service."""
    graph: Compute
    search: Compute
    storage: str
    """Volume of the graph, and of the index, in bytes."""
    domain: str
    ingestion: dict[str, IngestionArgs]
    storage_class: Optional[str] = None
    protect: bool = False
    """Refuse to delete graph and index, and leave them when the stack goes."""
    registry_mirror: Optional[str] = None
    environment: Optional[dict[str, str]] = None
    """Further variables of the three services: the stack file's `values:`."""


class AmundsenCatalog(pulumi.ComponentResource):
    """Amundsen: search for tables, dashboards and people, over a graph of metadata that jobs of yours fill.

    Creates Neo4j and OpenSearch (a StatefulSet with a volume and a generated password each), Deployments and Services of
    amundsen-metadata, -search and -frontend after them, ConfigMap `amundsen-databuilder` with the addresses that
    databuilder jobs read, and a CronJob for each declared one, which also gets the credentials.

    Source: amundsen-io/amundsen at its last commit (docker-amundsen.yml, metadata_service/config.py, search_service/config.py,
    amundsen_application/config.py). Retired: LF AI & Data archived it on 2026-09-01; OpenMetadata takes its place. Limits: no
    login of its own, so the single sign-on stands in front and everybody behind it is the same user; Neo4j 3.5 writes into its
    root filesystem; graph and index are plain inside the namespace, fenced by password and NetworkPolicy; upstream publishes no
    image of databuilder.
    """

    needs = (Certificates,)
    optional = ()
    provides = (Catalog,)
    tiers = ("all", "platform")
    namespace = "amundsen"
    stateful = True
    essential_type = "apps/v1:Deployment"

    def __init__(self, name: str, args: AmundsenCatalogArgs, opts: Optional[pulumi.ResourceOptions] = None):
        super().__init__("mlops:index:AmundsenCatalog", name, None, opts)
        self._name, self._args = name, args
        labels = {**args.labels, **RETIRED}
        self._place = Place("amundsen", args.namespace, labels, pulumi.ResourceOptions(parent=self), args.registry_mirror)
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
        password = objects.password(f"{name}-graph-password", place.opts)
        graph_keys: dict[str, pulumi.Input[str]] = {
            "username": "neo4j",
            "password": password.result,
            "auth": pulumi.Output.concat("neo4j/", password.result),
        }
        self._graph_secret = objects.secret(f"{name}-graph-secret", place, graph_keys, object_name=f"{GRAPH}-admin")
        self._index = index
        self._account = objects.service_account(f"{name}-account", place, object_name="amundsen")
        changed = objects.digest(password.result)
        graph = neo4j(
            f"{name}-graph",
            place,
            object_name=GRAPH,
            account=self._account,
            secret=self._graph_secret,
            changed=changed,
            compute=args.graph,
            storage=args.storage,
            storage_class=args.storage_class,
            protect=args.protect,
        )
        metadata = self._service("metadata", self._graph_env(), {"mlops.dev/graph": changed}, [graph])
        search = self._service("search", self._index_env(), {"mlops.dev/index": index.changed}, [index.server])
        base = {part: f"http://amundsen-{part}:{PORT}" for part in ("search", "metadata")}
        front: dict[str, pulumi.Input[str]] = {
            "SEARCHSERVICE_BASE": base["search"],
            "METADATASERVICE_BASE": base["metadata"],
            "FRONTEND_BASE": f"https://amundsen.{args.domain}",
        }
        self._service("frontend", (front, {}), {}, [metadata, search])
        self._ingest(graph)
        self._url = pulumi.Output.concat("http://amundsen-frontend.", args.namespace, f".svc:{PORT}")
        self.register_outputs({})

    @staticmethod
    def wants(config: Amundsen) -> Wants:
        """Nothing: its graph and index are its own."""
        return Wants()

    @staticmethod
    def plan(site: Site) -> AmundsenCatalogArgs:
        """Constructor arguments from the spec."""
        config: Amundsen = site.config
        certificates = site.contract(Certificates)
        site.ready += certificates.ready
        mirror = site.spec.registry_mirror
        return AmundsenCatalogArgs(
            namespace=site.namespace or AmundsenCatalog.namespace,
            labels=site.naming.labels("amundsen"),
            issuer=certificates.issuer,
            replicas=config.replicas,
            compute=Compute.of(config.resources),
            graph=Compute.of(config.graph),
            search=Compute.of(config.search),
            storage=config.storage,
            domain=site.spec.domain,
            ingestion={
                name: IngestionArgs(image(job.image, mirror), list(job.command), job.schedule, Compute.of(job.resources))
                for name, job in config.ingestion.items()
            },
            storage_class=config.storage_class or site.spec.cluster.storage_class,
            protect=site.spec.environment is Environment.PROD,
            registry_mirror=mirror,
            environment={key: str(value) for key, value in config.values.items()},
        )

    def contracts(self) -> Sequence[Catalog]:
        """Catalog."""
        return [Catalog(url=self._url)]

    def endpoints(self) -> Sequence[Endpoint]:
        """The frontend, behind the single sign-on."""
        return [Endpoint("amundsen", self._place.namespace, "amundsen-frontend", PORT)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address, and where databuilder jobs find theirs."""
        return {"url": self._url, "ingestionConfigMap": pulumi.Output.concat(self._place.namespace, "/amundsen-databuilder")}

    def _graph_env(self) -> tuple[dict[str, pulumi.Input[str]], dict[str, tuple[pulumi.Input[str], str]]]:
        name = self._graph_secret.metadata.name
        plain: dict[str, pulumi.Input[str]] = {
            "PROXY_HOST": f"bolt://{GRAPH}",
            "PROXY_PORT": str(BOLT),
            "PROXY_ENCRYPTED": "False",
        }
        return plain, {
            "CREDENTIALS_PROXY_USER": (name, "username"),
            "CREDENTIALS_PROXY_PASSWORD": (name, "password"),
        }

    def _index_env(self) -> tuple[dict[str, pulumi.Input[str]], dict[str, tuple[pulumi.Input[str], str]]]:
        name = self._index.secret.metadata.name
        return {"PROXY_ENDPOINT": f"http://{INDEX}:{opensearch.PORT}"}, {
            "CREDENTIALS_PROXY_USER": (name, "username"),
            "CREDENTIALS_PROXY_PASSWORD": (name, "password"),
        }

    def _service(
        self,
        part: str,
        variables: tuple[Mapping[str, pulumi.Input[str]], Mapping[str, tuple[pulumi.Input[str], str]]],
        notes: Mapping[str, pulumi.Input[str]],
        waits: Sequence[pulumi.Resource],
    ) -> pulumi.Resource:
        """One of Amundsen's services: gunicorn on port 5000, behind a Service of its name."""
        name, args, place = self._name, self._args, self._place
        plain, secret = variables
        objects.service(f"{name}-{part}-service", place, part, {"http": PORT}, object_name=f"amundsen-{part}")
        container = workload.container(
            part,
            image(IMAGES[part], args.registry_mirror),
            args.compute,
            command=["gunicorn", "--workers", "2", "--worker-tmp-dir", "/tmp", "--bind", f":{PORT}", MODULES[part]],
            env={**plain, "HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1", **(args.environment or {})},
            secrets=secret,
            ports={"http": PORT},
            ready=workload.http("/healthcheck", "http"),
            live=core.v1.ProbeArgs(tcp_socket=core.v1.TCPSocketActionArgs(port="http"), period_seconds=30, failure_threshold=3),
            start=core.v1.ProbeArgs(tcp_socket=core.v1.TCPSocketActionArgs(port="http"), period_seconds=10, failure_threshold=30),
        )
        objects.disruption_budget(f"{name}-{part}-budget", place, part, object_name=f"amundsen-{part}")
        return workload.deployment(
            f"{name}-{part}",
            place,
            part,
            workload.pod(place, part, [container], account="amundsen", notes=notes),
            replicas=args.replicas,
            object_name=f"amundsen-{part}",
            opts=place.after(self._account, *waits),
        )

    def _ingest(self, graph: pulumi.Resource) -> None:
        """Addresses for databuilder jobs, under the names that its own scripts read, and the declared jobs."""
        name, args, place = self._name, self._args, self._place
        addresses: dict[str, pulumi.Input[str]] = {
            "CREDENTIALS_NEO4J_PROXY_HOST": pulumi.Output.concat(f"{GRAPH}.", args.namespace, ".svc"),
            "CREDENTIALS_NEO4J_PROXY_PORT": str(BOLT),
            "CREDENTIALS_ELASTICSEARCH_PROXY_HOST": self._index.host,
            "CREDENTIALS_ELASTICSEARCH_PROXY_PORT": str(opensearch.PORT),
        }
        objects.config_map(f"{name}-databuilder", place, addresses, object_name="amundsen-databuilder")
        graph_secret, index_secret = self._graph_secret.metadata.name, self._index.secret.metadata.name
        for job, wanted in args.ingestion.items():
            container = workload.container(
                "databuilder",
                wanted.image,
                wanted.compute,
                command=wanted.command,
                env={**addresses, "HOME": "/tmp"},
                secrets={
                    "NEO4J_USER": (graph_secret, "username"),
                    "NEO4J_PASSWORD": (graph_secret, "password"),
                    "ELASTICSEARCH_USER": (index_secret, "username"),
                    "ELASTICSEARCH_PASSWORD": (index_secret, "password"),
                },
            )
            workload.cron_job(
                f"{name}-ingestion-{job}",
                place,
                "ingestion",
                workload.pod(place, "ingestion", [container], account="amundsen", once=True),
                schedule=wanted.schedule,
                object_name=f"amundsen-{job}",
                opts=place.after(graph, self._index.server),
            )
