"""Training jobs on Azure: a cluster that has no nodes while nothing runs, an identity, and a launchable template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components import contracts
from components.azureml import jobs, training_job
from components.azureml.jobs import MlGround, MlGroundArgs
from components.contracts import Wants
from components.system import Site

BUCKET = "training"
NEEDS = (contracts.Network, contracts.ObjectStore)


@dataclass
class AzuremlTrainingArgs:
    """Arguments of AzuremlTraining."""

    ground: MlGroundArgs
    """Workspace, identity and container of the jobs."""
    vm_size: str = training_job.VM_SIZE


class AzuremlTraining(pulumi.ComponentResource):
    """Training jobs that are launched, never run by an `up`: cluster, identity, container `training`, template.

    `az ml schedule trigger --name <stack>-training-train` trains over the CSV files below `training/input/` of the container,
    as the system's own identity, in the workspace's managed network; the model goes below `training/models/`, its error to
    MLflow. A job of your own names the same cluster and data store. Source: Azure Machine Learning documentation, "Train
    models", "Schedule machine learning pipeline jobs". Limits: the default environment is Microsoft's latest one.
    """

    workspace_id: pulumi.Output[str]

    needs = NEEDS
    optional = (contracts.Tracking,)
    provides = (contracts.Training,)
    tiers = ("all", "platform")
    essential_type = "azure-native:machinelearningservices:Schedule"
    identity = True

    def __init__(self, name: str, args: AzuremlTrainingArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AzuremlTraining", name, {}, opts)
        made = MlGround(self, name, args.ground)
        self._cluster = made.cluster(args.vm_size)
        job = training_job.job(made, "training", self._cluster)
        self._template = made.template("train", job, "A training: az ml schedule trigger")
        self.workspace_id = made.workspace_id
        self.register_outputs({"workspaceId": self.workspace_id})

    @staticmethod
    def wants(config: Any) -> Wants:
        """A container for data and models."""
        return Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> AzuremlTrainingArgs:
        """From the stack's workspace and the granted container."""
        return AzuremlTrainingArgs(jobs.ground(site, BUCKET))

    def contracts(self) -> Sequence[contracts.Training]:
        """Training: its template."""
        return [contracts.Training(runtimes=["train"], ready=[self._template])]

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What a training is launched by, and where it runs."""
        return {"template": self._template.name, "cluster": self._cluster, "workspace": self.workspace_id}
