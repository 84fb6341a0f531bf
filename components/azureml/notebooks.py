"""Notebooks on Azure: computes of an Azure ML workspace, a compute instance a user."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.computes import NodesArgs, WorkspaceRef, cluster
from components.azureml.identity import Role, assign, unique
from components.azureml.mlflow import workspace_args
from components.azureml.place import AzurePlaceArgs, place_of
from components.azureml.workspace import AzuremlWorkspace, AzuremlWorkspaceArgs, LakeContainerArgs, datastore
from components.spec.base import duration_seconds
from components.spec.model import Jupyterhub, NotebookProfile
from components.system import Site

BUCKET = "notebooks"
CPU_SIZE, GPU_SIZE = "Standard_DS3_v2", "Standard_NC4as_T4_v3"
"""Where no profile names a size."""
IDLE_MINUTES = (15, 3 * 24 * 60)
"""What a compute instance takes (Azure ML documentation, "Manage an Azure ML compute instance", idle shutdown)."""


@dataclass
class NotebookPoolArgs:
    """A cluster for jobs, which has no nodes while nobody asks for one."""

    vm_size: str
    max_nodes: int = 4


@dataclass
class NotebookUserArgs:
    """Whose compute instance it is."""

    compute_name: pulumi.Input[str]
    """3 to 24 characters, unique in the region."""
    entra_id: Optional[str] = None
    """Object id in Entra; the instance is that of who deploys where unset."""


@dataclass
class AzuremlNotebooksArgs:
    """Computes in a workspace."""

    principal_id: pulumi.Input[str]
    identity_id: pulumi.Input[str]
    """Identity that notebooks and jobs run as."""
    vm_size: str
    """Size of the users' instances."""
    idle_minutes: int
    """Instances idle for this long are stopped, 15 to 4320."""
    owns_rights: bool
    """Assign roles; in a team's stack the platform has done so."""
    place: AzurePlaceArgs
    workspace_id: Optional[pulumi.Input[str]] = None
    """Workspace of the stack's tracking; one of its own is made where unset."""
    workspace: Optional[AzuremlWorkspaceArgs] = None
    """That of its own."""
    pools: dict[str, NotebookPoolArgs] = field(default_factory=dict)
    users: dict[str, NotebookUserArgs] = field(default_factory=dict)
    data: Optional[LakeContainerArgs] = None
    """The notebooks' container in the stack's object store."""


class AzuremlNotebooks(pulumi.ComponentResource):
    """A ComputeInstance a user and an AmlCompute cluster a profile, in the workspace that tracks, or in one of their own.

    Computes have no public address, no SSH and no local accounts, run as one identity of their own, and stop when idle;
    they stand in the workspace's managed network. The stack's object store is a data store of the workspace, read and
    written as that identity. Users are known by their Entra object id (entraIds), which no API of Resource Manager looks
    up by name. Source: Azure Machine Learning documentation, "Create and manage a compute instance".
    """

    workspace_id: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = (contracts.Tracking, contracts.ObjectStore)
    provides = ()
    tiers = ("all", "platform", "team")
    essential_type = "azure-native:machinelearningservices:Compute"
    identity = True

    def __init__(self, name: str, args: AzuremlNotebooksArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AzuremlNotebooks", name, {}, opts)
        self._name = name
        self._args = args
        self._opts = pulumi.ResourceOptions(parent=self)
        if args.workspace is not None:
            self.workspace_id = AzuremlWorkspace(f"{name}-ws", args.workspace, self._opts).workspace_id
        else:
            self.workspace_id = pulumi.Output.from_input(args.workspace_id or "")
        self._group = self.workspace_id.apply(lambda id: id.split("/")[4])
        self._workspace = self.workspace_id.apply(lambda id: id.rpartition("/")[2])
        if args.owns_rights:
            right = assign(f"{name}-track", Role.DATA_SCIENTIST, args.principal_id, self.workspace_id, self._opts)
            self._later = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[right]))
        else:
            self._later = self._opts
        for pool, size in args.pools.items():
            self._pool(pool, size)
        for user, who in args.users.items():
            self._instance(user, who)
        if args.data is not None:
            datastore(f"{name}-data", BUCKET, self._workspace, args.data, self._group, self._later)
        self.register_outputs({"workspaceId": self.workspace_id})

    def _identity(self) -> azure.machinelearningservices.ManagedServiceIdentityArgs:
        return azure.machinelearningservices.ManagedServiceIdentityArgs(
            type="UserAssigned", user_assigned_identities=[self._args.identity_id]
        )

    def _pool(self, pool: str, size: NotebookPoolArgs) -> None:
        cluster(
            f"{self._name}-pool-{pool}",
            f"{pool[:20]}-pool",
            WorkspaceRef(self._workspace, self._group),
            self._args.identity_id,
            NodesArgs(size.vm_size, size.max_nodes),
            self._later,
        )

    def _instance(self, user: str, who: NotebookUserArgs) -> None:
        mine = azure.machinelearningservices.PersonalComputeInstanceSettingsArgs(
            assigned_user=azure.machinelearningservices.AssignedUserArgs(
                object_id=who.entra_id or "", tenant_id=self._args.place.tenant
            )
        )
        azure.machinelearningservices.Compute(
            f"{self._name}-user-{user}",
            resource_group_name=self._group,
            workspace_name=self._workspace,
            compute_name=who.compute_name,
            identity=self._identity(),
            properties=azure.machinelearningservices.ComputeInstanceArgs(
                compute_type="ComputeInstance",
                description=user,
                disable_local_auth=True,
                properties=azure.machinelearningservices.ComputeInstancePropertiesArgs(
                    vm_size=self._args.vm_size,
                    application_sharing_policy="Personal",
                    compute_instance_authorization_type="personal",
                    enable_node_public_ip=False,
                    enable_sso=True,
                    idle_time_before_shutdown=f"PT{self._args.idle_minutes}M",
                    personal_compute_instance_settings=mine if who.entra_id else None,
                    ssh_settings=azure.machinelearningservices.ComputeInstanceSshSettingsArgs(ssh_public_access="Disabled"),
                ),
            ),
            opts=self._later,
        )

    @staticmethod
    def wants(config: Jupyterhub) -> contracts.Wants:
        """A container for the notebooks' data."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> AzuremlNotebooksArgs:
        """From `systems.jupyterhub` of the spec; the first profile with a vmSize names the users' one."""
        config: Jupyterhub = site.config
        network = site.contract(contracts.Network)
        tracking, data = site.maybe(contracts.Tracking), LakeContainerArgs.of(site.buckets.get(BUCKET))
        if site.role is None or site.role_arn is None:
            raise pulumi.RunError("jupyterhub: the landing gave no identity")
        users = sorted({*config.users, *config.admins})
        if unknown := [user for user in users if user not in config.entra_ids]:
            pulumi.log.warn(
                f"mlops:spec.systems.jupyterhub.entraIds: no Entra object id of {', '.join(unknown)}: "
                "a compute instance without one is that of who deploys"
            )
        least, most = IDLE_MINUTES
        sizes = [profile.vm_size for profile in config.profiles.values() if profile.vm_size]
        return AzuremlNotebooksArgs(
            principal_id=site.role,
            identity_id=site.role_arn,
            vm_size=sizes[0] if sizes else CPU_SIZE,
            idle_minutes=min(most, max(least, math.ceil(duration_seconds(config.idle_timeout) / 60))),
            owns_rights=site.spec.tier != "team",
            place=place_of(network, site.namespace),
            workspace_id=tracking.server if tracking else None,
            workspace=None if tracking else workspace_args(site, "notebooks", data=data),
            pools={name: NotebookPoolArgs(_size(profile)) for name, profile in config.profiles.items()},
            users={
                user: NotebookUserArgs(unique(f"{user}-{site.stack.name}", network.account_id, 24), config.entra_ids.get(user))
                for user in users
            },
            data=data,
        )

    def contracts(self) -> Sequence[contracts.Tracking]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses."""
        wsid = self.workspace_id.apply(lambda id: f"https://ml.azure.com/compute/list/instances?wsid={id}")
        return {"workspace": self.workspace_id, "url": wsid}


def _size(profile: NotebookProfile) -> str:
    return profile.vm_size or (GPU_SIZE if profile.gpus else CPU_SIZE)
