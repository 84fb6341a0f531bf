"""Pipelines on Azure: components of an Azure ML workspace, and pipeline jobs that are launched or scheduled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_azure_native as azure

from components import contracts
from components.azureml import jobs, training_job
from components.azureml.jobs import MlGround, MlGroundArgs
from components.azureml.training import NEEDS
from components.contracts import Wants
from components.spec.flows import Kubeflow
from components.system import Site

BUCKET = "pipelines"
STEP_VERSION = "1"


@dataclass
class AzuremlPipelinesArgs:
    """Arguments of AzuremlPipelines."""

    ground: MlGroundArgs
    training: bool
    """Also a training without a pipeline around it."""
    vm_size: str = training_job.VM_SIZE


class AzuremlPipelines(pulumi.ComponentResource):
    """A cluster, an identity, container `pipelines`, a registered step, and a pipeline of it that is launched.

    The step `train` (ComponentVersion) is what pipelines of your own take too; `az ml schedule trigger --name
    <stack>-kubeflow-pipeline` runs it over `input/` of the container, and with `training` there is the same as a job of its
    own (`-train`). Everything runs as the system's own identity in the workspace's managed network. Source: Azure Machine
    Learning documentation, "Create and run machine learning pipelines using components", "CLI (v2) command component YAML
    schema". Limits: it is not Kubeflow: no KFP definitions are run; distributed training is PyTorch's in a command job.
    """

    workspace_id: pulumi.Output[str]

    needs = NEEDS
    optional = (contracts.Tracking,)
    provides = (contracts.Pipelines, contracts.Training)
    tiers = ("all", "platform")
    essential_type = "azure-native:machinelearningservices:ComponentVersion"
    identity = True

    def __init__(self, name: str, args: AzuremlPipelinesArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AzuremlPipelines", name, {}, opts)
        self._region, ml = args.ground.place.region, azure.machinelearningservices
        made = MlGround(self, name, args.ground)
        compute = made.cluster(args.vm_size)
        holder = ml.ComponentContainer(
            f"{name}-step",
            resource_group_name=made.ref.group,
            workspace_name=made.ref.name,
            name=f"{args.ground.stem}-train",
            properties=ml.ComponentContainerPropertiesArgs(description="A training over CSV files"),
            opts=made.later,
        )
        self._step = ml.ComponentVersion(
            f"{name}-step",
            resource_group_name=made.ref.group,
            workspace_name=made.ref.name,
            name=holder.name,
            version=STEP_VERSION,
            properties=ml.ComponentVersionPropertiesArgs(description="A training over CSV files", component_spec=step()),
            opts=made.later,
        )
        pipeline = self._pipeline(made, compute)
        self._templates = {"pipeline": made.template("pipeline", pipeline, "A pipeline: az ml schedule trigger")}
        if args.training:
            job = training_job.job(made, "training", compute)
            self._templates["train"] = made.template("train", job, "A training: az ml schedule trigger")
        self.workspace_id = made.workspace_id
        self.register_outputs({"workspaceId": self.workspace_id})

    def _pipeline(self, ground: MlGround, compute: pulumi.Input[str]) -> azure.machinelearningservices.PipelineJobArgs:
        ml = azure.machinelearningservices
        train = {
            "type": "command",
            "componentId": self._step.id,
            "computeId": compute,
            "inputs": {"data": {"job_input_type": "literal", "value": "${{parent.inputs.data}}"}},
            "outputs": {"model": {"type": "literal", "value": "${{parent.outputs.model}}"}},
        }
        return ml.PipelineJobArgs(
            job_type="Pipeline",
            display_name="pipeline",
            experiment_name="kubeflow",
            compute_id=compute,
            identity=ground.identity(),
            inputs=training_job.inputs(ground, "pipeline"),
            outputs=training_job.outputs(ground, "pipeline"),
            jobs={"train": train},
            settings={"default_compute": compute, "continue_on_step_failure": False},
        )

    @staticmethod
    def wants(config: Kubeflow) -> Wants:
        """A container for data and models."""
        return Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> AzuremlPipelinesArgs:
        """From `systems.kubeflow` of the spec; servers and images of runtimes mean nothing here."""
        config: Kubeflow = site.config
        return AzuremlPipelinesArgs(jobs.ground(site, BUCKET), config.training)

    def contracts(self) -> Sequence[Any]:
        """The API of pipelines, and of training where it is wanted."""
        found: list[Any] = [contracts.Pipelines(f"https://{self._region}.api.azureml.ms")]
        if "train" in self._templates:
            found.append(contracts.Training(runtimes=["train"], ready=[self._templates["train"]]))
        return found

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What is launched, and the step that pipelines of users take."""
        templates = {key: made.name for key, made in self._templates.items()}
        return {"step": self._step.id, "workspace": self.workspace_id, **templates}


def step() -> dict[str, Any]:
    """The training as a step: the command component's schema, its members in the service's spelling."""
    return {
        "$schema": "https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json",
        "type": "command",
        "name": "train",
        "version": STEP_VERSION,
        "is_deterministic": False,
        "inputs": {
            "data": {"type": "uri_folder"},
            "rate": {"type": "number", "default": str(training_job.RATE)},
            "depth": {"type": "integer", "default": str(training_job.DEPTH)},
        },
        "outputs": {"model": {"type": "uri_folder"}},
        "environment": jobs.ENVIRONMENT,
        "environment_variables": {"SCRIPT": training_job.SCRIPT},
        "command": training_job.command("${{inputs.rate}}", "${{inputs.depth}}"),
    }
