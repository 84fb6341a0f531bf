"""Automatic machine learning on Azure: AutoML jobs over tables, launched from a template."""

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
from components.system import Site

BUCKET = "automl"
TARGET = "target"


@dataclass
class AzuremlAutomlArgs:
    """Arguments of AzuremlAutoml."""

    ground: MlGroundArgs
    vm_size: str = training_job.VM_SIZE


class AzuremlAutoml(pulumi.ComponentResource):
    """AutoML jobs that are launched, never run by an `up`: cluster, identity, container `automl`, two templates.

    `az ml schedule trigger --name <stack>-automl-regression` (or `-classification`) tries models over the table below
    `input/` of the container, whose column `target` is what is asked for: 20 trials, 4 at a time, an hour each at most. The
    folder holds an MLTable file, which says how its files are read. Source: Azure Machine Learning documentation, "Set up
    AutoML training for tabular data with the Azure Machine Learning CLI and Python SDK".
    """

    workspace_id: pulumi.Output[str]

    needs = NEEDS
    optional = (contracts.Tracking,)
    provides = ()
    tiers = ("all", "platform")
    essential_type = "azure-native:machinelearningservices:Schedule"
    identity = True

    def __init__(self, name: str, args: AzuremlAutomlArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AzuremlAutoml", name, {}, opts)
        made = MlGround(self, name, args.ground)
        compute = made.cluster(args.vm_size)
        self._templates = {
            task: made.template(task, trial(made, task, compute), f"A {task}: az ml schedule trigger")
            for task in ("regression", "classification")
        }
        self.workspace_id = made.workspace_id
        self.register_outputs({"workspaceId": self.workspace_id})

    @staticmethod
    def wants(config: Any) -> Wants:
        """A container for tables and models."""
        return Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> AzuremlAutomlArgs:
        """From the stack's workspace and the granted container."""
        return AzuremlAutomlArgs(jobs.ground(site, BUCKET))

    def contracts(self) -> Sequence[Any]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """What a search is launched by."""
        return {**{f"template.{task}": made.name for task, made in self._templates.items()}, "workspace": self.workspace_id}


def trial(ground: MlGround, task: str, compute: pulumi.Input[str]) -> azure.machinelearningservices.AutoMLJobArgs:
    """A search for the best model of a table."""
    ml = azure.machinelearningservices
    table = ml.MLTableJobInputArgs(job_input_type="mltable", uri=ground.path("input/"))
    limits = ml.TableVerticalLimitSettingsArgs(
        max_trials=20, max_concurrent_trials=4, timeout="PT6H", trial_timeout="PT1H", enable_early_termination=True
    )
    details: Any = (
        ml.RegressionArgs(
            task_type="Regression",
            training_data=table,
            target_column_name=TARGET,
            limit_settings=limits,
            primary_metric="NormalizedRootMeanSquaredError",
        )
        if task == "regression"
        else ml.ClassificationArgs(
            task_type="Classification",
            training_data=table,
            target_column_name=TARGET,
            limit_settings=limits,
            primary_metric="AUCWeighted",
        )
    )
    return ml.AutoMLJobArgs(
        job_type="AutoML",
        display_name=task,
        experiment_name="automl",
        compute_id=compute,
        identity=ground.identity(),
        task_details=details,
        resources=ml.JobResourceConfigurationArgs(instance_count=1),
    )
