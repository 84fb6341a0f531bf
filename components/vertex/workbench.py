"""Notebooks on Google Cloud: a Vertex AI Workbench instance a user, inside the stack's network."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional

import pulumi
import pulumi_gcp as gcp

from components import contracts
from components.spec.base import duration_seconds, quantity_value
from components.spec.model import Jupyterhub, NotebookProfile
from components.system import Site
from components.vertex.identity import member
from components.vertex.names import INSTANCE, dns

BUCKET = "notebooks"
SIZES = (2, 4, 8, 16, 32)
GIB_A_CORE = 4
"""Of an e2-standard machine, which come in these sizes (Compute Engine, "General-purpose machine family")."""
GPU, GPU_SIZES = "NVIDIA_TESLA_T4", (1, 2, 4, 8, 16, 32)
"""T4s go with n1-standard machines, 3.75 GiB a core (Compute Engine, "GPU platforms")."""


@dataclass
class WorkbenchInstancesArgs:
    """A set of instances, one a user."""

    prefix: str
    """Beginning of the instances' names."""
    account: pulumi.Input[str]
    """E-mail of the notebooks' service account."""
    project: pulumi.Input[str]
    region: str
    zone: str
    network_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[list[str]]
    tag: pulumi.Input[str]
    kms_key: pulumi.Input[str]
    """Key of both disks."""
    machine_type: str
    """For example e2-standard-2."""
    storage_gib: int
    """Data disk of an instance in GiB, at least 10."""
    idle_minutes: int
    """Instances idle for this long are stopped, 10 to 1440."""
    production: bool
    """Deletion protection and `protect` of the instances, which hold the users' homes."""
    gpus: int = 0
    """NVIDIA T4s of an instance."""
    tracking_service: Optional[pulumi.Input[str]] = None
    """Cloud Run service of the MLflow server that notebooks may call."""
    users: list[str] = field(default_factory=list)
    """Who gets an instance."""
    identity_domain: str = ""
    """Domain of the users' Google accounts: alice's instance is for alice@<it> alone; empty lets IAM alone decide."""


class WorkbenchInstances(pulumi.ComponentResource):
    """workbench.Instance a user: no public address, our key on both disks, shielded VM, no root, stopped when idle.

    Every instance runs as the notebooks' service account, which may read and write the notebooks' bucket and call the MLflow
    server. Users come in through Workbench's own proxy, which asks IAM. Source: Vertex AI Workbench, "Create an instance",
    "Manage features through metadata", "Idle shutdown", "Customer-managed encryption keys".
    """

    names: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = (contracts.Tracking, contracts.ObjectStore)
    provides = ()
    tiers = ("all", "platform", "team")
    essential_type = "gcp:workbench/instance:Instance"
    role_service = "notebooks.googleapis.com"

    def __init__(self, name: str, args: WorkbenchInstancesArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:WorkbenchInstances", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions.merge(mine, pulumi.ResourceOptions(protect=args.production or None))
        if args.tracking_service is not None:
            gcp.cloudrunv2.ServiceIamMember(
                f"{name}-tracking",
                name=args.tracking_service,
                project=args.project,
                location=args.region,
                role="roles/run.invoker",
                member=member(args.account),
                opts=mine,
            )
        made = [self._instance(f"{name}-user-{user}", user, args, kept) for user in args.users]
        self._proxies = {user: instance.proxy_uri for user, instance in zip(args.users, made, strict=True)}
        self.names = pulumi.Output.all(*(instance.name for instance in made)).apply(lambda found: ",".join(map(str, found)))
        self.register_outputs({"names": self.names})

    @staticmethod
    def _instance(name: str, user: str, args: WorkbenchInstancesArgs, opts: pulumi.ResourceOptions) -> gcp.workbench.Instance:
        subnets = pulumi.Output.from_input(args.subnet_ids)
        cores = [gcp.workbench.InstanceGceSetupAcceleratorConfigArgs(type=GPU, core_count=str(args.gpus))] if args.gpus else None
        return gcp.workbench.Instance(
            name,
            name=dns(f"{args.prefix}-{user}", INSTANCE),
            project=args.project,
            location=args.zone,
            desired_state="ACTIVE",
            disable_proxy_access=False,
            enable_deletion_protection=args.production,
            instance_owners=[f"{user}@{args.identity_domain}"] if args.identity_domain else None,
            gce_setup=gcp.workbench.InstanceGceSetupArgs(
                machine_type=args.machine_type,
                accelerator_configs=cores,
                disable_public_ip=True,
                enable_ip_forwarding=False,
                boot_disk=gcp.workbench.InstanceGceSetupBootDiskArgs(
                    disk_type="PD_BALANCED", disk_size_gb="150", disk_encryption="CMEK", kms_key=args.kms_key
                ),
                data_disks=gcp.workbench.InstanceGceSetupDataDisksArgs(
                    disk_type="PD_BALANCED", disk_size_gb=str(args.storage_gib), disk_encryption="CMEK", kms_key=args.kms_key
                ),
                network_interfaces=[
                    gcp.workbench.InstanceGceSetupNetworkInterfaceArgs(
                        network=args.network_id, subnet=subnets.apply(lambda ids: ids[0])
                    )
                ],
                shielded_instance_config=gcp.workbench.InstanceGceSetupShieldedInstanceConfigArgs(
                    enable_secure_boot=not args.gpus, enable_vtpm=True, enable_integrity_monitoring=True
                ),
                service_accounts=[gcp.workbench.InstanceGceSetupServiceAccountArgs(email=args.account)],
                tags=[args.tag],
                metadata={
                    "notebook-disable-root": "true",
                    "idle-timeout-seconds": str(args.idle_minutes * 60),
                    "report-event-health": "true",
                    "block-project-ssh-keys": "true",
                    "serial-port-enable": "false",
                    **({"install-nvidia-driver": "true"} if args.gpus else {}),
                },
            ),
            opts=opts,
        )

    @staticmethod
    def wants(config: Jupyterhub) -> contracts.Wants:
        """A bucket for the notebooks' data."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> WorkbenchInstancesArgs:
        """From `systems.jupyterhub` of the spec; the first profile is every user's."""
        config: Jupyterhub = site.config
        network = site.contract(contracts.Network)
        tracking = site.maybe(contracts.Tracking)
        if site.role is None:
            raise pulumi.RunError("jupyterhub: the landing gave no service account")
        profile = next(iter(config.profiles.values()), NotebookProfile())
        return WorkbenchInstancesArgs(
            prefix=site.stack.name,
            account=site.role,
            project=network.account_id,
            region=network.region,
            zone=f"{network.region}-{site.spec.cloud.zone}",
            network_id=network.network_id,
            subnet_ids=network.subnet_ids.apply(list),
            tag=network.security_group_id,
            kms_key=network.kms_key,
            machine_type=profile.machine_type or machine(profile),
            storage_gib=max(10, math.ceil(quantity_value(config.storage) / 2**30)),
            idle_minutes=min(1440, max(10, duration_seconds(config.idle_timeout) // 60)),
            production=site.spec.environment == "prod",
            gpus=profile.gpus,
            tracking_service=tracking.server if tracking else None,
            users=sorted({*config.users, *config.admins}),
            identity_domain=site.spec.cloud.identity_domain or "",
        )

    def contracts(self) -> Sequence[contracts.Tracking]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Address of each user's JupyterLab."""
        return {f"url.{user}": pulumi.Output.concat("https://", proxy) for user, proxy in self._proxies.items()}


def machine(profile: NotebookProfile) -> str:
    """The smallest machine type that has the profile's cores and memory."""
    family, sizes, gib = ("n1-standard", GPU_SIZES, 3.75) if profile.gpus else ("e2-standard", SIZES, GIB_A_CORE)
    cores, memory = quantity_value(profile.cpu), quantity_value(profile.memory) / 2**30
    return f"{family}-{next((size for size in sizes if size >= cores and size * gib >= memory), sizes[-1])}"
