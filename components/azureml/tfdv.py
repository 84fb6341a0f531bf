"""Validation of data on Azure: data-quality monitors of Azure ML, launched by schedule or by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Optional

import pulumi

from components import contracts
from components.azureml import jobs
from components.azureml.jobs import MlGround, MlGroundArgs
from components.azureml.monitors import check
from components.spec.data import Tfdv
from components.system import Site

UNSCHEDULED = "data"


@dataclass
class CheckedDatasetArgs:
    """One dataset."""

    data: str
    """Folder of its files in the container."""
    schedule: Optional[str] = None
    """Cron expression of five fields, UTC, of its checks."""


@dataclass
class AzuremlDataQualityArgs:
    """The validations of one stack."""

    ground: MlGroundArgs
    datasets: dict[str, CheckedDatasetArgs] = field(default_factory=dict)
    """Datasets by name."""


class AzuremlDataQuality(pulumi.ComponentResource):
    """For each dataset a monitor that measures new data against a reference: nulls, types, values out of bounds.

    Creates a Schedule a dataset: it runs at the dataset's times, and `az ml schedule trigger --name <stack>-tfdv-<dataset>`
    runs it once. The reference lies below `tfdv/<dataset>/reference/` of the container; both folders hold an MLTable file,
    which says how their files are read. What a check found stands in the workspace, under Monitoring. Without any declared
    dataset there is a template for folder `data/`, which runs by hand alone. Source: Azure Machine Learning documentation,
    "Model monitoring", "CLI (v2) schedule YAML schema for model monitoring". Limits: it is not TFDV but Azure's counterpart;
    a check fails until there is a reference, and until the workspace's managed network was made ready for Spark once (`az ml
    workspace provision-network --include-spark`).
    """

    workspace_id: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.Tracking,)
    provides = ()
    tiers = ("all", "platform")
    essential_type = "azure-native:machinelearningservices:Schedule"
    identity = True

    def __init__(self, name: str, args: AzuremlDataQualityArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AzuremlDataQuality", name, {}, opts)
        made = MlGround(self, name, args.ground)
        self._checks = {
            key: made.schedule(
                key,
                check(made.path(f"{dataset.data.rstrip('/')}/"), made.path(f"tfdv/{key}/reference/"), "Test"),
                f"Quality of {key}: az ml schedule trigger",
                dataset.schedule,
            )
            for key, dataset in sorted(args.datasets.items())
        }
        self.workspace_id = made.workspace_id
        self.register_outputs({"workspaceId": self.workspace_id})

    @staticmethod
    def wants(config: Tfdv) -> contracts.Wants:
        """The container with the data."""
        return contracts.Wants(buckets=(config.bucket,))

    @staticmethod
    def plan(site: Site) -> AzuremlDataQualityArgs:
        """From `systems.tfdv` of the spec; sizes mean nothing here, for the service runs the checks."""
        config: Tfdv = site.config
        datasets = {key: CheckedDatasetArgs(d.data, d.schedule) for key, d in config.datasets.items()}
        return AzuremlDataQualityArgs(
            jobs.ground(site, config.bucket), datasets or {UNSCHEDULED: CheckedDatasetArgs(UNSCHEDULED)}
        )

    def contracts(self) -> Sequence[contracts.ObjectStore]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The checks' schedules."""
        return {"workspace": self.workspace_id, **{f"job.{key}": made.name for key, made in self._checks.items()}}
