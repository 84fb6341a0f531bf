"""What the Azure ML systems of a stack run on: a workspace, an identity in it, a container as its data store, templates."""

from dataclasses import dataclass
from typing import Any, Optional

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml.computes import NodesArgs, WorkspaceRef, cluster
from components.azureml.identity import Role, assign
from components.azureml.mlflow import workspace_args
from components.azureml.place import AzurePlaceArgs, place_of
from components.azureml.workspace import AzuremlWorkspace, AzuremlWorkspaceArgs, LakeContainerArgs, datastore
from components.system import Site

NEVER = "0 0 31 12 *"
"""Cron expression of templates: a schedule must have one, although a disabled one never runs."""
ENVIRONMENT = "azureml://registries/azureml/environments/sklearn-1.5/labels/latest"
"""Microsoft's own environment for scikit-learn and MLflow (Azure Machine Learning documentation, "Model training on
serverless compute" names it so, read 2026-11-23); its versions are not pinned there, and none was read."""


@dataclass
class MlGroundArgs:
    """Workspace, identity and data of one system's jobs."""

    stem: str
    """`<stack>-<system>`: begins names."""
    principal_id: pulumi.Input[str]
    identity_id: pulumi.Input[str]
    """Identity that jobs run as; its right to the container is granted beforehand."""
    place: AzurePlaceArgs
    store: str
    """Name of the data store in the workspace, which is the container's."""
    workspace_id: Optional[pulumi.Input[str]] = None
    """Workspace of the stack's tracking; one of its own is made where unset."""
    workspace: Optional[AzuremlWorkspaceArgs] = None
    """That of its own."""
    data: Optional[LakeContainerArgs] = None


def ground(site: Site, store: str, kind: str = "Default") -> MlGroundArgs:
    """The ground of a system's jobs; in the tracking's workspace, or in one of its own where the stack has none.

    A workspace of another `kind` is always its own. RunError where the landing gave no identity.
    """
    network = site.contract(contracts.Network)
    tracking, data = site.maybe(contracts.Tracking), LakeContainerArgs.of(site.buckets.get(store))
    if site.role is None or site.role_arn is None:
        raise pulumi.RunError(f"{site.key}: the landing gave no identity")
    shared = kind == "Default" and tracking is not None
    return MlGroundArgs(
        stem=f"{site.stack.name}-{site.key.lower()}",
        principal_id=site.role,
        identity_id=site.role_arn,
        place=place_of(network, site.namespace),
        # letters, digits and underscores
        store=store.replace("-", "_"),
        workspace_id=tracking.server if tracking and shared else None,
        workspace=None if shared else workspace_args(site, site.key.lower(), kind, data),
        data=data,
    )


class MlGround:
    """The workspace (its own or the stack's), the identity's right in it, and the container as its data store.

    Everything stands below `parent`; `later` are the options of what needs the right. Source: Azure Machine Learning
    documentation, "Set up authentication between Azure Machine Learning and other services".
    """

    def __init__(self, parent: pulumi.ComponentResource, name: str, args: MlGroundArgs):
        self.args, self._name = args, name
        self.opts = pulumi.ResourceOptions(parent=parent)
        if args.workspace is not None:
            self.workspace_id = AzuremlWorkspace(f"{name}-ws", args.workspace, self.opts).workspace_id
        else:
            self.workspace_id = pulumi.Output.from_input(args.workspace_id or "")
        self.ref = WorkspaceRef(
            self.workspace_id.apply(lambda id: id.rpartition("/")[2]), self.workspace_id.apply(lambda id: id.split("/")[4])
        )
        right = assign(f"{name}-work", Role.DATA_SCIENTIST, args.principal_id, self.workspace_id, self.opts)
        self.later = pulumi.ResourceOptions.merge(self.opts, pulumi.ResourceOptions(depends_on=[right]))
        self.store: Optional[azure.machinelearningservices.Datastore] = None
        if args.data is not None:
            self.store = datastore(f"{name}-data", args.store, self.ref.name, args.data, self.ref.group, self.later)
            self.later = pulumi.ResourceOptions.merge(self.later, pulumi.ResourceOptions(depends_on=[self.store]))

    def path(self, path: str) -> str:
        """Address of a folder of the container, as jobs name it."""
        return f"azureml://datastores/{self.args.store}/paths/{path}"

    def identity(self) -> azure.machinelearningservices.ManagedIdentityArgs:
        """Jobs run as the system's own identity."""
        return azure.machinelearningservices.ManagedIdentityArgs(identity_type="Managed", resource_id=self.args.identity_id)

    def cluster(self, vm_size: str, max_nodes: int = 4) -> pulumi.Output[str]:
        """ARM id of the system's cluster, which has no nodes while nothing runs."""
        # 24 characters at most, unique in the workspace
        compute = f"{self._name[:20]}-cpu"
        nodes = NodesArgs(vm_size, max_nodes)
        made: pulumi.Output[str] = cluster(
            f"{self._name}-cluster", compute, self.ref, self.args.identity_id, nodes, self.later
        ).id
        return made

    def template(self, key: str, job: Any, what: str, cron: str | None = None) -> azure.machinelearningservices.Schedule:
        """A job that is launched later: a schedule, which runs where `cron` says when, and is disabled where it does not.

        Launched by hand with `az ml schedule trigger --name <name>` (Azure CLI, ml extension).
        """
        action = azure.machinelearningservices.JobScheduleActionArgs(action_type="CreateJob", job_definition=job)
        return self.schedule(key, action, what, cron)

    def schedule(self, key: str, action: Any, what: str, cron: str | None) -> azure.machinelearningservices.Schedule:
        """Any action, by cron expression of five fields in UTC, or by hand alone."""
        return azure.machinelearningservices.Schedule(
            f"{self._name}-{key}",
            resource_group_name=self.ref.group,
            workspace_name=self.ref.name,
            name=f"{self.args.stem}-{key}",
            properties=azure.machinelearningservices.SchedulePropertiesArgs(
                action=action,
                trigger=azure.machinelearningservices.CronTriggerArgs(
                    trigger_type="Cron", expression=cron or NEVER, time_zone="UTC"
                ),
                description=what,
                display_name=f"{self.args.stem}-{key}",
                is_enabled=cron is not None,
            ),
            opts=self.later,
        )
