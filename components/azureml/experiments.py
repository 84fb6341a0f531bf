"""Experiments on Azure: a workspace for tracking alone."""

from typing import Any

from components import contracts
from components.azureml.mlflow import AzuremlTracking, AzuremlTrackingArgs, workspace_args
from components.azureml.workspace import LakeContainerArgs
from components.system import Site

BUCKET = "experiments"


class AzuremlExperiments(AzuremlTracking):
    """The tracking workspace once more, under names of its own, for a stack that says experiments and not mlflow.

    Everything is as in AzuremlTracking: an Azure ML workspace, whose MLflow server clients reach with their Entra identity.
    Its data store and container are `experiments`. A stack that has mlflow too has two workspaces.
    """

    tiers = ("all", "platform")
    noun = "AzuremlExperiments"

    @staticmethod
    def wants(config: Any) -> contracts.Wants:
        """A container for the jobs' data."""
        return contracts.Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> AzuremlTrackingArgs:
        """From the stack."""
        data = LakeContainerArgs.of(site.buckets.get(BUCKET))
        return AzuremlTrackingArgs(workspace_args(site, BUCKET, data=data), data, BUCKET)
