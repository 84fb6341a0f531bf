"""The Deployments of Kubeflow Pipelines, and what they are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

import pulumi
from pulumi_kubernetes import core

from components import contracts
from components.kubernetes import extend, objects, workload
from components.kubernetes import kubeflow_config as config
from components.kubernetes.kubeflow_notebooks import NotebookArgs
from components.kubernetes.place import Compute, Image, Place, content_hash, image

METADATA_STORE = Image("gcr.io/tfx-oss-public/ml_metadata_store_server", "1.14.0", "2026-11-23")
PARTS = ("api-server", "persistence-agent", "scheduled-workflow-controller", "frontend", "metadata-envoy", "driver", "launcher")
"""Images ghcr.io/kubeflow/kfp-<part> of one version."""


@dataclass
class KubeflowPlatformArgs:
    """What the pipelines stand on; accesses are grants made ahead."""

    namespace: pulumi.Input[str]
    labels: dict[str, str]
    pipelines: contracts.DatabaseAccess
    """Pipelines, versions and runs."""
    metadata: contracts.DatabaseAccess
    """Executions and artifacts (ML Metadata)."""
    artifacts: contracts.BucketAccess
    replicas: int
    compute: Compute
    """Of one API server."""
    agent_compute: Compute
    """Of each of the others."""
    keep_seconds: int
    """A finished run's objects stay in the cluster for as long; its records do not go."""
    runtimes: dict[str, str]
    """Images of PyTorch by the name that trainings know them by; none: no Trainer."""
    argo_crds: bool = True
    """Brings Argo's CRDs; off where Argo Workflows of this stack does."""
    notebooks: Optional[dict[str, NotebookArgs]] = None
    """By name; without them no notebook controller."""
    storage_class: Optional[str] = None
    """Of the notebooks' home volumes."""
    protect: bool = False
    """Of those volumes."""
    issuer: Optional[str] = None
    """ClusterIssuer that also signed the object store's certificate."""
    bundle: Optional[str] = None
    """ConfigMap with the CA bundle that trusts it."""
    monitored: bool = False
    keep_crds: bool = True
    registry_mirror: Optional[str] = None
    chart_mirror: Optional[str] = None
    manifest_mirror: Optional[str] = None
    """Where upstream's custom resource definition lies."""
    values: Optional[dict[str, Any]] = None
    """Merged last into the values of the workflow controller's chart."""


class Parts:
    """The parts of one installation, each made by its method; those that wait are given what for."""

    def __init__(self, name: str, place: Place, args: KubeflowPlatformArgs):
        self.name, self.place, self.args = name, place, args
        self.images = {part: image(f"ghcr.io/kubeflow/kfp-{part}:{config.VERSION}", args.registry_mirror) for part in PARTS}

    def _login(self, access: contracts.DatabaseAccess, user: str, password: str) -> dict[str, tuple[pulumi.Input[str], str]]:
        if access.secret is None:
            return {}
        return {user: (access.secret, "username"), password: (access.secret, "password")}

    def _keys(self, key: str, secret: str) -> dict[str, tuple[pulumi.Input[str], str]]:
        store = self.args.artifacts
        if store.secret is None:
            return {}
        return {key: (store.secret, "AWS_ACCESS_KEY_ID"), secret: (store.secret, "AWS_SECRET_ACCESS_KEY")}

    def _trusted(self, *, database: bool = False, store: bool = False) -> tuple[dict[str, str], list[core.v1.VolumeArgs]]:
        """Mounts and volumes of the CA bundles."""
        args, mounts, volumes = self.args, dict[str, str](), list[core.v1.VolumeArgs]()
        if database and args.pipelines.ca_config_map is not None:
            mounts[extend.CA_PATH] = "database-ca"
            volumes.append(workload.config_volume("database-ca", args.pipelines.ca_config_map))
        if store and args.artifacts.ca_config_map is not None:
            mounts[config.STORE_CA] = "store-ca"
            volumes.append(workload.config_volume("store-ca", args.artifacts.ca_config_map))
        return mounts, volumes

    def _deploy(
        self,
        part: str,
        container: core.v1.ContainerArgs,
        waits: Sequence[pulumi.Resource],
        ports: Mapping[str, int],
        *,
        replicas: int = 1,
        account: str | None = None,
        volumes: Sequence[core.v1.VolumeArgs] = (),
        notes: Mapping[str, pulumi.Input[str]] | None = None,
        service: str = "",
    ) -> pulumi.Resource:
        """A Deployment of one container, and its Service where it has ports."""
        place, name = self.place, f"{self.name}-{part}"
        if ports:
            objects.service(f"{name}-service", place, part, ports, object_name=service or part)
        token = account is not None
        template = workload.pod(place, part, [container], account=account, token=token, volumes=volumes, notes=notes)
        if replicas > 1:
            objects.disruption_budget(f"{name}-budget", place, part, object_name=part)
        return workload.deployment(name, place, part, template, replicas=replicas, object_name=part, opts=place.after(*waits))

    def metadata(self) -> pulumi.Resource:
        """ML Metadata over its own database, and the proxy by which the page in the browser reaches it."""
        args = self.args
        access = args.metadata
        mounts, volumes = self._trusted(database=True)
        probe = core.v1.ProbeArgs(tcp_socket=core.v1.TCPSocketActionArgs(port="grpc"), period_seconds=10, timeout_seconds=5)
        store = workload.container(
            "server",
            image(METADATA_STORE, args.registry_mirror),
            args.agent_compute,
            command=["/bin/sh", "-c", config.METADATA_SERVER],
            env={
                "DB_HOST": access.host,
                "DB_PORT": pulumi.Output.from_input(access.port).apply(str),
                "DB_NAME": access.database,
                "DB_CA": f"{extend.CA_PATH}/ca.crt" if access.ca_config_map is not None else extend.SYSTEM_CA,
            },
            secrets=self._login(access, "DB_USERNAME", "DB_PASSWORD"),
            ports={"grpc": config.METADATA},
            mounts=mounts,
            ready=probe,
            live=probe,
        )
        made = self._deploy(
            "metadata-grpc", store, [], {"grpc": config.METADATA}, volumes=volumes, service="metadata-grpc-service"
        )
        document = pulumi.Output.json_dumps(config.envoy(), sort_keys=True)
        settings = objects.config_map(
            f"{self.name}-envoy", self.place, {"envoy-config.yaml": document}, object_name="metadata-envoy-configmap"
        )
        ready = core.v1.ProbeArgs(tcp_socket=core.v1.TCPSocketActionArgs(port="web"), period_seconds=10, timeout_seconds=5)
        proxy = workload.container(
            "envoy",
            self.images["metadata-envoy"],
            args.agent_compute,
            args=["/etc/envoy/envoy-config.yaml"],
            ports={"web": config.ENVOY},
            mounts={"/etc/envoy": "settings"},
            ready=ready,
            live=ready,
        )
        self._deploy(
            "metadata-envoy",
            proxy,
            [settings],
            {"web": config.ENVOY},
            volumes=[workload.config_volume("settings", settings.metadata.name)],
            notes={"mlops.dev/settings": content_hash(config.envoy())},
            service="metadata-envoy-service",
        )
        return made

    def api(self, waits: Sequence[pulumi.Resource]) -> pulumi.Resource:
        """The API server, and what steps are told of the bucket."""
        args = self.args
        found = objects.config_map(
            f"{self.name}-launcher", self.place, config.launcher(args.artifacts), object_name="kfp-launcher"
        )
        mounts, volumes = self._trusted(database=True, store=True)
        health = workload.http("/apis/v1beta1/healthz", "http")
        server = workload.container(
            "ml-pipeline-api-server",
            self.images["api-server"],
            args.compute,
            env=config.server(args.namespace, args.pipelines, args.artifacts, self.images),
            secrets={
                **self._login(args.pipelines, "DBCONFIG_MYSQLCONFIG_USER", "DBCONFIG_MYSQLCONFIG_PASSWORD"),
                **self._keys("OBJECTSTORECONFIG_ACCESSKEY", "OBJECTSTORECONFIG_SECRETACCESSKEY"),
            },
            ports={"http": config.API, "grpc": config.GRPC},
            mounts=mounts,
            ready=health,
            live=health,
            start=workload.http("/apis/v1beta1/healthz", "http", failures=60),
        )
        return self._deploy(
            "ml-pipeline",
            server,
            [*waits, found],
            {"http": config.API, "grpc": config.GRPC},
            replicas=args.replicas,
            account="ml-pipeline",
            volumes=volumes,
        )

    def agent(self, part: str, program: str, waits: Sequence[pulumi.Resource]) -> None:
        """What watches the cluster on the API server's behalf; it shows a token made for that server."""
        args = self.args
        token = core.v1.ServiceAccountTokenProjectionArgs(
            path=f"{part.removeprefix('ml-pipeline-')}-sa-token", expiration_seconds=3600, audience="pipelines.kubeflow.org"
        )
        source = core.v1.ProjectedVolumeSourceArgs(sources=[core.v1.VolumeProjectionArgs(service_account_token=token)])
        container = workload.container(
            part,
            self.images[program],
            args.agent_compute,
            env={
                "NAMESPACE": args.namespace,
                "LOG_LEVEL": "info",
                **(
                    {"TTL_SECONDS_AFTER_WORKFLOW_FINISH": str(args.keep_seconds), "NUM_WORKERS": "2"}
                    if program == PARTS[1]
                    else {}
                ),
                **({"CRON_SCHEDULE_TIMEZONE": "UTC"} if program == PARTS[2] else {}),
            },
            mounts={"/var/run/secrets/kubeflow/tokens": "token"},
        )
        self._deploy(part, container, waits, {}, account=part, volumes=[core.v1.VolumeArgs(name="token", projected=source)])

    def interface(self, waits: Sequence[pulumi.Resource]) -> None:
        """The user interface."""
        args = self.args
        mounts, volumes = self._trusted(store=True)
        health = workload.http("/apis/v1beta1/healthz", "http")
        page = workload.container(
            "ml-pipeline-ui",
            self.images["frontend"],
            args.agent_compute,
            env={**config.interface(args.artifacts), "FRONTEND_SERVER_NAMESPACE": args.namespace},
            secrets=self._keys("MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"),
            ports={"http": config.UI},
            mounts=mounts,
            ready=health,
            live=health,
        )
        ports, copies = {"http": config.UI}, args.replicas
        self._deploy("ml-pipeline-ui", page, waits, ports, replicas=copies, account="ml-pipeline-ui", volumes=volumes)
