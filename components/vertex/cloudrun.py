"""A web application of ours on Cloud Run: inside the network, encrypted, asked by IAM, beside a proxy to its database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.contracts import DatabaseAccess, Network
from components.spec.base import Resources, quantity_value
from components.system import Site
from components.vertex.names import RUN, dns

PROXY = "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.26.0"
"""Release of 2026-09-28, read in its release list on 2026-11-23; digest unverified."""
PROXY_HEALTH = 9801
PORT = 8080
OWN = ("-docker.pkg.dev", "gcr.io")
"""Hosts that Cloud Run pulls from by itself."""
INTERNAL = "INGRESS_TRAFFIC_INTERNAL_ONLY"


@dataclass
class RunPlaceArgs:
    """Where a service runs and as whom."""

    service_name: str
    """At most 49 characters."""
    account: pulumi.Input[str]
    """E-mail of its own service account."""
    project: pulumi.Input[str]
    region: str
    network_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[list[str]]
    tag: pulumi.Input[str]
    """Network tag of the platform's members."""
    kms_key: pulumi.Input[str]
    """Key of the deployed image and its copies."""
    production: bool
    """Deletion protection."""
    mirror: str
    """Registry host (and path) that images are pulled through; empty for a remote repository of its own."""
    cpu: str
    """Cores of an instance: 1, 2, 4 or 8."""
    memory: str
    """Memory of an instance, as "2Gi"."""
    replicas: int
    """Instances at most."""


def place(site: Site, resources: Resources, replicas: int) -> RunPlaceArgs:
    """From the stack's network and the system's own resources, rounded up to what Cloud Run has. RunError without an account."""
    network = site.contract(Network)
    if site.role is None:
        raise pulumi.RunError(f"{site.key}: the landing gave no service account")
    memory = max(1, round(quantity_value(resources.memory) / 2**30 + 0.49))
    cpu = next((size for size in (1, 2, 4, 8) if size >= quantity_value(resources.cpu) and memory <= 4 * size), 8)
    return RunPlaceArgs(
        service_name=dns(f"{site.stack.name}-{site.key}", RUN),
        account=site.role,
        project=network.account_id,
        region=network.region,
        network_id=network.network_id,
        subnet_ids=network.subnet_ids.apply(list),
        tag=network.security_group_id,
        kms_key=network.kms_key,
        production=site.spec.environment == "prod",
        mirror=site.spec.registry_mirror or "",
        cpu=str(cpu),
        memory=f"{memory}Gi",
        replicas=replicas,
    )


def pulled(name: str, image: str, args: RunPlaceArgs, opts: pulumi.ResourceOptions, noun: str = "images") -> pulumi.Output[str]:
    """The reference under which Cloud Run pulls `image` (host/path:tag).

    Cloud Run takes images from Artifact Registry alone (and gcr.io and Docker Hub), so the image comes through a remote
    repository there (`<service>-<noun>`), scanned and encrypted with our key, or through the stack's own mirror.
    """
    host, _, path = image.partition("/")
    if host.endswith(OWN):
        return pulumi.Output.from_input(image)
    if args.mirror:
        return pulumi.Output.from_input(f"{args.mirror.rstrip('/')}/{path}")
    repository = gcp.artifactregistry.Repository(
        f"{name}-{noun}",
        repository_id=dns(f"{args.service_name}-{noun}", 63),
        project=args.project,
        location=args.region,
        format="DOCKER",
        mode="REMOTE_REPOSITORY",
        description=f"Images of {host} as Cloud Run pulls them",
        kms_key_name=args.kms_key,
        remote_repository_config=gcp.artifactregistry.RepositoryRemoteRepositoryConfigArgs(
            description=host,
            docker_repository=gcp.artifactregistry.RepositoryRemoteRepositoryConfigDockerRepositoryArgs(
                custom_repository=gcp.artifactregistry.RepositoryRemoteRepositoryConfigDockerRepositoryCustomRepositoryArgs(
                    uri=f"https://{'registry-1.docker.io' if host == 'docker.io' else host}"
                )
            ),
        ),
        vulnerability_scanning_config=gcp.artifactregistry.RepositoryVulnerabilityScanningConfigArgs(
            enablement_config="INHERITED"
        ),
        opts=opts,
    )
    return pulumi.Output.format("{0}-docker.pkg.dev/{1}/{2}/{3}", args.region, args.project, repository.repository_id, path)


def proxy(database: DatabaseAccess, mirror: str) -> gcp.cloudrunv2.ServiceTemplateContainerArgs:
    """The Cloud SQL Auth Proxy beside an application: it logs in as the service account, over the private address and TLS.

    Source: Cloud SQL Auth Proxy README ("Automatic IAM Authentication", "Health checks"), Cloud Run "Deploy sidecars".
    """
    arguments = ["--auto-iam-authn", "--private-ip", "--structured-logs", "--health-check", "--http-address=0.0.0.0"]
    image = f"{mirror.rstrip('/')}/{PROXY.partition('/')[2]}" if mirror else PROXY
    return gcp.cloudrunv2.ServiceTemplateContainerArgs(
        name="database",
        image=image,
        args=[*arguments, f"--http-port={PROXY_HEALTH}", pulumi.Output.format("--port={0}", database.port), database.host],
        resources=gcp.cloudrunv2.ServiceTemplateContainerResourcesArgs(limits={"cpu": "1", "memory": "512Mi"}),
        startup_probe=gcp.cloudrunv2.ServiceTemplateContainerStartupProbeArgs(
            http_get=gcp.cloudrunv2.ServiceTemplateContainerStartupProbeHttpGetArgs(path="/startup", port=PROXY_HEALTH),
            period_seconds=5,
            failure_threshold=24,
        ),
    )


def application(
    image: pulumi.Input[str],
    args: RunPlaceArgs,
    *,
    command: Sequence[str] = (),
    arguments: Sequence[pulumi.Input[str]] = (),
    environment: Mapping[str, pulumi.Input[str]],
    health: str,
    mounts: Mapping[str, str],
    port: int = PORT,
    beside: Sequence[str] = ("database",),
    gpus: int = 0,
) -> gcp.cloudrunv2.ServiceTemplateContainerArgs:
    """The container that answers on `port`, after those `beside` it; `mounts` gives volumes by their path."""
    return gcp.cloudrunv2.ServiceTemplateContainerArgs(
        name="application",
        image=image,
        commands=list(command) or None,
        args=list(arguments) or None,
        depends_ons=list(beside) or None,
        ports=gcp.cloudrunv2.ServiceTemplateContainerPortsArgs(container_port=port),
        envs=[gcp.cloudrunv2.ServiceTemplateContainerEnvArgs(name=key, value=value) for key, value in environment.items()],
        resources=gcp.cloudrunv2.ServiceTemplateContainerResourcesArgs(
            limits={"cpu": args.cpu, "memory": args.memory, **({"nvidia.com/gpu": str(gpus)} if gpus else {})},
            # a GPU is there for as long as its instance
            cpu_idle=not gpus,
            startup_cpu_boost=True,
        ),
        volume_mounts=[
            gcp.cloudrunv2.ServiceTemplateContainerVolumeMountArgs(mount_path=path, name=volume)
            for path, volume in mounts.items()
        ],
        startup_probe=gcp.cloudrunv2.ServiceTemplateContainerStartupProbeArgs(
            http_get=gcp.cloudrunv2.ServiceTemplateContainerStartupProbeHttpGetArgs(path=health, port=port),
            period_seconds=5,
            failure_threshold=60,
        ),
    )


def service(
    name: str,
    args: RunPlaceArgs,
    containers: Sequence[gcp.cloudrunv2.ServiceTemplateContainerArgs],
    opts: pulumi.ResourceOptions,
    *,
    volumes: Sequence[gcp.cloudrunv2.ServiceTemplateVolumeArgs] = (),
    iap: bool = False,
    least: int = 1,
    gpu: str = "",
    suffix: str = "",
) -> gcp.cloudrunv2.Service:
    """A service that answers callers of the network alone, and of those only whom IAM (or, with `iap`, IAP) lets in.

    `least` instances always stand; `gpu` names an accelerator of Cloud Run's; `suffix` ends the name of one of several services.

    Source: Cloud Run, "Restrict network ingress", "Direct VPC egress", "Customer managed encryption keys".
    """
    subnets = pulumi.Output.from_input(args.subnet_ids)
    keep = pulumi.ResourceOptions(protect=args.production or None)
    return gcp.cloudrunv2.Service(
        name,
        name=dns(f"{args.service_name}-{suffix}", RUN) if suffix else args.service_name,
        project=args.project,
        location=args.region,
        ingress=INTERNAL,
        invoker_iam_disabled=False,
        iap_enabled=iap,
        deletion_protection=args.production,
        template=gcp.cloudrunv2.ServiceTemplateArgs(
            service_account=args.account,
            encryption_key=args.kms_key,
            execution_environment="EXECUTION_ENVIRONMENT_GEN2",
            containers=list(containers),
            volumes=list(volumes),
            node_selector=gcp.cloudrunv2.ServiceTemplateNodeSelectorArgs(accelerator=gpu) if gpu else None,
            gpu_zonal_redundancy_disabled=True if gpu else None,
            scaling=gcp.cloudrunv2.ServiceTemplateScalingArgs(min_instance_count=least, max_instance_count=args.replicas),
            vpc_access=gcp.cloudrunv2.ServiceTemplateVpcAccessArgs(
                egress="ALL_TRAFFIC",
                network_interfaces=[
                    gcp.cloudrunv2.ServiceTemplateVpcAccessNetworkInterfaceArgs(
                        network=args.network_id, subnetwork=subnets.apply(lambda ids: ids[0]), tags=[args.tag]
                    )
                ],
            ),
        ),
        opts=pulumi.ResourceOptions.merge(opts, keep),
    )
