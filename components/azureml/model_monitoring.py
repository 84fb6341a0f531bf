"""Checks of served models on Azure: data-quality monitors over what their endpoints collected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import pulumi

from components import contracts
from components.azureml import jobs
from components.azureml.jobs import MlGround, MlGroundArgs
from components.azureml.monitors import check
from components.contracts import Wants
from components.spec.managed import ModelMonitoring
from components.system import Site

BUCKET = "monitoring"
COLLECTED = "azureml://datastores/workspaceblobstore/paths/modelDataCollector"
"""Where an endpoint's data collector writes (Azure Machine Learning documentation, "Data collection from models in
production"), below it <endpoint>/<deployment>/model_inputs/."""


@dataclass
class MonitoredEndpointArgs:
    """One endpoint."""

    endpoint: pulumi.Input[str]
    deployment: str
    reference: Optional[str]
    """Folder of container `monitoring` with the reference data; the model's own folder if unset."""
    cron: str
    """Cron expression of five fields, UTC."""


@dataclass
class AzuremlModelMonitorArgs:
    """The monitors of one stack."""

    ground: MlGroundArgs
    endpoints: dict[str, MonitoredEndpointArgs] = field(default_factory=dict)
    """Endpoints by the model's name."""


class AzuremlModelMonitor(pulumi.ComponentResource):
    """A Schedule a monitored model that measures what its endpoint was asked against a reference; `sample` where there is none.

    The reference lies in container `monitoring`, below the model's `baseline` or its name, with an MLTable file. `sample` is
    a template by hand alone (`az ml schedule trigger --name <stack>-modelmonitoring-sample`) for data below `sample/`. Source:
    Azure Machine Learning documentation, "Model monitoring", "Data collection from models in production". Limits: the
    workspace is that of the stack's tracking, which the endpoints stand in too; a check fails until there is a reference,
    and until the workspace's network was made ready for Spark (see AzuremlDataQuality).
    """

    workspace_id: pulumi.Output[str]

    needs = (contracts.Network, contracts.ObjectStore)
    optional = (contracts.Tracking, contracts.Serving)
    provides = ()
    tiers = ("all", "platform")
    essential_type = "azure-native:machinelearningservices:Schedule"
    identity = True

    def __init__(self, name: str, args: AzuremlModelMonitorArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("mlops:index:AzuremlModelMonitor", name, {}, opts)
        made = MlGround(self, name, args.ground)
        self._checks = {}
        for key, one in sorted(args.endpoints.items()):
            asked: Any = pulumi.Output.concat(COLLECTED, "/", one.endpoint, f"/{one.deployment}/model_inputs/")
            action = check(asked, made.path(f"{(one.reference or key).rstrip('/')}/"), "ModelInputs")
            self._checks[key] = made.schedule(key, action, f"What {key} is asked: az ml schedule trigger", one.cron)
        if not args.endpoints:
            action = check(made.path("sample/data/"), made.path("sample/reference/"), "ModelInputs")
            self._checks["sample"] = made.schedule("sample", action, "A check by hand: az ml schedule trigger", None)
        self.workspace_id = made.workspace_id
        self.register_outputs({"workspaceId": self.workspace_id})

    @staticmethod
    def wants(config: ModelMonitoring) -> Wants:
        """A container for references."""
        return Wants(buckets=(BUCKET,))

    @staticmethod
    def plan(site: Site) -> AzuremlModelMonitorArgs:
        """From `systems.modelMonitoring` of the spec. RunError for a model that no serving system of the stack has."""
        config: ModelMonitoring = site.config
        serving = site.maybe(contracts.Serving)
        known = dict(serving.endpoints) if serving else {}
        for model in config.endpoints:
            if model not in known:
                raise pulumi.RunError(
                    f"mlops:spec.systems.modelMonitoring.endpoints.{model}: no such model is behind a managed endpoint; "
                    f"expected one of {', '.join(known) or 'none: add it to systems.kserve.models or systems.tfserving.models'}"
                )
        return AzuremlModelMonitorArgs(
            jobs.ground(site, BUCKET),
            {
                model: MonitoredEndpointArgs(known[model], "main", found.baseline, cron(found.schedule))
                for model, found in config.endpoints.items()
            },
        )

    def contracts(self) -> Sequence[Any]:
        """Nothing that a system needs."""
        return []

    def exports(self) -> Mapping[str, pulumi.Input[str]]:
        """The monitors' schedules."""
        return {"workspace": self.workspace_id, **{f"monitor.{key}": made.name for key, made in self._checks.items()}}


def cron(schedule: str) -> str:
    """`cron(0 */6 ? * * *)`, as the stack file says it for every cloud, in five fields: `0 */6 * * *`."""
    minute, hour = schedule.removeprefix("cron(").split()[:2]
    return f"{minute} {hour} * * *"
