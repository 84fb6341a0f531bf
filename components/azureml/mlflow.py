"""Experiment tracking on Azure: the MLflow server that every Azure ML workspace is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

import pulumi

from components import contracts
from components.azureml.identity import named, unique
from components.azureml.place import place_of
from components.azureml.workspace import AzuremlWorkspace, AzuremlWorkspaceArgs, LakeContainerArgs, datastore
from components.spec.model import Mlflow
from components.system import Site

BUCKET = "mlflow"


@dataclass
class AzuremlTrackingArgs:
    """The workspace that tracks."""

    workspace: AzuremlWorkspaceArgs
    data: Optional[LakeContainerArgs] = None
    """Container that the workspace's jobs read and write as a data store."""
    store: str = BUCKET
    """Name of that data store."""


class AzuremlTracking(pulumi.ComponentResource):
    """An AzuremlWorkspace, whose own MLflow tracking and model registry clients reach with their Entra identity.

    Runs stand in the workspace, artifacts in its storage account; the stack's registry of images is its own too, so that what
    it runs and serves comes from there over its managed network. Clients need the azureml-mlflow plugin. Source:
    Azure Machine Learning documentation, "Configure MLflow for Azure Machine Learning".
    """

    workspace_id: pulumi.Output[str]
    uri: pulumi.Output[str]

    needs = (contracts.Network,)
    optional = (contracts.ObjectStore, contracts.ImageRegistry)
    provides = (contracts.Tracking,)
    tiers = tuple(["all", "platform", "team"])  # of any length: experiments has fewer
    essential_type = "azure-native:machinelearningservices:Workspace"
    identity = True
    noun = "AzuremlTracking"

    def __init__(self, name: str, args: AzuremlTrackingArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__(f"mlops:index:{self.noun}", name, {}, opts)
        mine = pulumi.ResourceOptions(parent=self)
        made = AzuremlWorkspace(f"{name}-ws", args.workspace, mine)
        if args.data is not None:
            datastore(f"{name}-data", args.store, made.workspace_name, args.data, args.workspace.place.group, mine)
        self.workspace_id = made.workspace_id
        self.uri = made.tracking_uri
        self.register_outputs({"workspaceId": self.workspace_id, "uri": self.uri})

    @staticmethod
    def wants(config: Mlflow) -> contracts.Wants:
        """A container for the jobs' data; a workspace keeps artifacts in a storage account of its own."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> AzuremlTrackingArgs:
        """From the stack; replicas and size are the service's own affair."""
        data = LakeContainerArgs.of(site.buckets.get(BUCKET))
        return AzuremlTrackingArgs(workspace_args(site, "mlflow", data=data), data)

    def contracts(self) -> Sequence[contracts.Tracking]:
        """The tracking server."""
        return [contracts.Tracking(uri=self.uri, server=self.workspace_id)]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """Addresses."""
        return {"uri": self.uri, "workspace": self.workspace_id}


def workspace_args(site: Site, noun: str, kind: str = "Default", data: LakeContainerArgs | None = None) -> AzuremlWorkspaceArgs:
    """The arguments of a system's own workspace. RunError where the landing gave no identity."""
    network = site.contract(contracts.Network)
    images = site.maybe(contracts.ImageRegistry)
    if site.role is None or site.role_arn is None:
        raise pulumi.RunError(f"{site.key}: the landing gave no identity")
    stem = f"{site.stack.name}-{noun}"
    return AzuremlWorkspaceArgs(
        workspace_name=named(site.stack.name, noun, 33),
        account_name=unique(stem, network.account_id, 24, dashes=False),
        principal_id=site.role,
        identity_id=site.role_arn,
        owns_rights=site.spec.tier != "team",
        production=site.spec.environment == "prod",
        place=place_of(network, site.namespace),
        kind=kind,
        reaches={"data": data.account_id} if data else {},
        # a team's stack knows the platform's registry by its host alone
        registry_id=images.registry if images and site.spec.tier != "team" else None,
    )
